import { setImmediate } from 'node:timers/promises'
import { ScrimError } from '../../src/errors.ts'
import type { PolicyStore, PolicyVersion, StoreChange } from '../../src/services/ports/policies.ts'

/** What several instances share: the table. */
export interface MemoryPolicyTable {
  readonly versions: PolicyVersion[]
  readonly watchers: Set<(how: StoreChange) => void>
  pinned: number | null
  /** While true every call fails as a database that is away would. */
  isAway: boolean
}

export const createMemoryPolicyTable = (): MemoryPolicyTable => ({
  versions: [],
  watchers: new Set(),
  pinned: null,
  isAway: false,
})

/** A PolicyStore in memory, held to the same contract as the one in Postgres. */
export function createMemoryPolicyStore(table: MemoryPolicyTable = createMemoryPolicyTable()): PolicyStore {
  const reach = async (): Promise<void> => {
    await setImmediate()
    if (table.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
  }
  const copy = (version: PolicyVersion): PolicyVersion => structuredClone(version)
  const find = (number: number | null): PolicyVersion | null => {
    const found = table.versions.find(({ version }) => version === number)
    return found === undefined ? null : copy(found)
  }
  return {
    current: async () => {
      await reach()
      return find(table.pinned ?? table.versions.at(-1)?.version ?? null)
    },
    get: async version => {
      await reach()
      return find(version)
    },
    list: async (limit, before = Number.POSITIVE_INFINITY) => {
      await reach()
      return table.versions
        .filter(({ version }) => version < before)
        .reverse()
        .slice(0, limit)
        .map(version => {
          const { documents: _documents, ...rest } = copy(version)
          return rest
        })
    },
    add: async (base, version) => {
      await reach()
      if (table.pinned !== null) throw new ScrimError('POLICY_PINNED', { path: `version ${table.pinned}` })
      if ((table.versions.at(-1)?.version ?? 0) !== base) throw new ScrimError('POLICY_CONFLICT')
      const added = copy({ ...version, version: base + 1, at: new Date() })
      table.versions.push(added)
      for (const watcher of table.watchers) watcher('version')
      return copy(added)
    },
    lastImport: async () => {
      await reach()
      const last = table.versions.findLast(({ filesDigest }) => filesDigest !== null)
      return last?.filesDigest == null ? null : { digest: last.filesDigest, version: last.version }
    },
    pin: async version => {
      await reach()
      if (version !== null && find(version) === null)
        throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${version}` })
      table.pinned = version
      for (const watcher of table.watchers) watcher('version')
    },
    pinned: async () => {
      await reach()
      return table.pinned
    },
    lookAgain: async () => {
      await reach()
      for (const watcher of table.watchers) watcher('look again')
    },
    watch: async (changed, signal) => {
      await reach()
      if (signal.aborted) return
      table.watchers.add(changed)
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      table.watchers.delete(changed)
    },
  }
}
