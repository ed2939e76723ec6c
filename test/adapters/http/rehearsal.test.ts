import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PolicyDocument } from '../../../src/policy/document.ts'
import { bearer, type HarnessOptions, type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'
import { aKey, aString, schemaRecord } from '../../support/schema-records.ts'

const CANARY = 'canary-4711@example.org'
const policy = (email: string, more: object = {}): PolicyDocument => ({
  name: 'a',
  resources: { topic: 'raw.a' },
  maskingPolicy: {
    maskingConditions: [
      { field: 'id', maskType: 'none' },
      { field: 'email', maskType: email },
    ],
  },
  ...more,
})
const record = (id: number, email: unknown = CANARY) => schemaRecord('raw.a', [aKey(), aString('email')], { id, email })

let http: HttpHarness
const start = async (options: HarnessOptions = {}): Promise<void> => {
  await http?.close()
  http = await startHttp({ 'a.json': policy('full') }, options)
  http.tail.records.set('raw.a', [record(1), record(2), record(3, null)])
}
beforeEach(() => start())
afterEach(() => http.close())

type Who = Parameters<typeof bearer>[0]
const post = (url: string, payload: object | undefined, who: Who) =>
  http.server.app.inject({
    method: 'POST',
    url,
    headers: { ...bearer(who), ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(payload === undefined ? {} : { payload }),
  })
const dryRun = (payload: object, who: Who = 'rehearser') => post('/v1/dry-run', payload, who)
const explain = (payload: object, who: Who = 'explainer') => post('/v1/explain', payload, who)
const toldNothing = (body: string) =>
  expect(`${body}${JSON.stringify([http.world.called, http.log.lines])}`).not.toContain('canary')

describe('POST /v1/dry-run', () => {
  const cleared = { findings: { 'newly-clear': 1 }, current: { name: 'version 1' } }
  const candidates: readonly (readonly [string, object])[] = [
    ['a whole set', { policies: [policy('none')] }],
    ['one document', { policy: policy('none') }],
    [
      'a JSON Patch',
      { patch: [{ op: 'replace', path: '/a/maskingPolicy/maskingConditions/1/maskType', value: 'none' }] },
    ],
  ]
  test.each(candidates)('tries %s against the set in force', async (_, body) => {
    const answer = await dryRun(body)
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      ...cleared,
      isComplete: true,
      topics: [
        {
          topic: 'raw.a',
          records: 3,
          views: [{ view: 'public', changed: 2, columns: [{ path: 'email', newlyClear: 2, newlyMasked: 0 }] }],
        },
      ],
    })
    toldNothing(answer.body)
    // Tried, not taken.
    expect(http.policies.inForce()?.version).toBe(1)
  })

  test('tries a stored version, as a rollback would take it', async () => {
    await http.policies.put('a', policy('none'), { author: '', reason: '', ifMatch: '*' })
    const answer = await dryRun({ version: 1 })
    expect(answer.json()).toMatchObject({ candidate: { name: 'version 1' }, findings: { 'newly-masked': 1 } })
    expect((await dryRun({ version: 99 })).statusCode).toBe(404)
  })

  test('leaves a row of who, what and how much, before it is answered', async () => {
    await dryRun({ policy: policy('none'), topics: ['raw.a'], records: 2 })
    expect(http.world.called).toMatchObject([
      {
        call: 'dry-run',
        caller: 'rehearser',
        policyVersion: 1,
        facts: { candidate: 'request, document', topics: 1, records: 2, newlyClear: 1, rejected: 0 },
      },
    ])
  })

  test('a candidate that would be refused is refused; one whose tests fail says so', async () => {
    const refused = await dryRun({ policy: policy('nonsense') })
    expect(refused.statusCode).toBe(422)
    expect(refused.json()).toMatchObject({ code: 'POLICY_REFUSED', problems: [{ code: 'POLICY_UNKNOWN_MASK' }] })
    const tests = [{ row: { id: 1, email: 'x' }, expect: { email: 'x' } }]
    const failing = await dryRun({ policy: policy('full', { tests }) })
    expect(failing.json()).toMatchObject({ problems: [{ code: 'POLICY_TEST_FAILED' }], findings: { problems: 1 } })
  })

  const wrong: readonly (readonly [string, object])[] = [
    ['no candidate', {}],
    ['two candidates', { version: 1, policies: [] }],
    ['too many records', { version: 1, records: 1_000_000 }],
    ['an unknown member', { version: 1, more: 1 }],
    ['a time without end', { version: 1, timeLimitSeconds: 100_000 }],
  ]
  test.each(wrong)('%s is a request that is not valid', async (_, body) => {
    expect((await dryRun(body)).statusCode).toBe(400)
  })

  test('needs its own permission', async () => {
    for (const who of ['reader', 'steward', 'masker', 'replayer', 'explainer'] as const)
      expect((await dryRun({ version: 1 }, who)).json()).toMatchObject({
        code: 'REQUEST_FORBIDDEN',
        where: { path: 'dry-run' },
      })
    expect((await dryRun({ version: 1 }, 'all')).statusCode).toBe(200)
  })

  test('one at a time', async () => {
    const held = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    http.tail.beforeBatch = () => {
      begun.resolve()
      return held.promise
    }
    const first = dryRun({ version: 1 })
    await begun.promise
    const second = await dryRun({ version: 1 })
    expect(second.statusCode).toBe(429)
    expect(second.json()).toMatchObject({ where: { path: 'another dry run is under way' } })
    held.resolve()
    expect((await first).statusCode).toBe(200)
    expect((await dryRun({ version: 1 })).statusCode).toBe(200)
  })

  test('ends when nobody waits for the answer any more', async () => {
    const address = await http.server.listen({ host: '127.0.0.1', port: 0 })
    const begun = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const { read } = http.tail
    const held: typeof read = async (_topic, _count, _visit, signal) => {
      begun.resolve()
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      ended.resolve()
      return 1
    }
    Object.assign(http.tail, { read: held })
    const caller = new AbortController()
    const call = fetch(`${address}/v1/dry-run`, {
      method: 'POST',
      headers: { ...bearer('rehearser'), 'content-type': 'application/json' },
      body: '{"version":1}',
      signal: caller.signal,
    })
    await begun.promise
    caller.abort()
    await expect(call).rejects.toThrow()
    await ended.promise
    Object.assign(http.tail, { read })
    // The place is free again.
    await vi.waitFor(async () => expect((await dryRun({ version: 1 })).statusCode).toBe(200))
  })

  test('so many in a minute', async () => {
    await start({ dryRunsPerMinute: 2, now: () => 0 })
    const codes = [await dryRun({ version: 1 }), await dryRun({ version: 1 }), await dryRun({ version: 1 })]
    expect(codes.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429])
  })
})

