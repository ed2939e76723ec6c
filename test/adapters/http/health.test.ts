import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RecordLine, transform } from '../../../src/engine.ts'
import { type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'
import { aString, schemalessRecord, schemaRecord } from '../../support/schema-records.ts'

let http: HttpHarness
beforeEach(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') })
})
afterEach(() => http.close())
const get = (url: string) => http.server.app.inject({ url })
const since = new Date('2026-11-20T10:00:00Z')

test('ready when a plan is in force and nothing waits', async () => {
  const answer = await get('/health/ready')
  expect(answer.statusCode).toBe(200)
  expect(answer.json()).toEqual({ status: 'ready', reasons: [], notices: [] })
})

test('not ready: every dependency and held partition with its reason', async () => {
  http.health.dependencies.push(
    { name: 'kafka', up: false, code: 'KAFKA_NOT_AUTHORISED', since },
    { name: 'postgres', up: false, code: null, since },
  )
  http.health.held.push({
    topic: 'raw.a',
    partition: 3,
    offset: '42',
    code: 'RECORD_UNKNOWN_COLUMN',
    path: 'after.nickname',
    since,
  })
  const answer = await get('/health/ready')
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({
    status: 'not ready',
    reasons: [
      { code: 'KAFKA_NOT_AUTHORISED', where: { path: 'kafka' }, hint: expect.any(String), since: since.toISOString() },
      { code: 'POSTGRES_UNAVAILABLE', where: { path: 'postgres' } },
      { code: 'RECORD_UNKNOWN_COLUMN', where: { topic: 'raw.a', partition: 3, offset: '42', path: 'after.nickname' } },
    ],
  })
})

test('Connect away is a notice: Scrim itself goes on', async () => {
  http.health.dependencies.push({ name: 'connect', up: false, code: 'CONNECT_UNAVAILABLE', since })
  expect((await get('/health/ready')).json()).toMatchObject({
    status: 'ready',
    notices: [expect.stringContaining('CONNECT_UNAVAILABLE')],
  })
})

test('no plan, and an audit that is off, are named', async () => {
  const waiting = await startHttp({}, { isStoreAway: true, audit: 'off' })
  const answer = await waiting.server.app.inject({ url: '/health/ready' })
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({
    reasons: [{ code: 'POSTGRES_UNAVAILABLE', where: { policy: 'none is in force' } }],
    notices: [expect.stringContaining('SCRIM_AUDIT=off')],
  })
  waiting.table.isAway = false
  await expect(waiting.close()).rejects.toMatchObject({ code: 'POLICY_NONE' })
})

test('bad policy files are a notice', async () => {
  http.files.set({ 'a.json': '{' })
  await http.policies.reload({ force: false, author: '', reason: '' }).catch(() => undefined)
  expect((await get('/health/ready')).json()).toMatchObject({
    status: 'ready',
    notices: [expect.stringContaining('POLICY_REFUSED')],
  })
})

test('topics of which nothing is read are a notice: they may come yet', async () => {
  http.health.awaited.push('raw.later', 'cdc.*')
  expect((await get('/health/ready')).json()).toMatchObject({
    status: 'ready',
    notices: [expect.stringMatching(/^KAFKA_TOPIC_MISSING: .*: raw\.later, cdc\.\*$/)],
  })
  http.health.awaited.push(...Array.from({ length: 60 }, (_, n) => `t${n}`))
  expect((await get('/health/ready')).json()).toMatchObject({ notices: [expect.stringMatching(/, t47 and 12 more$/)] })
})

test('topics whose records come without a schema block are a notice', async () => {
  const plan = http.policies.current()
  if (plan === null) throw new Error('no plan')
  const met = (record: RecordLine): unknown => transform([{ ...record, key: null }], plan)[0]?.outcome
  expect(met(schemaRecord('raw.a', [aString('email')], { email: 'x' }))).toBe('publish')
  expect(met({ topic: 'raw.a', value: null })).toBe('publish')
  expect(met({ topic: 'raw.a', value: { nobody: 1 } })).toBe('reject')
  expect((await get('/health/ready')).json()).toMatchObject({ notices: [] })
  expect(met(schemalessRecord('raw.a', { email: 'x' }))).toBe('publish')
  const told = [expect.stringMatching(/^records without a schema block: .* writes nothing from raw\.a \(/)]
  expect((await get('/health/ready')).json()).toMatchObject({ status: 'ready', notices: told })
  // A new set has seen nothing yet.
  http.files.set({ 'a.json': { ...aPolicy('a'), description: 'another' } })
  await http.policies.reload({ force: false, author: '', reason: '' })
  expect((await get('/health/ready')).json()).toMatchObject({ notices: [] })
})

test('live as long as the loop moves', async () => {
  expect((await get('/health/live')).statusCode).toBe(200)
  http.health.isAlive = false
  expect((await get('/health/live')).statusCode).toBe(503)
})

test('the whole report', async () => {
  expect((await get('/health')).json()).toEqual({
    status: 'ready',
    isAlive: true,
    reasons: [],
    notices: [],
    policies: { version: 1, loadedFrom: 'store', code: null },
    dependencies: [],
    held: [],
    connectors: [],
    instances: null,
    audit: 'record',
  })
})

test('metrics are text', async () => {
  const answer = await get('/metrics')
  expect(answer.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.body).toBe('scrim_up 1\n')
})

test('the docs page works offline: all it loads comes from us', async () => {
  const page = await get('/docs/')
  expect(page.statusCode).toBe(200)
  const csp = String(page.headers['content-security-policy'])
  expect(csp).toContain("script-src 'self'")
  expect(csp).not.toMatch(/https?:|unsafe|upgrade/)
  const assets = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, path = '']) => new URL(path, 'http://localhost/docs/'),
  )
  expect(assets.length).toBeGreaterThan(4)
  for (const asset of assets) {
    expect(asset.host).toBe('localhost')
    expect([asset.pathname, (await get(asset.pathname)).statusCode]).toEqual([asset.pathname, 200])
  }
  const initializer = (await get('/docs/static/swagger-initializer.js')).body
  expect(initializer).not.toContain('validator.swagger.io')
})

test('the form of the API names every route with its answers, and nothing of what runs here', async () => {
  const form = (await get('/openapi.json')).json()
  expect(form.openapi).toMatch(/^3\.1/)
  expect(Object.keys(form.paths)).toEqual(
    expect.arrayContaining([
      '/health/ready',
      '/metrics',
      '/v1/policies',
      '/v1/policies/{name}',
      '/v1/policies/reload',
      '/v1/policies/rollback',
      '/v1/policies/pin',
      '/v1/policies/versions/{version}',
      '/v1/mask-types',
      '/v1/transform',
      '/v1/dead-letters',
      '/v1/dead-letters/{id}',
      '/v1/dead-letters/replay',
      '/v1/dead-letters/release',
    ]),
  )
  for (const [path, methods] of Object.entries<Record<string, { summary?: string; responses: object }>>(form.paths)) {
    for (const [method, { summary, responses }] of Object.entries(methods)) {
      expect([path, method, summary]).toEqual([path, method, expect.stringMatching(/\.$|\)$/)])
      if (path.startsWith('/v1/')) expect(Object.keys(responses)).toEqual(expect.arrayContaining(['200', '401', '403']))
    }
  }
  expect(JSON.stringify(form)).not.toContain('raw.a')
})
