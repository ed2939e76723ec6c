import type { InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bearer, type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

let http: HttpHarness
beforeEach(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') })
})
afterEach(() => http.close())

const call = (
  method: InjectOptions['method'] & string,
  url: string,
  { headers = {}, ...rest }: Partial<InjectOptions> = {},
) => http.server.app.inject({ method: method as 'GET', url, headers: { ...bearer('steward'), ...headers }, ...rest })
const patchType = { 'content-type': 'application/json-patch+json' }
const any = { 'if-match': '*' }

describe('reading', () => {
  test('gives the set with its version as ETag', async () => {
    const answer = await call('GET', '/v1/policies')
    expect(answer.statusCode).toBe(200)
    expect(answer.headers.etag).toBe('"1"')
    expect(answer.json()).toMatchObject({ version: 1, author: 'files', policies: [aPolicy('a')] })
  })

  test("gives the set in Ranger's shape, which can be put back", async () => {
    const answer = await call('GET', '/v1/policies?format=ranger')
    const { policies, notExported } = answer.json<{ policies: object[]; notExported: object[] }>()
    expect(notExported).toEqual([])
    expect(policies).toMatchObject([
      { service: 'kafka', serviceType: 'kafka-cdc', policyType: 1, resources: { topic: { values: ['raw.a'] } } },
    ])
    const back = await call('PUT', '/v1/policies', { headers: any, payload: { policies } })
    expect(back.json()).toMatchObject({ isNew: true })
    const { rules } = http.policies.current()!.forTopic('raw.a', { compacted: false })!.views[0]!
    expect(rules.byName.get('email')).toMatchObject({ policy: 'kafka:a', maskType: { effect: 'rewrite' } })
    expect((await call('GET', '/v1/policies?format=xml')).statusCode).toBe(400)
  })

  test('gives one document, by any name', async () => {
    const name = 'Ünï/code जयपुर?&#%'
    const stored = { ...aPolicy(name), resources: { topic: 'raw.x' } }
    expect(
      (await call('PUT', `/v1/policies/${encodeURIComponent(name)}`, { headers: any, payload: stored as object }))
        .statusCode,
    ).toBe(200)
    expect((await call('GET', `/v1/policies/${encodeURIComponent(name)}`)).json()).toEqual(stored)
    expect((await call('GET', '/v1/policies/zzz')).json()).toMatchObject({
      code: 'REQUEST_NOT_FOUND',
      where: { path: 'policy' },
    })
  })

  test('says why there is nothing in force', async () => {
    const waiting = await startHttp({ 'a.json': aPolicy('a') }, { isStoreAway: true })
    const answer = await waiting.server.app.inject({ url: '/v1/policies', headers: bearer('reader') })
    expect(answer.statusCode).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    expect(answer.json()).toMatchObject({ code: 'POSTGRES_UNAVAILABLE', where: { policy: 'none is in force' } })
    await waiting.close()
  })
})

