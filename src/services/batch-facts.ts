import type { Departure, MaskedBatch, RawBatch } from '../pipeline/batch.ts'
import type { TopicPlan } from '../pipeline/plan.ts'
import { sizeOf, sourcesOf } from '../pipeline/serialize/masked-batch.ts'
import type { BatchFacts } from './ports/stream.ts'

/** What a batch amounted to, for each of its views. */
export function batchFacts(
  raw: RawBatch,
  { views }: TopicPlan,
  published: readonly MaskedBatch[],
  departures: readonly Departure[],
  seconds: number,
): BatchFacts[] {
  return published.map((batch, n) => {
    const dropped: Record<string, number> = {}
    const rejected: Record<string, number> = {}
    for (const departure of departures) {
      if (departure.view !== batch.view) continue
      const [tally, name] = departure.kind === 'drop' ? [dropped, departure.reason] : [rejected, departure.code]
      tally[name] = (tally[name] ?? 0) + 1
    }
    return {
      topic: raw.topic,
      view: batch.view,
      published: sourcesOf(batch),
      dropped,
      rejected,
      unmatched: views.find(({ view }) => view === batch.view)?.takeUnmatched() ?? [],
      rawBytes: n === 0 ? sizeOf(raw) : 0, // read once, however many views it has
      maskedBytes: sizeOf(batch),
      seconds,
      oldestTimestampMs: raw.timestamps[0] ?? 0,
    }
  })
}
