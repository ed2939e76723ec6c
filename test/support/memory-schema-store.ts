import { createHash } from 'node:crypto'
import { ScrimError } from '../../src/errors.ts'
import type { SchemaStore, SeenSchema } from '../../src/services/ports/policies.ts'

/** Seen schemas in memory; while `isAway` every call fails as a Postgres that does not answer. */
export function createMemorySchemaStore(): SchemaStore & { isAway: boolean; readonly stored: SeenSchema[] } {
  const stored: SeenSchema[] = []
  const store = {
    isAway: false,
    stored,
    remember: async (topic: string, part: 'key' | 'value', bytes: Buffer) => {
      if (store.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
      const digest = createHash('sha256').update(bytes).digest('hex')
      const at = stored.findIndex(one => one.topic === topic && one.part === part && one.digest === digest)
      const firstSeenAt = at < 0 ? new Date() : (stored[at]?.firstSeenAt ?? new Date())
      if (at >= 0) stored.splice(at, 1)
      stored.push({ topic, part, bytes: Buffer.from(bytes), digest, firstSeenAt, lastSeenAt: new Date() })
    },
    all: async () => {
      if (store.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
      return [...new Map(stored.map(one => [`${one.topic} ${one.part}`, one])).values()]
    },
  }
  return store
}
