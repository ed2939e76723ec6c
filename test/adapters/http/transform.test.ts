import { afterEach, beforeEach, expect, test } from 'vitest'
import type { OutcomeLine } from '../../../src/engine.ts'
import { bearer, type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

let http: HttpHarness
beforeEach(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') })
})
afterEach(() => http.close())

const CANARY = 'canary-4711@example.org'
const record = (topic = 'raw.a', column = 'email') => ({
  topic,
  partition: 0,
  offset: 5,
  value: { before: null, after: { [column]: CANARY }, source: {}, op: 'c', ts_ms: 1 },
})
const send = (payload: object | string, headers: Record<string, string> = { 'content-type': 'application/json' }) =>
  http.server.app.inject({
    method: 'POST',
    url: '/v1/transform',
    headers: { ...bearer('masker'), ...headers },
    payload,
  })
const lines = (body: string): OutcomeLine[] =>
  body
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

test('JSON Lines in, outcome lines out, in order', async () => {
  const answer = await send(
    [record(), record('raw.unknown'), record('raw.a', 'nickname')].map(line => JSON.stringify(line)).join('\n'),
    { 'content-type': 'application/x-ndjson' },
  )
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toMatch('application/x-ndjson')
  expect(answer.headers['x-policy-version']).toBe('1')
  const [masked, ...rejected] = lines(answer.body)
  expect(masked).toMatchObject({ outcome: 'publish', view: 'public', record: { topic: 'raw.a.masked' } })
  const value = masked?.outcome === 'publish' ? Buffer.from(masked.record.value ?? '', 'base64').toString() : ''
  expect(JSON.parse(value)).toMatchObject({ after: { email: expect.any(String) } })
  expect(value).not.toContain('canary')
  expect(rejected).toMatchObject([
    { outcome: 'reject', code: 'RECORD_TOPIC_WITHOUT_POLICY' },
    { outcome: 'reject', code: 'RECORD_UNKNOWN_COLUMN', where: 'after.nickname' },
  ])
})

test('a number that would become another one is refused, with its place; a byte order mark is passed over', async () => {
  const text = JSON.stringify(record()).replace('"email"', '"id":9007199254740993,"email"')
  const types = [
    ['application/x-ndjson', `\uFEFF${text}`],
    ['application/json', `{"records":[${text}]}`],
  ] as const
  for (const [type, body] of types) {
    const answer = await send(body, { 'content-type': type })
    expect(answer.statusCode).toBe(400)
    expect(answer.json().where.path).toMatch(/^body line 1, column \d+: a number with more digits than can be kept$/)
  }
  const marked = await send(`\uFEFF${JSON.stringify(record())}`, { 'content-type': 'application/x-ndjson' })
  expect(lines(marked.body)).toMatchObject([{ outcome: 'publish' }])
})

test('a JSON object may bring policies of its own', async () => {
  const answer = await send({ records: [record('raw.b')], policies: [aPolicy('b')] })
  expect(lines(answer.body)).toMatchObject([{ outcome: 'publish', record: { topic: 'raw.b.masked' } }])
  expect((await send({ records: [record('raw.b')] })).body).toContain('RECORD_TOPIC_WITHOUT_POLICY')
  expect((await send({ records: [record()], policies: [aPolicy('b', 'nonsense')] })).json()).toMatchObject({
    code: 'POLICY_REFUSED',
    problems: [{ code: 'POLICY_UNKNOWN_MASK' }],
  })
})

test('follows the policies in force', async () => {
  await send({ records: [record()] })
  await http.policies.put('a', aPolicy('a', 'null'), { author: '', reason: '', ifMatch: '*' })
  const answer = await send({ records: [record()] })
  expect(answer.headers['x-policy-version']).toBe('2')
  const [masked] = lines(answer.body)
  expect(masked?.outcome === 'publish' && Buffer.from(masked.record.value ?? '', 'base64').toString()).toContain(
    '"email":null',
  )
})

test('each call leaves a row of who and how many, before it is answered', async () => {
  await send({ records: [record(), record('raw.unknown')] })
  expect(http.world.called).toMatchObject([
    {
      call: 'transform',
      caller: 'masker',
      policyVersion: 1,
      facts: { records: 2, publish: 1, drop: 0, reject: 1, ownPolicies: false },
    },
  ])
  expect(JSON.stringify([http.world.called, http.log.lines])).not.toContain('canary')
})

test('a record that is none is named by its place', async () => {
  expect((await send({ records: [record(), { topic: 'raw.a', key: CANARY }] })).json()).toMatchObject({
    code: 'REQUEST_INVALID',
    where: { path: 'records[1]: key must be base64, an object or null' },
  })
  expect((await send('{"topic":"raw.a"}\n{"topic":', { 'content-type': 'application/jsonl' })).json()).toMatchObject({
    where: { path: 'body line 2, column 10: not JSON' },
  })
})

test('without policies in force says so, and does not blame the store', async () => {
  const waiting = await startHttp({ 'a.json': aPolicy('a') }, { isStoreAway: true })
  const answer = await waiting.server.app.inject({
    method: 'POST',
    url: '/v1/transform',
    headers: { ...bearer('masker'), 'content-type': 'application/json' },
    payload: { records: [record()] },
  })
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({ code: 'POLICY_NOT_LOADED' })
  await waiting.close()
})
