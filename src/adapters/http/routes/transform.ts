import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { TransformCalls } from '../../../services/transform-calls.ts'
import { commonAnswers, errorSchema } from '../answer-schemas.ts'
import { JSON_TYPE, LINES_TYPES } from '../bodies.ts'
import type { HttpApp } from '../http-app.ts'
import type { TokenBucket } from '../token-bucket.ts'

const summary =
  'Masks records. Body: JSON Lines, one record each, or {"records": [...], "policies": [...]}; answer: JSON Lines, one outcome for each record and view.'

/** An oracle on low-entropy values, so it has its own permission and rate, and each call leaves a row. */
export function transformRoutes(app: HttpApp, calls: TransformCalls, rate: TokenBucket): void {
  const config = { permission: 'transform', consumes: [JSON_TYPE, ...LINES_TYPES] } as const
  const body = Type.Union([
    Type.Array(Type.Unknown(), { description: 'JSON Lines.' }),
    Type.Object(
      {
        records: Type.Array(Type.Unknown()),
        policies: Type.Optional(Type.Unknown({ description: 'Used in place of the policies in force.' })),
      },
      { additionalProperties: false },
    ),
  ])
  const schema = {
    tags: ['transform'],
    security: [{ token: [] }],
    summary,
    body,
    response: { ...commonAnswers, 413: errorSchema, 415: errorSchema, 422: errorSchema },
  }
  const onRequest = async (request: { readonly token: { readonly name: string } | null }): Promise<void> => {
    if (!rate.take(request.token?.name ?? '')) throw new ScrimError('REQUEST_RATE')
  }
  app.post('/v1/transform', { bodyLimit: 8_000_000, config, schema, onRequest }, async (request, reply) => {
    const { records, policies = null } = Array.isArray(request.body) ? { records: request.body } : request.body
    const { policyVersion, outcomes } = await calls.run({
      records,
      policies,
      caller: request.token?.name ?? '',
      requestId: request.id,
    })
    const lines = outcomes.map(outcome => `${JSON.stringify(outcome)}\n`).join('')
    return reply.header('x-policy-version', policyVersion).type('application/x-ndjson; charset=utf-8').send(lines)
  })
}
