import {
  type DropReason,
  HEADERS_END,
  HEADERS_START,
  KEY_END,
  KEY_START,
  OP_CREATE,
  OP_DELETE,
  OP_NONE,
  OP_TOMBSTONE,
  type RawBatch,
  SPANS_PER_RECORD,
  VALUE_END,
  VALUE_START,
} from './batch.ts'
import { Edits } from './decode/edits.ts'
import { operationOf } from './decode/operation.ts'
import type { QuickScanner } from './decode/quick/quick-scanner.ts'
import type { RecordShape } from './decode/record-shapes.ts'
import { fail, Unreadable } from './decode/scanner.ts'
import { decodeKey, decodeValue } from './decode/value.ts'
import { Walker } from './decode/walk.ts'
import { CapturedRow, RecordKey } from './filter/captured-row.ts'
import { dropByKind } from './filter/drop-by-kind.ts'
import { AS_IT_IS, judge, judgeTombstone, type KeyJudge, type Verdict } from './filter/row-filter.ts'
import { isSignal } from './filter/signal-table.ts'
import { BEFORE, type Layout } from './layout.ts'
import { keyRow } from './project/key-row.ts'
import { constantMask } from './mask/literal.ts'
import type { ValueMask } from './mask/mask-type.ts'
import type { ViewPlan } from './plan.ts'
import type { RowProgram } from './project/row-program.ts'
import { RowShaper } from './project/shape-row.ts'
import { HeaderWriter } from './serialize/header-writer.ts'
import type { MaskedBatchBuilder } from './serialize/masked-batch.ts'
import type { OutputBuffer } from './serialize/output-buffer.ts'
import { splice } from './serialize/splice.ts'

/** What one view needs from record to record. */
export interface Road {
  readonly plan: ViewPlan
  readonly walker: Walker
  readonly headers: HeaderWriter
  readonly row: CapturedRow
  readonly keyRow: CapturedRow
  readonly key: RecordKey
  readonly shaper: RowShaper
}

export function createRoad(plan: ViewPlan, quick: QuickScanner): Road {
  const walker = new Walker(new Edits(), plan.toastMarkers, quick)
  const shaper = new RowShaper()
  return {
    plan,
    walker,
    headers: new HeaderWriter(plan, walker, shaper),
    row: new CapturedRow(walker, plan.toastMarkers),
    keyRow: new CapturedRow(walker, plan.toastMarkers),
    key: new RecordKey(),
    shaper,
  }
}

export function setClock({ row, keyRow }: Road, clock: () => number): void {
  row.clock = clock
  keyRow.clock = clock
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

  const keyAt = output.at
  walker.begin('key', keyEnd)
  let keyLayout: Layout | null = null
  let keyJudge: KeyJudge | null = null
  try {
    if (keyStart >= 0) {
      keyLayout = decodeKey(bytes, keyStart, keyEnd, plan, walker)
      if (keyLayout.program !== null || plan.rules.rowFilter !== null)
        keyJudge = takeKey(bytes, keyLayout.program, road)
      splice(bytes, keyStart, keyEnd, walker.edits, output)
    }
  } catch (error) {
    const dropped = valueStart < 0 ? null : kindOf(bytes, valueStart, valueEnd, plan)
    if (dropped === null) throw error
    return dropped
  }

  const valueAt = output.at
  let operation = OP_TOMBSTONE
  let verdict = AS_IT_IS
  if (valueStart >= 0) {
    walker.begin('value', valueEnd)
    const shape = decodeValue(bytes, valueStart, valueEnd, plan, walker)
    walker.place = 'op'
    operation = operationOf(shape, walker.operation, valueStart)
    operations[index] = operation
    const dropped = dropByKind(shape, operation, b.partitions, plan.settings)
    if (dropped !== null) return dropped
    walker.place = ''
    const program = walker.rootLayout?.program ?? null
    if (program !== null)
      verdict = takeRow(bytes, valueStart, program, shape, operation, keyStart >= 0, keyJudge, road, output, keyAt)
    else if (plan.rules.rowFilter !== null) verdict = judgeTombstone(keyJudge)
    if (!verdict.goesOut) return 'filtered'
    if (verdict.tombstone !== 'instead') splice(bytes, valueStart, valueEnd, walker.edits, output)
  } else if (plan.rules.rowFilter !== null) verdict = judgeTombstone(keyJudge)
  operations[index] = operation
  if (!verdict.goesOut) return 'filtered'

  const headersAt = output.at
  walker.begin('headers', Number.POSITIVE_INFINITY)
  if (headersStart >= 0) road.headers.write(bytes, headersStart, spans[at + HEADERS_END] as number, keyLayout, output)
  const hasValue = valueStart >= 0 && verdict.tombstone !== 'instead'
  records.add(index, keyAt, valueAt, headersAt, keyStart >= 0, hasValue, verdict.operation ?? operation)
  if (verdict.tombstone === 'behind') records.addTombstone()
  return null
}

/** The key's columns under the names that go out; what it comes to where the filter reads nothing else. */
function takeKey(bytes: Buffer, program: RowProgram | null, { walker, keyRow, key, shaper }: Road): KeyJudge | null {
  key.take(walker)
  if (program === null) return null
  refuse(program, walker)
  keyRow.capture(bytes, program, 'row', OP_NONE, null)
  shaper.shape(bytes, walker, program, null, AS_IT_IS, null)
  // Without a schema the key may lack what the filter reads.
  return program.filter !== null && keyRow.hasAll(program.filter.slots) ? { row: keyRow, filter: program.filter } : null
}

function takeRow(
  bytes: Buffer,
  start: number,
  program: RowProgram,
  shape: RecordShape,
  operation: number,
  hasKey: boolean,
  keyJudge: KeyJudge | null,
  { walker, row, key, shaper }: Road,
  output: OutputBuffer,
  keyAt: number,
): Verdict {
  refuse(program, walker, start)
  row.capture(bytes, program, shape, operation, hasKey ? key : null)
  const { filter } = program
  const verdict = filter === null ? AS_IT_IS : judge({ row, filter, shape, operation, hasKey, key: keyJudge })
  if (verdict.goesOut && verdict.tombstone !== 'instead') {
    const isDelete = (verdict.operation ?? operation) === OP_DELETE
    const told = isDelete && verdict.clears[BEFORE] && program.madeUp !== null
    const shown = told ? keyRow(output.bytes, keyAt, output.at, program.madeUp) : null
    shaper.shape(bytes, walker, program, row, verdict, letters.get(verdict.operation) ?? null, shown)
  }
  return verdict
}

function refuse({ problem }: RowProgram, walker: Walker, at = 0): void {
  if (problem === null) return
  walker.place = problem.path
  fail(problem.code, at)
}

const letters = new Map<number | null, ValueMask>([
  [OP_CREATE, constantMask(Buffer.from('"c"'))],
  [OP_DELETE, constantMask(Buffer.from('"d"'))],
])

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
