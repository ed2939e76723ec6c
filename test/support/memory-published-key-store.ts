import { setImmediate } from 'node:timers/promises'
import { ScrimError } from '../../src/errors.ts'
import type { PublishedKey, PublishedKeyStore } from '../../src/services/ports/policies.ts'

/** Published keys in memory, held to the same contract as the store in Postgres. */
export function createMemoryPublishedKeyStore(): PublishedKeyStore & { isAway: boolean } {
  let kept: PublishedKey[] = []
  const reach = async (): Promise<void> => {
    await setImmediate()
    if (store.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
  }
  const store: PublishedKeyStore & { isAway: boolean } = {
    isAway: false,
    remember: async key => {
      await reach()
      if (!kept.some(({ maskedTopic, column }) => maskedTopic === key.maskedTopic && column === key.column))
        kept.push({ ...key })
    },
    all: async () => {
      await reach()
      return kept.map(key => ({ ...key }))
    },
    forget: async topic => {
      await reach()
      const gone = kept.filter(({ maskedTopic }) => maskedTopic === topic)
      kept = kept.filter(({ maskedTopic }) => maskedTopic !== topic)
      return gone.map(({ column }) => column).sort()
    },
  }
  return store
}
