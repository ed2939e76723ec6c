import { setImmediate } from 'node:timers/promises'
import { ScrimError } from '../../src/errors.ts'
import type { InstanceStore, SeenInstance } from '../../src/services/ports/instances.ts'
import type { MemoryPolicyTable } from './memory-policy-store.ts'

/** Instances in memory, held to the same contract as those in Postgres; `age` lets time pass. */
export function createMemoryInstanceStore(
  table: MemoryPolicyTable,
): InstanceStore & { readonly age: (id: string, ms: number) => void } {
  const rows = new Map<string, Omit<SeenInstance, 'silentMs'>>()
  const silentMs = ({ lastSeenAt }: { readonly lastSeenAt: Date }): number => Date.now() - lastSeenAt.getTime()
  const reach = async (): Promise<void> => {
    await setImmediate()
    if (table.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
  }
  return {
    age: (id, ms) => {
      const row = rows.get(id)
      if (row !== undefined) rows.set(id, { ...row, lastSeenAt: new Date(row.lastSeenAt.getTime() - ms) })
    },
    beat: async (report, keepMs) => {
      await reach()
      for (const [id, row] of rows) if (silentMs(row) > keepMs && id !== report.id) rows.delete(id)
      const known = rows.get(report.id)
      const since = known?.version === report.version ? known.since : report.version === null ? null : new Date()
      rows.set(report.id, { ...report, since, lastSeenAt: new Date() })
    },
    leave: async id => {
      await reach()
      rows.delete(id)
    },
    all: async () => {
      await reach()
      const instances = [...rows.values()].map(row => ({ ...row, silentMs: silentMs(row) }))
      const order = (one: SeenInstance): string => `${one.host} ${one.startedAt.toISOString()} ${one.id}`
      return {
        current: table.pinned ?? table.versions.at(-1)?.version ?? null,
        instances: instances.sort((a, b) => (order(a) < order(b) ? -1 : 1)),
      }
    },
  }
}
