import { setImmediate } from 'node:timers/promises'
import { ScrimError } from '../../src/errors.ts'
import type { PublishedKey, PublishedKeyStore } from '../../src/services/ports/policies.ts'

/** Published keys in memory, held to the same contract as the store in Postgres. */
export function createMemoryPublishedKeyStore(): PublishedKeyStore & { isAway: boolean } {
  let kept: PublishedKey[] = []
  /** What was forgotten last, by masked topic. */
  const forgotten = new Map<string, readonly PublishedKey[]>()
  const isGone = (key: PublishedKey): boolean =>
    !kept.some(({ maskedTopic }) => maskedTopic === key.maskedTopic) &&
    (forgotten.get(key.maskedTopic) ?? []).some(
      gone => isSameColumn(gone, key) && gone.mask === key.mask && gone.keyCheck === key.keyCheck,
    )
  const reach = async (): Promise<void> => {
    await setImmediate()
    if (store.isAway) throw new ScrimError('POSTGRES_UNAVAILABLE')
  }
  const store: PublishedKeyStore & { isAway: boolean } = {
    isAway: false,
    remember: async keys => {
      await reach()
      if (keys.every(isGone)) return
      for (const key of keys) if (!kept.some(known => isSameColumn(known, key))) kept.push({ ...key })
    },
    all: async () => {
      await reach()
      return kept.map(key => ({ ...key }))
    },
    topics: async () => {
      await reach()
      return [...new Set([...kept, ...[...forgotten.values()].flat()].map(({ topic }) => topic))]
    },
    forget: async topic => {
      await reach()
      const gone = kept.filter(({ maskedTopic }) => maskedTopic === topic)
      kept = kept.filter(({ maskedTopic }) => maskedTopic !== topic)
      if (gone.length > 0) forgotten.set(topic, gone)
      return gone.map(({ column }) => column).sort()
    },
  }
  return store
}

const isSameColumn = (a: PublishedKey, b: PublishedKey): boolean =>
  a.maskedTopic === b.maskedTopic && a.column === b.column
