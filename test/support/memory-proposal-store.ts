import { setImmediate } from 'node:timers/promises'
import { ScrimError } from '../../src/errors.ts'
import type { PolicyStore, PublishedKeyStore } from '../../src/services/ports/policies.ts'
import type { Closing, Proposal, ProposalStore } from '../../src/services/ports/proposals.ts'
import type { MemoryPolicyTable } from './memory-policy-store.ts'

export interface MemoryProposals {
  readonly rows: (Proposal & { readonly basePin: number | null })[]
}

/** Proposals in memory, held to the same contract as those in Postgres. */
export function createMemoryProposalStore(
  { rows }: MemoryProposals,
  table: MemoryPolicyTable,
  policies: PolicyStore,
  keys: Pick<PublishedKeyStore, 'forget'>,
): ProposalStore {
  const latest = (): number => table.versions.at(-1)?.version ?? 0
  const reach = async (): Promise<void> => {
    await setImmediate()
    if (table.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
  }
  const standing = ({ basePin, ...row }: MemoryProposals['rows'][number]): Proposal => {
    const isPast = row.baseVersion !== latest() || (row.wanted.action === 'pin' && basePin !== table.pinned)
    return structuredClone(row.state === 'open' && isPast ? { ...row, state: 'stale' as const } : row)
  }
  const find = (id: string): MemoryProposals['rows'][number] => {
    const found = rows.find(row => row.id === id)
    if (found === undefined) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'proposal' })
    return found
  }
  const put = (id: string, change: Partial<Proposal>): void => {
    rows[rows.indexOf(find(id))] = { ...find(id), ...change }
  }
  const close = (id: string, state: Proposal['state'], { author: by, reason }: Closing): void => {
    const found = find(id)
    if (state === 'approved' && found.author === by) throw new ScrimError('POLICY_APPROVAL_SAME_PERSON')
    if (found.state !== 'open') throw new ScrimError('POLICY_PROPOSAL_CLOSED', { path: found.state })
    put(id, { state, closed: { by, at: new Date(), reason } })
  }
  /** Both or neither. */
  const approve = async <T>(id: string, by: Closing, effect: (proposal: Proposal) => Promise<T>): Promise<T> => {
    await reach()
    const before = { ...find(id) }
    const seen = standing(before)
    close(id, 'approved', by)
    try {
      return await effect(seen)
    } catch (error) {
      put(id, before)
      throw error
    }
  }
  return {
    add: async ({ baseVersion, ...draft }) => {
      await reach()
      const { wanted } = draft
      const digest = wanted.action === 'set' ? wanted.filesDigest : null
      const base = baseVersion ?? latest()
      const same = rows.find(
        row =>
          digest !== null &&
          row.state === 'open' &&
          row.baseVersion === base &&
          row.wanted.action === 'set' &&
          row.wanted.filesDigest === digest,
      )
      if (same !== undefined) return standing(same)
      const row = {
        ...structuredClone(draft),
        id: String(rows.length + 1),
        at: new Date(),
        baseVersion: base,
        basePin: table.pinned,
        state: 'open' as const,
        closed: null,
        version: null,
      }
      rows.push(row)
      return standing(row)
    },
    get: async id => {
      await reach()
      const found = rows.find(row => row.id === id)
      return found === undefined ? null : standing(found)
    },
    list: async ({ state, limit, before }) => {
      await reach()
      return rows
        .map(standing)
        .filter(row => (state === undefined || row.state === state) && (before === undefined || +row.id < +before))
        .reverse()
        .slice(0, limit)
        .map(({ wanted: { action }, ...row }) => ({ ...row, action }))
    },
    ofFiles: async (digest, baseVersion) => {
      await reach()
      const found = rows.findLast(
        ({ wanted, baseVersion: base }) =>
          wanted.action === 'set' && wanted.filesDigest === digest && base === baseVersion,
      )
      return found === undefined ? null : standing(found)
    },
    close: async (id, state, by) => {
      await reach()
      close(id, state, by)
    },
    approveSet: (id, by, { documents, patch }) =>
      approve(id, by, async ({ wanted, author, reason, baseVersion }) => {
        if (wanted.action !== 'set') throw new ScrimError('INTERNAL')
        const { origin, filesDigest } = wanted
        const draft = { documents, patch, author, approver: by.author, reason, origin, filesDigest }
        const version = await policies.add(baseVersion, draft)
        put(id, { version: version.version })
        return version
      }),
    approvePin: (id, by) =>
      approve(id, by, async ({ wanted, state, author, reason }) => {
        if (wanted.action !== 'pin') throw new ScrimError('INTERNAL')
        if (state === 'stale') throw new ScrimError('POLICY_PROPOSAL_STALE')
        await policies.pin(wanted.version, { author, reason })
      }),
    approveForget: (id, by) =>
      approve(id, by, ({ wanted, author, reason }) => {
        if (wanted.action !== 'forget keys') throw new ScrimError('INTERNAL')
        return keys.forget(wanted.maskedTopic, { author, reason })
      }),
  }
}
