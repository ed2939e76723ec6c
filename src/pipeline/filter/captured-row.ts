import { OP_CREATE, OP_DELETE, OP_READ, OP_TRUNCATE, OP_UPDATE } from '../batch.ts'
import { flattenedMetadata, type RecordShape } from '../decode/record-shapes.ts'
import {
  COMMA,
  fail,
  LETTER_N,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  stringText,
} from '../decode/scanner.ts'
import type { ToastMarkers } from '../decode/toast.ts'
import type { Walker } from '../decode/walk.ts'
import { type OperationLetter, type Row, type SourceMember, sourceMembers } from '../expression/row.ts'
import { type Value, whole } from '../expression/values.ts'
import { AFTER, BEFORE, REMOVE } from '../layout.ts'
import type { RowProgram, Slot } from '../project/row-program.ts'
import { type DoubtedColumn, type Evidence, evidenceIn, mayBeMadeUp, memberNames } from './made-up.ts'

const letters: Readonly<Record<number, OperationLetter>> = {
  [OP_READ]: 'r',
  [OP_CREATE]: 'c',
  [OP_UPDATE]: 'u',
  [OP_DELETE]: 'd',
  [OP_TRUNCATE]: 't',
}

/** Where the columns of the record's key stand; their names are read where they are asked for. */
export class RecordKey {
  private start = 0
  private end = 0
  private known: ReadonlySet<string> | null = null

  /** Of the object that the walker has just walked. */
  take({ rootStart, rootEnd }: Walker): void {
    this.start = rootStart
    this.end = rootEnd
    this.known = null
  }

  names(b: Buffer): ReadonlySet<string> {
    return (this.known ??= new Set(memberNames(b, this.start, this.end)))
  }
}

/** A column that expressions cannot read: it proves nothing. */
const stranger: DoubtedColumn = { isOptional: false, byDefault: null }

const noClock = (): number => {
  throw new Error('an expression asks for the time, and nobody has said how to tell it')
}

const isText = (member: SourceMember): boolean => sourceMembers[member] === 'text'

/**
 * What expressions read of one record: where the values lie, taken from the edits that the scanner left. One for each
 * road, filled anew for each record; nothing is read before it is asked for.
 */
export class CapturedRow implements Row {
  /** Whose values `value` gives: AFTER or BEFORE. */
  image = AFTER
  /** Milliseconds; the same for all records of a batch. */
  clock: () => number = noClock
  /** The expression has asked for the time since this was unset. */
  askedTime = false
  private readonly walker: Walker
  private readonly toast: ToastMarkers
  private bytes: Buffer = Buffer.alloc(0)
  private program: RowProgram | null = null
  private shape: RecordShape = 'row'
  private label = ''
  private operation = 0
  private key: RecordKey | null = null
  // By image and slot; then the images themselves, and the members of the source. A start of -1: not there.
  private starts = new Int32Array(0)
  private ends = new Int32Array(0)
  private readonly imageStarts = new Int32Array(2)
  private readonly imageEnds = new Int32Array(2)
  private readonly sourceStarts = new Int32Array(16)
  private readonly sourceEnds = new Int32Array(16)
  private deletedAt = -1

  constructor(walker: Walker, toast: ToastMarkers) {
    this.walker = walker
    this.toast = toast
  }

  /** Takes the values that the walker has found; `key` is null where the record has none. */
  capture(b: Buffer, program: RowProgram, shape: RecordShape, operation: number, key: RecordKey | null): void {
    const { edits, rootLayout, rootStart, rootEnd } = this.walker
    this.bytes = b
    this.program = program
    this.shape = shape
    this.label = rootLayout?.label ?? ''
    this.operation = operation
    this.key = key
    this.image = AFTER
    this.deletedAt = -1
    const width = program.slots.length
    if (this.starts.length < width * 2) {
      this.starts = new Int32Array(width * 2)
      this.ends = new Int32Array(width * 2)
    }
    this.starts.fill(-1, 0, width * 2)
    this.sourceStarts.fill(-1)
    this.imageStarts.fill(-1)
    if (shape === 'row') {
      this.imageStarts[AFTER] = rootStart
      this.imageEnds[AFTER] = rootEnd
    }
    for (let n = 0; n < edits.count; n++) {
      const column = edits.columns[n]
      const use = column?.use
      if (column == null || use == null) continue
      const start = edits.starts[n] as number
      const end = edits.ends[n] as number
      if (use.of === 'image') {
        this.imageStarts[use.image] = b[start] === LETTER_N ? -1 : start
        this.imageEnds[use.image] = end
      } else if (use.of === 'source') {
        this.sourceStarts[use.slot] = start
        this.sourceEnds[use.slot] = end
      } else if (use.of === 'deleted') this.deletedAt = start
      else if (use.slot >= 0) this.take(use.image * width + use.slot, start, end, column.act === REMOVE)
    }
  }

