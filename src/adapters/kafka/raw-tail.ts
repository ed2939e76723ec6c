import { ScrimError } from '../../errors.ts'
import { type RawBatch, SPANS_PER_RECORD } from '../../pipeline/batch.ts'
import type { RawTail } from '../../services/ports/dry-run.ts'
import type { KafkaClient } from './client.ts'
import { describeTopic, isCompacted } from './described-topic.ts'
import { createRecordScan } from './record-scan.ts'

const TIMEOUT_MS = 30_000

export interface RawTailOptions {
  readonly client: KafkaClient
  readonly timeoutMs?: number
}

/** A partition whose newest records are read backwards, in windows of offsets: gaps and markers make a window hold fewer. */
interface Tail {
  readonly partition: number
  readonly low: bigint
  /** Where the last window began. */
  from: bigint
  /** Offsets looked at for each record wanted: more, the thinner the records lie. */
  stretch: bigint
}

/** Reads the end of raw topics over connections of its own: no group, nothing committed. */
export function createRawTail({ client, timeoutMs = TIMEOUT_MS }: RawTailOptions): RawTail & {
  readonly close: () => Promise<void>
} {
  const records = createRecordScan({ client, timeoutMs })

  /** The records of [from, until), the first `skip` left out; how many there were. */
  async function walk(
    place: { readonly topic: string; readonly partition: number; readonly partitions: number },
    window: { readonly from: bigint; readonly until: bigint; readonly skip: number },
    visit: ((batch: RawBatch) => Promise<void>) | null,
    signal: AbortSignal,
  ): Promise<number> {
    const { topic, partition, partitions } = place
    let seen = 0
    await records.scan({ topic, partition, offset: window.from }, window.until, async batch => {
      const inside = batch.offsets.findIndex(offset => offset >= window.until)
      const to = inside < 0 ? batch.count : inside
      const from = Math.min(to, Math.max(0, window.skip - seen))
      seen += to
      if (visit !== null && to > from) await visit({ ...pieceOf(batch, from, to), partitions })
      return !signal.aborted && inside < 0
    })
    return seen
  }

  /** One more window of at most `wanted` records; returns how many it gave. */
  async function window(
    topic: string,
    partitions: number,
    tail: Tail,
    wanted: number,
    visit: (batch: RawBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<number> {
    const place = { topic, partition: tail.partition, partitions }
    const until = tail.from
    const span = BigInt(wanted) * tail.stretch
    const from = until - span < tail.low ? tail.low : until - span
    // As many offsets as are wanted can hold no more records; of more they are counted before the last of them are given.
    const most = until - from
    const skip =
      most <= BigInt(wanted) ? 0 : Math.max(0, (await walk(place, { from, until, skip: 0 }, null, signal)) - wanted)
    let first: bigint | null = null
    const giveOn = (batch: RawBatch): Promise<void> => {
      first ??= batch.offsets[0] ?? null
      return visit(batch)
    }
    // Compaction may have taken some since they were counted.
    const given = Math.max(0, (await walk(place, { from, until, skip }, giveOn, signal)) - skip)
    if (given * 2 < wanted) tail.stretch *= 4n
    // What was skipped may be wanted later.
    tail.from = skip > 0 && first !== null ? first : from
    return given
  }

  return {
    close: records.close,
    topics: () => client.admin(admin => admin.listTopics()),
    facts: async topic => {
      const described = await client.admin(admin => describeTopic(admin, topic))
      if (described === null) throw new ScrimError('KAFKA_TOPIC_MISSING', { topic })
      return { compacted: isCompacted(described) }
    },
    read: async (topic, count, visit, signal) => {
      const ends = await client.admin(admin => admin.fetchTopicOffsets(topic))
      const tails = ends
        .map(({ partition, low, high }): Tail => ({ partition, low: BigInt(low), from: BigInt(high), stretch: 1n }))
        .sort((a, b) => a.partition - b.partition)
      let left = count
      // The share that one partition cannot fill goes to those that have more.
      for (;;) {
        const open = tails.filter(({ from, low }) => from > low)
        if (open.length === 0 || left <= 0 || signal.aborted) return ends.length
        for (const [n, tail] of open.entries()) {
          const share = Math.ceil(left / (open.length - n))
          if (share > 0) left -= await window(topic, ends.length, tail, share, visit, signal)
          if (signal.aborted) return ends.length
        }
      }
    },
  }
}

/** Records [from, to) of a batch, over the same bytes. */
const pieceOf = (batch: RawBatch, from: number, to: number): RawBatch => ({
  ...batch,
  count: to - from,
  spans: batch.spans.subarray(from * SPANS_PER_RECORD, to * SPANS_PER_RECORD),
  timestamps: batch.timestamps.subarray(from, to),
  offsets: batch.offsets.subarray(from, to),
})