describe('changing', () => {
  test('PUT adds a document and moves the ETag', async () => {
    const answer = await call('PUT', '/v1/policies/b?reason=ticket%207', {
      headers: { 'if-match': '"1"' },
      payload: aPolicy('b') as object,
    })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers.etag).toBe('"2"')
    expect(answer.json()).toEqual({ version: 2, isNew: true, warnings: [] })
    expect(http.table.versions[1]).toMatchObject({ author: 'steward', reason: 'ticket 7', origin: 'rest' })
  })

  test.each([
    ['PUT', '/v1/policies/a'],
    ['PATCH', '/v1/policies/a'],
    ['DELETE', '/v1/policies/a'],
    ['PUT', '/v1/policies'],
    ['PATCH', '/v1/policies'],
    ['DELETE', '/v1/policies'],
  ])('%s %s needs If-Match, and the current one', async (method, url) => {
    const headers = method === 'PATCH' ? patchType : method === 'PUT' ? { 'content-type': 'application/json' } : {}
    const payload = method === 'DELETE' ? {} : { payload: method === 'PATCH' ? '[]' : JSON.stringify(aPolicy('a')) }
    expect((await call(method, url, { headers, ...payload })).json()).toMatchObject({ code: 'REQUEST_PRECONDITION' })
    const stale = await call(method, url, { headers: { ...headers, 'if-match': '"99"' }, ...payload })
    expect(stale.statusCode).toBe(412)
    expect(stale.json()).toMatchObject({ code: 'REQUEST_CONFLICT', where: { path: 'version 1' } })
    expect(
      (await call(method, url, { headers: { ...headers, 'if-match': 'nonsense' }, ...payload })).json(),
    ).toMatchObject({ code: 'REQUEST_INVALID', where: { path: 'header If-Match' } })
    for (const etag of ['"1"', 'W/"1"', '1', '*']) {
      if (method !== 'DELETE')
        expect((await call(method, url, { headers: { ...headers, 'if-match': etag }, ...payload })).statusCode).toBe(
          200,
        )
    }
  })

  test('of ten that change the same version one wins', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        call('PUT', `/v1/policies/p${n}`, { headers: { 'if-match': '"1"' }, payload: aPolicy(`p${n}`) as object }),
      ),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, ...new Array(9).fill(412)])
    expect(http.policies.inForce()?.documents).toHaveLength(2)
  })

  test('PATCH changes one document and the set', async () => {
    expect(
      (
        await call('PATCH', '/v1/policies/a', {
          headers: { ...patchType, ...any },
          payload: [{ op: 'add', path: '/isEnabled', value: false }],
        })
      ).json(),
    ).toMatchObject({
      version: 2,
      warnings: [{ code: 'RECORD_TOPIC_WITHOUT_POLICY', severity: 'warning', where: { topic: 'raw.a' } }],
    })
    await call('PATCH', '/v1/policies', {
      headers: { ...patchType, ...any },
      payload: [{ op: 'add', path: '/b', value: aPolicy('b') }],
    })
    expect(http.policies.inForce()?.documents).toMatchObject([{ isEnabled: false }, { name: 'b' }])
  })

  test('DELETE warns of topics that nothing names any more', async () => {
    const answer = await call('DELETE', '/v1/policies/a', { headers: any })
    expect(answer.json()).toMatchObject({
      isNew: true,
      warnings: [{ code: 'RECORD_TOPIC_WITHOUT_POLICY', where: { topic: 'raw.a' } }],
    })
    expect((await call('DELETE', '/v1/policies/a', { headers: any })).statusCode).toBe(404)
  })

  test('a bad set is refused with all problems at once and the old plan stays', async () => {
    const before = http.policies.current()
    const answer = await call('PUT', '/v1/policies', {
      headers: any,
      payload: [aPolicy('b', 'nonsense'), { name: 'c' }, aPolicy('d', 'none', '*')] as object,
    })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({
      code: 'POLICY_REFUSED',
      problems: [{ code: 'POLICY_SHAPE', severity: 'error', where: {}, hint: expect.any(String) }],
    })
    const rules = await call('PUT', '/v1/policies', {
      headers: any,
      payload: [aPolicy('b', 'nonsense'), aPolicy('d', 'none', '*')] as object,
    })
    expect(rules.json().problems).toMatchObject([
      { code: 'POLICY_UNKNOWN_MASK', where: { policy: 'b', path: 'maskingPolicy.maskingConditions[0].maskType' } },
      { code: 'POLICY_WILDCARD_CLEARS' },
    ])
    expect(http.policies.current()).toBe(before)
    expect(http.table.versions).toHaveLength(1)
  })

  test('a patch that cannot be applied names its operation', async () => {
    const answer = await call('PATCH', '/v1/policies/a', {
      headers: { ...patchType, ...any },
      payload: [{ op: 'test', path: '/name', value: 'canary-4711' }],
    })
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({ code: 'REQUEST_PATCH', where: { path: 'patch[0]' } })
    expect(answer.body).not.toContain('canary')
  })

  test('prototypes cannot be polluted', async () => {
    const attempts = [
      '[{"op":"add","path":"/__proto__/polluted","value":1}]',
      '[{"op":"add","path":"/constructor/prototype/polluted","value":1}]',
      '[{"op":"add","path":"/maskingPolicy/__proto__","value":{"polluted":1}}]',
      '[{"op":"add","path":"/x","value":{"__proto__":{"polluted":1}}}]',
      '[{"op":"add","path":"/x","value":1,"__proto__":{"polluted":1}}]',
      '[{"op":"copy","from":"/name","path":"/__proto__/polluted"}]',
    ]
    for (const payload of attempts) {
      for (const url of ['/v1/policies/a', '/v1/policies']) {
        const answer = await call('PATCH', url, { headers: { ...patchType, ...any }, payload })
        expect([400, 422]).toContain(answer.statusCode)
      }
    }
    const poisoned = JSON.stringify(aPolicy('p')).replace('{', '{"__proto__":{"polluted":1},')
    expect(
      (
        await call('PUT', '/v1/policies/p', {
          headers: { ...any, 'content-type': 'application/json' },
          payload: poisoned,
        })
      ).json(),
    ).toMatchObject({ code: 'REQUEST_INVALID' })
    expect(
      (await call('PUT', '/v1/policies/__proto__', { headers: any, payload: aPolicy('__proto__') as object }))
        .statusCode,
    ).toBe(422)
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('a thousand policies come and go', async () => {
    const documents = Array.from({ length: 1000 }, (_, n) => aPolicy(`p${n}`))
    expect((await call('PUT', '/v1/policies', { headers: any, payload: documents as object })).json()).toMatchObject({
      version: 2,
    })
    expect((await call('GET', '/v1/policies')).json().policies).toHaveLength(1000)
  })
})