  /** Of a removal the span is the whole member, with the comma before or behind it. */
  private take(at: number, start: number, end: number, isRemoved: boolean): void {
    const b = this.bytes
    let from = start
    if (isRemoved) {
      from = skipSpace(b, from)
      if (b[from] === COMMA) from = skipSpace(b, from + 1)
      from = skipColon(b, skipString(b, from, end))
    }
    this.starts[at] = from
    this.ends[at] = isRemoved ? skipValue(b, from, end, 0) : end
  }

  /** Are the values of all these slots there? */
  hasAll(slots: readonly number[]): boolean {
    return slots.every(slot => (this.starts[this.image * this.slots.length + slot] as number) >= 0)
  }

  /** Is the outermost object the row? An envelope may have neither image. */
  isFlattened(): boolean {
    return this.shape === 'row'
  }

  /** Has the record this image? */
  has(image: number): boolean {
    return (this.imageStarts[image] as number) >= 0
  }

  /** Of a flattened row: `__deleted` says so, or `__op`. */
  isDeleted(): boolean {
    const { bytes, deletedAt } = this
    if (this.operation === OP_DELETE) return true
    if (deletedAt < 0) return false
    const at = bytes[deletedAt] === QUOTE ? deletedAt + 1 : deletedAt
    return bytes.toString('latin1', at, at + 4) === 'true'
  }

  value(slot: number): Value {
    const at = this.image * this.slots.length + slot
    const start = this.starts[at] as number
    if (start < 0 || this.bytes[start] === LETTER_N) return null
    const { reader } = this.slots[slot] as Slot
    try {
      this.refuseToast(start, this.ends[at] as number)
      return reader(this.bytes, start, this.ends[at] as number)
    } catch (error) {
      this.walker.place = this.placeOf(slot)
      throw error
    }
  }

  changed(slot: number): boolean | null {
    const { operation, bytes, starts, ends } = this
    if (operation === OP_CREATE || operation === OP_READ || operation === OP_DELETE) return true
    if (operation !== OP_UPDATE || this.shape !== 'event' || !this.has(BEFORE) || !this.isReal(BEFORE, slot))
      return null
    const width = this.slots.length
    const before = BEFORE * width + slot
    const after = AFTER * width + slot
    if ((starts[before] as number) < 0 || (starts[after] as number) < 0) return null
    try {
      this.refuseToast(starts[before] as number, ends[before] as number)
      this.refuseToast(starts[after] as number, ends[after] as number)
    } catch (error) {
      this.walker.place = this.placeOf(slot)
      throw error
    }
    return bytes.compare(bytes, starts[after], ends[after], starts[before], ends[before]) !== 0
  }

  op(): OperationLetter | null {
    return letters[this.operation] ?? null
  }

  source(member: SourceMember): Value {
    const slot = this.program?.sourceMembers.indexOf(member) ?? -1
    const start = slot < 0 ? -1 : (this.sourceStarts[slot] as number)
    if (start < 0 || this.bytes[start] === LETTER_N) return null
    const end = this.sourceEnds[slot] as number
    const text =
      this.bytes[start] === QUOTE ? stringText(this.bytes, start, end) : this.bytes.toString('latin1', start, end)
    if (isText(member)) return text
    return /^-?\d{1,19}$/.test(text) ? whole(BigInt(text)) : null
  }

  now(): number {
    this.askedTime = true
    return this.clock() * 1000
  }

  /** Was this column of the image sent by the source, and not made up? */
  isReal(image: number, slot: number): boolean {
    const column = this.slots[slot] as Slot
    const at = image * this.slots.length + slot
    const start = this.starts[at] as number
    if (start >= 0 && !mayBeMadeUp(this.bytes, start, this.ends[at] as number, column)) return true
    return this.key?.names(this.bytes).has(column.name) === true || this.evidence(image) === 'whole'
  }

  evidence(image: number): Evidence {
    const byName = new Map(this.slots.map(slot => [slot.name, slot]))
    const key = this.key?.names(this.bytes)
    const isMetadata = (name: string): boolean =>
      this.shape === 'row' && flattenedMetadata.has(name) && this.program?.columns.has(name) === false
    const columnOf = (name: string): DoubtedColumn | null =>
      key?.has(name) === true ? null : (byName.get(name) ?? (isMetadata(name) ? null : stranger))
    return evidenceIn(this.bytes, this.imageStarts[image] as number, this.imageEnds[image] as number, columnOf)
  }

  /** Where the column stands in this record, for a failure. */
  placeOf(slot: number): string {
    const { told } = this.slots[slot] as Slot
    const label = this.shape === 'event' ? (this.image === BEFORE ? 'before' : 'after') : this.label
    return label === '' ? told : `${label}.${told}`
  }

  private get slots(): readonly Slot[] {
    return this.program?.slots ?? []
  }

  private refuseToast(start: number, end: number): void {
    if ((this.toast.lengths[end - start] === 1 || end - start > 255) && this.toast.isMarker(this.bytes, start, end))
      fail('SCHEMA_TOAST', end)
  }
}
