import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { ExplainCalls, ExplainSubject } from '../../../services/explain-calls.ts'
import { commonAnswers, errorSchema } from '../answer-schemas.ts'
import { JSON_TYPE } from '../bodies.ts'
import type { HttpApp } from '../http-app.ts'
import type { TokenBucket } from '../token-bucket.ts'

const summary =
  'Why the columns of a record, or of a topic, go out as they do: for each the policy, mask and parameters that decide, and why the others do not. Names and parameters, never a value.'

const body = Type.Object(
  {
    record: Type.Optional(Type.Unknown({ description: 'A record as POST /v1/transform takes it.' })),
    topic: Type.Optional(Type.String({ minLength: 1, maxLength: 249 })),
    partition: Type.Optional(Type.Integer({ minimum: 0, maximum: 2_147_483_647 })),
    offset: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ pattern: '^\\d{1,18}$' })], {
        description: 'With topic and partition: a record where it lies. Without both: the topic alone.',
      }),
    ),
    view: Type.Optional(Type.String({ minLength: 1, maxLength: 250, description: 'Left out: all.' })),
  },
  { additionalProperties: false },
)

const text = Type.String()
const orNull = Type.Union([text, Type.Null()])
const candidate = Type.Object({
  policy: text,
  path: text,
  selector: orNull,
  mask: text,
  params: Type.Record(Type.String(), Type.Unknown()),
  verdict: Type.String({ description: '`applies`, or why it does not.' }),
  detail: orNull,
})
const column = Type.Object({
  column: text,
  parts: Type.Array(text),
  type: orNull,
  mask: text,
  by: orNull,
  known: text,
  masked: orNull,
  problems: Type.Array(Type.Object({ code: text, path: text, detail: text })),
  candidates: Type.Array(candidate),
})
const answer = Type.Object({
  policyVersion: Type.Integer(),
  topic: text,
  policies: Type.Array(Type.Object({ name: text, isEnabled: Type.Boolean(), priority: Type.Integer() })),
  views: Type.Array(
    Type.Object({
      view: text,
      maskedTopic: text,
      rowFilter: Type.Union([Type.Object({ policy: text, path: text, expression: text }), Type.Null()]),
      outcome: Type.Union([
        Type.Null(),
        Type.Object({
          outcome: text,
          reason: Type.Optional(text),
          code: Type.Optional(text),
          where: Type.Optional(text),
        }),
      ]),
      columns: Type.Array(column),
      notMet: Type.Array(text),
    }),
  ),
})

/** Outcomes tell something of a record, so it has its own permission and rate, and each call leaves a row. */
export function explainRoutes(app: HttpApp, calls: ExplainCalls, rate: TokenBucket): void {
  const config = { permission: 'explain', consumes: [JSON_TYPE] } as const
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
  app.post('/v1/explain', { bodyLimit: 8_000_000, config, schema, onRequest }, async (request, reply) => {
    const explanation = await calls.run({
      subject: subjectOf(request.body),
      view: request.body.view ?? null,
      caller: request.token?.name ?? '',
      requestId: request.id,
    })
    return answered(reply, explanation)
  })
}

/** The form of the answer describes; what is answered is not held to it. */
const answered = (reply: FastifyReply, body: object): FastifyReply => reply.send(body)

function subjectOf({
  record,
  topic,
  partition,
  offset,
}: {
  readonly record?: unknown
  readonly topic?: string
  readonly partition?: number
  readonly offset?: number | string
}): ExplainSubject {
  const isPlace = partition !== undefined && offset !== undefined
  if (record !== undefined && topic === undefined && partition === undefined && offset === undefined)
    return { kind: 'record', record }
  if (record === undefined && topic !== undefined && isPlace)
    return { kind: 'place', topic, partition, offset: BigInt(offset) }
  if (record === undefined && topic !== undefined && partition === undefined && offset === undefined)
    return { kind: 'topic', topic }
  throw new ScrimError('REQUEST_INVALID', { path: 'body: a record; or topic, partition and offset; or a topic' })
}