describe('reload', () => {
  test('takes changed files, refuses bad ones and keeps the old plan', async () => {
    http.files.set({ 'a.json': aPolicy('a', 'null') })
    expect((await call('POST', '/v1/policies/reload')).statusCode).toBe(200)
    expect(http.policies.current()?.version).toBe(2)
    const before = http.policies.current()
    http.files.set({ 'a.json': '{"canary-4711": ' })
    const answer = await call('POST', '/v1/policies/reload')
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toMatchObject({
      code: 'POLICY_REFUSED',
      problems: [{ where: { policy: 'a.json', path: 'line 1, column 17' } }],
    })
    expect(answer.body).not.toContain('canary')
    expect(http.policies.current()).toBe(before)
  })

  test('says the way out when REST changed the set', async () => {
    await call('PUT', '/v1/policies/b', { headers: any, payload: aPolicy('b') as object })
    http.files.set({ 'a.json': aPolicy('a', 'null') })
    const answer = await call('POST', '/v1/policies/reload')
    expect(answer.statusCode).toBe(409)
    expect(answer.json()).toMatchObject({ code: 'POLICY_FILES_STALE', hint: expect.stringContaining('force=true') })
    expect((await call('POST', '/v1/policies/reload?force=true')).json()).toMatchObject({
      isNew: true,
      warnings: [{ where: { topic: 'raw.b' } }],
    })
    expect((await call('POST', '/v1/policies/reload?force=perhaps')).json()).toMatchObject({
      code: 'REQUEST_INVALID',
      where: { path: 'querystring.force' },
    })
  })
})

