import type { FastifyRequest } from 'fastify'
import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { Proposals } from '../../../services/proposals.ts'
import type { Proposal, ProposalEntry } from '../../../services/ports/proposals.ts'
import { commonAnswers, errorSchema, problemSchema } from '../answer-schemas.ts'
import { JSON_TYPE } from '../bodies.ts'
import { problemAnswer } from '../error-answer.ts'
import type { HttpApp } from '../http-app.ts'
import { etagOf } from '../if-match.ts'
import type { TokenBucket } from '../token-bucket.ts'
import { callerOf } from './policies.ts'
import { formatQuery, sendText, wantsText } from './policy-diffs.ts'

const tags = ['policy proposals']
const security = [{ token: [] }]
const pattern = '^[1-9][0-9]{0,17}$'
const id = Type.String({ pattern })
const byId = Type.Object({ id })
const states = ['open', 'approved', 'rejected', 'withdrawn', 'stale'] as const

const proposalSchema = Type.Object({
  id,
  action: Type.String({ enum: ['set', 'pin', 'forget keys'] }),
  author: Type.String(),
  at: Type.String({ format: 'date-time' }),
  reason: Type.String(),
  baseVersion: Type.Integer({ description: 'The latest version when it was made.' }),
  state: Type.String({
    enum: states,
    description: 'stale: the set was changed since; it can be rejected or withdrawn, not approved.',
  }),
  closed: Type.Union([Type.Object({ by: Type.String(), at: Type.String(), reason: Type.String() }), Type.Null()]),
  version: Type.Union([Type.Integer(), Type.Null()], { description: 'The version that came of it.' }),
})
const ended = { 403: errorSchema, 404: errorSchema, 409: errorSchema }

/** Changes that wait for a second person. The author of one is never the one who approves it. */
export function proposalRoutes(app: HttpApp, proposals: Proposals, rate: TokenBucket): void {
  app.get(
    '/v1/policies/proposals',
    {
      config: { permission: 'read' },
      schema: {
        tags,
        security,
        summary: 'What waits for a second person, or waited for one; newest first.',
        querystring: Type.Object({
          state: Type.Optional(Type.Union(states.map(state => Type.Literal(state)))),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500, default: 50 })),
          before: Type.Optional(Type.String({ pattern, description: '`next` of the page before.' })),
        }),
        response: {
          ...commonAnswers,
          200: Type.Object({
            proposals: Type.Array(proposalSchema),
            next: Type.Union([id, Type.Null()]),
            isNeeded: Type.Boolean({ description: 'Whether a change has to be approved (SCRIM_POLICY_APPROVAL).' }),
          }),
        },
      },
    },
    async request => {
      const { limit = 50, ...filter } = request.query
      const found = await proposals.list({ ...filter, limit })
      const next = found.length === limit ? (found.at(-1)?.id ?? null) : null
      return { proposals: found.map(entryAnswer), next, isNeeded: proposals.isNeeded }
    },
  )

  // It compiles the whole set for whoever may read, so it has a rate.
  const onRequest = async (request: FastifyRequest): Promise<void> => {
    if (!rate.take(request.token?.name ?? '')) throw new ScrimError('REQUEST_RATE')
  }
  app.get(
    '/v1/policies/proposals/:id',
    {
      config: { permission: 'read' },
      onRequest,
      schema: {
        tags,
        security,
        summary: 'One proposal: what it changes of the set as it is now, and what stands against it.',
        params: byId,
        querystring: formatQuery,
        produces: ['application/json', 'text/plain'],
        response: { ...commonAnswers, 404: errorSchema },
      },
    },
    async (request, reply) => {
      const { proposal, diff, from, problems, text } = await proposals.inspect(request.params.id)
      if (wantsText(request)) return sendText(reply, text())
      const { wanted } = proposal
      const wants = wanted.action === 'set' ? { origin: wanted.origin, policies: wanted.documents } : wanted
      const shown = { ...entryOf(proposal), wanted: wants, diff: diff === null ? null : { from, ...diff } }
      return { ...shown, problems: problems.map(problemAnswer) }
    },
  )

  const why = Type.Object(
    { reason: Type.String({ minLength: 1, maxLength: 1000, description: 'Kept with the proposal.' }) },
    { additionalProperties: false },
  )
  const callOf = (request: FastifyRequest, reason: string) => ({ ...callerOf(request), reason })
  app.post(
    '/v1/policies/proposals/:id/approve',
    {
      config: { permission: 'approve', consumes: [JSON_TYPE] },
      schema: {
        tags,
        security,
        summary: 'Makes it true, if another one than its author says so and the set is still the one it was made on.',
        params: byId,
        body: why,
        response: {
          ...commonAnswers,
          ...ended,
          200: Type.Object({
            proposal: proposalSchema,
            version: Type.Integer({ description: 'The version in force now.' }),
            warnings: Type.Array(problemSchema),
            columns: Type.Optional(Type.Array(Type.String(), { description: 'The key columns that were forgotten.' })),
          }),
          422: errorSchema,
        },
      },
    },
    async (request, reply) => {
      const { proposal, version, warnings, columns } = await proposals.approve(
        request.params.id,
        callOf(request, request.body.reason),
      )
      return reply.header('etag', etagOf(version)).send({
        proposal: entryOf(proposal),
        version,
        warnings: warnings.map(problemAnswer),
        ...(columns === undefined ? {} : { columns: [...columns] }),
      })
    },
  )

  const closing = { tags, security, params: byId, response: { ...commonAnswers, ...ended, 200: proposalSchema } }
  app.post(
    '/v1/policies/proposals/:id/reject',
    {
      config: { permission: 'approve', consumes: [JSON_TYPE] },
      schema: { ...closing, body: why, summary: 'Ends it without a change.' },
    },
    async request => entryOf(await proposals.reject(request.params.id, callOf(request, request.body.reason))),
  )

  const perhapsWhy = Type.Partial(why, { additionalProperties: false })
  app.post(
    '/v1/policies/proposals/:id/withdraw',
    {
      config: { permission: 'policies', consumes: [JSON_TYPE] },
      schema: { ...closing, body: perhapsWhy, summary: 'Ends it without a change; for its author.' },
    },
    async request =>
      entryOf(await proposals.withdraw(request.params.id, callOf(request, request.body.reason ?? 'withdrawn'))),
  )
}

function entryAnswer({ at, closed, ...entry }: ProposalEntry) {
  return {
    ...entry,
    at: at.toISOString(),
    closed: closed === null ? null : { ...closed, at: closed.at.toISOString() },
  }
}

/** As it is listed: without what it wants. */
const entryOf = ({ wanted: { action }, ...proposal }: Proposal) => entryAnswer({ ...proposal, action })
