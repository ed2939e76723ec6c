import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { Policies } from '../../../services/policies.ts'
import { acceptedSchema, commonAnswers, errorSchema, proposedSchema } from '../answer-schemas.ts'
import { JSON_TYPE } from '../bodies.ts'
import type { HttpApp } from '../http-app.ts'
import { answer, answerProposed, callerOf, changeOf } from './policies.ts'

const tags = ['policy versions']
const security = [{ token: [] }]
/** What the store's numbers hold. */
const MAX_VERSION = 2_147_483_647
const read = { permission: 'read' } as const

/** What was in force when, by whom and why; and the way back. */
export function policyVersionRoutes(app: HttpApp, policies: Policies): void {
  const page = Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
    before: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_VERSION, description: 'Versions older than this one.' }),
    ),
  })
  app.get(
    '/v1/policies/versions',
    {
      config: read,
      schema: {
        tags,
        security,
        summary:
          'Versions, newest first, each with author, reason and JSON Patch from the one before; and which one is pinned.',
        querystring: page,
        response: commonAnswers,
      },
    },
    async request => {
      const { limit = 50, before } = request.query
      const versions = await policies.list(limit, before)
      const next = versions.length === limit ? (versions.at(-1)?.version ?? null) : null
      return { versions, next, pinned: await policies.pinned() }
    },
  )

  const number = Type.Object({ version: Type.Integer({ minimum: 1, maximum: MAX_VERSION }) })
  app.get(
    '/v1/policies/versions/:version',
    {
      config: read,
      schema: { tags, security, summary: 'One version with its documents.', params: number, response: commonAnswers },
    },
    async request => {
      const found = await policies.get(request.params.version)
      if (found === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'version' })
      const { documents, ...version } = found
      return { ...version, policies: documents }
    },
  )

  const pin = Type.Object(
    {
      version: Type.Union([Type.Integer({ minimum: 1, maximum: MAX_VERSION }), Type.Null()], {
        description: 'null: the latest counts again.',
      }),
      reason: Type.Optional(Type.String({ maxLength: 1000 })),
    },
    { additionalProperties: false },
  )
  app.post(
    '/v1/policies/pin',
    {
      config: { permission: 'policies', consumes: [JSON_TYPE] },
      schema: {
        tags,
        security,
        summary: 'Holds all instances at one version, starts included; changes are refused until it is let go.',
        body: pin,
        response: { ...commonAnswers, 202: proposedSchema, 404: errorSchema, 422: errorSchema },
      },
    },
    async (request, reply) => {
      const { version, reason = version === null ? 'unpinned' : `pinned to version ${version}` } = request.body
      const inForce = await policies.pin(version, { ...callerOf(request), reason })
      if ('proposal' in inForce) return answerProposed(reply, inForce)
      return { ...inForce, pinned: version }
    },
  )

  const emptied = Type.Object(
    {
      topic: Type.String({ pattern: '^[a-zA-Z0-9._-]{1,249}$', description: 'The masked topic.' }),
      reason: Type.Optional(Type.String({ maxLength: 1000 })),
    },
    { additionalProperties: false },
  )
  app.post(
    '/v1/policies/keys/forget',
    {
      config: { permission: 'policies', consumes: [JSON_TYPE] },
      schema: {
        tags,
        security,
        summary:
          'Says that a masked topic, and what was loaded from it, is emptied: its key columns may go out under another mask or key.',
        body: emptied,
        response: { ...commonAnswers, 202: proposedSchema, 404: errorSchema },
      },
    },
    async (request, reply) => {
      const { topic, reason = '' } = request.body
      const columns = await policies.forgetKeys(topic, { ...callerOf(request), reason })
      return 'proposal' in columns ? answerProposed(reply, columns) : { topic, columns }
    },
  )

  const wanted = Type.Object(
    {
      version: Type.Integer({ minimum: 1, maximum: MAX_VERSION }),
      reason: Type.Optional(Type.String({ maxLength: 1000 })),
    },
    { additionalProperties: false },
  )
  const headers = Type.Object({
    'if-match': Type.Optional(Type.String({ description: 'Left out: the latest, whichever it is.' })),
  })
  const response = {
    ...commonAnswers,
    200: acceptedSchema,
    202: proposedSchema,
    409: errorSchema,
    412: errorSchema,
    422: errorSchema,
  }
  app.post(
    '/v1/policies/rollback',
    {
      config: { permission: 'policies', consumes: [JSON_TYPE] },
      schema: {
        tags,
        security,
        summary: 'Makes a new version that says what an older one said.',
        body: wanted,
        headers,
        response,
      },
    },
    async (request, reply) => {
      const { version, reason = `rollback to version ${version}` } = request.body
      // Whoever rolls back names the state they want, so the state they come from matters only if they say so.
      const ifMatch = request.headers['if-match'] ?? '*'
      return answer(reply, await policies.rollback(version, changeOf(request, reason, ifMatch)))
    },
  )
}