describe('POST /v1/explain', () => {
  test('a record: what decides each column, and what becomes of it', async () => {
    const answer = await explain({ record: record(1) })
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      policyVersion: 1,
      topic: 'raw.a',
      views: [
        {
          view: 'public',
          outcome: { outcome: 'publish' },
          columns: [
            { column: 'id', parts: ['key', 'row'], mask: 'none' },
            { column: 'email', mask: 'full', candidates: [{ policy: 'a', verdict: 'applies' }] },
          ],
        },
      ],
    })
    toldNothing(answer.body)
  })

  test('a record where it lies', async () => {
    http.tail.records
      .get('raw.a')
      ?.push(schemaRecord('raw.a', [aKey(), aString('nickname')], { id: 1, nickname: CANARY }))
    const answer = await explain({ topic: 'raw.a', partition: 0, offset: '3' })
    expect(answer.json()).toMatchObject({
      views: [
        {
          outcome: { outcome: 'reject', code: 'RECORD_UNKNOWN_COLUMN', where: 'after.nickname' },
          columns: [{ column: 'id' }, { column: 'nickname', mask: 'unknown: hold', known: 'no' }],
          notMet: ['email'],
        },
      ],
    })
    toldNothing(answer.body)
    expect((await explain({ topic: 'raw.a', partition: 0, offset: 9 })).statusCode).toBe(404)
    // What no policy names is nobody's to look at.
    http.tail.records.set('raw.other', [record(1)])
    expect((await explain({ topic: 'raw.other', partition: 0, offset: 0 })).statusCode).toBe(404)
  })

  test('a topic alone; one that nothing names has no views', async () => {
    expect((await explain({ topic: 'raw.a' })).json()).toMatchObject({
      views: [{ outcome: null, columns: [{ column: 'id' }, { column: 'email' }] }],
    })
    expect((await explain({ topic: 'raw.x' })).json()).toMatchObject({ views: [], policies: [] })
    expect((await explain({ topic: 'raw.a', view: 'others' })).statusCode).toBe(404)
  })

  const wrong: readonly (readonly [string, object])[] = [
    ['nothing', {}],
    ['a record and a topic', { record: {}, topic: 'a' }],
    ['half a place', { topic: 'a', partition: 1 }],
    ['a record that is none', { record: { key: CANARY } }],
  ]
  test.each(wrong)('%s is a request that is not valid', async (_, body) => {
    const answer = await explain(body)
    expect(answer.statusCode).toBe(400)
    toldNothing(answer.body)
  })

  test('needs its own permission, leaves a row, and is counted', async () => {
    for (const who of ['reader', 'steward', 'masker', 'rehearser'] as const)
      expect((await explain({ topic: 'raw.a' }, who)).json()).toMatchObject({ code: 'REQUEST_FORBIDDEN' })
    await explain({ topic: 'raw.a' })
    expect(http.world.called).toMatchObject([
      { call: 'explain', caller: 'explainer', facts: { subject: 'topic', topic: 'raw.a' } },
    ])
    await start({ explainsPerMinute: 1, now: () => 0 })
    expect((await explain({ topic: 'raw.a' })).statusCode).toBe(200)
    expect((await explain({ topic: 'raw.a' })).statusCode).toBe(429)
  })
})

