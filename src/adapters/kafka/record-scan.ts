import { setTimeout as sleep } from 'node:timers/promises'
import { ScrimError } from '../../errors.ts'
import type { RawBatch } from '../../pipeline/batch.ts'
import type { KafkaClient, KafkaSession } from './client.ts'
import { kafkaError } from './kafka-error.ts'
import { type Cluster, protocolError } from './overrides/internals.ts'
import { type FetchedPartition, fetchRecords } from './wire/fetch.ts'
import { readRecords } from './wire/record-set.ts'
import { endOf, UnreadableRecords } from './wire/whole-batches.ts'

const MAX_BYTES = 4 * 1024 * 1024
const RETRY_MS = 200

/** Reads one partition from an offset on, outside of any group. */
export interface RecordScan {
  /** Hands over batch after batch until `visit` answers false, the end is reached, or the offset is gone (`false` comes back). */
  readonly scan: (from: Position, until: bigint, visit: Visit) => Promise<boolean>
  readonly close: () => Promise<void>
}

/** May take its time: nothing is fetched meanwhile. */
export type Visit = (batch: RawBatch) => boolean | Promise<boolean>

export interface Position {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

export interface RecordScanOptions {
  readonly client: KafkaClient
  /** A scan that comes no further for so long is given up as dependency. */
  readonly timeoutMs: number
}

export function createRecordScan({ client, timeoutMs }: RecordScanOptions): RecordScan {
  let open: { readonly session: KafkaSession; readonly cluster: Cluster } | undefined

  async function fetchOnce({ topic, partition, offset }: Position): Promise<FetchedPartition> {
    if (open === undefined) {
      const session = client.open()
      open = { session, cluster: session.cluster() }
    }
    const { cluster } = open
    if (!cluster.isConnected()) await cluster.connect()
    // Only this topic: kafkajs fails the whole answer when one of the topics asked for is gone.
    cluster.targetTopics = new Set([topic])
    await cluster.refreshMetadata()
    const leader = cluster
      .findTopicPartitionMetadata(topic)
      .find(({ partitionId }) => partitionId === partition)?.leader
    if (leader === undefined) throw protocolError(3) // UNKNOWN_TOPIC_OR_PARTITION
    const broker = await cluster.findBroker({ nodeId: leader })
    const limits = { maxWaitMs: 100, maxBytes: MAX_BYTES, maxBytesPerPartition: MAX_BYTES }
    const [answer] = await fetchRecords(broker, [{ topic, partition, offset }], limits)
    if (answer === undefined) throw new RangeError('an answer without a partition')
    return answer
  }

  // One scan at a time: they share the connection's metadata.
  let turn: Promise<unknown> = Promise.resolve()
  return {
    scan: (from, until, visit) => {
      const mine = turn.then(() => walk(from, until, visit))
      turn = mine.catch(() => {})
      return mine
    },
    close: async () => {
      open?.session.cut(true)
      open?.cluster.disconnect().catch(() => {})
      open = undefined
    },
  }

  async function walk(from: Position, until: bigint, visit: Visit): Promise<boolean> {
    const { topic, partition } = from
    let giveUpAt = performance.now() + timeoutMs
    for (let offset = from.offset; offset < until; ) {
      if (performance.now() > giveUpAt) throw new ScrimError('KAFKA_UNAVAILABLE', { topic, partition })
      let answer: FetchedPartition
      try {
        answer = await fetchOnce({ topic, partition, offset })
        if (answer.errorCode === 1) return false // OFFSET_OUT_OF_RANGE
        if (answer.errorCode !== 0) throw protocolError(answer.errorCode)
      } catch (error) {
        const problem = kafkaError(error, { topic, partition })
        if (problem.code !== 'KAFKA_UNAVAILABLE' || performance.now() > giveUpAt) throw problem
        await sleep(RETRY_MS)
        continue
      }
      try {
        const end = endOf(answer.records, offset)
        const place = { topic, partition, partitions: 1 }
        for (const batch of readRecords(answer.records, offset, answer.aborted, place, {
          records: 2_000,
          bytes: MAX_BYTES,
        })) {
          if (!(await visit(batch))) return true
        }
        // Nothing more that is committed.
        if (end === offset && answer.lastStableOffset <= offset) return true
        if (end > offset) giveUpAt = performance.now() + timeoutMs
        offset = end
      } catch (error) {
        if (error instanceof UnreadableRecords) return false
        throw error
      }
    }
    return true
  }
}