describe('versions', () => {
  beforeEach(async () => {
    for (const name of ['b', 'c', 'd'])
      await call('PUT', `/v1/policies/${name}`, { headers: any, payload: aPolicy(name) as object })
  })

  test('are listed newest first, page by page', async () => {
    const first = (await call('GET', '/v1/policies/versions?limit=3')).json()
    expect(first).toMatchObject({
      versions: [{ version: 4, author: 'steward', patch: [{ op: 'add', path: '/d' }] }, { version: 3 }, { version: 2 }],
      next: 2,
    })
    expect((await call('GET', `/v1/policies/versions?limit=3&before=${first.next}`)).json()).toMatchObject({
      versions: [{ version: 1 }],
      next: null,
    })
    expect((await call('GET', '/v1/policies/versions?limit=0')).statusCode).toBe(400)
  })

  test('are given with their documents', async () => {
    expect((await call('GET', '/v1/policies/versions/2')).json()).toMatchObject({
      version: 2,
      policies: [{ name: 'a' }, { name: 'b' }],
    })
    expect((await call('GET', '/v1/policies/versions/99')).statusCode).toBe(404)
    expect((await call('GET', '/v1/policies/versions/x')).statusCode).toBe(400)
  })

  test('differ by what was added, removed and changed between any two, whichever is the later', async () => {
    const away = { 'if-match': '*' }
    await call('DELETE', '/v1/policies/b', { headers: away })
    await call('PUT', '/v1/policies/a', { headers: away, payload: aPolicy('a', 'null') as object })
    const there = (await call('GET', '/v1/policies/versions/2/diff/6')).json()
    expect(there).toMatchObject({
      from: 2,
      to: 6,
      patch: expect.any(Array),
      policies: [
        {
          name: 'a',
          change: 'changed',
          members: [],
          conditions: {
            added: [],
            removed: [],
            changed: [
              { path: 'maskingPolicy.maskingConditions', from: { maskType: 'full' }, to: { maskType: 'null' } },
            ],
          },
        },
        { name: 'b', change: 'removed' },
        { name: 'c', change: 'added' },
        { name: 'd', change: 'added' },
      ],
    })
    expect((await call('GET', '/v1/policies/versions/6/diff/2')).json().policies).toMatchObject([
      { name: 'a', change: 'changed' },
      { name: 'b', change: 'added' },
      { name: 'c', change: 'removed' },
      { name: 'd', change: 'removed' },
    ])
    expect((await call('GET', '/v1/policies/versions/6/diff/6')).json()).toEqual({
      from: 6,
      to: 6,
      patch: [],
      policies: [],
    })
    expect((await call('GET', '/v1/policies/versions/6/diff/99')).json()).toMatchObject({
      code: 'REQUEST_NOT_FOUND',
      where: { path: 'version 99' },
    })
    expect((await call('GET', '/v1/policies/versions/6/diff/x')).statusCode).toBe(400)
  })

  test('differ as text where one asks for it', async () => {
    const url = '/v1/policies/versions/1/diff/2'
    const asked = [
      await call('GET', `${url}?format=text`),
      await call('GET', url, { headers: { accept: 'text/plain' } }),
      await call('GET', `${url}?format=text`, { headers: { accept: 'application/json' } }),
    ]
    for (const { headers, body } of asked) {
      expect(headers['content-type']).toBe('text/plain; charset=utf-8')
      expect(body).toMatch(
        /^--- version 1 {2}\S+ {2}files: .*\n\+\+\+ version 2 {2}\S+ {2}steward\n@@ added: "b" @@\n\+ name: "b"\n/,
      )
    }
    for (const accept of ['*/*', 'application/json', 'text/html,text/plain;q=0.1'])
      expect((await call('GET', url, { headers: { accept } })).headers['content-type']).toMatch(/^application\/json/)
  })

  test('can be pinned: that one is in force and nothing is changed until it is let go', async () => {
    const pin = (payload: object) => call('POST', '/v1/policies/pin', { payload })
    expect((await pin({ version: 1, reason: 'we look for the cause' })).json()).toEqual({ version: 1, pinned: 1 })
    expect(http.policies.inForce()).toMatchObject({ version: 1, documents: [{ name: 'a' }] })
    expect((await call('GET', '/v1/policies/versions?limit=1')).json()).toMatchObject({
      versions: [{ version: 4 }],
      pinned: 1,
    })
    const put = await call('PUT', '/v1/policies/z', { headers: { 'if-match': '*' }, payload: aPolicy('z') })
    expect([put.statusCode, put.json()]).toMatchObject([409, { code: 'POLICY_PINNED', where: { path: 'version 1' } }])
    expect((await pin({ version: null })).json()).toEqual({ version: 4, pinned: null })
    expect(http.policies.inForce()).toMatchObject({ version: 4 })
    expect((await pin({ version: 99 })).statusCode).toBe(404)
    for (const payload of [{}, { version: '1' }, { version: 0 }, { version: 1, force: true }])
      expect([payload, (await pin(payload)).statusCode]).toEqual([payload, 400])
  })

  test('can be rolled back to', async () => {
    expect(
      (await call('POST', '/v1/policies/rollback', { payload: { version: 1, reason: 'too much' } })).json(),
    ).toMatchObject({ version: 5, isNew: true })
    expect(http.policies.inForce()).toMatchObject({ author: 'steward', reason: 'too much', documents: [{ name: 'a' }] })
    expect(
      (await call('POST', '/v1/policies/rollback', { headers: { 'if-match': '"4"' }, payload: { version: 1 } }))
        .statusCode,
    ).toBe(412)
    expect((await call('POST', '/v1/policies/rollback', { payload: { version: 99 } })).statusCode).toBe(404)
    expect((await call('POST', '/v1/policies/rollback', { payload: { version: '1' } })).json()).toMatchObject({
      code: 'REQUEST_INVALID',
    })
  })
})

