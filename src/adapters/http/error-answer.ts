import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import {
  type ErrorCode,
  type ErrorKind,
  errorCatalogue,
  type Place,
  PoliciesRefused,
  type Problem,
  ScrimError,
} from '../../errors.ts'
import type { Log } from '../../services/ports/log.ts'

/** What every error answer looks like. Texts are the catalogue's own: nothing of the request is ever repeated. */
export interface ErrorAnswer {
  readonly code: ErrorCode
  readonly message: string
  readonly where: Place
  readonly hint: string
  readonly requestId?: string
  readonly problems?: readonly ProblemAnswer[]
}

export interface ProblemAnswer {
  readonly code: ErrorCode
  readonly severity: 'error' | 'warning'
  readonly where: Place
  readonly detail: string
  readonly hint: string
}

/** A problem with the catalogue's words. */
export function problemAnswer({ code, severity, where, detail }: Problem): ProblemAnswer {
  const { message, hint } = errorCatalogue[code]
  return { code, severity, where, detail: detail === undefined ? message : `${message}: ${detail}`, hint }
}

export function errorAnswer(error: ScrimError, requestId?: string): ErrorAnswer {
  return {
    code: error.code,
    message: errorCatalogue[error.code].message,
    where: error.where,
    hint: error.hint,
    ...(requestId === undefined ? {} : { requestId }),
    ...(error instanceof PoliciesRefused ? { problems: error.problems.map(problemAnswer) } : {}),
  }
}

const statusOfKind: Record<ErrorKind, number> = { policy: 422, record: 422, dependency: 503, request: 400, fatal: 503 }

export function statusOf(code: ErrorCode): number {
  const entry: { kind: ErrorKind; status?: number } = errorCatalogue[code]
  return code === 'INTERNAL' ? 500 : (entry.status ?? statusOfKind[entry.kind])
}

/** Answers with an error of the catalogue; anything else is a bug and says so, and no more. */
export function createErrorHandler(
  log: Log,
): (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply {
  return (thrown, request, reply) => {
    const error = thrown instanceof ScrimError ? thrown : ofFastify(thrown)
    if (error.code === 'INTERNAL') {
      const name = thrown instanceof Error ? thrown.name : typeof thrown
      log.error(
        { requestId: request.id, route: request.routeOptions.url ?? '', error: name },
        errorCatalogue.INTERNAL.message,
      )
    }
    return sendError(error, request, reply)
  }
}

export function sendError(error: ScrimError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error.code === 'REQUEST_UNAUTHENTICATED') reply.header('www-authenticate', 'Bearer realm="scrim"')
  if (error.kind === 'dependency') reply.header('retry-after', '5')
  // A stream of outcome lines or a metrics text may have been begun: an error is always JSON.
  return reply.code(statusOf(error.code)).type('application/json; charset=utf-8').send(errorAnswer(error, request.id))
}

const byFastifyCode: Partial<Record<string, ErrorCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'REQUEST_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'REQUEST_MEDIA_TYPE',
  FST_ERR_NOT_FOUND: 'REQUEST_NOT_FOUND',
}

/** Fastify's own errors: their texts quote the request, so only what kind they are is kept. */
function ofFastify(thrown: unknown): ScrimError {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return new ScrimError('INTERNAL')
  const { code, statusCode = 500 } = thrown as FastifyError
  const known = byFastifyCode[code]
  if (known !== undefined) return new ScrimError(known)
  return new ScrimError(statusCode >= 400 && statusCode < 500 ? 'REQUEST_INVALID' : 'INTERNAL')
}
