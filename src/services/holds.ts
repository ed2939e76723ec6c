import { partitionId } from './partition-id.ts'
import type { HeldPartition, RawSource } from './ports/stream.ts'

type Partition = Pick<HeldPartition, 'topic' | 'partition'>

/** The partitions that do not go on: held until somebody acts, or waiting for something that is away. */
export interface Holds {
  readonly add: (held: HeldPartition) => void
  /** Its batch is tried again and again; it heals by itself, but readiness should say why it stands. */
  readonly waits: (waiting: HeldPartition) => void
  /** Its batch waits for nothing any more. */
  readonly goesOn: (partition: Partition) => void
  /** It was settled up to here: whatever held it before is over. */
  readonly settled: (partition: Partition, offset: bigint) => void
  /** The partitions went away: whoever has them now says why they stand. */
  readonly endAll: () => void
  /** Lets a held partition go on; it is looked at again from its held record. */
  readonly release: (partition: Partition) => void
  /** Lets all that are held go on; each is looked at again from its held record. */
  readonly releaseAll: () => void
  readonly list: () => readonly HeldPartition[]
}

export function createHolds(source: Pick<RawSource, 'hold' | 'release'>): Holds {
  const held = new Map<string, HeldPartition>()
  const waiting = new Map<string, HeldPartition>()
  /** Those that ended with their partitions: a rebalance may bring one back, which has been standing all the time. */
  let ended: ReadonlyMap<string, HeldPartition> = new Map()
  return {
    add: hold => {
      waiting.delete(partitionId(hold))
      held.set(partitionId(hold), sinceFirst(held.get(partitionId(hold)) ?? ended.get(partitionId(hold)), hold))
      source.hold(hold.topic, hold.partition, BigInt(hold.offset))
    },
    waits: one => void waiting.set(partitionId(one), sinceFirst(waiting.get(partitionId(one)), one)),
    goesOn: partition => void waiting.delete(partitionId(partition)),
    settled: (partition, offset) => {
      const hold = held.get(partitionId(partition))
      if (hold !== undefined && BigInt(hold.offset) < offset) held.delete(partitionId(partition))
    },
    endAll: () => {
      ended = new Map(held)
      held.clear()
      waiting.clear()
    },
    release: partition => {
      if (held.delete(partitionId(partition))) source.release(partition.topic, partition.partition)
    },
    releaseAll: () => {
      const all = [...held.values()]
      held.clear()
      for (const { topic, partition } of all) source.release(topic, partition)
    },
    list: () => [...held.values(), ...waiting.values()],
  }
}

/** The same reason at the same record: it has been standing since then. */
const sinceFirst = (known: HeldPartition | undefined, now: HeldPartition): HeldPartition =>
  known?.offset === now.offset && known.code === now.code ? known : now
