import type { HeldPartition, RawSource } from './ports.ts'

/** The partitions that wait for somebody to act. */
export interface Holds {
  readonly add: (held: HeldPartition) => void
  /** Lets all go on; each is looked at again from its held record. */
  readonly releaseAll: () => void
  readonly list: () => readonly HeldPartition[]
}

export function createHolds(source: Pick<RawSource, 'hold' | 'release'>): Holds {
  const held = new Map<string, HeldPartition>()
  return {
    add: hold => {
      const id = `${hold.topic}/${hold.partition}`
      const known = held.get(id)
      // The same record again: it has been waiting since then.
      held.set(id, known?.offset === hold.offset && known.code === hold.code ? known : hold)
      source.hold(hold.topic, hold.partition, BigInt(hold.offset))
    },
    releaseAll: () => {
      const all = [...held.values()]
      held.clear()
      for (const { topic, partition } of all) source.release(topic, partition)
    },
    list: () => [...held.values()],
  }
}
