import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bearer, type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aKeyedPolicy } from '../../support/policy-documents.ts'

let http: HttpHarness
beforeEach(async () => {
  http = await startHttp({ 'a.json': aKeyedPolicy('a') })
})
afterEach(() => http.close())

const record = (offset: number, topic = 'raw.a') => ({
  topic,
  partition: 0,
  offset,
  timestamp: 7,
  key: { id: offset },
  value: { before: null, after: { email: 'canary-4711' }, source: {}, op: 'u', ts_ms: 1 },
})
const get = (url: string) => http.server.app.inject({ url, headers: bearer('reader') })
const replay = (payload: object) =>
  http.server.app.inject({ method: 'POST', url: '/v1/dead-letters/replay', headers: bearer('replayer'), payload })

describe('listing', () => {
  beforeEach(() => {
    for (let offset = 1; offset <= 5; offset++)
      http.world.bury(record(offset, offset % 2 === 0 ? 'raw.b' : 'raw.a'), { state: offset === 5 ? 'review' : 'open' })
  })

  test('goes page by page', async () => {
    const first = (await get('/v1/dead-letters?limit=3')).json()
    expect(first).toMatchObject({
      deadLetters: [{ id: '1', code: 'RECORD_TOO_LARGE', offset: '1' }, { id: '2' }, { id: '3' }],
      next: '3',
    })
    expect((await get(`/v1/dead-letters?limit=3&after=${first.next}`)).json()).toMatchObject({
      deadLetters: [{ id: '4' }, { id: '5' }],
      next: null,
    })
  })

  test('filters by state and topic', async () => {
    expect((await get('/v1/dead-letters?state=review')).json().deadLetters).toMatchObject([{ id: '5' }])
    expect((await get('/v1/dead-letters?topic=raw.b')).json().deadLetters).toMatchObject([{ id: '2' }, { id: '4' }])
    expect((await get('/v1/dead-letters?state=nonsense')).statusCode).toBe(400)
  })

  test('gives one', async () => {
    expect((await get('/v1/dead-letters/2')).json()).toMatchObject({ id: '2', topic: 'raw.b', state: 'open' })
    expect((await get('/v1/dead-letters/99')).statusCode).toBe(404)
  })
})

