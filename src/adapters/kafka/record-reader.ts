import { KEY_END, KEY_START, type RawBatch, SPANS_PER_RECORD, VALUE_END, VALUE_START } from '../../pipeline/batch.ts'
import { ScrimError } from '../../errors.ts'
import type { LetterReader, RecordReader } from '../../services/ports.ts'
import type { KafkaClient } from './client.ts'
import { createRecordScan } from './record-scan.ts'

const TIMEOUT_MS = 30_000

export interface RecordReaderOptions {
  readonly client: KafkaClient
  /** The group whose committed offsets say what was published. */
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
    hasNewer: async (topic, partition, offset, key) => {
      const [offsets] = await client.admin(admin => admin.fetchOffsets({ groupId: group, topics: [topic] }))
      const committed = BigInt(offsets?.partitions.find(one => one.partition === partition)?.offset ?? -1)
      let isFound = false
      const wasRead = await records.scan({ topic, partition, offset: offset + 1n }, committed, batch => {
        isFound = hasKey(batch, key, committed)
        return !isFound && (batch.offsets[batch.count - 1] as bigint) < committed
      })
      // What was deleted between cannot be looked at, and a guess would overtake.
      if (!wasRead && !isFound)
        throw new ScrimError('REPLAY_UNREADABLE', { topic, partition, offset: String(offset), path: 'newer records' })
      return isFound
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
    read: async (partition, offset) => {
      const letter = await readOne(records, topic, partition, offset)
      if (letter === null || (letter.spans[VALUE_START] as number) < 0) return null
      return Buffer.from(letter.bytes.subarray(letter.spans[VALUE_START], letter.spans[VALUE_END]))
    },
  }
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

function hasKey({ bytes, spans, offsets, count }: RawBatch, key: Buffer, below: bigint): boolean {
  for (let i = 0; i < count && (offsets[i] as bigint) < below; i++) {
    const start = spans[i * SPANS_PER_RECORD + KEY_START] as number
    const end = spans[i * SPANS_PER_RECORD + KEY_END] as number
    if (start >= 0 && end - start === key.length && key.compare(bytes, start, end) === 0) return true
  }
  return false
}
