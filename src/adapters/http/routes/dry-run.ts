import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { DryRunCalls, DryRunCandidate } from '../../../services/dry-run-calls.ts'
import { commonAnswers, errorSchema, problemSchema } from '../answer-schemas.ts'
import { JSON_TYPE } from '../bodies.ts'
import { problemAnswer } from '../error-answer.ts'
import type { HttpApp } from '../http-app.ts'
import type { TokenBucket } from '../token-bucket.ts'

const summary =
  'Runs the set in force and a candidate over the newest records of each topic, as they lie in Kafka, and tells where they differ. Nothing is published, no offset is touched; values are told as kind and length.'

const MAX_RECORDS = 100_000
const MAX_SECONDS = 300

const candidates = {
  policies: Type.Optional(Type.Unknown({ description: 'A whole set.' })),
  policy: Type.Optional(
    Type.Object(
      { name: Type.String({ minLength: 1, maxLength: 250 }) },
      { additionalProperties: true, description: 'One document to put.' },
    ),
  ),
  patch: Type.Optional(
    Type.Unknown({ description: 'JSON Patch to the set; its paths begin with the name of a document.' }),
  ),
  version: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 2_147_483_647, description: 'A stored version, as a rollback would take it.' }),
  ),
}
const names = (description: string) =>
  Type.Optional(Type.Array(Type.String({ minLength: 1, maxLength: 249 }), { minItems: 1, maxItems: 500, description }))
const body = Type.Object(
  {
    ...candidates,
    topics: names('Left out: all that either set names.'),
    views: names('Left out: all.'),
    records: Type.Optional(
      Type.Integer({ minimum: 1, maximum: MAX_RECORDS, default: 10_000, description: 'The newest of each topic.' }),
    ),
    timeLimitSeconds: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MAX_SECONDS,
        default: 60,
        description: 'What was looked at by then is told, with isComplete false.',
      }),
    ),
  },
  { additionalProperties: false, description: 'One of policies, policy, patch and version is needed.' },
)

const count = Type.Integer()
const bothSets = Type.Object({ current: Type.String(), candidate: Type.String() })
const columnAnswer = Type.Object({
  path: Type.String(),
  rules: bothSets,
  clearByRule: Type.Boolean({
    description: 'Hidden by the rules in force and clear by those of the candidate, whatever the records hold.',
  }),
  changed: count,
  newlyClear: count,
  newlyMasked: count,
  newlyDropped: count,
  newlyAdded: count,
  samples: Type.Array(
    Type.Object({
      partition: count,
      offset: Type.String(),
      raw: Type.String({ description: 'Kind and length: text(12).' }),
      current: Type.String(),
      candidate: Type.String(),
    }),
  ),
})
const viewAnswer = Type.Object({
  view: Type.String(),
  maskedTopic: Type.Object({
    current: Type.Union([Type.String(), Type.Null()]),
    candidate: Type.Union([Type.String(), Type.Null()]),
  }),
  unchanged: count,
  changed: count,
  newlyPublished: count,
  noLongerPublished: count,
  outcomes: Type.Array(Type.Object({ current: Type.String(), candidate: Type.String(), records: count })),
  rejected: Type.Array(
    Type.Object({ code: Type.String(), path: Type.String(), current: count, candidate: count, newly: count }),
  ),
  columns: Type.Array(columnAnswer),
  problems: Type.Array(
    Type.Object({
      code: Type.String(),
      path: Type.String(),
      detail: Type.String(),
      in: Type.Union([Type.Literal('current'), Type.Literal('candidate'), Type.Literal('both')]),
    }),
  ),
})
const answer = Type.Object({
  current: Type.Object({ name: Type.String(), documents: count }),
  candidate: Type.Object({ name: Type.String(), documents: count }),
  isComplete: Type.Boolean(),
  topics: Type.Array(
    Type.Object({
      topic: Type.String(),
      records: count,
      partitions: count,
      microsPerRecord: Type.Object({ current: Type.Number(), candidate: Type.Number() }),
      views: Type.Array(viewAnswer),
    }),
  ),
  notRead: Type.Array(Type.String()),
  problems: Type.Array(problemSchema),
  findings: Type.Record(Type.String(), count),
})

/** What a set would do, before it is in force. Tells of what others may not see, so it has its own permission and rate, and each call leaves a row. */
export function dryRunRoutes(app: HttpApp, calls: DryRunCalls, rate: TokenBucket): void {
  const config = { permission: 'dry-run', consumes: [JSON_TYPE] } as const
  const schema = {
    tags: ['before it goes live'],
    security: [{ token: [] }],
    summary,
    body,
    response: { ...commonAnswers, 200: answer, 404: errorSchema, 413: errorSchema, 415: errorSchema, 422: errorSchema },
  }
  const onRequest = async (request: { readonly token: { readonly name: string } | null }): Promise<void> => {
    if (!rate.take(request.token?.name ?? '')) throw new ScrimError('REQUEST_RATE')
  }
  app.post('/v1/dry-run', { bodyLimit: 10_000_000, config, schema, onRequest }, async (request, reply) => {
    const { topics = null, views = null, records = 10_000, timeLimitSeconds = 60 } = request.body
    const gone = new AbortController()
    reply.raw.once('close', () => gone.abort())
    const report = await calls.run({
      candidate: candidateOf(request.body),
      topics,
      views,
      records,
      timeLimitMs: timeLimitSeconds * 1000,
      caller: request.token?.name ?? '',
      requestId: request.id,
      signal: gone.signal,
    })
    return answered(reply, { ...report, problems: report.problems.map(problemAnswer) })
  })
}

function candidateOf({
  policies,
  policy,
  patch,
  version,
}: {
  readonly policies?: unknown
  readonly policy?: { readonly name: string }
  readonly patch?: unknown
  readonly version?: number
}): DryRunCandidate {
  const given = [policies, policy, patch, version].filter(one => one !== undefined)
  if (given.length !== 1)
    throw new ScrimError('REQUEST_INVALID', { path: 'body: one of policies, policy, patch and version' })
  if (policies !== undefined) return { kind: 'set', policies }
  if (policy !== undefined) return { kind: 'document', name: policy.name, policy }
  return version === undefined ? { kind: 'patch', patch } : { kind: 'version', version }
}

/** The form of the answer describes; what is answered is not held to it. */
const answered = (reply: FastifyReply, body: object): FastifyReply => reply.send(body)