describe('replaying', () => {
  test('publishes masked what was sealed', async () => {
    const id = http.world.bury(record(1))
    const answer = await replay({ ids: [id] })
    expect(answer.json()).toEqual({ results: [{ id, outcome: 'published' }], isMore: false })
    expect(http.world.published).toMatchObject([{ topic: 'raw.a.masked', view: 'public' }])
    expect(
      JSON.stringify([http.world.published, http.world.called, http.world.audited.length, http.log.lines]),
    ).not.toContain('canary')
    expect(http.world.called).toMatchObject([
      {
        call: 'replay',
        caller: 'replayer',
        facts: { id, topic: 'raw.a', partition: 0, offset: '1', force: false, overtakes: false },
      },
    ])
    expect((await get(`/v1/dead-letters/${id}`)).json()).toMatchObject({ state: 'replayed', attempts: 1 })
  })

  test('does not overtake newer data unless forced', async () => {
    const id = http.world.bury(record(1))
    http.world.overtaken.add(1n)
    const refused = await replay({ ids: [id] })
    expect(refused.statusCode).toBe(409)
    expect(refused.json()).toMatchObject({
      code: 'REPLAY_OVERTAKES',
      where: { topic: 'raw.a', partition: 0, offset: '1' },
    })
    expect(http.world.published).toEqual([])
    expect((await replay({ ids: [id], force: true })).json()).toMatchObject({ results: [{ outcome: 'published' }] })
    expect(http.world.called).toMatchObject([
      { facts: { force: false, overtakes: true } },
      { facts: { force: true, overtakes: true } },
    ])
  })

  test('says what can no longer be read', async () => {
    const gone = http.world.bury(record(1), { letterOffset: '99' })
    const keyless = http.world.bury(record(2), { keyId: 'another' })
    const withheld = http.world.bury(record(3), { keyId: null, bucket: null })
    for (const id of [gone, keyless, withheld])
      expect((await replay({ ids: [id] })).json()).toMatchObject({ code: 'REPLAY_UNREADABLE' })
    expect((await replay({ ids: ['99'] })).json()).toMatchObject({ code: 'REQUEST_NOT_FOUND' })
  })

  test('several: one result each, what is refused does not keep the others', async () => {
    const ids = [http.world.bury(record(1)), http.world.bury(record(2)), http.world.bury(record(3, 'raw.nobody'))]
    http.world.overtaken.add(1n)
    expect((await replay({ ids })).json()).toMatchObject({
      results: [
        { outcome: 'refused', error: { code: 'REPLAY_OVERTAKES' } },
        { outcome: 'published' },
        { outcome: 'refused', error: { code: 'RECORD_TOPIC_WITHOUT_POLICY' } },
      ],
    })
  })

  test('all of a topic', async () => {
    for (let offset = 1; offset <= 3; offset++) http.world.bury(record(offset))
    http.world.bury(record(4), { state: 'replayed' })
    http.world.bury(record(5, 'raw.b'))
    expect((await replay({ all: true, topic: 'raw.a' })).json()).toMatchObject({
      results: [{ id: '1' }, { id: '2' }, { id: '3' }],
      isMore: false,
    })
    expect(http.world.published).toHaveLength(3)
  })

  test('twice at the same time publishes once', async () => {
    const id = http.world.bury(record(1))
    const answers = await Promise.all([replay({ ids: [id] }), replay({ ids: [id, id] })])
    expect(answers.map(answer => answer.json().results[0].outcome).sort()).toEqual(['published', 'unchanged'])
    expect(http.world.published).toHaveLength(1)
  })
})

describe('releasing', () => {
  const release = (payload: object) =>
    http.server.app.inject({ method: 'POST', url: '/v1/dead-letters/release', headers: bearer('replayer'), payload })

  test('lets out what is parked, and tells what stays and why', async () => {
    http.world.bury(record(1), { state: 'quarantined' })
    const unknown = {
      ...record(2),
      value: { before: null, after: { nick: 'canary-4711' }, source: {}, op: 'u', ts_ms: 1 },
    }
    http.world.bury(unknown, { state: 'quarantined' })
    http.world.bury(record(3, 'raw.b'), { state: 'quarantined' })
    const answer = await release({ topic: 'raw.a' })
    expect(answer.json()).toEqual({
      partitions: [
        {
          topic: 'raw.a',
          partition: 0,
          outcome: 'waiting',
          released: 1,
          expelled: 0,
          waiting: 1,
          error: expect.objectContaining({
            code: 'RECORD_UNKNOWN_COLUMN',
            where: { topic: 'raw.a', partition: 0, offset: '2', path: 'after.nick' },
          }),
        },
      ],
    })
    expect((await release({ all: true })).json().partitions).toMatchObject([
      { topic: 'raw.a', outcome: 'waiting' },
      { topic: 'raw.b', outcome: 'refused', error: { code: 'RECORD_TOPIC_WITHOUT_POLICY' } },
    ])
    expect(JSON.stringify([answer.body, http.world.published, http.log.lines])).not.toContain('canary')
  })

  test('takes a topic or all, nothing else', async () => {
    for (const body of [{}, { topic: '' }, { all: false }, { topic: 'raw.a', force: 'yes' }])
      expect([body, (await release(body)).statusCode]).toEqual([body, 400])
  })

  test('a replay of all takes no state that it leaves out', async () => {
    for (const state of ['quarantined', 'replayed']) expect((await replay({ all: true, state })).statusCode).toBe(400)
  })

  test('is no replay: parked letters are left out of that', async () => {
    http.world.bury(record(1), { state: 'quarantined' })
    expect((await replay({ all: true })).json()).toEqual({ results: [], isMore: false })
  })
})
