import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PolicyDocument } from '../../src/policy/document.ts'
import type { PolicyStore, PolicyVersion, StoreChange } from '../../src/services/ports/policies.ts'

export interface OpenedPolicyStore {
  /** Two instances over the same, empty storage. */
  readonly store: PolicyStore
  readonly other: PolicyStore
  readonly close: () => Promise<void>
}

const document = (name: string): PolicyDocument => ({
  name,
  description: 'Ünïcödé जयपुर "quoted" \\ \u2028',
  resources: { topic: [`raw.${name}`] },
  maskingPolicy: { maskingConditions: [{ field: 'after.email', maskType: 'hash' }] },
})

const draft = (...names: string[]): Omit<PolicyVersion, 'version' | 'at'> => ({
  documents: names.map(document),
  author: 'anna',
  approver: null,
  reason: 'because',
  origin: 'rest',
  patch: [{ op: 'add', path: '/a', value: { nested: [1, null, true] } }],
  filesDigest: null,
})

/** What every PolicyStore promises; run over the one in memory and the one in Postgres. */
export function policyStoreContract(name: string, open: () => Promise<OpenedPolicyStore>): void {
  describe(`${name} keeps the promises of a policy store`, () => {
    let opened: OpenedPolicyStore
    let store: PolicyStore
    let other: PolicyStore

    beforeEach(async () => {
      opened = await open()
      store = opened.store
      other = opened.other
    })
    afterEach(() => opened.close())

    test('an empty store holds nothing', async () => {
      expect(await store.current()).toBeNull()
      expect(await store.get(1)).toBeNull()
      expect(await store.list(10)).toEqual([])
      expect(await store.lastImport()).toBeNull()
    })

    test('a version comes back as it was added, from every instance', async () => {
      const added = await store.add(0, draft('a', 'b'))
      expect(added.version).toBe(1)
      expect(added.at).toBeInstanceOf(Date)
      expect(Math.abs(added.at.getTime() - Date.now())).toBeLessThan(60_000)
      expect(added).toEqual({ ...draft('a', 'b'), version: 1, at: added.at })
      expect(await other.current()).toEqual(added)
      expect(await other.get(1)).toEqual(added)
    })

    test('the latest is the current one', async () => {
      await store.add(0, draft('a'))
      await other.add(1, draft('a', 'b'))
      expect((await store.current())?.version).toBe(2)
      expect((await store.get(1))?.documents).toHaveLength(1)
    })

    test('a version on top of an older one is refused and leaves no trace', async () => {
      await store.add(0, draft('a'))
      await expect(store.add(0, draft('b'))).rejects.toMatchObject({ code: 'POLICY_CONFLICT' })
      await expect(other.add(2, draft('b'))).rejects.toMatchObject({ code: 'POLICY_CONFLICT' })
      expect(await store.list(10)).toHaveLength(1)
      expect((await store.add(1, draft('b'))).version).toBe(2)
    })

    test('while a version is pinned none is added, whichever it is', async () => {
      await store.add(0, draft('a'))
      await store.add(1, draft('a', 'b'))
      for (const pinned of [1, 2]) {
        await store.pin(pinned, { author: 'anna', reason: 'look' })
        const refused = { code: 'POLICY_PINNED', where: { path: `version ${pinned}` } }
        for (const base of [1, 2]) await expect(other.add(base, draft('c'))).rejects.toMatchObject(refused)
        expect((await other.current())?.version).toBe(pinned)
      }
      expect(await store.list(10)).toHaveLength(2)
      await store.pin(null, { author: 'anna', reason: 'seen' })
      expect((await other.add(2, draft('c'))).version).toBe(3)
    })

    test('of many that add at the same time exactly one wins', async () => {
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? store : other).add(0, draft(`p${n}`))),
      )
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const attempt of attempts) {
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'POLICY_CONFLICT' })
      }
      expect(await store.list(10)).toHaveLength(1)
    })

    test('versions are listed newest first, without their documents, page by page', async () => {
      for (let base = 0; base < 5; base++) await store.add(base, draft('a'))
      const page = await store.list(2)
      expect(page.map(({ version }) => version)).toEqual([5, 4])
      expect(page[0]).not.toHaveProperty('documents')
      expect(page[0]).toMatchObject({ author: 'anna', reason: 'because', origin: 'rest', patch: draft('a').patch })
      expect((await store.list(10, 4)).map(({ version }) => version)).toEqual([3, 2, 1])
    })

    test('the last import is known after later changes', async () => {
      await store.add(0, { ...draft('a'), origin: 'files', filesDigest: 'one' })
      await store.add(1, { ...draft('a'), origin: 'files', filesDigest: 'two' })
      await store.add(2, draft('a', 'b'))
      expect(await other.lastImport()).toEqual({ digest: 'two', version: 2 })
    })

    test('a thousand policies fit', async () => {
      const names = Array.from({ length: 1000 }, (_, n) => `policy-${n}`)
      await store.add(0, draft(...names))
      expect((await other.current())?.documents).toHaveLength(1000)
    })

    test('another instance hears of a change, until the signal', async () => {
      const stop = new AbortController()
      const changed = vi.fn()
      const watching = other.watch(changed, stop.signal)
      for (let base = 0; changed.mock.calls.length === 0 && base < 100; base++) {
        await store.add(base, draft('a')) // the watch may begin a little later: change until it hears
        await vi
          .waitFor(() => expect(changed).toHaveBeenCalled(), { timeout: 1000, interval: 10 })
          .catch(() => undefined)
      }
      expect(changed).toHaveBeenCalled()
      stop.abort()
      await watching
    })

    test('a wish to look again reaches every instance, and is told from a change', async () => {
      const stop = new AbortController()
      const heard: StoreChange[][] = [[], []]
      const watching = [store, other].map((one, n) => one.watch(how => heard[n]?.push(how), stop.signal))
      for (let n = 0; n < 100 && !heard.every(changes => changes.includes('look again')); n++) {
        await store.lookAgain() // the watch may begin a little later
        await vi
          .waitFor(() => expect(heard.every(changes => changes.includes('look again'))).toBe(true), { interval: 10 })
          .catch(() => undefined)
      }
      expect(heard.every(changes => changes.includes('look again'))).toBe(true)
      const before = heard.map(changes => changes.filter(how => how === 'look again').length)
      await other.add(0, draft('a'))
      await vi.waitFor(() => expect(heard.every(changes => changes.at(-1) === 'version')).toBe(true))
      expect(heard.map(changes => changes.filter(how => how === 'look again').length)).toEqual(before)
      stop.abort()
      await Promise.all(watching)
    })
  })
}
