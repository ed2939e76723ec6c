import { type BatchOutcome, type Departure, HEADERS_START, type RawBatch, SPANS_PER_RECORD } from './batch.ts'
import { QuickScanner } from './decode/quick/quick-scanner.ts'
import { Unreadable } from './decode/scanner.ts'
import type { ToastMarkers } from './decode/toast.ts'
import type { TopicPlan, ViewPlan } from './plan.ts'
import { createRoad, type Road, setClock, travel } from './road.ts'
import { MaskedBatchBuilder } from './serialize/masked-batch.ts'
import { OutputBuffer } from './serialize/output-buffer.ts'

/** Raw batch in, masked batches and departures out; `road.ts` has the stages of one record. Its buffers are lent: the next call overwrites them. */
export type Transform = (batch: RawBatch, plan: TopicPlan) => BatchOutcome

/** One for each thread of work. `now` (milliseconds) is asked once for each batch, and only where an expression asks. */
export function createTransform(now: (() => number) | null = null): Transform {
  const roads = new WeakMap<ViewPlan, Road>()
  const scanners = new WeakMap<ToastMarkers, QuickScanner>()
  const outputs: OutputBuffer[] = []
  return (batch, plan) => {
    const departures: Departure[] = []
    const operations = new Uint8Array(batch.count)
    let nowMs: number | null = null
    const clock = now === null ? null : () => (nowMs ??= now())
    const masked = plan.views.map((view, n) => {
      const quick = scanners.get(view.toastMarkers) ?? new QuickScanner(view.toastMarkers)
      scanners.set(view.toastMarkers, quick)
      const road = roads.get(view) ?? createRoad(view, quick)
      roads.set(view, road)
      if (clock !== null) setClock(road, clock)
      quick.load(batch.bytes, ...extent(batch))
      const output = (outputs[n] ??= new OutputBuffer())
      output.reset()
      const records = new MaskedBatchBuilder(batch, view, output)
      for (let index = 0; index < batch.count; index++) {
        const start = output.at
        try {
          const dropped = travel(batch, index, road, output, records, operations)
          if (dropped === null) continue
          departures.push({ kind: 'drop', index, view: view.view, reason: dropped })
        } catch (error) {
          if (!(error instanceof Unreadable)) throw error
          const { walker } = road
          departures.push({
            kind: 'reject',
            index,
            view: view.view,
            code: walker.code(error),
            path: walker.path(error.at, error.code),
          })
        }
        output.at = start // what was written of a record that left is overwritten by the next
      }
      return records.finish()
    })
    departures.sort((a, b) => a.index - b.index)
    return { masked, departures, operations }
  }
}

/** Where keys and values begin and end in the batch's bytes. */
function extent({ spans, count }: RawBatch): [from: number, to: number] {
  let from = Number.POSITIVE_INFINITY
  let to = 0
  for (let at = 0; at < count * SPANS_PER_RECORD; at += SPANS_PER_RECORD) {
    for (let part = at; part < at + HEADERS_START; part += 2) {
      if ((spans[part] as number) < 0) continue
      from = Math.min(from, spans[part] as number)
      to = Math.max(to, spans[part + 1] as number)
    }
  }
  return to === 0 ? [0, 0] : [from, to]
}
