import { randomUUID } from 'node:crypto'
import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastify, { type FastifyReply, type FastifyRequest } from 'fastify'
import type { Token } from '../../config.ts'
import { ScrimError } from '../../errors.ts'
import type { DeadLetters } from '../../services/dead-letters.ts'
import type { Instances } from '../../services/instances.ts'
import type { Policies } from '../../services/policies.ts'
import type { Log } from '../../services/ports/log.ts'
import type { Readiness } from '../../services/readiness.ts'
import type { Rehearsal } from '../../services/rehearsal.ts'
import type { TransformCalls } from '../../services/transform-calls.ts'
import { type BodyParser, registerBodies } from './bodies.ts'
import { createErrorHandler, errorAnswer, sendError, statusOf } from './error-answer.ts'
import { assertGuarded, createAuthentication, createHostCheck } from './guard.ts'
import type { HttpApp } from './http-app.ts'
import { deadLetterRoutes } from './routes/dead-letters.ts'
import { docsRoutes } from './routes/docs.ts'
import { dryRunRoutes } from './routes/dry-run.ts'
import { explainRoutes } from './routes/explain.ts'
import { healthRoutes } from './routes/health.ts'
import { instanceRoutes } from './routes/instances.ts'
import { maskTypeRoutes } from './routes/mask-types.ts'
import { type MetricsText, metricsRoutes } from './routes/metrics.ts'
import { policyDiffRoutes } from './routes/policy-diffs.ts'
import { policyRoutes } from './routes/policies.ts'
import { policyTestRoutes } from './routes/policy-tests.ts'
import { policyVersionRoutes } from './routes/policy-versions.ts'
import { proposalRoutes } from './routes/proposals.ts'
import { transformRoutes } from './routes/transform.ts'
import { createTokenBucket, type TokenBucket } from './token-bucket.ts'

export interface HttpServerOptions {
  readonly policies: Policies
  readonly readiness: Readiness
  readonly deadLetters: DeadLetters
  readonly transformCalls: TransformCalls
  /** Left out: nobody knows of others. */
  readonly instances?: Pick<Instances, 'list'>
  readonly rehearsal: Rehearsal
  readonly metrics: MetricsText
  readonly tokens: readonly Token[]
  /** Names under which we may be called, beside localhost and addresses. */
  readonly hosts: readonly string[]
  readonly parseJson: BodyParser
  readonly log: Log
  readonly transformsPerMinute?: number
  readonly dryRunsPerMinute?: number
  readonly explainsPerMinute?: number
  readonly failedTokensPerMinute?: number
  readonly now?: () => number
}

export interface HttpServer {
  /** The Fastify instance; tests inject into it. */
  readonly app: HttpApp
  /** Resolves with the address that is listened on. */
  readonly listen: (address: { readonly host: string; readonly port: number }) => Promise<string>
  /** Answers what was begun, then closes; after `graceMs` it cuts what is left. */
  readonly close: (graceMs: number) => Promise<void>
}

const headers = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
}

const dress = (request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  reply.headers({ ...headers, 'x-request-id': request.id })

/** The HTTP side of Scrim. All calls but health, metrics and the API's own form need a token, on loopback too. */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { log, now = Date.now, transformsPerMinute = 60, failedTokensPerMinute = 30 } = options
  const app: HttpApp = fastify({
    logger: false, // Fastify's own would print URLs and error texts; see the onResponse hook
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    bodyLimit: 64 * 1024,
    requestTimeout: 60_000,
    return503OnClosing: false, // its answer has not our form
    routerOptions: { maxParamLength: 1000 },
    schemaErrorFormatter: (errors, part) =>
      new ScrimError('REQUEST_INVALID', { path: `${part}${(errors[0]?.instancePath ?? '').replaceAll('/', '.')}` }),
    frameworkErrors: (_error, request, reply) =>
      void sendError(new ScrimError('REQUEST_INVALID', { path: 'url' }), request, dress(request, reply)), // runs no hooks
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(rawAnswer(new ScrimError('REQUEST_INVALID')))
    },
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.setSerializerCompiler(() => answer => JSON.stringify(answer))
  app.setErrorHandler(createErrorHandler(log))
  app.setNotFoundHandler((request, reply) => sendError(new ScrimError('REQUEST_NOT_FOUND'), request, reply))
  registerGuards(app, options, createTokenBucket(failedTokensPerMinute, now))
  registerBodies(app, options.parseJson)

  await docsRoutes(app)
  healthRoutes(app, options.readiness)
  metricsRoutes(app, options.metrics)
  policyRoutes(app, options.policies)
  policyVersionRoutes(app, options.policies)
  policyDiffRoutes(app, options.policies)
  if (options.instances !== undefined) instanceRoutes(app, options.instances)
  if (options.policies.proposals !== null)
    proposalRoutes(app, options.policies.proposals, createTokenBucket(transformsPerMinute, now))
  maskTypeRoutes(app)
  transformRoutes(app, options.transformCalls, createTokenBucket(transformsPerMinute, now))
  dryRunRoutes(app, options.rehearsal.dryRun, createTokenBucket(options.dryRunsPerMinute ?? 10, now))
  explainRoutes(app, options.rehearsal.explain, createTokenBucket(options.explainsPerMinute ?? 60, now))
  policyTestRoutes(app, options.rehearsal.tests)
  deadLetterRoutes(app, options.deadLetters)
  await app.ready()

  return {
    app,
    listen: address => app.listen(address),
    close: async graceMs => {
      const cut = setTimeout(() => app.server.closeAllConnections(), graceMs)
      await app.close()
      clearTimeout(cut)
    },
  }
}

/** In the order in which a call meets them: headers, host, token, content type. All before a body is read. */
function registerGuards(app: HttpApp, { tokens, hosts, log }: HttpServerOptions, failures: TokenBucket): void {
  const isOurs = createHostCheck(hosts)
  const authenticate = createAuthentication(tokens, failures)

  app.decorateRequest('token', null)
  app.addHook('onRoute', ({ url, config }) => assertGuarded(url, config))
  app.addHook('onRequest', async (request, reply) => {
    dress(request, reply)
    if (!isOurs(request.headers.host)) throw new ScrimError('REQUEST_HOST')
    const { permission } = request.routeOptions.config
    if (permission !== undefined) request.token = authenticate(request.headers.authorization, request.ip, permission)
  })
  app.addHook('onResponse', async (request, reply) => {
    const { url = '', config } = request.routeOptions
    const fields = {
      requestId: request.id,
      method: request.method,
      route: url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime),
      caller: request.token?.name,
    }
    const isRoutine = config.open === true && reply.statusCode < 500
    if (isRoutine) log.debug(fields, 'http')
    else log.info(fields, 'http')
  })
}

/** For what never became a request: written to the socket as it is. */
function rawAnswer(error: ScrimError): string {
  const body = JSON.stringify(errorAnswer(error))
  return `HTTP/1.1 ${statusOf(error.code)} Bad Request\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`
}
