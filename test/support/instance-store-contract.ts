import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { InstanceReport, InstanceStore } from '../../src/services/ports/instances.ts'
import type { PolicyStore } from '../../src/services/ports/policies.ts'
import { aPolicy } from './policy-documents.ts'

export interface OpenedInstanceStore {
  /** Two instances over the same, empty storage. */
  readonly store: InstanceStore
  readonly other: InstanceStore
  readonly policies: PolicyStore
  /** Lets so much time pass since an instance was last seen. */
  readonly age: (id: string, ms: number) => Promise<void>
  readonly close: () => Promise<void>
}

const KEEP_MS = 60_000
const report = (change: Partial<InstanceReport> = {}): InstanceReport => ({
  id: randomUUID(),
  clientId: 'scrim',
  host: 'node-1',
  startedAt: new Date('2026-11-20T10:00:00Z'),
  version: 1,
  loadedFrom: 'store',
  code: null,
  ...change,
})

/** What every InstanceStore promises; run over the one in memory and the one in Postgres. */
export function instanceStoreContract(name: string, open: () => Promise<OpenedInstanceStore>): void {
  describe(`${name} keeps the promises of an instance store`, () => {
    let opened: OpenedInstanceStore
    let store: InstanceStore
    beforeEach(async () => {
      opened = await open()
      store = opened.store
    })
    afterEach(() => opened.close())

    test('an instance is seen by the others as it said', async () => {
      expect(await store.all()).toEqual({ current: null, instances: [] })
      const [one, two] = [
        report({ host: 'b' }),
        report({ host: 'a', version: null, loadedFrom: null, code: 'POLICY_REFUSED' }),
      ]
      await store.beat(one, KEEP_MS)
      await opened.other.beat(two, KEEP_MS)
      const { instances } = await opened.other.all()
      expect(instances).toMatchObject([{ ...two, since: null }, one])
      for (const { silentMs, lastSeenAt } of instances) {
        expect(silentMs).toBeGreaterThanOrEqual(0)
        expect(silentMs).toBeLessThan(60_000)
        expect(lastSeenAt).toBeInstanceOf(Date)
      }
    })

    test('`since` is when it took the version, however often it says so', async () => {
      const one = report()
      const seen = async () => (await store.all()).instances[0]
      await store.beat(one, KEEP_MS)
      const since = (await seen())?.since
      expect(since).toBeInstanceOf(Date)
      await opened.age(one.id, 5_000)
      await store.beat(one, KEEP_MS)
      expect(await seen()).toMatchObject({ since, version: 1 })
      expect((await seen())?.silentMs).toBeLessThan(5_000)
      await store.beat({ ...one, version: 2 }, KEEP_MS)
      expect((await seen())?.since?.getTime()).toBeGreaterThanOrEqual(since?.getTime() ?? Number.POSITIVE_INFINITY)
      expect((await store.all()).instances).toHaveLength(1)
    })

    test('who is silent is told so, and is forgotten after a while', async () => {
      const [one, two] = [report(), report({ host: 'node-2' })]
      await store.beat(one, KEEP_MS)
      await opened.other.beat(two, KEEP_MS)
      await opened.age(one.id, KEEP_MS - 10_000)
      await opened.other.beat(two, KEEP_MS)
      const silent = (await store.all()).instances.map(({ silentMs }) => silentMs >= KEEP_MS - 10_000)
      expect(silent).toEqual([true, false])
      await opened.age(one.id, 11_000)
      await opened.other.beat(two, KEEP_MS)
      expect((await store.all()).instances.map(({ id }) => id)).toEqual([two.id])
    })

    test('who stops is gone', async () => {
      const one = report()
      await store.beat(one, KEEP_MS)
      await store.leave(one.id)
      expect((await store.all()).instances).toEqual([])
      await store.leave(one.id)
    })

    test('the version that counts is the pinned one, else the latest', async () => {
      const draft = { documents: [aPolicy('a')], author: 'a', approver: null, reason: '', patch: [], filesDigest: null }
      for (const base of [0, 1]) await opened.policies.add(base, { ...draft, origin: 'rest' })
      expect((await store.all()).current).toBe(2)
      await opened.policies.pin(1, { author: 'a', reason: '' })
      await store.beat(report(), KEEP_MS)
      expect((await store.all()).current).toBe(1)
    })
  })
}
