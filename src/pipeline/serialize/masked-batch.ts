import { type MaskedBatch, OP_TOMBSTONE, type RawBatch, SPANS_PER_RECORD } from '../batch.ts'
import type { ViewPlan } from '../plan.ts'
import type { OutputBuffer } from './output-buffer.ts'

/** Collects the masked records of one raw batch and view. The only maker of `MaskedBatch`. */
export class MaskedBatchBuilder {
  private readonly spans: Int32Array
  private readonly timestamps: Float64Array
  private readonly sources: Int32Array
  private readonly operations: Uint8Array
  private readonly batch: RawBatch
  private readonly plan: ViewPlan
  private readonly output: OutputBuffer
  private count = 0

  constructor(batch: RawBatch, plan: ViewPlan, output: OutputBuffer) {
    this.batch = batch
    this.plan = plan
    this.output = output
    const most = batch.count * (plan.rules.rowFilter === null ? 1 : 2)
    this.spans = new Int32Array(most * SPANS_PER_RECORD)
    this.timestamps = new Float64Array(most)
    this.sources = new Int32Array(most)
    this.operations = new Uint8Array(most)
  }

  /** The record's parts lie at [key, value), [value, headers), [headers, end of output); a missing key or value is told apart from an empty one. */
  add(
    source: number,
    key: number,
    value: number,
    headers: number,
    hasKey: boolean,
    hasValue: boolean,
    operation: number,
  ): void {
    const at = this.count * SPANS_PER_RECORD
    const end = this.output.at
    this.spans[at] = hasKey ? key : -1
    this.spans[at + 1] = hasKey ? value : -1
    this.spans[at + 2] = hasValue ? value : -1
    this.spans[at + 3] = hasValue ? headers : -1
    this.spans[at + 4] = end > headers ? headers : -1
    this.spans[at + 5] = end > headers ? end : -1
    this.timestamps[this.count] = this.batch.timestamps[source] as number
    this.operations[this.count] = operation
    this.sources[this.count++] = source
  }

  /** A tombstone behind the record that was added last: the same key and headers, which stay where they are. */
  addTombstone(): void {
    const at = this.count * SPANS_PER_RECORD
    this.spans.copyWithin(at, at - SPANS_PER_RECORD, at)
    this.spans[at + 2] = -1
    this.spans[at + 3] = -1
    this.timestamps[this.count] = this.timestamps[this.count - 1] as number
    this.operations[this.count] = OP_TOMBSTONE
    this.sources[this.count] = this.sources[this.count - 1] as number
    this.count++
  }

  finish(): MaskedBatch {
    const { batch, plan, output, count, spans, timestamps, sources, operations } = this
    const { topic, partition } = { topic: plan.maskedTopic, partition: batch.partition }
    // The brand is a promise about this file alone, so the cast stands here and nowhere else.
    return {
      view: plan.view,
      topic,
      partition,
      count,
      bytes: output.bytes,
      spans,
      timestamps,
      sources,
      operations,
    } as unknown as MaskedBatch
  }
}

/** The records whose source lies before `index`: a held record takes all behind it back. */
export function before(batch: MaskedBatch, index: number): MaskedBatch {
  let count = batch.count
  while (count > 0 && (batch.sources[count - 1] as number) >= index) count--
  return count === batch.count ? batch : { ...batch, count }
}

/** The batch with some of its records only. */
export function only(batch: MaskedBatch, keeps: (n: number) => boolean): MaskedBatch {
  const kept = Int32Array.from({ length: batch.count }, (_, n) => n).filter(keeps)
  if (kept.length === batch.count) return batch
  const spans = new Int32Array(kept.length * SPANS_PER_RECORD)
  kept.forEach((n, at) => {
    spans.set(batch.spans.subarray(n * SPANS_PER_RECORD, (n + 1) * SPANS_PER_RECORD), at * SPANS_PER_RECORD)
  })
  return {
    ...batch,
    count: kept.length,
    spans,
    timestamps: Float64Array.from(kept, n => batch.timestamps[n] as number),
    sources: kept.map(n => batch.sources[n] as number),
    operations: Uint8Array.from(kept, n => batch.operations[n] as number),
  }
}

/** How many raw records have become these. */
export function sourcesOf({ sources, count }: MaskedBatch): number {
  let found = 0
  for (let n = 0; n < count; n++) if (n === 0 || sources[n] !== sources[n - 1]) found++
  return found
}

/** Bytes of keys, values and headers. */
export function sizeOf({ spans, count }: Pick<RawBatch, 'spans' | 'count'>): number {
  let bytes = 0
  for (let at = 0; at < count * SPANS_PER_RECORD; at += 2) {
    const start = spans[at] as number
    if (start >= 0) bytes += (spans[at + 1] as number) - start
  }
  return bytes
}
