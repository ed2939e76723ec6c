import {
  type DropReason,
  HEADERS_END,
  HEADERS_START,
  KEY_END,
  KEY_START,
  OP_TOMBSTONE,
  type RawBatch,
  SPANS_PER_RECORD,
  VALUE_END,
  VALUE_START,
} from './batch.ts'
import { Edits } from './decode/edits.ts'
import { operationOf } from './decode/operation.ts'
import type { QuickScanner } from './decode/quick/quick-scanner.ts'
import { Unreadable } from './decode/scanner.ts'
import { decodeKey, decodeValue } from './decode/value.ts'
import { Walker } from './decode/walk.ts'
import { dropByKind } from './filter/drop-by-kind.ts'
import { isSignal } from './filter/signal-table.ts'
import type { Layout } from './layout.ts'
import type { ViewPlan } from './plan.ts'
import { HeaderWriter } from './serialize/header-writer.ts'
import type { MaskedBatchBuilder } from './serialize/masked-batch.ts'
import type { OutputBuffer } from './serialize/output-buffer.ts'
import { splice } from './serialize/splice.ts'

/** What one view needs from record to record. */
export interface Road {
  readonly plan: ViewPlan
  readonly walker: Walker
  readonly headers: HeaderWriter
}

export function createRoad(plan: ViewPlan, quick: QuickScanner): Road {
  const walker = new Walker(new Edits(), plan.toastMarkers, quick)
  return { plan, walker, headers: new HeaderWriter(plan, walker) }
}

/**
 * The road of one record: decode, filter, mask, project, serialize. The rules were bound to masks and projections when
 * the schema was first seen, so decoding leaves exactly the edits that serializing splices in. Null: it goes out.
 */
export function travel(
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
