import { createSecretKey } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { transform } from '../../src/engine.ts'
import { ScrimError } from '../../src/errors.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import type { PolicyDocument } from '../../src/policy/document.ts'
import { createPolicies, type Policies, type PoliciesOptions } from '../../src/services/policies.ts'
import type { CachedPolicies, PolicyCache, PolicyVersion } from '../../src/services/ports/policies.ts'
import { createPublishedKeys } from '../../src/services/published-keys.ts'
import { createReadiness } from '../../src/services/readiness.ts'
import { createMemoryPolicyFiles } from '../support/memory-policy-files.ts'
import {
  createMemoryPolicyStore,
  createMemoryPolicyTable,
  type MemoryPolicyTable,
} from '../support/memory-policy-store.ts'
import { scrubSchema } from '../../src/policy/scrub-schema.ts'
import { createMemorySchemaStore } from '../support/memory-schema-store.ts'
import { createMemoryPublishedKeyStore } from '../support/memory-published-key-store.ts'
import { aPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { aKey, schemaRecord } from '../support/schema-records.ts'

const anna = { author: 'anna', reason: 'because', ifMatch: '*' } as const
const ifMatch = (version: number) => ({ ...anna, ifMatch: version })

describe('policies', () => {
  let table: MemoryPolicyTable
  let stop: AbortController
  let running: Promise<void>[]

  beforeEach(() => {
    table = createMemoryPolicyTable()
    stop = new AbortController()
    running = []
  })
  afterEach(async () => {
    stop.abort()
    await Promise.allSettled(running)
  })

  const build = (options: Partial<PoliciesOptions> = {}): Policies =>
    createPolicies({
      store: createMemoryPolicyStore(table),
      files: createMemoryPolicyFiles(),
      keys: testKeys,
      settings: testSettings,
      cache: null,
      metrics: { reload: () => undefined, policyVersion: () => undefined },
      log: createQuietLog(),
      retryMs: 5,
      ...options,
    })

  /** Starts an instance and waits until it has a plan. */
  const start = async (options: Partial<PoliciesOptions> = {}): Promise<Policies> => {
    const policies = build(options)
    running.push(policies.run(stop.signal))
    await vi.waitFor(() => expect(policies.current()).not.toBeNull(), { interval: 2 })
    return policies
  }
  const filesWith = (...names: string[]) =>
    createMemoryPolicyFiles(Object.fromEntries(names.map(name => [`${name}.json`, aPolicy(name)])))
  const names = (policies: Policies): string[] => policies.inForce()?.documents.map(({ name }) => name) ?? []

  describe('when time changes what the policies say', () => {
    const open = Date.UTC(2026, 0, 1)
    const scheduled = {
      service: 'k',
      serviceType: 'kafka-cdc',
      name: 'for a day',
      policyType: 1,
      policyPriority: 1,
      resources: { topic: { values: ['raw.a'] }, field: { values: ['email'] } },
      validitySchedules: [{ startTime: '2026/01/01 00:00:00', endTime: '2026/01/02 00:00:00', timeZone: 'UTC' }],
      dataMaskPolicyItems: [
        { accesses: [{ type: 'consume' }], groups: ['public'], dataMaskInfo: { dataMaskType: 'MASK_NONE' } },
      ],
    }
    const files = () => createMemoryPolicyFiles({ 'a.json': aPolicy('a'), 'b.json': scheduled })
    const maskOf = (policies: Policies): string | undefined =>
      policies.current()?.forTopic('raw.a', { compacted: false })?.views[0]?.rules.byName.get('email')?.maskType.effect

    test('the plan is made anew', async () => {
      let time = open
      const policies = await start({ files: files(), now: () => time })
      expect(maskOf(policies)).toBe('keep')
      const told = vi.fn()
      policies.onChange(told)
      time = Date.UTC(2026, 0, 3)
      await vi.waitFor(() => expect(maskOf(policies)).toBe('rewrite'), { timeout: 5_000 })
      expect(told).toHaveBeenCalled()
      expect(policies.current()).toMatchObject({ version: 1, nextChange: null })
    })

    test('what cannot be checked then goes out no more until it can', async () => {
      let time = open
      let isAway = false
      const check = async () => {
        if (isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
        return []
      }
      const publishedKeys = { check, assume: async () => {}, forget: async () => [], columns: async () => [] }
      const policies = await start({ files: files(), now: () => time, publishedKeys })
      isAway = true
      time = Date.UTC(2026, 0, 3)
      await vi.waitFor(() => expect(policies.current()?.forTopic('raw.a', { compacted: false })).toBeNull(), {
        timeout: 5_000,
      })
      isAway = false
      await vi.waitFor(() => expect(maskOf(policies)).toBe('rewrite'), { timeout: 5_000 })
    })
  })

  describe('at start', () => {
    test('an empty store takes the files as version 1', async () => {
      const policies = await start({ files: filesWith('a', 'b') })
      expect(policies.current()).toMatchObject({ version: 1 })
      expect(policies.current()?.names('raw.a')).toBe(true)
      expect(table.versions).toMatchObject([
        { version: 1, origin: 'files', author: 'files', filesDigest: expect.stringMatching(/^[0-9a-f]{64}$/) },
      ])
    })

    test('files that another instance takes between the looks at an empty store come in force here too', async () => {
      const files = filesWith('a')
      let isFirst = true
      const read = async () => {
        if (isFirst) {
          isFirst = false
          await start({ files })
        }
        return files.read()
      }
      const policies = await start({ files: { ...files, read } })
      expect(policies.current()).toMatchObject({ version: 1 })
      expect(table.versions).toHaveLength(1)
    })

    test('what the check finds against a set refuses it, and warns where it only warns', async () => {
      const warning = { code: 'RECORD_UNKNOWN_COLUMN', severity: 'warning', where: { topic: 'raw.a' } } as const
      let severity: 'warning' | 'error' = 'warning'
      const asked: [candidate: boolean, inForce: number | undefined][] = []
      const policies = await start({
        files: filesWith('a'),
        check: async (candidate, inForce) => {
          asked.push([candidate.names('raw.b'), inForce?.version])
          return [{ ...warning, severity }]
        },
      })
      expect(await policies.put('b', aPolicy('b'), anna)).toMatchObject({ version: 2, warnings: [warning] })
      severity = 'error'
      await expect(policies.remove('b', anna)).rejects.toMatchObject({
        code: 'POLICY_REFUSED',
        problems: [{ ...warning, severity }],
      })
      expect(policies.current()?.version).toBe(2)
      expect(asked).toEqual([
        [false, undefined],
        [true, 1],
        [false, 2],
      ])
    })

    test('without files and store there is nothing to run', async () => {
      await expect(build().run(stop.signal)).rejects.toMatchObject({ code: 'POLICY_NONE', kind: 'fatal' })
    })

    test('bad files on an empty store refuse the start with all problems', async () => {
      const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a', 'nonsense'), 'b.json': aPolicy('b', 'none', '*') })
      await expect(build({ files }).run(stop.signal)).rejects.toMatchObject({
        problems: [{ code: 'POLICY_UNKNOWN_MASK' }, { code: 'POLICY_WILDCARD_CLEARS' }],
      })
      expect(table.versions).toEqual([])
    })

    test('the same files are not taken twice', async () => {
      const files = filesWith('a')
      await start({ files })
      await start({ files })
      expect(table.versions).toHaveLength(1)
    })

    test('changed files are taken', async () => {
      await start({ files: filesWith('a') })
      const policies = await start({ files: filesWith('a', 'b') })
      await vi.waitFor(() => expect(names(policies)).toEqual(['a', 'b']))
      expect(table.versions[1]).toMatchObject({ patch: [{ op: 'add', path: '/b' }] })
    })

    test('the pinned version goes before the latest', async () => {
      const first = await start({ files: filesWith('a') })
      await first.put('b', aPolicy('b'), anna)
      table.pinned = 1
      expect(names(await start())).toEqual(['a'])
    })

    test('REST changes survive a restart with the same files', async () => {
      const files = filesWith('a')
      await (await start({ files })).put('b', aPolicy('b'), anna)
      expect(names(await start({ files }))).toEqual(['a', 'b'])
    })

    test('changed files are refused when REST changed the set since', async () => {
      await (await start({ files: filesWith('a') })).put('b', aPolicy('b'), anna)
      const policies = await start({ files: filesWith('a', 'c') })
      await vi.waitFor(() => expect(policies.status().files?.code).toBe('POLICY_FILES_STALE'))
      expect(names(policies)).toEqual(['a', 'b'])
      expect(policies.status().code).toBeNull()
    })

    test('files that were brought up to date are taken again', async () => {
      await (await start({ files: filesWith('a') })).put('b', aPolicy('b'), anna)
      const files = filesWith('a', 'b')
      const policies = await start({ files })
      await vi.waitFor(() => expect(table.versions).toHaveLength(3))
      files.set({ 'a.json': aPolicy('a'), 'c.json': aPolicy('c') })
      await vi.waitFor(() => expect(names(policies)).toEqual(['a', 'c']))
    })

    test('an empty folder does not empty the set', async () => {
      await start({ files: filesWith('a') })
      expect(names(await start({ files: createMemoryPolicyFiles() }))).toEqual(['a'])
    })

    test('a stored set that cannot be compiled here refuses the start', async () => {
      await (await start({ files: filesWith('a') })).put('h', aPolicy('h', 'hash'), anna)
      const policies = build({ keys: new Map(), files: filesWith('a') })
      await expect(policies.run(stop.signal)).rejects.toMatchObject({ problems: [{ code: 'POLICY_KEY_MISSING' }] })
      expect(policies.current()).toBeNull()
    })
  })

  describe('when the store is away', () => {
    const createCache = (): PolicyCache & { kept: PolicyVersion | null } => ({
      kept: null,
      async load() {
        return this.kept
      },
      async save(version) {
        this.kept = version
      },
    })

    test('a start without cache is not ready until the store is there, and never takes the files', async () => {
      table.isAway = true
      const policies = build({ files: filesWith('a') })
      running.push(policies.run(stop.signal))
      await vi.waitFor(() => expect(policies.status().code).toBe('POSTGRES_UNAVAILABLE'))
      expect(policies.current()).toBeNull()
      table.isAway = false
      await vi.waitFor(() => expect(policies.current()?.version).toBe(1))
      expect(policies.status()).toMatchObject({ code: null, loadedFrom: 'store' })
    })

    test('a start with the cache runs what was in force last, and follows the store when it is back', async () => {
      const cache = createCache()
      const files = filesWith('a')
      await (await start({ files, cache })).put('b', aPolicy('b'), anna)
      table.isAway = true
      const policies = await start({ files: filesWith('old'), cache })
      expect(names(policies)).toEqual(['a', 'b'])
      expect(policies.current()?.version).toBe(2)
      await vi.waitFor(() =>
        expect(policies.status()).toMatchObject({ loadedFrom: 'cache', code: 'POSTGRES_UNAVAILABLE' }),
      )
      await expect(policies.put('c', aPolicy('c'), anna)).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
      table.isAway = false
      await vi.waitFor(() => expect(policies.status()).toMatchObject({ loadedFrom: 'store', code: null }))
      expect(names(policies)).toEqual(['a', 'b'])
    })

    test('an accepted change reaches the cache', async () => {
      const cache = createCache()
      const policies = await start({ files: filesWith('a'), cache })
      await policies.put('b', aPolicy('b'), anna)
      expect(cache.kept?.version).toBe(2)
    })
  })

  describe('a change', () => {
    test('is stored with author, reason and patch, and comes in force whole', async () => {
      const policies = await start({ files: filesWith('a') })
      const changed = vi.fn()
      policies.onChange(changed)
      const before = policies.current()
      const accepted = await policies.put('b', aPolicy('b'), ifMatch(1))
      expect(accepted).toEqual({ version: 2, isNew: true, warnings: [] })
      expect(policies.current()).not.toBe(before)
      expect(before?.names('raw.b')).toBe(false)
      expect(policies.current()?.names('raw.b')).toBe(true)
      expect(changed).toHaveBeenCalledTimes(1)
      expect(await policies.get(2)).toMatchObject({
        author: 'anna',
        reason: 'because',
        origin: 'rest',
        patch: [{ op: 'add', path: '/b', value: aPolicy('b') }],
      })
    })

    test('that says nothing new makes no version', async () => {
      const policies = await start({ files: filesWith('a') })
      expect(await policies.put('a', aPolicy('a'), anna)).toEqual({ version: 1, isNew: false, warnings: [] })
      expect(table.versions).toHaveLength(1)
    })

    test('that is bad is refused whole, with all problems, and the old plan stays', async () => {
      const policies = await start({ files: filesWith('a') })
      const before = policies.current()
      const two = [aPolicy('b', 'nonsense'), aPolicy('c', 'hash'), aPolicy('d', 'nonsense')]
      await expect(policies.replaceAll(two, anna)).rejects.toMatchObject({
        code: 'POLICY_REFUSED',
        problems: [{ where: { policy: 'b' } }, { where: { policy: 'd' } }],
      })
      expect(policies.current()).toBe(before)
      expect(table.versions).toHaveLength(1)
    })

    test('on an older version is refused', async () => {
      const policies = await start({ files: filesWith('a') })
      await policies.put('b', aPolicy('b'), ifMatch(1))
      await expect(policies.put('c', aPolicy('c'), ifMatch(1))).rejects.toMatchObject({
        code: 'REQUEST_CONFLICT',
        where: { path: 'version 2' },
      })
    })

    test('of many at once on the same version exactly one is taken', async () => {
      const one = await start({ files: filesWith('a') })
      const other = await start()
      const attempts = await Promise.allSettled(
        Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one : other).put(`p${n}`, aPolicy(`p${n}`), ifMatch(1))),
      )
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const attempt of attempts)
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'REQUEST_CONFLICT' })
      expect(table.versions).toHaveLength(2)
    })

    test('with * is taken by every instance, none is lost', async () => {
      const one = await start({ files: filesWith('a') })
      const other = await start()
      await Promise.all(
        Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one : other).put(`p${n}`, aPolicy(`p${n}`), anna)),
      )
      expect(table.versions).toHaveLength(11)
      expect(table.versions.at(-1)?.documents).toHaveLength(11)
    })

    test('is in force in another instance within a second', async () => {
      const one = await start({ files: filesWith('a') })
      const other = await start({ refreshMs: 60_000 })
      await one.put('b', aPolicy('b'), anna)
      await vi.waitFor(() => expect(other.current()?.names('raw.b')).toBe(true), { timeout: 1000 })
    })

    test('that another instance cannot compile leaves its old plan and is told', async () => {
      const one = await start({ files: filesWith('a') })
      const other = await start({ keys: new Map() })
      const before = other.current()
      await one.put('h', aPolicy('h', 'hash'), anna)
      await vi.waitFor(() => expect(other.status().code).toBe('POLICY_REFUSED'))
      expect(other.current()).toBe(before)
    })

    test('is never undone by an answer of the store that is older', async () => {
      const store = createMemoryPolicyStore(table)
      const slow = Promise.withResolvers<void>()
      let isSlow = false
      const current: typeof store.current = async () => {
        const answer = await store.current()
        if (!isSlow) return answer
        isSlow = false
        await slow.promise
        return answer
      }
      const policies = await start({ files: filesWith('a'), store: { ...store, current }, refreshMs: 60_000 })
      const versions: number[] = []
      policies.onChange(() => versions.push(policies.current()?.version ?? 0))
      isSlow = true
      const looking = policies.reload({ force: false, author: 'anna', reason: '' })
      const change = policies.put('b', aPolicy('b'), ifMatch(1))
      setImmediate(() => setImmediate(() => setImmediate(() => setImmediate(slow.resolve))))
      await Promise.all([looking, change])
      expect(versions).toEqual([...versions].sort())
      expect(new Set(versions)).toEqual(new Set([1, 2]))
    })

    test('to a pin on what cannot be run is refused', async () => {
      const policies = await start({ files: filesWith('a') })
      await policies.put('b', aPolicy('b'), anna)
      table.versions[0] = { ...(table.versions[0] as PolicyVersion), documents: [aPolicy('a', 'no-such-mask')] }
      await expect(policies.pin(1, anna)).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
      expect([table.pinned, policies.inForce()?.version]).toEqual([null, 2])
    })

    test.each([1, 2])('of a pinned set is refused in every way: version %i of two', async pinned => {
      const files = filesWith('a')
      const policies = await start({ files })
      const other = await start({ files })
      await policies.put('b', aPolicy('b'), anna)
      await policies.pin(pinned, anna)
      const refused = { code: 'POLICY_PINNED', where: { path: `version ${pinned}` } }
      const how = { force: true, author: 'anna', reason: '' }
      await expect(policies.put('c', aPolicy('c'), anna)).rejects.toMatchObject(refused)
      await expect(policies.replaceAll([], anna)).rejects.toMatchObject(refused)
      await expect(policies.rollback(3 - pinned, anna)).rejects.toMatchObject(refused)
      files.set({ 'a.json': aPolicy('a', 'null') })
      await expect(policies.reload({ ...how, force: false })).rejects.toMatchObject(refused)
      await expect(policies.reload(how)).rejects.toMatchObject(refused)
      expect(policies.status()).toMatchObject({ code: null, files: { code: 'POLICY_PINNED' } })
      await vi.waitFor(() => expect([policies, other].map(one => one.inForce()?.version)).toEqual([pinned, pinned]))
      expect(table.versions).toHaveLength(2)
      await policies.pin(null, anna)
      expect(await policies.reload(how)).toMatchObject({ version: 3, isNew: true })
    })
  })

  describe('keys that were published', () => {
    const topic = 'raw.a'
    const aHash = (more: object = {}): PolicyDocument => ({
      name: 'a',
      resources: { topic },
      maskingPolicy: { maskingConditions: [{ field: 'id', maskType: 'hash', ...more }] },
    })
    const ring = (byte: number) => new Map([['default', createSecretKey(Buffer.alloc(32, byte))]])
    const how = { force: false, author: 'anna', reason: '' }
    let keyStore: ReturnType<typeof createMemoryPublishedKeyStore>
    beforeEach(() => {
      keyStore = createMemoryPublishedKeyStore()
    })
    const withKeys = (byte = 7, more: Partial<PoliciesOptions> = {}): Partial<PoliciesOptions> => ({
      files: createMemoryPolicyFiles({ 'a.json': aHash() }),
      publishedKeys: createPublishedKeys({ store: keyStore }),
      keys: ring(byte),
      ...more,
    })
    const publish = (policies: Policies): void => {
      const line = schemaRecord(topic, [aKey()], { id: 1 })
      expect(transform([line], policies.current() as Plan)).toMatchObject([{ outcome: 'publish' }])
    }
    const readinessOf = (policies: Policies) =>
      createReadiness({
        policies,
        dependencies: () => [],
        held: () => [],
        connectors: () => [],
        awaited: () => null,
        audit: 'record',
        isAlive: () => true,
      }).report()
    const place = { topic, path: 'key.id' }
    const refused = { code: 'POLICY_REFUSED', problems: [{ code: 'POLICY_KEY_CHANGED', where: place }] }

    test('stay as they are, whichever way the change comes', async () => {
      const files = createMemoryPolicyFiles({ 'a.json': aPolicy('a', 'none', 'id') })
      const policies = await start(withKeys(7, { files }))
      await policies.put('a', aHash(), anna)
      publish(policies)
      await expect(policies.put('a', aHash({ length: 32 }), anna)).rejects.toMatchObject(refused)
      await expect(policies.rollback(1, anna)).rejects.toMatchObject(refused)
      await expect(policies.pin(1, anna)).rejects.toMatchObject(refused)
      await expect(policies.reload({ ...how, force: true })).rejects.toMatchObject(refused)
      expect([table.versions.length, table.pinned, policies.inForce()?.version]).toEqual([2, null, 2])
      expect(await policies.put('b', aPolicy('b'), anna)).toMatchObject({ version: 3 })
    })

    test('a start with another key waits and says why, until they are forgotten', async () => {
      const first = await start(withKeys())
      publish(first)
      await first.put('b', aPolicy('b'), anna)
      const policies = build(withKeys(8))
      running.push(policies.run(stop.signal))
      await vi.waitFor(() => expect(policies.status().code).toBe('POLICY_KEY_CHANGED'))
      expect(readinessOf(policies).reasons).toMatchObject([{ code: 'POLICY_KEY_CHANGED', where: place }])
      expect(policies.current()).toBeNull()
      await expect(policies.put('b', aPolicy('b'), anna)).rejects.toMatchObject(refused)
      expect(policies.current()).toBeNull()
      expect(await policies.forgetKeys(`${topic}.masked`, anna)).toEqual(['id'])
      expect(policies.current()).not.toBeNull()
      expect(policies.status()).toMatchObject({ code: null, problems: [] })
    })

    test('a start on a policy store that was emptied waits as well, for the files', async () => {
      const first = await start(withKeys())
      publish(first)
      await first.put('b', aPolicy('b'), anna)
      table = createMemoryPolicyTable()
      const policies = build(withKeys(8))
      const run = policies.run(stop.signal)
      running.push(run)
      await vi.waitFor(() => expect(policies.status().code).toBe('POLICY_KEY_CHANGED'))
      expect(readinessOf(policies).reasons).toMatchObject([{ code: 'POLICY_KEY_CHANGED', where: place }])
      expect(policies.current()).toBeNull()
      await policies.forgetKeys(`${topic}.masked`, anna)
      await Promise.race([run, vi.waitFor(() => expect(policies.current()).not.toBeNull())])
      expect(policies.status()).toMatchObject({ version: 1, code: null, problems: [], files: null })
    })

    test('a start ends where the files have other faults too', async () => {
      const first = await start(withKeys())
      publish(first)
      await first.put('b', aPolicy('b'), anna)
      table = createMemoryPolicyTable()
      const check = async () => [{ code: 'SCHEMA_MASK_TYPE', severity: 'error', where: { topic }, detail: '' } as const]
      await expect(build(withKeys(8, { check })).run(stop.signal)).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
    })

    test('a version that another instance took with another key is not followed', async () => {
      const both = (next: number) => new Map([...ring(7), ['next', createSecretKey(Buffer.alloc(32, next))]] as const)
      const one = await start(withKeys(7, { keys: both(7) }))
      const other = await start(withKeys(7, { keys: both(8) }))
      publish(one)
      await one.put('a', aHash({ keyId: 'next' }), anna)
      await vi.waitFor(() => expect(other.status().code).toBe('POLICY_KEY_CHANGED'))
      expect(other.inForce()?.version).toBe(1)
      expect(one.status().code).toBeNull()
    })

    test('topics that stood still since the release that stored nothing are kept from the start on', async () => {
      const seen = createMemorySchemaStore()
      const old = await start({ files: createMemoryPolicyFiles({ 'a.json': aPolicy('a', 'none', 'id') }) })
      publish(old)
      for (const { topic: name, views } of old.current()?.made() ?? [])
        for (const { bytes } of views.flatMap(({ keySchemas }) => keySchemas.all()))
          await seen.remember(name, 'key', scrubSchema(bytes))
      seen.isAway = true
      const policies = build(withKeys(7, { publishedKeys: createPublishedKeys({ store: keyStore, seen }) }))
      running.push(policies.run(stop.signal))
      await vi.waitFor(() => expect(policies.status().code).toBe('POSTGRES_UNAVAILABLE'))
      expect(policies.current()).toBeNull()
      seen.isAway = false
      await vi.waitFor(() => expect(policies.status().files).toMatchObject(refused))
      expect(policies.inForce()?.version).toBe(1)
      await expect(policies.put('a', aHash(), anna)).rejects.toMatchObject(refused)
    })

    test('what goes out otherwise already keeps no other change out, here and elsewhere', async () => {
      const one = await start(withKeys(7))
      const other = await start(withKeys(8))
      const third = await start(withKeys(8))
      publish(one)
      await one.put('b', aPolicy('b'), anna)
      await vi.waitFor(() => expect(other.status()).toMatchObject({ version: 2, code: 'POLICY_KEY_CHANGED' }))
      expect(one.status()).toMatchObject({ version: 2, code: null })
      const { warnings } = await other.put('c', aPolicy('c'), anna)
      expect(warnings).toMatchObject([{ code: 'POLICY_KEY_CHANGED', severity: 'warning', where: place }])
      expect(other.status()).toMatchObject({
        version: 3,
        code: 'POLICY_KEY_CHANGED',
        problems: [{ severity: 'error' }],
      })
      await vi.waitFor(() => expect([one, third].map(({ inForce }) => inForce()?.version)).toEqual([3, 3]))
      await other.pin(2, anna)
      await other.pin(null, anna)
      // It goes out in a form of its own, and may not take a third.
      await expect(other.put('a', aHash({ length: 32 }), anna)).rejects.toMatchObject(refused)
      await other.forgetKeys(`${topic}.masked`, anna)
      expect(other.status()).toMatchObject({ code: null, problems: [] })
    })

    test('of two that began with different keys the later one says so', async () => {
      const one = await start(withKeys(7))
      const other = await start(withKeys(8, { refreshMs: 5 }))
      publish(one)
      expect(other.status().code).toBeNull()
      await createPublishedKeys({ store: keyStore }).remember(one.current() as Plan)
      await vi.waitFor(() => expect(other.status().code).toBe('POLICY_KEY_CHANGED'))
    })

    test('a cached set is not taken with another key: the start waits for the store', async () => {
      const kept: { last: CachedPolicies | null } = { last: null }
      const cache: PolicyCache = {
        load: async () => kept.last,
        save: async policies => void (kept.last = policies),
      }
      await start(withKeys(7, { cache }))
      expect(JSON.stringify(kept.last)).not.toContain('0707')
      table.isAway = true
      expect((await start(withKeys(7, { cache }))).status().loadedFrom).toBe('cache')
      const policies = build(withKeys(8, { cache }))
      running.push(policies.run(stop.signal))
      await vi.waitFor(() => expect(policies.status().code).toBe('POSTGRES_UNAVAILABLE'))
      expect(policies.current()).toBeNull()
      kept.last = { ...(kept.last as CachedPolicies), keyChecks: {} }
      const old = build(withKeys(7, { cache }))
      running.push(old.run(stop.signal))
      await vi.waitFor(() => expect(old.status().code).toBe('POSTGRES_UNAVAILABLE'))
      expect(old.current()).toBeNull()
    })
  })

  describe('operations', () => {
    test('a document keeps the name it is addressed by', async () => {
      const policies = await start({ files: filesWith('a') })
      await expect(policies.put('b', aPolicy('c'), anna)).rejects.toMatchObject({
        problems: [{ code: 'POLICY_SHAPE', where: { policy: 'b', path: 'name' } }],
      })
      await expect(policies.patch('a', [{ op: 'replace', path: '/name', value: 'b' }], anna)).rejects.toMatchObject({
        code: 'POLICY_REFUSED',
      })
      await expect(policies.put('b', [aPolicy('b'), aPolicy('c')], anna)).rejects.toMatchObject({
        code: 'POLICY_REFUSED',
      })
    })

    test.each(['__proto__', 'constructor', 'prototype'])('%s is not a name', async name => {
      const policies = await start({ files: filesWith('a') })
      await expect(policies.put(name, aPolicy(name), anna)).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
      await expect(policies.replaceAll([aPolicy(name)], anna)).rejects.toMatchObject({ code: 'POLICY_REFUSED' })
    })

    test('patch changes one document, patchAll the set', async () => {
      const policies = await start({ files: filesWith('a', 'b') })
      await policies.patch('a', [{ op: 'add', path: '/description', value: 'words' }], anna)
      await policies.patchAll(
        [
          { op: 'remove', path: '/b' },
          { op: 'add', path: '/c', value: aPolicy('c') },
        ],
        anna,
      )
      expect(policies.inForce()?.documents).toMatchObject([{ name: 'a', description: 'words' }, { name: 'c' }])
      await expect(policies.patch('zzz', [], anna)).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
      await expect(policies.patchAll([{ op: 'replace', path: '', value: [] }], anna)).rejects.toMatchObject({
        code: 'POLICY_REFUSED',
      })
    })

    test('removing the policy of a topic warns that its partitions will wait', async () => {
      const policies = await start({ files: filesWith('a', 'b') })
      const { warnings } = await policies.remove('b', anna)
      expect(warnings).toMatchObject([
        { code: 'RECORD_TOPIC_WITHOUT_POLICY', severity: 'warning', where: { topic: 'raw.b' } },
      ])
      expect(policies.current()?.names('raw.b')).toBe(false)
    })

    test('removing one of two policies of a topic does not warn', async () => {
      const policies = await start({ files: filesWith('a') })
      await policies.put('second', { ...aPolicy('second'), resources: { topic: 'raw.a' } }, anna)
      expect((await policies.remove('second', anna)).warnings).toEqual([])
    })

    test('rollback makes a new version of an old one', async () => {
      const policies = await start({ files: filesWith('a') })
      await policies.put('b', aPolicy('b'), anna)
      expect(await policies.rollback(1, anna)).toMatchObject({ version: 3, isNew: true })
      expect(names(policies)).toEqual(['a'])
      await expect(policies.rollback(9, anna)).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
    })
  })

  describe('reload', () => {
    const how = { force: false, author: 'anna', reason: 'because' }

    test('a bad file keeps the old plan, names the place and quotes nothing', async () => {
      const files = filesWith('a')
      const log = createQuietLog()
      const policies = await start({ files, log })
      const before = policies.current()
      files.set({ 'a.json': '{"name": "a",\n "secret-canary-9f3": tru }' })
      await expect(policies.reload(how)).rejects.toMatchObject({
        problems: [{ where: { policy: 'a.json', path: 'line 2, column 23' }, detail: 'not JSON' }],
      })
      expect(policies.current()).toBe(before)
      expect(policies.status().files?.code).toBe('POLICY_REFUSED')
      expect(JSON.stringify(log.lines)).not.toContain('canary')
      files.set({ 'a.json': aPolicy('a') })
      await policies.reload(how)
      expect(policies.status().files).toBeNull()
    })

    test('lets those who hold something look again in all instances, even when nothing changed or the files are bad', async () => {
      const files = filesWith('a')
      const instances = [await start({ files }), await start({ files, refreshMs: 60_000 })]
      const looks = instances.map(({ onChange }) => {
        const changed = vi.fn()
        onChange(changed)
        return changed
      })
      const haveLooked = () => looks.map(({ mock }) => mock.calls.length > 0)
      const reloaded = async () => {
        for (const changed of looks) changed.mockClear()
        await instances[0]?.reload(how).catch(() => undefined)
        await vi.waitFor(() => expect(haveLooked()).toEqual([true, true]))
      }
      await reloaded()
      for (const changed of looks) changed.mockClear()
      files.set({ 'a.json': '{' })
      await vi.waitFor(() => expect(instances.every(({ status }) => status().files !== null)).toBe(true))
      expect(haveLooked()).toEqual([false, false])
      await reloaded()
      files.set({ 'a.json': aPolicy('a', 'null') })
      await vi.waitFor(() => expect(instances.map(({ current }) => current()?.version)).toEqual([2, 2]))
      expect(haveLooked()).toEqual([true, true])
    })

    test('while the store is away this instance looks again all the same', async () => {
      const policies = await start({ files: filesWith('a') })
      const changed = vi.fn()
      policies.onChange(changed)
      table.isAway = true
      await expect(policies.reload(how)).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
      expect(changed).toHaveBeenCalledTimes(1)
    })

    test('a file change is noticed by itself', async () => {
      const files = filesWith('a')
      const policies = await start({ files })
      files.set({ 'a.json': aPolicy('a', 'null') })
      await vi.waitFor(() => expect(policies.current()?.version).toBe(2))
    })

    test('force takes the files over what REST changed', async () => {
      const files = filesWith('a')
      const policies = await start({ files })
      await policies.put('b', aPolicy('b'), anna)
      files.set({ 'a.json': aPolicy('a'), 'c.json': aPolicy('c') })
      await expect(policies.reload(how)).rejects.toMatchObject({ code: 'POLICY_FILES_STALE' })
      expect(await policies.reload({ ...how, force: true })).toMatchObject({ isNew: true })
      expect(names(policies)).toEqual(['a', 'c'])
    })

    test('force with unchanged files undoes what REST changed', async () => {
      const policies = await start({ files: filesWith('a') })
      await policies.put('b', aPolicy('b'), anna)
      expect(await policies.reload(how)).toMatchObject({ isNew: false })
      await policies.reload({ ...how, force: true })
      expect(names(policies)).toEqual(['a'])
    })
  })

  test('a thousand policies are changed in under a second', async () => {
    const files = filesWith(...Array.from({ length: 1000 }, (_, n) => `p${n}`))
    const policies = await start({ files })
    const started = performance.now()
    await policies.put('p500', aPolicy('p500', 'null'), anna)
    expect(performance.now() - started).toBeLessThan(1000)
    expect((await policies.get(2))?.patch).toEqual([
      { op: 'replace', path: '/p500/maskingPolicy/maskingConditions/0/maskType', value: 'null' },
    ])
  })
})
