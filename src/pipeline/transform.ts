import {
  type BatchOutcome,
  type Departure,
  type DropReason,
  KEY_END,
  KEY_START,
  HEADERS_END,
  HEADERS_START,
  OP_TOMBSTONE,
  type RawBatch,
  SPANS_PER_RECORD,
  VALUE_END,
  VALUE_START,
} from './batch.ts'
import { Edits } from './decode/edits.ts'
import { operationOf } from './decode/operation.ts'
import { Unreadable } from './decode/scanner.ts'
import { decodeKey, decodeValue } from './decode/value.ts'
import { QuickScanner } from './decode/quick/quick-scanner.ts'
import type { ToastMarkers } from './decode/toast.ts'
import { Walker } from './decode/walk.ts'
import { dropByKind } from './filter/drop-by-kind.ts'
import { isSignal } from './filter/signal-table.ts'
import type { Layout } from './layout.ts'
import type { TopicPlan, ViewPlan } from './plan.ts'
import { HeaderWriter } from './serialize/header-writer.ts'
import { MaskedBatchBuilder } from './serialize/masked-batch.ts'
import { OutputBuffer } from './serialize/output-buffer.ts'
import { splice } from './serialize/splice.ts'

/** Raw batch in, masked batches and departures out. Its buffers are lent: the next call overwrites them. */
export type Transform = (batch: RawBatch, plan: TopicPlan) => BatchOutcome

/** One for each thread of work. */
export function createTransform(): Transform {
  const roads = new WeakMap<ViewPlan, Road>()
  const scanners = new WeakMap<ToastMarkers, QuickScanner>()
  const outputs: OutputBuffer[] = []
  return (batch, plan) => {
    const departures: Departure[] = []
    const operations = new Uint8Array(batch.count)
    const masked = plan.views.map((view, n) => {
      const quick = scanners.get(view.toastMarkers) ?? new QuickScanner(view.toastMarkers)
      scanners.set(view.toastMarkers, quick)
      const road = roads.get(view) ?? createRoad(view, quick)
      roads.set(view, road)
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

/** What one view needs from record to record. */
interface Road {
  readonly plan: ViewPlan
  readonly walker: Walker
  readonly headers: HeaderWriter
}

function createRoad(plan: ViewPlan, quick: QuickScanner): Road {
  const walker = new Walker(new Edits(), plan.toastMarkers, quick)
  return { plan, walker, headers: new HeaderWriter(plan, walker) }
}

/**
 * The road of one record: decode, filter, mask, project, serialize. The rules were bound to masks and projections when
 * the schema was first seen, so decoding leaves exactly the edits that serializing splices in. Null: it goes out.
 */
function travel(
  b: RawBatch,
  index: number,
  road: Road,
  output: OutputBuffer,
  records: MaskedBatchBuilder,
  operations: Uint8Array,
): DropReason | null {
  const { bytes, spans } = b
  const { walker, plan } = road
  const at = index * SPANS_PER_RECORD
  const keyStart = spans[at + KEY_START] as number
  const keyEnd = spans[at + KEY_END] as number
  const valueStart = spans[at + VALUE_START] as number
  const valueEnd = spans[at + VALUE_END] as number
  const headersStart = spans[at + HEADERS_START] as number

  walker.begin('value', Math.max(keyEnd, valueEnd))
  if (plan.isSignalTopic && isSignal(bytes, keyStart, keyEnd, valueStart, valueEnd)) return 'signal'

  const key = output.at
  walker.begin('key', keyEnd)
  let keyLayout: Layout | null = null
  try {
    if (keyStart >= 0) keyLayout = decodeKey(bytes, keyStart, keyEnd, plan, walker)
    if (keyStart >= 0) splice(bytes, keyStart, keyEnd, walker.edits, output)
  } catch (error) {
    const dropped = valueStart < 0 ? null : kindOf(bytes, valueStart, valueEnd, plan)
    if (dropped === null) throw error
    return dropped
  }

  const value = output.at
  let operation = OP_TOMBSTONE
  if (valueStart >= 0) {
    walker.begin('value', valueEnd)
    const shape = decodeValue(bytes, valueStart, valueEnd, plan, walker)
    walker.place = 'op'
    operation = operationOf(shape, walker.operation, valueStart)
    operations[index] = operation
    const dropped = dropByKind(shape, operation, b.partitions, plan.settings)
    if (dropped !== null) return dropped
    walker.place = ''
    splice(bytes, valueStart, valueEnd, walker.edits, output)
  }
  operations[index] = operation

  const headers = output.at
  walker.begin('headers', Number.POSITIVE_INFINITY)
  if (headersStart >= 0) road.headers.write(bytes, headersStart, spans[at + HEADERS_END] as number, keyLayout, output)
  records.add(index, key, value, headers, keyStart >= 0, valueStart >= 0)
  return null
}

/** Of a record whose key no policy covers: dropped by name all the same where it is no row, for its key is none of a table. */
function kindOf(bytes: Buffer, start: number, end: number, plan: ViewPlan): DropReason | null {
  try {
    const shape = decodeValue(bytes, start, end, plan, new Walker(new Edits(), plan.toastMarkers))
    return shape === 'event' || shape === 'row' ? null : shape
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return null
  }
}
