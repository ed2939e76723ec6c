import { type BatchOutcome, type MaskedBatch, type RawBatch, SPANS_PER_RECORD } from '../../src/pipeline/batch.ts'
import { encodeHeaders, readHeaders } from '../../src/pipeline/headers.ts'
import type { NaiveRecord } from './naive-engine.ts'

/** Records laid out as the Kafka port does: one buffer, parts side by side. `gap` puts bytes of somebody else between records. */
export function rawBatch(
  records: readonly NaiveRecord[],
  { topic, partitions = 1, gap = '' }: { topic: string; partitions?: number; gap?: string },
): RawBatch {
  const spans = new Int32Array(records.length * SPANS_PER_RECORD).fill(-1)
  const parts: Buffer[] = []
  let at = 0
  const put = (bytes: Buffer): number => {
    parts.push(bytes)
    at += bytes.length
    return at
  }
  records.forEach(({ key, value, headers }, index) => {
    put(Buffer.from(gap))
    const encoded = headers.length === 0 ? null : encodeHeaders(headers.map(([name, one]) => ({ name, value: one })))
    for (const [n, part] of [key, value, encoded].entries()) {
      if (part === null) continue
      spans[index * SPANS_PER_RECORD + 2 * n] = at
      spans[index * SPANS_PER_RECORD + 2 * n + 1] = put(part)
    }
  })
  put(Buffer.from(gap))
  const timestamps = Float64Array.from(records, (_, index) => 1_795_000_000_000 + index)
  const offsets = BigInt64Array.from(records, (_, index) => BigInt(index))
  return {
    topic,
    partition: 0,
    partitions,
    count: records.length,
    bytes: Buffer.concat(parts),
    spans,
    timestamps,
    offsets,
  }
}

export type EngineOutcome =
  /** `follower`: a second record that the first one became. */
  | ({ readonly kind: 'publish'; readonly follower: NaiveRecord | null } & NaiveRecord)
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly code: string; readonly path: string }

/** What became of each record in one view, copied out of the lent buffers. */
export function outcomesOf(outcome: BatchOutcome, count: number): (EngineOutcome | undefined)[] {
  const list: (EngineOutcome | undefined)[] = new Array(count).fill(undefined)
  for (const batch of outcome.masked)
    for (let n = 0; n < batch.count; n++) {
      const index = batch.sources[n] as number
      const first = list[index]
      const record = recordAt(batch, n)
      if (first?.kind === 'publish') list[index] = { ...first, follower: record }
      else list[index] = { kind: 'publish', ...record, follower: null }
    }
  for (const departure of outcome.departures) {
    list[departure.index] =
      departure.kind === 'drop'
        ? { kind: 'drop', reason: departure.reason }
        : { kind: 'reject', code: departure.code, path: departure.path }
  }
  return list
}

/** The n-th masked record, copied out of the lent buffer. */
export function recordAt({ bytes, spans }: MaskedBatch, n: number): NaiveRecord {
  const part = (which: number): Buffer | null => {
    const start = spans[n * SPANS_PER_RECORD + 2 * which] as number
    return start < 0 ? null : Buffer.from(bytes.subarray(start, spans[n * SPANS_PER_RECORD + 2 * which + 1]))
  }
  const headers = part(2)
  const list =
    headers === null ? [] : readHeaders(headers, 0, headers.length).map(({ name, value }) => [name, value] as const)
  return { key: part(0), value: part(1), headers: list }
}
