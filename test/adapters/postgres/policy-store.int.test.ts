import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { migrate } from '../../../src/adapters/postgres/migrate.ts'
import { createPolicyStore } from '../../../src/adapters/postgres/policy-store.ts'
import { createPool } from '../../../src/adapters/postgres/pool.ts'
import type { PolicyVersion } from '../../../src/services/ports/policies.ts'
import { policyStoreContract } from '../../support/policy-store-contract.ts'
import { describeWithPostgres } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'
import { asRole, migratedDatabase, rolesAndDatabase } from './migrated-database.ts'

const draft = (change: Partial<PolicyVersion> = {}): Omit<PolicyVersion, 'version' | 'at'> => ({
  documents: [{ name: 'p', resources: { topic: 't' }, maskingPolicy: { maskingConditions: [] } }],
  author: 'anna',
  approver: null,
  reason: 'because',
  origin: 'rest',
  patch: [],
  filesDigest: null,
  ...change,
})

describeWithPostgres('the contract', postgres => {
  const database = rolesAndDatabase(postgres)

  // An empty store for each test: a schema of its own, as versions are never removed.
  policyStoreContract('the policy store in Postgres', async () => {
    const schema = `s_${randomBytes(6).toString('hex')}`
    const inSchema = (url: string) => `${url}?options=-csearch_path%3D${schema}`
    await database.asOwner(`create schema ${schema}`)
    await migrate({ url: inSchema(database.ownerUrl), serviceRole: database.serviceRole })
    const pools = [1, 2].map(() => createPool(inSchema(database.serviceUrl), { applicationName: 'scrim test' }))
    const [store, other] = pools.map(pool => createPolicyStore({ database: pool }))
    if (store === undefined || other === undefined) throw new Error('two pools make two stores')
    return { store, other, close: async () => void (await Promise.all(pools.map(pool => pool.end()))) }
  })
})

describeWithPostgres('the policy store in Postgres', postgres => {
  const database = migratedDatabase(postgres)
  const store = createPolicyStore({ database: database.open() })
  const versions: PolicyVersion[] = []
  const add = async (change: Partial<PolicyVersion> = {}) => {
    const version = await store.add(versions.length, draft(change))
    versions.push(version)
    return version
  }

  test('a pinned version is the current one until it is released, and who pinned it is kept', async () => {
    await add()
    await add({ reason: 'second' })
    expect(await store.pinned()).toBeNull()
    await store.pin(1, { author: 'anna', reason: 'the second one hides too much' })
    expect(await store.pinned()).toBe(1)
    expect(await store.current()).toEqual(versions[0])
    await store.pin(null, { author: 'anna', reason: 'mended' })
    expect(await store.current()).toEqual(versions[1])
    expect(
      await asRole(database.serviceUrl, 'select version, author, reason from scrim_policy_pin order by pin_id'),
    ).toEqual([
      { version: 1, author: 'anna', reason: 'the second one hides too much' },
      { version: null, author: 'anna', reason: 'mended' },
    ])
  })

  test('a version that is not there cannot be pinned', async () => {
    await expect(store.pin(99, { author: 'a', reason: 'r' })).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
    expect(await store.pinned()).toBeNull()
  })

  test('a writer that finds the number being taken waits, and then has lost', async () => {
    const before = versions.length
    let late: Promise<unknown> | undefined
    await database.open().transaction(async query => {
      const text = `insert into scrim_policy_version (version, documents, author, reason, origin, patch) values ($1, '[]', 'a', 'r', 'rest', '[]')`
      await query({ text }, [before + 1])
      late = expect(store.add(before, draft())).rejects.toMatchObject({ code: 'POLICY_CONFLICT' })
      const waiting = `select from pg_stat_activity where wait_event_type = 'Lock' and query like '%insert into scrim_policy_version%'`
      await until(
        'it to wait',
        async () =>
          (await database.asOwner(waiting)).length > 0 || (await asRole(database.serviceUrl, waiting)).length > 0,
      )
    })
    await late
    versions.push((await store.get(before + 1)) ?? expect.fail('not there'))
  })

  const odd = ['\u0000', '\ud800', 'a\u0000b']
  test.each(odd)('what Postgres cannot store is the fault of the author (%j)', async text => {
    const [document] = draft().documents
    for (const change of [
      { documents: [{ ...document, description: text }] },
      { reason: text },
      { author: text },
      { patch: [{ value: text }] },
    ]) {
      const adding = store.add(versions.length, draft(change as Partial<PolicyVersion>))
      await expect(adding).rejects.toMatchObject({ code: 'POLICY_SHAPE' })
    }
  })

  test('a text that only looks like it is stored', async () => {
    const texts = ['\\u0000', '\\\\ud800', '\u0001', '😀']
    const added = await add({ patch: texts, reason: '\\u0000 😀' })
    expect(await store.get(added.version)).toEqual(added)
  })

  test('another instance hears of versions and pins, also after its connection was lost', async () => {
    const listener = database.open({ applicationName: 'listener' })
    const stop = new AbortController()
    const changed = vi.fn()
    const watching = createPolicyStore({ database: listener, pause: async () => {} }).watch(changed, stop.signal)
    const heard = async (times: number) => until(`${times} calls`, () => changed.mock.calls.length >= times)
    await heard(1) // it listens
    await add()
    await heard(2)
    await store.pin(null, { author: 'a', reason: 'r' })
    await heard(3)
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'listener'`
    await database.open().query({ text: cut })
    await heard(4) // something may have been missed
    await add()
    await heard(5)
    expect(changed).toHaveBeenCalledTimes(5)
    stop.abort()
    await watching
    const left = await database.asOwner(`select pid from pg_stat_activity where application_name = 'listener'`)
    expect(left).toEqual([])
  })

  test('a watch that waits for Postgres ends at the signal', async () => {
    const away = createPool('postgres://nobody@127.0.0.1:1/none', { applicationName: 'x' })
    const stop = new AbortController()
    const paused = Promise.withResolvers<void>()
    const pause = (_ms: number, signal: AbortSignal) => {
      paused.resolve()
      return new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const watching = createPolicyStore({ database: away, pause }).watch(
      () => expect.fail('nobody is there'),
      stop.signal,
    )
    await paused.promise
    stop.abort()
    await watching
    await away.end()
  })
})
