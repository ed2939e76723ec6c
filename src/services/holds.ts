import type { HeldPartition, RawSource } from './ports/stream.ts'

type Partition = Pick<HeldPartition, 'topic' | 'partition'>

/** The partitions that do not go on: held until somebody acts, or waiting for something that is away. */
export interface Holds {
  readonly add: (held: HeldPartition) => void
  /** Its batch is tried again and again; it heals by itself, but readiness should say why it stands. */
  readonly waits: (waiting: HeldPartition) => void
  readonly goesOn: (partition: Partition) => void
  /** Lets a held partition go on; it is looked at again from its held record. */
  readonly release: (partition: Partition) => void
  /** Lets all that are held go on; each is looked at again from its held record. */
  readonly releaseAll: () => void
  readonly list: () => readonly HeldPartition[]
}

export function createHolds(source: Pick<RawSource, 'hold' | 'release'>): Holds {
  const held = new Map<string, HeldPartition>()
  const waiting = new Map<string, HeldPartition>()
  return {
    add: hold => {
      held.set(idOf(hold), sinceFirst(held.get(idOf(hold)), hold))
      source.hold(hold.topic, hold.partition, BigInt(hold.offset))
    },
    waits: one => void waiting.set(idOf(one), sinceFirst(waiting.get(idOf(one)), one)),
    goesOn: partition => void waiting.delete(idOf(partition)),
    release: partition => {
      if (held.delete(idOf(partition))) source.release(partition.topic, partition.partition)
    },
    releaseAll: () => {
      const all = [...held.values()]
      held.clear()
      for (const { topic, partition } of all) source.release(topic, partition)
    },
    list: () => [...held.values(), ...waiting.values()],
  }
}

const idOf = ({ topic, partition }: Partition): string => `${topic}/${partition}`

/** The same reason at the same record: it has been standing since then. */
const sinceFirst = (known: HeldPartition | undefined, now: HeldPartition): HeldPartition =>
  known?.offset === now.offset && known.code === now.code ? known : now
