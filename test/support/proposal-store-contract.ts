import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { PolicyStore, PolicyVersion, PublishedKeyStore } from '../../src/services/ports/policies.ts'
import type { ProposalDraft, ProposalStore, Wanted } from '../../src/services/ports/proposals.ts'
import { aPolicy } from './policy-documents.ts'

export interface OpenedProposalStore {
  /** Two instances over the same, empty storage. */
  readonly store: ProposalStore
  readonly other: ProposalStore
  readonly policies: PolicyStore
  readonly keys: PublishedKeyStore
  readonly close: () => Promise<void>
}

const anna = { author: 'anna', reason: 'because' }
const bob = { author: 'bob', reason: 'looked at' }
const set = (name = 'b', filesDigest: string | null = null): Wanted => ({
  action: 'set',
  documents: [aPolicy(name)],
  origin: filesDigest === null ? 'rest' : 'files',
  filesDigest,
})
const draft = (wanted: Wanted = set(), baseVersion: number | null = 1): ProposalDraft => ({
  ...anna,
  wanted,
  baseVersion,
})
const version: Omit<PolicyVersion, 'version' | 'at'> = {
  ...anna,
  approver: null,
  documents: [aPolicy('a')],
  origin: 'rest',
  patch: [],
  filesDigest: null,
}
const change = { documents: [aPolicy('b')], patch: [{ op: 'add', path: '/b' }] }

