import type { InjectOptions } from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { bearer, type HttpHarness, startHttp, type tokens } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

let http: HttpHarness
beforeEach(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') }, { approval: 'two-person' })
})
afterEach(() => http.close())

type Who = keyof typeof tokens
const call = (who: Who, method: string, url: string, payload?: unknown, headers: Record<string, string> = {}) =>
  http.server.app.inject({
    method: method as 'GET',
    url,
    headers: { ...bearer(who), 'if-match': '*', ...headers },
    ...(payload === undefined ? {} : { payload: payload as NonNullable<InjectOptions['payload']> }),
  })
const put = (who: Who, name: string, reason = 'ticket 7') =>
  call(who, 'PUT', `/v1/policies/${name}?reason=${encodeURIComponent(reason)}`, aPolicy(name))
const end = (who: Who, id: string, how: 'approve' | 'reject' | 'withdraw', reason = 'looked at') =>
  call(who, 'POST', `/v1/policies/proposals/${id}/${how}`, { reason })
const proposal = (who: Who, id: string) => call(who, 'GET', `/v1/policies/proposals/${id}`)
const versions = () => http.table.versions.length

describe('under the rule of two persons', () => {
  test('a change is a proposal and not in force', async () => {
    const answer = await put('steward', 'b')
    expect([answer.statusCode, answer.json()]).toEqual([
      202,
      { proposal: '1', state: 'open', baseVersion: 1, warnings: [] },
    ])
    expect(answer.headers.location).toBe('/v1/policies/proposals/1')
    expect(versions()).toBe(1)
    expect(http.policies.current()?.names('raw.b')).toBe(false)
    expect((await call('reader', 'GET', '/v1/policies/proposals?state=open')).json()).toMatchObject({
      proposals: [{ id: '1', action: 'set', author: 'steward', reason: 'ticket 7', state: 'open', baseVersion: 1 }],
      next: null,
      isNeeded: true,
    })
  })

  const changes: [name: string, method: string, url: string, payload?: unknown, headers?: Record<string, string>][] = [
    ['one document', 'PUT', '/v1/policies/b?reason=r', aPolicy('b')],
    [
      'a patch of one',
      'PATCH',
      '/v1/policies/a?reason=r',
      [{ op: 'add', path: '/isEnabled', value: false }],
      { 'content-type': 'application/json-patch+json' },
    ],
    ['a removal', 'DELETE', '/v1/policies/a?reason=r'],
    ['the set', 'PUT', '/v1/policies?reason=r', [aPolicy('c')]],
    [
      'a patch of the set',
      'PATCH',
      '/v1/policies?reason=r',
      [{ op: 'add', path: '/b', value: aPolicy('b') }],
      { 'content-type': 'application/json-patch+json' },
    ],
    ['the end of the set', 'DELETE', '/v1/policies?reason=r'],
    ['a pin', 'POST', '/v1/policies/pin', { version: 1 }],
    ['the end of a pin', 'POST', '/v1/policies/pin', { version: null }],
    ['keys', 'POST', '/v1/policies/keys/forget', { topic: 'raw.k.masked', reason: 'emptied' }],
  ]
  test.each(changes)('%s waits for another one, who lets it in', async (_name, method, url, payload, headers = {}) => {
    const key = { topic: 'raw.k', maskedTopic: 'raw.k.masked', column: 'id', mask: 'none', keyId: null, keyCheck: null }
    await http.keyStore.remember([key])
    const before = structuredClone([http.table.versions, http.table.pinned, await http.keyStore.all()])
    expect((await call('second', method, url, payload, headers)).statusCode).toBe(202)
    expect([http.table.versions, http.table.pinned, await http.keyStore.all()]).toEqual(before)
    expect((await end('second', '1', 'approve')).json()).toMatchObject({ code: 'POLICY_APPROVAL_SAME_PERSON' })
    expect([http.table.versions, http.table.pinned, await http.keyStore.all()]).toEqual(before)
    const answer = await end('approver', '1', 'approve')
    expect([answer.statusCode, answer.json().proposal]).toMatchObject([
      200,
      { state: 'approved', closed: { by: 'approver', reason: 'looked at' } },
    ])
    if (!url.includes('pin'))
      expect([http.table.versions, http.table.pinned, await http.keyStore.all()]).not.toEqual(before)
  })

  test('a rollback waits too', async () => {
    await put('steward', 'b')
    await end('approver', '1', 'approve')
    expect(http.table.versions[1]).toMatchObject({ author: 'steward', approver: 'approver', reason: 'ticket 7' })
    expect((await call('steward', 'POST', '/v1/policies/rollback', { version: 1 })).statusCode).toBe(202)
    expect(http.policies.current()?.version).toBe(2)
    const answer = await end('second', '2', 'approve')
    expect(answer.headers.etag).toBe('"3"')
    expect(answer.json()).toMatchObject({ proposal: { version: 3 }, version: 3 })
    expect(http.policies.inForce()).toMatchObject({ version: 3, documents: [{ name: 'a' }], approver: 'second' })
  })

  test('what is wrong is told at once, and nothing waits', async () => {
    const bad = await call('steward', 'PUT', '/v1/policies/b?reason=r', aPolicy('b', 'nonsense'))
    expect([bad.statusCode, bad.json()]).toMatchObject([422, { problems: [{ code: 'POLICY_UNKNOWN_MASK' }] }])
    expect((await call('steward', 'POST', '/v1/policies/pin', { version: 99 })).statusCode).toBe(404)
    const forget = { topic: 'raw.none.masked', reason: 'r' }
    expect((await call('steward', 'POST', '/v1/policies/keys/forget', forget)).statusCode).toBe(404)
    const stale = await call('steward', 'PUT', '/v1/policies/b?reason=r', aPolicy('b'), { 'if-match': '"9"' })
    expect(stale.statusCode).toBe(412)
    expect((await call('reader', 'GET', '/v1/policies/proposals')).json()).toMatchObject({ proposals: [] })
  })

  test('a reason is needed', async () => {
    for (const reason of ['', '  ']) {
      const answer = await put('steward', 'b', reason)
      expect([answer.statusCode, answer.json().where.path]).toEqual([400, expect.stringContaining('reason')])
    }
    await put('steward', 'b')
    for (const payload of [{}, { reason: '' }, { reason: 'r', force: true }])
      expect((await call('approver', 'POST', '/v1/policies/proposals/1/approve', payload)).statusCode).toBe(400)
  })

  test('what changes nothing waits for nobody', async () => {
    expect((await put('steward', 'a')).json()).toMatchObject({ version: 1, isNew: false })
    expect((await call('steward', 'POST', '/v1/policies/reload')).json()).toMatchObject({ isNew: false })
  })

  test('a proposal shows what it changes of the set as it is, and what stands against it', async () => {
    await put('steward', 'b')
    const shown = (await proposal('reader', '1')).json()
    expect(shown).toMatchObject({
      id: '1',
      state: 'open',
      wanted: { origin: 'rest', policies: [{ name: 'a' }, { name: 'b' }] },
      diff: { from: 1, patch: [{ op: 'add', path: '/b' }], policies: [{ name: 'b', change: 'added' }] },
      problems: [],
    })
    const text = await call('reader', 'GET', '/v1/policies/proposals/1?format=text')
    expect(text.headers['content-type']).toMatch(/^text\/plain/)
    expect(text.body).toMatch(/^--- version 1\n\+\+\+ proposal 1 \(the set\) .* steward: ticket 7\n@@ added: "b" @@\n/)
  })

  test('what came to stand against it since then refuses its approval, and it stays open', async () => {
    await call('steward', 'PUT', '/v1/policies/k?reason=r', aPolicy('k', 'hash', 'id'))
    const key = { topic: 'raw.k', maskedTopic: 'raw.k.masked', column: 'id', mask: 'none', keyId: null, keyCheck: null }
    await http.keyStore.remember([key])
    expect((await proposal('reader', '1')).json().problems).toMatchObject([
      { code: 'POLICY_KEY_CHANGED', severity: 'error' },
    ])
    const answer = await end('approver', '1', 'approve')
    expect([answer.statusCode, answer.json().code]).toEqual([422, 'POLICY_REFUSED'])
    expect((await proposal('reader', '1')).json().state).toBe('open')
    expect(versions()).toBe(1)
  })

  test('who may approve may not change, and who may change may not approve', async () => {
    expect((await put('approver', 'b')).json()).toMatchObject({
      code: 'REQUEST_FORBIDDEN',
      where: { path: 'policies' },
    })
    await put('steward', 'b')
    for (const how of ['approve', 'reject'] as const)
      expect((await end('steward', '1', how)).json()).toMatchObject({
        code: 'REQUEST_FORBIDDEN',
        where: { path: 'approve' },
      })
    expect(versions()).toBe(1)
  })

  test('its author withdraws it, nobody else does; another one rejects it', async () => {
    await put('steward', 'b')
    const answer = await end('second', '1', 'withdraw')
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'POLICY_PROPOSAL_AUTHOR'])
    expect((await call('steward', 'POST', '/v1/policies/proposals/1/withdraw', {})).json()).toMatchObject({
      state: 'withdrawn',
      closed: { by: 'steward' },
    })
    await put('steward', 'b')
    expect((await end('approver', '2', 'reject', 'not this way')).json()).toMatchObject({
      state: 'rejected',
      closed: { by: 'approver', reason: 'not this way' },
      version: null,
    })
    for (const id of ['1', '2'])
      for (const how of ['approve', 'reject'] as const) {
        const again = await end('second', id, how)
        expect([again.statusCode, again.json().code]).toEqual([409, 'POLICY_PROPOSAL_CLOSED'])
      }
    expect(versions()).toBe(1)
  })

  test('a proposal on a set that was changed since is stale', async () => {
    await put('steward', 'b')
    await put('steward', 'c')
    await end('approver', '1', 'approve')
    const stale = await end('approver', '2', 'approve')
    expect([stale.statusCode, stale.json()]).toMatchObject([
      409,
      { code: 'POLICY_PROPOSAL_STALE', hint: expect.any(String) },
    ])
    expect((await proposal('reader', '2')).json()).toMatchObject({ state: 'stale', diff: { from: 2 } })
    expect(http.policies.inForce()?.documents.map(({ name }) => name)).toEqual(['a', 'b'])
    expect((await end('second', '2', 'reject')).json()).toMatchObject({ state: 'rejected' })
  })

  test('of many approvals at once exactly one makes a version', async () => {
    await put('steward', 'b')
    const answers = await Promise.all(
      (['approver', 'second', 'all', 'approver', 'second', 'all'] as const).map(who => end(who, '1', 'approve')),
    )
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409, 409, 409, 409, 409])
    expect(versions()).toBe(2)
  })

  test('while a version is pinned no change is proposed or approved', async () => {
    await put('steward', 'b')
    await call('steward', 'POST', '/v1/policies/pin', { version: 1 })
    await end('approver', '2', 'approve')
    expect(http.table.pinned).toBe(1)
    for (const answer of [await put('steward', 'c'), await end('approver', '1', 'approve')])
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'POLICY_PINNED'])
    expect(versions()).toBe(1)
  })

  test('every call leaves its row, and so does one that was refused', async () => {
    await put('second', 'b')
    await end('second', '1', 'approve')
    await end('approver', '1', 'approve')
    const facts = { proposal: '1', action: 'set' }
    expect(http.world.called).toMatchObject([
      { call: 'propose', caller: 'second', policyVersion: 1, facts },
      { call: 'approve', caller: 'second', facts: { ...facts, outcome: 'POLICY_APPROVAL_SAME_PERSON' } },
      { call: 'approve', caller: 'approver', policyVersion: 2, facts: { ...facts, outcome: 'done' } },
    ])
    for (const { requestId } of http.world.called) expect(requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('what is not there is not found', async () => {
    for (const id of ['7', '99999999999999999']) {
      expect((await proposal('reader', id)).statusCode).toBe(404)
      expect((await end('approver', id, 'approve')).statusCode).toBe(404)
    }
    for (const id of ['x', '0', '-1', '1e3', "1'"])
      expect((await proposal('reader', encodeURIComponent(id))).statusCode).toBe(400)
  })
})

describe('the policy files', () => {
  const notices = async (): Promise<string[]> =>
    (await http.server.app.inject({ url: '/health/ready' })).json<{ notices: string[] }>().notices

  test('the first import is taken; a changed file is a proposal of theirs, and readiness says so', async () => {
    expect(http.table.versions).toMatchObject([{ author: 'files', approver: null }])
    http.files.set({ 'a.json': aPolicy('a', 'null') })
    await vi.waitFor(async () =>
      expect(await notices()).toEqual([expect.stringMatching(/^POLICY_APPROVAL_NEEDED: .* proposal 1 /)]),
    )
    expect(versions()).toBe(1)
    expect((await proposal('reader', '1')).json()).toMatchObject({
      author: 'files',
      state: 'open',
      wanted: { origin: 'files' },
    })
    expect((await end('approver', '1', 'approve')).json()).toMatchObject({ version: 2 })
    expect(http.table.versions[1]).toMatchObject({ author: 'files', approver: 'approver', origin: 'files' })
    expect(await notices()).toEqual([])
    // They are imported now: the next look finds nothing to propose.
    expect((await call('steward', 'POST', '/v1/policies/reload')).json()).toMatchObject({ version: 2, isNew: false })
  })

  test('files that were rejected are not proposed again by themselves', async () => {
    http.files.set({ 'a.json': aPolicy('a', 'null') })
    await vi.waitFor(async () => expect((await proposal('reader', '1')).statusCode).toBe(200))
    await end('approver', '1', 'reject')
    http.files.set({ 'a.json': aPolicy('a', 'null') })
    await vi.waitFor(async () => expect(await notices()).toHaveLength(1))
    expect((await call('reader', 'GET', '/v1/policies/proposals')).json().proposals).toHaveLength(1)
    expect((await call('steward', 'POST', '/v1/policies/reload')).json()).toMatchObject({ proposal: '2' })
    expect((await proposal('reader', '2')).json()).toMatchObject({ author: 'steward', reason: 'reload' })
  })

  test('a forced reload over what REST changed waits for another one', async () => {
    await put('steward', 'b')
    await end('approver', '1', 'approve')
    const answer = await call('second', 'POST', '/v1/policies/reload?force=true')
    expect([answer.statusCode, answer.json()]).toMatchObject([202, { proposal: '2' }])
    expect((await end('second', '2', 'approve')).json()).toMatchObject({ code: 'POLICY_APPROVAL_SAME_PERSON' })
    expect(http.policies.current()?.version).toBe(2)
    expect((await end('approver', '2', 'approve')).json()).toMatchObject({ version: 3 })
  })
})

test('without the rule a change is in force at once, and nothing is proposed', async () => {
  const free = await startHttp({ 'a.json': aPolicy('a') })
  const answer = await free.server.app.inject({
    method: 'PUT',
    url: '/v1/policies/b',
    headers: { ...bearer('steward'), 'if-match': '*' },
    payload: aPolicy('b'),
  })
  expect([answer.statusCode, answer.json()]).toMatchObject([200, { version: 2 }])
  const listed = await free.server.app.inject({ url: '/v1/policies/proposals', headers: bearer('reader') })
  expect(listed.json()).toEqual({ proposals: [], next: null, isNeeded: false })
  await free.close()
})
