import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import { exportToRanger } from '../../../policy/ranger-export.ts'
import type { Policies, PolicyChange, PolicyChanged } from '../../../services/policies.ts'
import type { ProposedChange } from '../../../services/proposals.ts'
import type { PolicyVersion } from '../../../services/ports/policies.ts'
import { acceptedSchema, commonAnswers, errorSchema, proposedSchema } from '../answer-schemas.ts'
import { JSON_TYPE, PATCH_TYPE } from '../bodies.ts'
import { problemAnswer } from '../error-answer.ts'
import type { HttpApp } from '../http-app.ts'
import { etagOf, readIfMatch } from '../if-match.ts'

const tags = ['policies']
const bodyLimit = 10_000_000
const security = [{ token: [] }]

const byName = Type.Object({ name: Type.String({ minLength: 1, maxLength: 600 }) })
const why = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 1000, description: 'Kept with the version.' })),
})
const changeHeaders = Type.Object({
  'if-match': Type.Optional(Type.String({ description: 'The ETag that GET gave, or *. Needed.' })),
})
const changed = {
  ...commonAnswers,
  200: acceptedSchema,
  202: proposedSchema,
  409: errorSchema,
  412: errorSchema,
  413: errorSchema,
  415: errorSchema,
  422: errorSchema,
  428: errorSchema,
}
const document = Type.Unknown({ description: 'A policy or a table schema; see the README.' })
const documents = Type.Unknown({ description: 'A list of documents: the whole set.' })
const jsonPatch = Type.Unknown({ description: 'JSON Patch (RFC 6902).' })

const shape = Type.Object({
  format: Type.Optional(
    Type.Union([Type.Literal('scrim'), Type.Literal('ranger')], {
      description: 'ranger: a file as Ranger Admin imports it; `notExported` lists what it cannot say.',
    }),
  ),
})

const read = { permission: 'read' } as const
const write = { permission: 'policies', consumes: [JSON_TYPE] } as const
const patch = { permission: 'policies', consumes: [PATCH_TYPE] } as const

/** Reading and changing the policies in force. Each change is checked as a whole set; the ETag is the version of the set. */
export function policyRoutes(app: HttpApp, policies: Policies): void {
  app.get(
    '/v1/policies',
    {
      config: read,
      schema: { tags, security, summary: 'The set in force.', querystring: shape, response: commonAnswers },
    },
    async (request, reply) => {
      const { version, author, approver, at, reason, origin, documents: all } = inForce(policies)
      if (request.query.format === 'ranger') return reply.header('etag', etagOf(version)).send(exportToRanger(all))
      const about = { version, author, approver, at, reason, origin }
      return reply.header('etag', etagOf(version)).send({ ...about, policies: all })
    },
  )

  app.get(
    '/v1/policies/:name',
    { config: read, schema: { tags, security, summary: 'One document.', params: byName, response: commonAnswers } },
    async (request, reply) => {
      const { version, documents: all } = inForce(policies)
      const found = all.find(({ name }) => name === request.params.name)
      if (found === undefined) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'policy' })
      return reply.header('etag', etagOf(version)).send(found)
    },
  )

  const one = { tags, security, params: byName, querystring: why, headers: changeHeaders, response: changed }
  app.put(
    '/v1/policies/:name',
    { bodyLimit, config: write, schema: { ...one, body: document, summary: 'Adds or replaces one document.' } },
    async (request, reply) =>
      answer(reply, await policies.put(request.params.name, request.body, changeOf(request, request.query.reason))),
  )
  app.patch(
    '/v1/policies/:name',
    { bodyLimit, config: patch, schema: { ...one, body: jsonPatch, summary: 'Changes one document by JSON Patch.' } },
    async (request, reply) =>
      answer(reply, await policies.patch(request.params.name, request.body, changeOf(request, request.query.reason))),
  )
  app.delete(
    '/v1/policies/:name',
    {
      config: { permission: 'policies' },
      schema: { ...one, summary: 'Removes one document; topics that no policy names any more are told as warnings.' },
    },
    async (request, reply) =>
      answer(reply, await policies.remove(request.params.name, changeOf(request, request.query.reason))),
  )

  const all = { tags, security, querystring: why, headers: changeHeaders, response: changed }
  app.put(
    '/v1/policies',
    { bodyLimit, config: write, schema: { ...all, body: documents, summary: 'Replaces the whole set.' } },
    async (request, reply) =>
      answer(reply, await policies.replaceAll(request.body, changeOf(request, request.query.reason))),
  )
  app.patch(
    '/v1/policies',
    {
      bodyLimit,
      config: patch,
      schema: {
        ...all,
        body: jsonPatch,
        summary: 'Changes the set by JSON Patch; its paths begin with the name of a document.',
      },
    },
    async (request, reply) =>
      answer(reply, await policies.patchAll(request.body, changeOf(request, request.query.reason))),
  )
  app.delete(
    '/v1/policies',
    {
      config: { permission: 'policies' },
      schema: { ...all, summary: 'Removes all documents: every partition waits.' },
    },
    async (request, reply) => answer(reply, await policies.replaceAll([], changeOf(request, request.query.reason))),
  )

  const how = Type.Object({
    force: Type.Optional(
      Type.Boolean({ description: 'The files win over what REST changed since their last import.' }),
    ),
    reason: Type.Optional(Type.String({ maxLength: 1000 })),
  })
  const reload = {
    tags,
    security,
    querystring: how,
    response: { ...commonAnswers, 200: acceptedSchema, 202: proposedSchema, 409: errorSchema, 422: errorSchema },
  }
  app.post(
    '/v1/policies/reload',
    { config: { permission: 'policies' }, schema: { ...reload, summary: 'Reads store and files again.' } },
    async (request, reply) => {
      const { force = false, reason = 'reload' } = request.query
      return answer(reply, await policies.reload({ force, reason, ...callerOf(request) }))
    },
  )
}

function inForce(policies: Policies): PolicyVersion {
  const version = policies.inForce()
  if (version !== null) return version
  throw new ScrimError(policies.status().code ?? 'POSTGRES_UNAVAILABLE', { policy: 'none is in force' })
}

/** Who calls: the author is the name of the token, never what the caller says. */
export const callerOf = (request: FastifyRequest): { readonly author: string; readonly requestId: string } => ({
  author: request.token?.name ?? '',
  requestId: request.id,
})

export function changeOf(request: FastifyRequest, reason = '', ifMatch = request.headers['if-match']): PolicyChange {
  return { ...callerOf(request), reason, ifMatch: readIfMatch(ifMatch) }
}

export function answer(reply: FastifyReply, changed: PolicyChanged): FastifyReply {
  if ('proposal' in changed) return answerProposed(reply, changed)
  const { version, isNew, warnings } = changed
  return reply.header('etag', etagOf(version)).send({ version, isNew, warnings: warnings.map(problemAnswer) })
}

/** Taken, but not in force: somebody else has to approve it. */
export function answerProposed(reply: FastifyReply, { proposal, warnings }: ProposedChange): FastifyReply {
  const { id, state, baseVersion } = proposal
  return reply
    .code(202)
    .header('location', `/v1/policies/proposals/${id}`)
    .send({ proposal: id, state, baseVersion, warnings: warnings.map(problemAnswer) })
}
