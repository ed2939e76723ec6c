import Type from 'typebox'
import { ScrimError } from '../../../errors.ts'
import type { DeadLetters } from '../../../services/dead-letters.ts'
import type { ReleaseAnswer, ReplayResult } from '../../../services/letter-calls.ts'
import type { DeadLetterEntry } from '../../../services/ports/dead-letters.ts'
import { commonAnswers, errorSchema } from '../answer-schemas.ts'
import { JSON_TYPE } from '../bodies.ts'
import { errorAnswer } from '../error-answer.ts'
import type { HttpApp } from '../http-app.ts'

const tags = ['dead letters']
const security = [{ token: [] }]
const state = Type.Union([
  Type.Literal('open'),
  Type.Literal('retrying'),
  Type.Literal('review'),
  Type.Literal('quarantined'),
  Type.Literal('replayed'),
])
const id = Type.String({ minLength: 1, maxLength: 100 })

const MAX_AT_ONCE = 500

/** Records that could not be masked: names, codes and places; the records themselves stay sealed. */
export function deadLetterRoutes(app: HttpApp, deadLetters: DeadLetters): void {
  const filter = Type.Object({
    state: Type.Optional(state),
    topic: Type.Optional(Type.String({ maxLength: 249 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_AT_ONCE, default: 100 })),
    after: Type.Optional(Type.String({ maxLength: 100, description: '`next` of the page before.' })),
  })
  const read = { permission: 'read' } as const
  app.get(
    '/v1/dead-letters',
    {
      config: read,
      schema: { tags, security, summary: 'Dead letters, page by page.', querystring: filter, response: commonAnswers },
    },
    async request => {
      const { limit = 100, ...rest } = request.query
      const found = await deadLetters.list({ ...rest, limit })
      return { deadLetters: found, next: found.length === limit ? (found.at(-1)?.id ?? null) : null }
    },
  )

  app.get(
    '/v1/dead-letters/:id',
    {
      config: read,
      schema: { tags, security, summary: 'One dead letter.', params: Type.Object({ id }), response: commonAnswers },
    },
    async request => {
      const found = await deadLetters.get(request.params.id)
      if (found === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'dead letter' })
      return found
    },
  )

  const force = Type.Optional(
    Type.Boolean({ description: 'Publish although newer data of the same key is there, or cannot be ruled out.' }),
  )
  const body = Type.Union([
    Type.Object(
      { ids: Type.Array(id, { minItems: 1, maxItems: MAX_AT_ONCE }), force },
      { additionalProperties: false },
    ),
    Type.Object(
      {
        all: Type.Literal(true),
        state: Type.Optional(Type.Union([Type.Literal('open'), Type.Literal('retrying'), Type.Literal('review')])),
        topic: Type.Optional(Type.String({ maxLength: 249 })),
        force,
      },
      { additionalProperties: false },
    ),
  ])
  const summary =
    'Masks dead letters with the policies in force and publishes them: those named, or all that were not replayed yet.'
  app.post(
    '/v1/dead-letters/replay',
    {
      config: { permission: 'replay', consumes: [JSON_TYPE] },
      schema: {
        tags,
        security,
        summary,
        body,
        response: { ...commonAnswers, 404: errorSchema, 409: errorSchema, 422: errorSchema },
      },
    },
    async request => {
      const wanted = request.body
      const ids = 'ids' in wanted ? [...new Set(wanted.ids)] : await allOf(deadLetters, wanted)
      const results = await deadLetters.replay(ids, {
        force: wanted.force ?? false,
        caller: request.token?.name ?? '',
        requestId: request.id,
      })
      const only = 'ids' in wanted && results.length === 1 ? results[0]?.error : null
      if (only != null) throw only
      return { results: results.map(resultAnswer), isMore: !('ids' in wanted) && ids.length === MAX_AT_ONCE }
    },
  )

  const goOn = Type.Optional(
    Type.Boolean({
      description: 'What cannot be opened any more (its letter or its key is gone) does not keep its key back.',
    }),
  )
  const which = Type.Union([
    Type.Object({ topic: Type.String({ minLength: 1, maxLength: 249 }), force: goOn }, { additionalProperties: false }),
    Type.Object({ all: Type.Literal(true), force: goOn }, { additionalProperties: false }),
  ])
  app.post(
    '/v1/dead-letters/release',
    {
      config: { permission: 'replay', consumes: [JSON_TYPE] },
      schema: {
        tags,
        security,
        summary:
          'Masks what waits in quarantine with the policies in force and publishes it, in the order of its offsets. A record that still cannot be masked keeps back the later ones of its key.',
        body: which,
        response: commonAnswers,
      },
    },
    async request => {
      const topic = 'topic' in request.body ? request.body.topic : null
      const { force = false } = request.body
      const order = { force, caller: request.token?.name ?? '', requestId: request.id }
      return { partitions: (await deadLetters.release(topic, order)).map(releaseAnswer) }
    },
  )
}

/** Oldest first as the index lists them, so that several letters of one key keep their order. */
async function allOf(
  deadLetters: DeadLetters,
  { state, topic }: { readonly state?: DeadLetterEntry['state']; readonly topic?: string },
): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  while (ids.length < MAX_AT_ONCE) {
    const page = await deadLetters.list({
      limit: MAX_AT_ONCE,
      ...(state === undefined ? {} : { state }),
      ...(topic === undefined ? {} : { topic }),
      ...(after === undefined ? {} : { after }),
    })
    // What is quarantined has a call of its own.
    const wanted = page.filter(entry => entry.state !== 'replayed' && entry.state !== 'quarantined')
    ids.push(...wanted.map(entry => entry.id))
    after = page.at(-1)?.id
    if (page.length < MAX_AT_ONCE) break
  }
  return ids.slice(0, MAX_AT_ONCE)
}

function resultAnswer({ id, outcome, error }: ReplayResult): object {
  return error === null ? { id, outcome } : { id, outcome, error: errorAnswer(error) }
}

function releaseAnswer({ topic, partition, result, error }: ReleaseAnswer): object {
  if (error !== null) return { topic, partition, outcome: 'refused', error: errorAnswer(error) }
  if (result === null) return { topic, partition, outcome: 'under way' }
  const { released, expelled, waiting, code } = result
  const outcome = waiting === 0 ? 'released' : 'waiting'
  if (code === null) return { topic, partition, outcome, released, expelled, waiting }
  const offset = result.offset ?? ''
  const why = new ScrimError(code, { topic, partition, offset, path: result.path ?? '' })
  return { topic, partition, outcome, released, expelled, waiting, error: errorAnswer(why) }
}