/** What every ProposalStore promises; run over the one in memory and the one in Postgres. */
export function proposalStoreContract(name: string, open: () => Promise<OpenedProposalStore>): void {
  describe(`${name} keeps the promises of a proposal store`, () => {
    let opened: OpenedProposalStore
    let store: ProposalStore
    let other: ProposalStore
    let policies: PolicyStore

    beforeEach(async () => {
      opened = await open()
      ;({ store, other, policies } = opened)
      await policies.add(0, version)
    })
    afterEach(() => opened.close())

    const wishes: [name: string, wanted: Wanted][] = [
      ['a set', set()],
      ['files', set('b', 'd1')],
      ['a pin', { action: 'pin', version: 1 }],
      ['the end of a pin', { action: 'pin', version: null }],
      ['keys that are forgotten', { action: 'forget keys', maskedTopic: 'raw.a.masked' }],
    ]
    test.each(wishes)('%s comes back as it was proposed, from every instance', async (_name, wanted) => {
      const added = await store.add(draft(wanted))
      expect(added).toEqual({
        ...draft(wanted),
        id: added.id,
        at: added.at,
        baseVersion: 1,
        state: 'open',
        closed: null,
        version: null,
      })
      expect(await other.get(added.id)).toEqual(added)
      const { wanted: _wanted, ...entry } = added
      expect(await other.list({ limit: 10 })).toEqual([{ ...entry, action: wanted.action }])
    })

    test('what is not there is not there', async () => {
      for (const id of ['7', '0', '-1', 'x', '99999999999999999999']) {
        expect(await store.get(id)).toBeNull()
        await expect(store.close(id, 'rejected', bob)).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
        await expect(store.approveSet(id, bob, change)).rejects.toMatchObject({ code: 'REQUEST_NOT_FOUND' })
      }
    })

    test('they are listed newest first, by state, page by page', async () => {
      const ids: string[] = []
      for (const name of ['b', 'c', 'd']) ids.unshift((await store.add(draft(set(name)))).id)
      await store.close(ids[1] ?? '', 'rejected', bob)
      const listed = async (filter: object) => (await store.list({ limit: 10, ...filter })).map(({ id }) => id)
      expect(await listed({})).toEqual(ids)
      expect(await listed({ state: 'open' })).toEqual([ids[0], ids[2]])
      expect(await listed({ state: 'rejected' })).toEqual([ids[1]])
      expect(await listed({ limit: 1, before: ids[0] })).toEqual([ids[1]])
    })

    test('an approved set is a version with both names, and the proposal tells it', async () => {
      const { id } = await store.add(draft())
      const made = await other.approveSet(id, bob, change)
      expect(made).toMatchObject({ version: 2, ...anna, approver: 'bob', origin: 'rest', ...change })
      expect(await policies.current()).toEqual(made)
      expect(await store.get(id)).toMatchObject({
        state: 'approved',
        version: 2,
        closed: { by: 'bob', reason: 'looked at', at: expect.any(Date) },
      })
    })

    test('nobody approves what is his own', async () => {
      const { id } = await store.add(draft())
      await expect(store.approveSet(id, anna, change)).rejects.toMatchObject({ code: 'POLICY_APPROVAL_SAME_PERSON' })
      expect(await store.get(id)).toMatchObject({ state: 'open', closed: null })
      expect(await policies.list(10)).toHaveLength(1)
    })

    test('it is closed once', async () => {
      const { id } = await store.add(draft())
      await store.close(id, 'withdrawn', anna)
      for (const attempt of [
        () => other.close(id, 'rejected', bob),
        () => other.approveSet(id, bob, change),
        () => store.close(id, 'withdrawn', anna),
      ])
        await expect(attempt()).rejects.toMatchObject({
          code: 'POLICY_PROPOSAL_CLOSED',
          where: { path: 'withdrawn' },
        })
      expect(await policies.list(10)).toHaveLength(1)
    })

    test('of many approvals at the same time exactly one makes a version', async () => {
      const { id } = await store.add(draft())
      const attempts = await Promise.allSettled(
        Array.from({ length: 8 }, (_, n) =>
          (n % 2 === 0 ? store : other).approveSet(id, { ...bob, author: `b${n}` }, change),
        ),
      )
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      for (const attempt of attempts)
        if (attempt.status === 'rejected') expect(attempt.reason).toMatchObject({ code: 'POLICY_PROPOSAL_CLOSED' })
      expect(await policies.list(10)).toHaveLength(2)
    })

    test('of two proposals on one version one becomes the next; the other is stale and stays unapproved', async () => {
      const [one, two] = [await store.add(draft()), await store.add(draft(set('c')))]
      const attempts = await Promise.allSettled([
        store.approveSet(one.id, bob, change),
        other.approveSet(two.id, bob, change),
      ])
      expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
      expect(attempts.find(({ status }) => status === 'rejected')).toMatchObject({
        reason: { code: 'POLICY_CONFLICT' },
      })
      expect((await store.list({ limit: 10 })).map(({ state }) => state).sort()).toEqual(['approved', 'stale'])
      expect(await store.list({ state: 'open', limit: 10 })).toEqual([])
      expect(await policies.list(10)).toHaveLength(2)
    })

    test('a stale one can be rejected', async () => {
      const { id } = await store.add(draft())
      await policies.add(1, version)
      expect(await store.get(id)).toMatchObject({ state: 'stale' })
      await store.close(id, 'rejected', bob)
      expect(await store.get(id)).toMatchObject({ state: 'rejected', version: null })
    })

    test('while a version is pinned no set is approved, and the proposal waits on', async () => {
      const { id } = await store.add(draft())
      await policies.pin(1, bob)
      await expect(store.approveSet(id, bob, change)).rejects.toMatchObject({ code: 'POLICY_PINNED' })
      expect(await store.get(id)).toMatchObject({ state: 'open' })
    })

    test('a pin is approved on the set and the pin that it was proposed on', async () => {
      const [pin, again, free] = [
        await store.add(draft({ action: 'pin', version: 1 }, null)),
        await store.add(draft({ action: 'pin', version: 1 }, null)),
        await store.add(draft({ action: 'pin', version: null }, null)),
      ]
      await store.approvePin(pin.id, bob)
      expect(await policies.pinned()).toBe(1)
      for (const { id } of [again, free]) {
        expect(await store.get(id)).toMatchObject({ state: 'stale' })
        await expect(other.approvePin(id, bob)).rejects.toMatchObject({ code: 'POLICY_PROPOSAL_STALE' })
      }
      const { id } = await store.add(draft({ action: 'pin', version: null }, null))
      await other.approvePin(id, bob)
      expect(await policies.pinned()).toBeNull()
    })

    test('keys are forgotten by an approval', async () => {
      const key = {
        topic: 'raw.a',
        maskedTopic: 'raw.a.masked',
        column: 'id',
        mask: 'none',
        keyId: null,
        keyCheck: null,
      }
      await opened.keys.remember([key])
      const { id } = await store.add(draft({ action: 'forget keys', maskedTopic: key.maskedTopic }, null))
      expect(await opened.keys.all()).toHaveLength(1)
      expect(await other.approveForget(id, bob)).toEqual(['id'])
      expect(await opened.keys.all()).toEqual([])
    })

    test('the same files on the same version are proposed once, by however many instances', async () => {
      const added = await Promise.all([store, other, store].map(one => one.add(draft(set('b', 'd1')))))
      expect(new Set(added.map(({ id }) => id)).size).toBe(1)
      expect(await store.ofFiles('d1', 1)).toMatchObject({ id: added[0]?.id, state: 'open' })
      expect(await store.ofFiles('d1', 2)).toBeNull()
      expect(await store.ofFiles('d2', 1)).toBeNull()
      await store.close(added[0]?.id ?? '', 'rejected', bob)
      expect(await store.ofFiles('d1', 1)).toMatchObject({ state: 'rejected' })
      expect((await other.add(draft(set('b', 'd1')))).id).not.toBe(added[0]?.id)
    })
  })
}
