import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createRangerClient, type RangerClient } from '../../src/adapters/ranger/admin-client.ts'
import type { PolicyDocument } from '../../src/policy/document.ts'
import { parseStrictJson } from '../../src/policy/strict-json.ts'
import { createPolicies, type Policies, type PoliciesOptions } from '../../src/services/policies.ts'
import type { RangerCache, RangerDownload, RangerJson } from '../../src/services/ports/ranger.ts'
import { rangerNotices } from '../../src/services/ranger-readiness.ts'
import { createRangerSource, type RangerSource, type RangerSourceOptions } from '../../src/services/ranger-source.ts'
import { createMemoryPolicyFiles } from '../support/memory-policy-files.ts'
import { createMemoryProposalStore } from '../support/memory-proposal-store.ts'
import { createMemoryPublishedKeyStore } from '../support/memory-published-key-store.ts'
import {
  createMemoryPolicyStore,
  createMemoryPolicyTable,
  type MemoryPolicyTable,
} from '../support/memory-policy-store.ts'
import { aPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { aMaskPolicy, type FakeRangerAdmin, startRangerAdmin } from '../support/ranger-admin.ts'

const anna = { author: 'anna', reason: 'because', ifMatch: '*' } as const
const facts = { compacted: false }

interface Instance {
  readonly policies: Policies
  readonly source: RangerSource
  readonly looks: string[]
  readonly look: () => Promise<void>
}

let admin: FakeRangerAdmin
let table: MemoryPolicyTable
let clients: RangerClient[]
let stop: AbortController
let running: Promise<void>[]

beforeEach(async () => {
  admin = await startRangerAdmin()
  admin.put('cl1', [aMaskPolicy('emails', 'raw.people')], 42)
  table = createMemoryPolicyTable()
  clients = []
  running = []
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await Promise.allSettled([...running, ...clients.map(client => client.close())])
  await admin.close()
})

/** An instance that has loaded what is there; `look` is one round of its polls. */
async function start(
  options: Partial<RangerSourceOptions> = {},
  more: Partial<PoliciesOptions> & { readonly files?: ReturnType<typeof createMemoryPolicyFiles> } = {},
  isRunning = true,
): Promise<Instance> {
  const { services = ['cl1'] } = options
  const policies = createPolicies({
    store: createMemoryPolicyStore(table),
    files: createMemoryPolicyFiles({ 'a.json': aPolicy('a') }),
    keys: testKeys,
    settings: testSettings,
    cache: null,
    metrics: { reload: () => undefined, policyVersion: () => undefined },
    log: createQuietLog(),
    retryMs: 5,
    rangerServices: services,
    ...more,
  })
  const client = createRangerClient({
    url: admin.url,
    user: null,
    password: null,
    token: null,
    tls: { ca: null, cert: null, key: null },
    host: 'gate-1',
    clusterName: 'warehouse',
    parseJson: parseStrictJson,
    timeoutMs: 2_000,
  })
  clients.push(client)
  const looks: string[] = []
  const source = createRangerSource({
    admin: client,
    services,
    policies,
    cache: null,
    pollMs: 10,
    metrics: { rangerLook: (service, outcome, version) => void looks.push(`${service} ${outcome} ${version}`) },
    log: createQuietLog(),
    ...options,
  })
  if (!isRunning) return { policies, source, looks, look: () => source.look(stop.signal) }
  running.push(policies.run(stop.signal))
  if (table.versions.length > 0 || more.files === undefined)
    await vi.waitFor(() => expect(policies.current()).not.toBeNull(), { interval: 2 })
  return { policies, source, looks, look: () => source.look(stop.signal) }
}

const names = (documents: readonly PolicyDocument[] | undefined): string[] => (documents ?? []).map(({ name }) => name)
const stored = (): readonly PolicyDocument[] => table.versions.at(-1)?.documents ?? []
const codes = (source: RangerSource): (string | null)[] => source.status().map(({ code }) => code)

describe('what Ranger Admin says', () => {
  test('becomes a version beside the files, and the same again none', async () => {
    const { look, looks, policies, source } = await start()
    expect(policies.current()?.forTopic('raw.a', facts)).toBe(null) // nobody knows yet what Ranger hides of it
    await look()
    expect(table.versions.at(-1)).toMatchObject({
      version: 2,
      author: 'ranger:cl1',
      reason: 'policy version 42',
      origin: 'ranger',
      filesDigest: null,
    })
    expect(names(stored())).toEqual(['a', 'ranger:cl1'])
    expect(stored()[1]).toMatchObject({ ranger: { serviceName: 'cl1', policyVersion: 42 }, source: { service: 'cl1' } })
    expect(policies.current()?.forTopic('raw.a', facts)?.views).toHaveLength(1)
    await look()
    expect(table.versions).toHaveLength(2)
    expect(looks).toEqual(['cl1 new 42', 'cl1 same 42'])
    expect(source.status()).toMatchObject([{ policyVersion: 42, code: null }])
    expect(admin.requests.filter(({ what }) => what === 'policies').map(({ status }) => status)).toEqual([200, 304])
  })

  test('with roles, users of views and tags, roles asked for first', async () => {
    const view = { name: 'fraud', outputTopic: '${topic}.fraud', user: 'asha', groups: ['police'] }
    Object.assign(admin.services.get('cl1')!, {
      roles: { serviceName: 'cl1', roleVersion: 7, rangerRoles: [{ name: 'r' }] },
      tags: { serviceName: 'cl1', tagVersion: 8, serviceResources: [] },
      users: {
        userStoreVersion: 9,
        userAttrMapping: { asha: { dept: 'x' }, other: { dept: 'y' } },
        userGroupMapping: { asha: ['audit'], other: ['z'] },
        groupAttrMapping: { audit: { a: '1' }, police: { b: '2' }, z: {} },
      },
    })
    const files = createMemoryPolicyFiles({ 'a.json': [aPolicy('a'), view] })
    const { look } = await start({}, { files })
    await look()
    expect(names(stored())).toEqual([
      'a',
      'fraud',
      'ranger:cl1',
      'ranger:cl1:tags',
      'ranger:cl1:users',
      'ranger:cl1:roles',
    ])
    expect(admin.requests.map(({ what }) => what)).toEqual(['roles', 'users', 'tags', 'policies'])
    expect(table.versions.at(-1)?.reason).toBe('policy version 42, tag version 8, role version 7')
    const users = stored().find(({ name }) => name === 'ranger:cl1:users')
    expect(users).toMatchObject({
      ranger: {
        userAttrMapping: { asha: { dept: 'x' } },
        userGroupMapping: { asha: ['audit'] },
        groupAttrMapping: { audit: { a: '1' }, police: { b: '2' } },
      },
    })
    expect(JSON.stringify(stored())).not.toContain('other')
    // Someone else was hired: nothing for a version. A view is made for him: one, though Ranger says "unchanged".
    admin.services.get('cl1')!.users!.userStoreVersion = 10
    await look()
    const before = table.versions.length
    files.set({ 'a.json': [aPolicy('a'), { ...view, user: 'other' }] })
    await vi.waitFor(() => expect(table.versions).toHaveLength(before + 1))
    await look()
    expect(table.versions).toHaveLength(before + 2)
    expect(JSON.stringify(stored())).toContain('"other":["z"]')
    expect(admin.requests.filter(({ what }) => what === 'users').map(({ status }) => status)).toEqual([200, 200, 304])
  })

  test('a lower version is taken too: Ranger may have been restored', async () => {
    const { look } = await start()
    await look()
    admin.put('cl1', [aMaskPolicy('names', 'raw.people')], 40)
    await look()
    expect(stored()[1]).toMatchObject({ ranger: { policyVersion: 40 } })
  })

  test('the same number from another Ranger Admin is noticed by the first look of a process', async () => {
    await (await start()).look()
    admin.put('cl1', [aMaskPolicy('names', 'raw.people')], 42)
    await (await start()).look()
    expect(table.versions).toHaveLength(3)
  })

  test('two instances make one version of one change', async () => {
    const [one, other] = await Promise.all([start(), start()])
    await Promise.all([one.look(), other.look()])
    expect(table.versions).toHaveLength(2)
    admin.put('cl1', [], 43, { securityZones: { z: { policies: [aMaskPolicy('z', 'raw.z')] } } })
    await Promise.all([one.look(), other.look()])
    expect(table.versions).toHaveLength(3)
  })

  test('an older answer that comes late does not undo a newer one', async () => {
    const slow = await start()
    await slow.look()
    const before = slow.policies.inForce()!.documents.filter(({ name }) => name === 'ranger:cl1') as never
    const late = { ...(before[0] as object), ranger: { serviceName: 'cl1', policyVersion: 43, policies: [] } } as never
    admin.put('cl1', [aMaskPolicy('newer', 'raw.people')], 44)
    await (await start()).look()
    const change = { service: 'cl1', before, documents: [late], reason: 'policy version 43' }
    expect(await slow.policies.takeRanger(change)).toBe(null)
    expect(stored()[1]).toMatchObject({ ranger: { policyVersion: 44 } })
  })

  test('what does not fit a schema that was seen is told and taken: the stream holds that topic', async () => {
    const misfit = { code: 'SCHEMA_MASK_TYPE', severity: 'error', where: { topic: 'raw.people' } } as const
    let misfits: readonly (typeof misfit)[] = []
    const { look, policies } = await start({}, { check: async () => misfits })
    misfits = [misfit]
    await look()
    expect(stored()).toHaveLength(2)
    await expect(policies.put('b', aPolicy('b'), anna)).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
  })
})

describe('a service that is not there any more', () => {
  test.each([
    ['unknown (404)', () => void admin.services.clear(), 'unknown'],
    ['disabled (no policies)', () => admin.put('cl1', [], 43), 'without policies'],
  ])('%s: its topics wait, others go on; back again they go on', async (_, end, path) => {
    admin.put('cl1', [aMaskPolicy('emails', 'raw.a')], 42)
    const files = createMemoryPolicyFiles({ 'a.json': [aPolicy('a'), aPolicy('b')] })
    const { look, policies, source, looks } = await start({}, { files })
    await look()
    end()
    await look()
    expect(policies.current()?.forTopic('raw.a', facts)).toBe(null)
    expect(policies.current()?.blocks?.of('raw.a')).toMatchObject({ code: 'RANGER_SERVICE_GONE' })
    expect(policies.current()?.forTopic('raw.b', facts)?.views).toHaveLength(1)
    expect(source.status()).toMatchObject([{ code: 'RANGER_SERVICE_GONE', path, policyVersion: 42 }])
    expect(source.dependency()).toMatchObject({ up: true })
    await look()
    expect(table.versions).toHaveLength(3)
    expect(looks).toEqual(['cl1 new 42', 'cl1 refused 42', 'cl1 refused 42'])
    admin.put('cl1', [aMaskPolicy('emails', 'raw.a')], 42)
    await look()
    expect(policies.current()?.forTopic('raw.a', facts)?.views).toHaveLength(1)
    expect(codes(source)).toEqual([null])
  })

  test('back with other policies under the same number, it is read whole by whoever comes first', async () => {
    const [one, other] = [await start(), await start()]
    await one.look()
    await other.look()
    admin.services.clear()
    await one.look()
    await vi.waitFor(() => expect(other.policies.current()?.version).toBe(3))
    admin.put('cl1', [aMaskPolicy('names', 'raw.people')], 42)
    await other.look()
    expect(JSON.stringify(stored())).toContain('"names"')
    expect(other.policies.current()?.blocks).toBe(undefined)
  })

  test('one that was never there keeps everything waiting', async () => {
    const { look, policies, source } = await start({ services: ['cl1', 'nowhere'] })
    await look()
    expect(policies.current()?.blocks?.list).toMatchObject([
      { code: 'RANGER_SERVICE_MISSING', policy: 'ranger:nowhere' },
    ])
    expect(policies.current()?.forTopic('raw.a', facts)).toBe(null)
    expect(codes(source)).toEqual([null, 'RANGER_SERVICE_MISSING'])
  })
})

describe('a bad policy among good ones', () => {
  test('blocks its own topic, with a warning that names it', async () => {
    const bad = { ...aMaskPolicy('bad', 'raw.a'), dataMaskPolicyItems: [{}] }
    admin.put('cl1', [aMaskPolicy('good', 'raw.b'), bad], 1)
    const files = createMemoryPolicyFiles({ 'a.json': [aPolicy('a'), aPolicy('b')] })
    const { look, policies } = await start({}, { files })
    await look()
    expect(policies.current()?.forTopic('raw.a', facts)).toBe(null)
    expect(policies.current()?.forTopic('raw.b', facts)?.views).toHaveLength(1)
    expect(policies.current()?.blocks?.of('raw.a')).toMatchObject({ code: 'POLICY_RANGER_INVALID', policy: 'cl1:bad' })
  })
})

describe('Ranger Admin does not do its part', () => {
  const faults = [
    [{ status: 403 }, 'RANGER_NOT_AUTHORISED'],
    [{ status: 500 }, 'RANGER_UNAVAILABLE'],
    ['login page', 'RANGER_ANSWER'],
    ['truncated', 'RANGER_UNAVAILABLE'],
  ] as const
  test.each(faults)('%j: all stays as it was, and is said', async (fault, code) => {
    const { look, policies, source, looks } = await start()
    await look()
    admin.put('cl1', [aMaskPolicy('other', 'raw.people')], 43)
    admin.fault = fault
    await look()
    expect(table.versions).toHaveLength(2)
    expect(policies.current()?.blocks).toBe(undefined)
    expect(source.dependency()).toMatchObject({ name: 'ranger', up: false, code })
    expect(rangerNotices(source.status())[0]).toMatch(
      new RegExp(`^${code}: Ranger service cl1 .*policy version 42 is in force$`),
    )
    expect(looks.at(-1)).toBe('cl1 failed 42')
    admin.fault = null
    await look()
    expect(stored()[1]).toMatchObject({ ranger: { policyVersion: 43 } })
    expect([source.dependency().up, rangerNotices(source.status())]).toEqual([true, []])
  })

  test('policies without the roles that belong to them are not taken', async () => {
    admin.services.get('cl1')!.roles = { serviceName: 'cl1', roleVersion: 1, rangerRoles: [] }
    const { look } = await start()
    await look()
    admin.put('cl1', [aMaskPolicy('other', 'raw.people')], 43)
    admin.only = 'roles'
    admin.fault = { status: 500 }
    await look()
    expect(stored()[1]).toMatchObject({ ranger: { policyVersion: 42 } })
  })

  test('roles that Ranger does not know any more stay', async () => {
    admin.services.get('cl1')!.roles = { serviceName: 'cl1', roleVersion: 1, rangerRoles: [{ name: 'r' }] }
    const { look } = await start()
    await look()
    delete admin.services.get('cl1')!.roles
    admin.put('cl1', [aMaskPolicy('other', 'raw.people')], 43)
    await look()
    expect(stored()[2]).toMatchObject({ name: 'ranger:cl1:roles', ranger: { rangerRoles: [{ name: 'r' }] } })
    expect(stored()[1]).toMatchObject({ ranger: { policyVersion: 43 } })
  })

  const wrong: [string, RangerDownload, RangerJson][] = [
    ['the policies of another service', 'policies', { serviceName: 'cl2', policyVersion: 9, policies: [] }],
    ['changes alone', 'policies', { serviceName: 'cl1', policyVersion: 9, policyDeltas: [] }],
    ['something else', 'policies', { roleVersion: 9, rangerRoles: [] }],
    ['tags that are changes alone', 'tags', { serviceName: 'cl1', tagVersion: 9, serviceResources: [], isDelta: true }],
  ]
  test.each(wrong)('%s is no answer', async (_, what, json) => {
    const { look, source } = await start()
    await look()
    admin.services.get('cl1')![what] = json
    await look()
    expect(codes(source)).toEqual(['RANGER_ANSWER'])
    expect(table.versions).toHaveLength(2)
  })

  test('after three failures it is spared, and one look closes the circuit', async () => {
    let now = 1_000
    const { look } = await start({ now: () => now, random: () => 1, pollMs: 100 })
    admin.fault = { status: 500 }
    const asked = () => admin.requests.length
    await look()
    await look()
    await look()
    expect(asked()).toBe(3)
    await look()
    expect(asked()).toBe(3)
    now += 100
    await look()
    expect(asked()).toBe(4)
    now += 199
    await look()
    expect(asked()).toBe(4)
    admin.fault = null
    now += 1
    await look()
    admin.fault = { status: 500 }
    await look()
    await look()
    expect(asked()).toBe(10)
  })
})

describe('a start', () => {
  const nothing = () => createMemoryPolicyFiles({})

  test('without files and stored policies waits for Ranger Admin, and goes on with it', async () => {
    const { policies, look } = await start({}, { files: nothing() })
    await vi.waitFor(() => expect(policies.status().code).toBe('POLICY_NOT_LOADED'))
    await look()
    expect(policies.inForce()).toMatchObject({ version: 1, origin: 'ranger' })
    expect(policies.status()).toMatchObject({ code: null, files: null })
  })

  test('takes the files first, though Ranger Admin may have answered sooner', async () => {
    const { look } = await start({}, {}, false)
    await look()
    expect(table.versions.map(({ origin }) => origin)).toEqual(['files', 'ranger'])
  })

  test('without Ranger Admin takes the stored version', async () => {
    await (await start()).look()
    admin.fault = 'reset'
    const { policies, source, look } = await start()
    await look()
    expect(policies.current()?.forTopic('raw.a', facts)?.views).toHaveLength(1)
    expect(codes(source)).toEqual(['RANGER_UNAVAILABLE'])
  })

  const kept = (): RangerCache & { readonly files: Map<string, RangerJson> } => {
    const files = new Map<string, RangerJson>()
    return {
      files,
      load: async service => {
        const policies = files.get(`${service} policies`)
        return policies === undefined ? null : { policies }
      },
      save: async (service, what, json) => void files.set(`${service} ${what}`, json),
      forget: async () => files.clear(),
    }
  }

  test('with neither takes the cache file, a version like any other', async () => {
    const cache = kept()
    await (await start({ cache })).look()
    expect([...cache.files.keys()]).toEqual(['cl1 policies'])
    table = createMemoryPolicyTable()
    admin.fault = 'reset'
    const { policies, source, look } = await start({ cache }, { files: nothing() })
    await look()
    expect(policies.inForce()).toMatchObject({ version: 1, reason: 'policy version 42, from the cache file' })
    expect(codes(source)).toEqual(['RANGER_UNAVAILABLE'])
  })

  test('never takes the cache file over what is stored, nor one of another service', async () => {
    const cache = kept()
    await (await start({ cache })).look()
    cache.files.set('cl1 policies', { serviceName: 'cl1', policyVersion: 1, policies: [] })
    admin.fault = 'reset'
    await (await start({ cache })).look()
    expect(table.versions).toHaveLength(2)
    table = createMemoryPolicyTable()
    cache.files.set('cl1 policies', { serviceName: 'cl2', policyVersion: 1, policies: [] })
    await (await start({ cache })).look()
    expect(names(stored())).toEqual(['a'])
  })

  test('a service that is gone leaves no cache file', async () => {
    const cache = kept()
    const { look } = await start({ cache })
    await look()
    admin.services.clear()
    await look()
    expect(cache.files.size).toBe(0)
  })
})

describe('beside Ranger Admin', () => {
  test('its documents are changed by nobody else', async () => {
    const { look, policies } = await start()
    await look()
    const refused = { code: 'POLICY_RANGER_MASTER', where: { policy: 'ranger:cl1' } }
    const [, document] = stored()
    const changed = { ...document, ranger: { serviceName: 'cl1', policies: [] } }
    await expect(policies.remove('ranger:cl1', anna)).rejects.toMatchObject(refused)
    await expect(policies.put('ranger:cl1', changed, anna)).rejects.toMatchObject(refused)
    await expect(policies.put('ranger:cl1', aPolicy('ranger:cl1'), anna)).rejects.toMatchObject(refused)
    await expect(policies.patchAll([{ op: 'remove', path: '/ranger:cl1' }], anna)).rejects.toMatchObject(refused)
    await expect(policies.patch('ranger:cl1', [{ op: 'remove', path: '/source' }], anna)).rejects.toMatchObject(refused)
    await expect(policies.replaceAll([aPolicy('a'), changed], anna)).rejects.toMatchObject(refused)
    const forged = { name: 'x', ranger: { serviceName: 'x', policies: [] }, source: { service: 'x' } }
    await expect(policies.put('x', forged, anna)).rejects.toMatchObject({ code: 'POLICY_RANGER_MASTER' })
    expect(await policies.put('ranger:cl1', document, anna)).toMatchObject({ isNew: false })
    expect(table.versions).toHaveLength(2)
  })

  test('a set that is replaced, and one that is rolled back to, keep what it says now', async () => {
    const { look, policies } = await start()
    await look()
    await policies.replaceAll([aPolicy('b')], anna)
    expect(names(stored())).toEqual(['b', 'ranger:cl1'])
    await policies.replaceAll([...stored(), aPolicy('c')], anna)
    expect(names(stored())).toEqual(['b', 'c', 'ranger:cl1'])
    admin.put('cl1', [aMaskPolicy('emails', 'raw.people')], 43)
    await look()
    await policies.rollback(2, anna)
    expect(stored()).toMatchObject([{ name: 'a' }, { name: 'ranger:cl1', ranger: { policyVersion: 43 } }])
    await policies.rollback(1, anna)
    expect(names(stored())).toEqual(['a', 'ranger:cl1'])
  })

  test('changed files are taken, its versions are no change of the set by others', async () => {
    const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a') })
    const { look, policies } = await start({}, { files })
    await look()
    files.set({ 'b.json': aPolicy('b') })
    await vi.waitFor(() => expect(names(stored())).toEqual(['b', 'ranger:cl1']))
    await policies.put('c', aPolicy('c'), anna)
    files.set({ 'd.json': aPolicy('d') })
    await vi.waitFor(() => expect(policies.status().files).toMatchObject({ code: 'POLICY_FILES_STALE' }))
    files.set({ 'x.json': { name: 'x', ranger: { serviceName: 'x', policies: [] }, source: { service: 'x' } } })
    await vi.waitFor(() => expect(policies.status().files).toMatchObject({ code: 'POLICY_RANGER_MASTER' }))
  })

  test('while a version is pinned its changes wait, and say so', async () => {
    const { look, policies, source } = await start()
    await look()
    await policies.pin(2, anna)
    admin.put('cl1', [aMaskPolicy('emails', 'raw.people')], 43)
    await look()
    expect(source.status()).toMatchObject([{ code: 'POLICY_PINNED', policyVersion: 42 }])
    expect(rangerNotices(source.status())[0]).toContain('POLICY_PINNED: Ranger service cl1 (version 2)')
    expect(source.dependency()).toMatchObject({ up: true })
    await policies.pin(null, anna)
    await look()
    expect(source.status()).toMatchObject([{ code: null, policyVersion: 43 }])
  })

  test('its changes need no second person, those of others do', async () => {
    const store = createMemoryPolicyStore(table)
    const proposals = createMemoryProposalStore({ rows: [] }, table, store, createMemoryPublishedKeyStore())
    const calls = { write: async () => undefined }
    const { look, policies } = await start({}, { store, approval: { isNeeded: true, store: proposals, calls } })
    await look()
    expect(table.versions.at(-1)).toMatchObject({ version: 2, origin: 'ranger', approver: null })
    expect(await policies.put('b', aPolicy('b'), anna)).toMatchObject({ proposal: { state: 'open' } })
    expect(table.versions).toHaveLength(2)
  })

  test('what is left of a service that is polled no longer can be removed', async () => {
    await (await start()).look()
    const { policies } = await start({ services: [] })
    expect(policies.current()?.blocks).toBe(undefined)
    await policies.remove('ranger:cl1', anna)
    expect(names(stored())).toEqual(['a'])
  })

  test('Postgres away: nothing changes, and Ranger Admin is not to blame', async () => {
    const { look, source } = await start()
    table.isAway = true
    await look()
    expect(codes(source)).toEqual(['POSTGRES_UNAVAILABLE'])
    expect(source.dependency().up).toBe(true)
    table.isAway = false
    await look()
    expect(codes(source)).toEqual([null])
  })
})

test('it polls by itself, and stops at the signal', async () => {
  const { source, policies } = await start({ pollMs: 2 })
  const run = source.run(stop.signal)
  await vi.waitFor(() => expect(policies.current()?.version).toBe(2))
  admin.put('cl1', [aMaskPolicy('other', 'raw.people')], 43)
  await vi.waitFor(() => expect(policies.current()?.version).toBe(3))
  stop.abort()
  await run
})