describe('the tests of a policy', () => {
  const tests = [{ name: 'hidden', row: { id: 1, email: 'asha@example.in' }, expect: { email: '****' } }]
  const failing = [...tests, { row: { id: 1, email: 'asha@example.in' }, expect: { email: 'other' } }]
  const put = (document: PolicyDocument) =>
    http.policies.put(document.name, document, { author: '', reason: '', ifMatch: '*' })

  test('a set whose tests fail is refused; the set in force stays', async () => {
    await expect(put(policy('full', { tests: failing }))).rejects.toMatchObject({
      problems: [{ code: 'POLICY_TEST_FAILED', where: { policy: 'a', path: 'tests[1].expect.email' } }],
    })
    expect(http.policies.inForce()?.version).toBe(1)
    await put(policy('full', { tests }))
    expect(http.policies.inForce()?.version).toBe(2)
  })

  test('another policy cannot break them either', async () => {
    await put(policy('full', { tests }))
    const stronger = { ...policy('null', { policyPriority: 1 }), name: 'b' }
    await expect(put(stronger)).rejects.toMatchObject({
      problems: [{ code: 'POLICY_DISAGREE' }, { where: { policy: 'a', path: 'tests[0].expect.email' } }],
    })
  })

  test('files are refused as well', async () => {
    http.files.set({ 'a.json': policy('full', { tests: failing }) })
    await expect(http.policies.reload({ force: false, author: '', reason: '' })).rejects.toMatchObject({
      code: 'POLICY_REFUSED',
    })
  })

  test.each(['GET', 'POST'] as const)('%s runs them on demand', async method => {
    await put(policy('full', { tests }))
    const run = (name: string, who: Who = 'reader') =>
      http.server.app.inject({ method, url: `/v1/policies/${name}/test`, headers: bearer(who) })
    expect((await run('a')).json()).toEqual({
      policy: 'a',
      passed: true,
      tests: [{ index: 0, name: 'hidden', passed: true, failures: [] }],
    })
    expect((await run('gone')).statusCode).toBe(404)
    expect((await run('a', 'masker')).statusCode).toBe(403)
  })

  test('the stream learns nothing from them', async () => {
    await put(policy('full', { tests }))
    expect(http.policies.current()?.made()).toEqual([])
    await put(aPolicy('c'))
    expect(http.policies.current()?.made()).toEqual([])
  })
})
