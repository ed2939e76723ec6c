import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { makeTls } from '../../../compose/stack/tls.ts'
import {
  createRangerClient,
  type RangerClient,
  type RangerClientOptions,
} from '../../../src/adapters/ranger/admin-client.ts'
import { ScrimError } from '../../../src/errors.ts'
import { parseStrictJson } from '../../../src/policy/strict-json.ts'
import type { RangerAnswer, RangerDownload } from '../../../src/services/ports/ranger.ts'
import { aMaskPolicy, type FakeRangerAdmin, type RangerFault, startRangerAdmin } from '../../support/ranger-admin.ts'

const never = new AbortController().signal
let admin: FakeRangerAdmin
let clients: RangerClient[]

beforeEach(async () => {
  clients = []
  admin = await startRangerAdmin()
  admin.put('cl1', [aMaskPolicy('emails', 'raw.people')], 42)
})
afterEach(async () => {
  await Promise.all(clients.map(client => client.close()))
  await admin.close()
})

const connect = (options: Partial<RangerClientOptions> = {}): RangerClient => {
  const client = createRangerClient({
    url: admin.url,
    user: null,
    password: null,
    token: null,
    tls: { ca: null, cert: null, key: null },
    host: 'gate-1',
    clusterName: 'warehouse',
    parseJson: parseStrictJson,
    timeoutMs: 5_000,
    ...options,
  })
  clients.push(client)
  return client
}
const ask = (client: RangerClient, version = -1, what: RangerDownload = 'policies'): Promise<RangerAnswer> =>
  client.download(what, 'cl1', { version, activatedAt: 5 }, never)
const refusal = async (asked: Promise<unknown>): Promise<ScrimError> => {
  const error: unknown = await asked.then(
    () => 'no error',
    (thrown: unknown) => thrown,
  )
  if (!(error instanceof ScrimError)) throw new Error('a ScrimError was expected')
  return error
}

describe('what is asked and answered', () => {
  test('the policies, as a plugin asks for them', async () => {
    expect(await ask(connect())).toMatchObject({ kind: 'changed', json: { serviceName: 'cl1', policyVersion: 42 } })
    expect(admin.requests).toHaveLength(1)
    expect(admin.requests[0]).toMatchObject({ what: 'policies', service: 'cl1', isSecure: false })
    expect(Object.fromEntries(admin.requests[0]?.query ?? [])).toEqual({
      lastKnownVersion: '-1',
      lastActivationTime: '5',
      pluginId: 'scrim@gate-1-cl1',
      clusterName: 'warehouse',
      supportsPolicyDeltas: 'false',
      pluginCapabilities: '3ffff',
    })
  })

  test.each([
    ['tags', 'lastKnownVersion', { serviceName: 'cl1', tagVersion: 3, serviceResources: [] }],
    ['roles', 'lastKnownRoleVersion', { serviceName: 'cl1', roleVersion: 3, rangerRoles: [] }],
    ['users', 'lastKnownUserStoreVersion', { userStoreVersion: 3, userGroupMapping: {} }],
  ] as const)('%s tell their version as %s', async (what, name, json) => {
    admin.services.get('cl1')![what] = json
    const client = connect()
    expect(await ask(client, 2, what)).toEqual({ kind: 'changed', json })
    expect(await ask(client, 3, what)).toEqual({ kind: 'same' })
    expect(admin.requests.map(({ query }) => query.get(name))).toEqual(['2', '3'])
  })

  test.each([304, 204] as const)('%i is the version that is known', async unchanged => {
    admin.unchanged = unchanged
    expect(await ask(connect(), 42)).toEqual({ kind: 'same' })
  })

  test('404 is a service that is not there', async () => {
    admin.services.clear()
    expect(await ask(connect(), 42)).toEqual({ kind: 'unknown' })
  })

  test('a path before the API, and names that need escaping', async () => {
    admin.put('cl 1', [], 1)
    const client = connect({ url: `${admin.url}/ranger/` })
    expect(await client.download('policies', 'cl 1', { version: -1, activatedAt: 0 }, never)).toMatchObject({
      kind: 'changed',
    })
  })

  test('a packed answer is unpacked', async () => {
    admin.isGzip = true
    expect(await ask(connect())).toMatchObject({ kind: 'changed', json: { policyVersion: 42 } })
  })

  test('an ETag is sent only beside the version that it was given for', async () => {
    admin.hasEtags = true
    const client = connect()
    await ask(client)
    expect(await ask(client, 42)).toEqual({ kind: 'same' })
    // The set was rolled back to 41 meanwhile: "unchanged since 42" would be a lie to it.
    expect(await ask(client, 41)).toMatchObject({ kind: 'changed' })
    expect(await ask(client, -1)).toMatchObject({ kind: 'changed' })
    expect(admin.requests.map(({ headers }) => headers['if-none-match'])).toEqual([
      undefined,
      'W/"policies-42"',
      undefined,
      undefined,
    ])
  })
})