test('instances are listed with the version they run, and counted on the health report', async () => {
  const stop = new AbortController()
  const running = http.instances.run(stop.signal)
  const asked = () => call('GET', '/v1/policies/instances')
  await expect.poll(async () => (await asked()).json().instances).toHaveLength(1)
  const { current, instances } = (await asked()).json()
  expect(current).toBe(1)
  expect(instances).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      clientId: 'scrim',
      host: 'here',
      startedAt: expect.stringMatching(/Z$/),
      version: 1,
      isCurrent: true,
      state: 'current',
      loadedFrom: 'store',
      code: null,
      since: expect.stringMatching(/Z$/),
      lastSeenAt: expect.stringMatching(/Z$/),
      isSelf: true,
    },
  ])
  await call('PUT', '/v1/policies/b', { headers: { 'if-match': '*' }, payload: aPolicy('b') as object })
  await expect.poll(async () => (await asked()).json()).toMatchObject({ current: 2, instances: [{ version: 2 }] })
  stop.abort()
  await running
})

test('keys that were published stay until somebody says that their topic is emptied', async () => {
  const topic = 'raw.k.masked'
  const forget = (payload: object) => call('POST', '/v1/policies/keys/forget', { payload })
  const put = () => call('PUT', '/v1/policies/k', { headers: { 'if-match': '*' }, payload: aPolicy('k', 'hash', 'id') })
  const key = { topic: 'raw.k', maskedTopic: topic, column: 'id', mask: 'none', keyId: null, keyCheck: null }
  await http.keyStore.remember([key])
  const refused = await put()
  expect([refused.statusCode, refused.json()]).toMatchObject([
    422,
    { code: 'POLICY_REFUSED', problems: [{ code: 'POLICY_KEY_CHANGED', where: { topic: 'raw.k', path: 'key.id' } }] },
  ])
  expect((await forget({ topic, reason: 'rotation' })).json()).toEqual({ topic, columns: ['id'] })
  expect((await forget({ topic })).statusCode).toBe(404)
  for (const payload of [{}, { topic: '' }, { topic: 'a b' }, { topic, force: true }])
    expect([payload, (await forget(payload)).statusCode]).toEqual([payload, 400])
  expect((await put()).statusCode).toBe(200)
})
