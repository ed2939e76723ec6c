import { type RawBatch, SPANS_PER_RECORD, VALUE_END, VALUE_START } from '../../pipeline/batch.ts'
import { rowOfRecord } from '../../pipeline/record-key.ts'
import type { LetterReader, NewerRecords, RecordReader } from '../../services/ports/dead-letters.ts'
import type { KafkaClient } from './client.ts'
import { createRecordScan } from './record-scan.ts'

const TIMEOUT_MS = 30_000

export interface RecordReaderOptions {
  readonly client: KafkaClient
  /** The group that masks the topics. */
  readonly group: string
  readonly timeoutMs?: number
}

/** Reads raw records again. It needs no group of its own, so it leaves nothing behind on the broker. */
export function createRecordReader({
  client,
  group,
  timeoutMs = TIMEOUT_MS,
}: RecordReaderOptions): RecordReader & { readonly close: () => Promise<void> } {
  const records = createRecordScan({ client, timeoutMs })
  return {
    close: records.close,
    read: (topic, partition, offset) => readOne(records, topic, partition, offset),
    newer: async ({ topic, partition, offset, row, compacted }): Promise<NewerRecords> => {
      const own = await readOne(records, topic, partition, offset)
      const [committed, end] = await client.admin(async admin => {
        const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] })
        const ends = await admin.fetchTopicOffsets(topic)
        return [
          BigInt(offsets?.partitions.find(one => one.partition === partition)?.offset ?? -1),
          BigInt(ends.find(one => one.partition === partition)?.high ?? -1),
        ] as const
      })
      // To the end, not to where the group has committed: another instance may have published what it has not committed yet.
      let isFound = false
      const wasRead = await records.scan({ topic, partition, offset: offset + 1n }, end, batch => {
        isFound = hasRow(batch, row)
        return !isFound
      })
      if (isFound) return 'some'
      // Offsets that the group does not have, or that do not fit: the topic was made anew, or another group masked it.
      if (committed < 0n || committed > end || offset >= end) return 'unknown'
      if (own !== null && !hasRow(own, row)) return 'unknown'
      // Where compaction has taken the record itself, it may have taken the tombstone that followed, too.
      if (own === null && compacted) return 'unknown'
      // What was deleted between cannot be looked at.
      return wasRead ? 'none' : 'unknown'
    },
  }
}

export interface LetterReaderOptions {
  readonly client: KafkaClient
  readonly topic: string
  readonly timeoutMs?: number
}

/** Reads sealed letters from the dead-letter topic. */
export function createLetterReader({
  client,
  topic,
  timeoutMs = TIMEOUT_MS,
}: LetterReaderOptions): LetterReader & { readonly close: () => Promise<void> } {
  const records = createRecordScan({ client, timeoutMs })
  return {
    close: records.close,
    read: async (partition, offsets) => {
      const found = new Map<bigint, Buffer>()
      const wanted = new Set(offsets)
      const collect = (batch: RawBatch): boolean => {
        for (let n = 0; n < batch.count; n++) {
          const offset = batch.offsets[n] as bigint
          const start = batch.spans[n * SPANS_PER_RECORD + VALUE_START] as number
          if (!wanted.delete(offset) || start < 0) continue
          found.set(offset, Buffer.from(batch.bytes.subarray(start, batch.spans[n * SPANS_PER_RECORD + VALUE_END])))
        }
        return wanted.size > 0
      }
      for (const run of runsOf([...wanted].sort((a, b) => Number(a - b)))) {
        const end = (run.at(-1) ?? -1n) + 1n
        for (const offset of run) {
          // Where the first are gone by retention, the later ones may still be there.
          if (wanted.has(offset) && (await records.scan({ topic, partition, offset }, end, collect))) break
        }
      }
      return found
    },
  }
}

/** So near to each other that reading what lies between is quicker than asking again. */
const NEAR = 200n

function runsOf(ascending: readonly bigint[]): bigint[][] {
  const runs: bigint[][] = []
  for (const offset of ascending) {
    const run = runs.at(-1)
    if (run !== undefined && offset - (run.at(-1) as bigint) <= NEAR) run.push(offset)
    else runs.push([offset])
  }
  return runs
}

async function readOne(
  records: ReturnType<typeof createRecordScan>,
  topic: string,
  partition: number,
  offset: bigint,
): Promise<RawBatch | null> {
  let found: RawBatch | null = null
  await records.scan({ topic, partition, offset }, offset + 1n, batch => {
    if (batch.offsets[0] === offset) found = single(batch)
    return false
  })
  return found
}

/** The first record alone, in bytes of its own: the others of its batch need not be kept. */
function single(batch: RawBatch): RawBatch {
  const spans = batch.spans.slice(0, SPANS_PER_RECORD)
  const end = Math.max(...spans)
  return {
    ...batch,
    count: 1,
    bytes: Buffer.from(batch.bytes.subarray(0, Math.max(0, end))),
    spans,
    timestamps: batch.timestamps.slice(0, 1),
    offsets: batch.offsets.slice(0, 1),
  }
}

function hasRow(batch: RawBatch, row: Buffer): boolean {
  for (let n = 0; n < batch.count; n++) if (rowOfRecord(batch, n)?.equals(row)) return true
  return false
}