describe('what is no answer', () => {
  const faults: [RangerFault, code: string, path: string][] = [
    [{ status: 400 }, 'RANGER_UNAVAILABLE', 'status 400'],
    [{ status: 401 }, 'RANGER_NOT_AUTHORISED', 'status 401'],
    [{ status: 403 }, 'RANGER_NOT_AUTHORISED', 'status 403'],
    [{ status: 500 }, 'RANGER_UNAVAILABLE', 'status 500'],
    [{ status: 503 }, 'RANGER_UNAVAILABLE', 'status 503'],
    ['redirect', 'RANGER_ANSWER', 'status 302'],
    ['login page', 'RANGER_ANSWER', 'content type'],
    ['half a document', 'RANGER_ANSWER', 'not JSON'],
    ['not an object', 'RANGER_ANSWER', 'not an object'],
    ['too large', 'RANGER_ANSWER', 'too large'],
    ['gzip bomb', 'RANGER_ANSWER', 'gzip'],
    ['truncated gzip', 'RANGER_ANSWER', 'gzip'],
    ['truncated', 'RANGER_UNAVAILABLE', 'UND_ERR_SOCKET'],
    ['reset', 'RANGER_UNAVAILABLE', 'UND_ERR_SOCKET'],
    ['hang', 'RANGER_UNAVAILABLE', 'TimeoutError'],
  ]
  test.each(faults)('%j', async (fault, code, path) => {
    admin.fault = fault
    const error = await refusal(ask(connect({ timeoutMs: fault === 'hang' ? 100 : 5_000, maxBytes: 50_000 })))
    expect(error).toMatchObject({ code, where: { policy: 'ranger:cl1', path: `policies: ${path}` }, retriable: true })
    expect(JSON.stringify(error) + error.stack).not.toContain('canary-4711')
  })

  test('a port where nobody listens', async () => {
    const { url } = admin
    await admin.close()
    expect(await refusal(ask(connect({ url })))).toMatchObject({
      code: 'RANGER_UNAVAILABLE',
      where: { path: 'policies: ECONNREFUSED' },
    })
    admin = await startRangerAdmin()
  })

  test('a stop ends a request that hangs', async () => {
    admin.fault = 'hang'
    const stop = new AbortController()
    const asked = connect().download('policies', 'cl1', { version: -1, activatedAt: 0 }, stop.signal)
    stop.abort()
    expect(await refusal(asked)).toMatchObject({ code: 'RANGER_UNAVAILABLE' })
  })
})

describe('who asks', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

  test('a user with a password, on the secure paths, and the session is kept', async () => {
    admin.accounts.add(basic('gate:p@ss:word'))
    const client = connect({ user: 'gate', password: 'p@ss:word' })
    await ask(client)
    await ask(client)
    expect(admin.requests.map(({ isSecure, status }) => [isSecure, status])).toEqual([
      [true, 200],
      [true, 200],
    ])
    expect(admin.requests[0]?.headers.cookie).toBe(undefined)
    expect(admin.requests[1]?.headers.cookie).toMatch(/^RANGERADMINSESSIONID=[^;]+$/)
  })

  test('credentials may stand in the address, and are not sent as part of it', async () => {
    admin.accounts.add(basic('gate:p@ss'))
    await ask(connect({ url: admin.url.replace('//', '//gate:p%40ss@') }))
    expect(admin.requests[0]).toMatchObject({ status: 200, headers: { host: new URL(admin.url).host } })
  })

  test('a session that has ended is begun anew, once', async () => {
    admin.accounts.add(basic('gate:right'))
    const client = connect({ user: 'gate', password: 'right' })
    await ask(client)
    admin.endSessions()
    expect(await ask(client)).toMatchObject({ kind: 'changed' })
    expect(admin.requests.map(({ status }) => status)).toEqual([200, 401, 200])
    admin.endSessions()
    admin.accounts.clear()
    expect(await refusal(ask(client))).toMatchObject({ code: 'RANGER_NOT_AUTHORISED' })
    expect(admin.requests.map(({ status }) => status).slice(3)).toEqual([401, 401])
  })

  test('a token, asked for anew each time', async () => {
    admin.accounts.add('Bearer one').add('Bearer two')
    let token = 'one'
    const client = connect({ token: () => token })
    await ask(client)
    token = 'two'
    await ask(client)
    expect(admin.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer one', 'Bearer two'])
  })

  test('wrong or without right: no credential in the error', async () => {
    const wrong = await refusal(ask(connect({ user: 'gate', password: 'secret-4711' })))
    expect(wrong).toMatchObject({ code: 'RANGER_NOT_AUTHORISED', where: { path: 'policies: status 401' } })
    admin.accounts.add(basic('gate:secret-4711'))
    admin.isForbidden = true
    const forbidden = await refusal(ask(connect({ user: 'gate', password: 'secret-4711' })))
    expect(forbidden).toMatchObject({ code: 'RANGER_NOT_AUTHORISED', where: { path: 'policies: status 403' } })
    for (const error of [wrong, forbidden])
      expect(JSON.stringify(error) + error.stack + String(error.cause)).not.toMatch(/secret-4711|gate:/)
  })

  test('a client certificate (mTLS), and an authority that is not known', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'scrim-ranger-'))
    onTestFinished(() => rm(dir, { recursive: true }))
    const files = makeTls(dir, 'gate')
    const [ca, cert, key] = await Promise.all([files.ca, files.clientCert, files.clientKey].map(path => readFile(path)))
    const secure = await startRangerAdmin({ tls: files })
    onTestFinished(() => secure.close())
    secure.put('cl1', [], 1)
    const { url } = secure
    expect(await ask(connect({ url, tls: { ca: ca!, cert: cert!, key: key! } }))).toMatchObject({ kind: 'changed' })
    const unknown = await refusal(ask(connect({ url, tls: { ca: null, cert: cert!, key: key! } })))
    expect(unknown).toMatchObject({ code: 'RANGER_UNAVAILABLE' })
    expect(unknown.where.path).toMatch(/^policies: [A-Z_]*(CERT|SIGNATURE)[A-Z_]*$/)
    const nobody = await refusal(ask(connect({ url, tls: { ca: ca!, cert: null, key: null } })))
    expect(nobody).toMatchObject({ code: 'RANGER_UNAVAILABLE' })
    expect(secure.requests).toHaveLength(1)
  })
})
