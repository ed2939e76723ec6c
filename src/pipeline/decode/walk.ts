import type { ErrorCode } from '../../errors.ts'
import {
  Column,
  type Elements,
  forgetForeign,
  type Layout,
  MASK,
  REFUSE,
  REMOVE,
  TOAST_KEEP,
  TOAST_OMIT,
  TOAST_REFUSE,
} from '../layout.ts'
import { codesOfMasks, type Edits } from './edits.ts'
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  fail,
  LETTER_N,
  MAX_DEPTH,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  stringText,
  type Unreadable,
} from './scanner.ts'
import { asItStands } from '../mask/literal.ts'
import { placed } from './placed-column.ts'
import { isTime } from './time-text.ts'
import type { QuickScanner } from './quick/quick-scanner.ts'
import type { ToastMarkers } from './toast.ts'

/** So many foreign names are remembered from object to object; one object that brings twice as many is not a row. */
const MAX_FOREIGN = 2_000

const foreignNames = ({ byName, named }: Layout): number => byName.size - named.length

/** Walks objects along a layout and notes the spans to rewrite. One per thread of work; its fields are the result. */
export class Walker {
  readonly edits: Edits
  /** First letter of the operation, 0 where none was told. */
  operation = 0
  /** Columns whose TOAST placeholder has to be left out of the record; empty most of the time. */
  readonly omitted = new Set<string>()
  /** Set where the place of a failure is not the member that was read last. */
  place = ''
  /** What the outermost object was walked by, and where it lies; null where there was none. */
  rootLayout: Layout | null = null
  rootStart = 0
  rootEnd = 0
  private readonly toast: ToastMarkers
  private readonly quick: QuickScanner | null
  private part = ''
  private partEnd = 0
  private viewed: Buffer | null = null
  private view: DataView = new DataView(new ArrayBuffer(0))
  private valueAt = 0
  private layout: Layout | null = null
  private column: Column | null = null

  /** `quick` takes what it can off our hands; without it the result is the same. */
  constructor(edits: Edits, toast: ToastMarkers, quick: QuickScanner | null = null) {
    this.edits = edits
    this.toast = toast
    this.quick = quick
  }

  /** Before each part of a record, which ends at `end`; `part` is the place to tell until a member has been read. */
  begin(part: 'key' | 'value' | 'headers', end: number): void {
    this.partEnd = end
    this.edits.count = 0
    this.operation = 0
    this.part = part
    this.place = ''
    this.layout = null
    this.column = null
    this.rootLayout = null
    if (this.omitted.size > 0) this.omitted.clear()
  }

  /**
   * The code of a failure. What failed behind the part's end failed on bytes of a neighbour: then the part is merely cut
   * short, and who its neighbour is must not decide what becomes of it.
   */
  code({ code, at }: Unreadable): ErrorCode {
    return at >= this.partEnd ? 'RECORD_MALFORMED' : code
  }

  /** The place of a failure at this position: names only. */
  path(at: number, code: ErrorCode): string {
    if (this.place !== '') return this.place
    const edit = codesOfMasks.has(code) ? this.edits.indexAt(at) : -1
    const label = (edit < 0 ? this.layout : this.edits.layouts[edit])?.label ?? ''
    const name = (edit < 0 ? this.column : this.edits.columns[edit])?.told ?? ''
    const path = label === '' || name === '' ? label + name : `${label}.${name}`
    return path === '' ? this.part : path
  }

  /** The outermost object of a part, from its opening brace to the position after the closing one. */
  root(b: Buffer, i: number, end: number, layout: Layout, depth = 1): number {
    const quick = this.quick?.walk(b, i, end, layout, depth, this.edits) ?? -1
    this.rootLayout = layout
    this.rootStart = i
    if (quick >= 0) {
      this.operation = this.quick?.operation ?? 0
      this.rootEnd = quick
      return quick
    }
    const after = this.object(b, i, end, layout, depth)
    this.rootEnd = after
    // What fails from here on lies behind the object, not in the member that was read last.
    this.layout = null
    this.column = null
    return after
  }

  private object(b: Buffer, i: number, end: number, layout: Layout, depth: number): number {
    if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
    const mine = ++layout.visits
    if (foreignNames(layout) >= MAX_FOREIGN) forgetForeign(layout)
    const view = this.viewOf(b)
    const markerLengths = this.toast.lengths
    const opening = i
    this.layout = layout
    let column = layout.first
    let previous: Column | null = null
    let keptOne = false
    let previousEnd = 0
    i = skipSpace(b, i + 1)
    if (b[i] === CLOSE_BRACE) return i + 1
    for (;;) {
      const nameStart = i
      if (column !== null && matches(view, i, column)) {
        i += column.length
        if ((b[i] as number) <= 32) i = skipSpace(b, i)
      } else {
        column = this.find(b, i, end, layout, opening)
        i = this.valueAt
        // The next record of this table most likely has the same order. One that is refused stands elsewhere there.
        if (column.act !== REFUSE) {
          if (previous === null) layout.first = column
          else previous.next = column
        }
      }
      if (column.seen === mine) {
        this.column = placed(column, b, opening, nameStart, end)
        return fail('RECORD_REPEATED_MEMBER', i)
      }
      column.seen = mine
      this.column = column
      const valueStart = i
      i = this.value(b, i, end, column, depth)

      const act = column.act
      if (column.isNoted || (column.toast !== 0 && (i - valueStart > 255 || markerLengths[i - valueStart] === 1))) {
        this.note(b, valueStart, i, column, layout)
      }
      const valueEnd = i
      if ((b[i] as number) <= 32) i = skipSpace(b, i)
      const after = b[i]
      if (act === REMOVE) {
        // With the comma in front where a member stays before it, else with the comma behind: what is left is well-formed.
        if (keptOne) this.edits.addValue(previousEnd, valueEnd, null, column, layout)
        else this.edits.addValue(nameStart, after === COMMA ? skipSpace(b, i + 1) : valueEnd, null, column, layout)
      } else keptOne = true
      previousEnd = valueEnd
      if (after === COMMA) {
        i++
        if ((b[i] as number) <= 32) i = skipSpace(b, i)
        previous = column
        column = column.next
      } else if (after === CLOSE_BRACE) return i + 1
      else return fail('RECORD_MALFORMED', i)
    }
  }

  /** A value, held to the shape that the column gives it. */
  private value(b: Buffer, i: number, end: number, column: Column, depth: number): number {
    const first = b[i]
    if (first === OPEN_BRACE || first === OPEN_BRACKET) return this.nested(b, i, end, column, depth)
    if (column.isNested && first !== LETTER_N) return fail(column.code ?? 'RECORD_UNKNOWN_SHAPE', i)
    return skipValue(b, i, end, depth)
  }

  private nested(b: Buffer, i: number, end: number, column: Column, depth: number): number {
    const { child, elements, isScalar } = column
    const isObject = b[i] === OPEN_BRACE
    const fits = child !== null ? isObject : elements === null || isObject === (elements.container === 'map')
    if (isScalar || !fits) return fail(column.code ?? 'RECORD_UNKNOWN_SHAPE', i)
    if (elements !== null) return this.elements(b, i, end, elements, depth + 1)
    if (child === null) return skipValue(b, i, end, depth)
    const { layout, column: owner } = this
    const after = this.object(b, i, end, child, depth + 1)
    this.layout = layout
    this.column = owner
    return after
  }

  private elements(b: Buffer, i: number, end: number, elements: Elements, depth: number): number {
    if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
    const { container, value } = elements
    const close = container === 'map' ? CLOSE_BRACE : CLOSE_BRACKET
    i = skipSpace(b, i + 1)
    if (b[i] === close) return i + 1
    for (;;) {
      if (container === 'map') {
        if (b[i] !== QUOTE) return fail('RECORD_MALFORMED', i)
        i = skipColon(b, skipString(b, i, end))
      }
      i = container === 'pairs' ? this.pair(b, i, end, elements, depth + 1) : this.value(b, i, end, value, depth)
      i = skipSpace(b, i)
      if (b[i] === close) return i + 1
      if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
      i = skipSpace(b, i + 1)
    }
  }

  /** `[key,value]` */
  private pair(b: Buffer, i: number, end: number, { key, value }: Elements, depth: number): number {
    if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
    if (b[i] !== OPEN_BRACKET) return fail('RECORD_MASK_TYPE_MISMATCH', i)
    i = skipSpace(b, i + 1)
    if (b[i] === CLOSE_BRACKET) return fail('RECORD_MASK_TYPE_MISMATCH', i)
    i = skipSpace(b, this.value(b, i, end, key ?? value, depth))
    if (b[i] === CLOSE_BRACKET) return fail('RECORD_MASK_TYPE_MISMATCH', i)
    if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
    i = skipSpace(b, this.value(b, skipSpace(b, i + 1), end, value, depth))
    if (b[i] === CLOSE_BRACKET) return i + 1
    return fail(b[i] === COMMA ? 'RECORD_MASK_TYPE_MISMATCH' : 'RECORD_MALFORMED', i)
  }

  /** Batches are large and views are not free: one for each buffer. */
  private viewOf(b: Buffer): DataView {
    if (this.viewed !== b) {
      this.viewed = b
      this.view = new DataView(b.buffer, b.byteOffset, b.byteLength)
    }
    return this.view
  }

  /** What the scanner has to do at a value beside passing over it. */
  private note(b: Buffer, start: number, end: number, column: Column, layout: Layout): void {
    if (column.act === REFUSE || (column.isAbsent && b[start] !== LETTER_N)) fail(column.code ?? 'INTERNAL', start)
    if (column.isNumber && !opensNumber(b[start] as number) && !(column.mayBeTime && isTime(b, start, end)))
      fail('RECORD_MASK_TYPE_MISMATCH', start)
    if (column.tellsOperation && b[start] === QUOTE && end - start === 3) this.operation = b[start + 1] as number
    if (column.toast !== 0 && column.act !== REMOVE && this.toast.isMarker(b, start, end)) {
      if (column.toast === TOAST_OMIT) this.omitted.add(column.name)
      else if (column.toast === TOAST_REFUSE) fail('SCHEMA_TOAST', end)
      else if (column.toast === TOAST_KEEP) {
        if (column.use !== null) this.edits.addValue(start, end, asItStands, column, layout)
        return
      }
    }
    // Null stays null under every mask.
    if (column.act === MASK && (b[start] !== LETTER_N || column.use !== null))
      this.edits.addValue(start, end, column.mask, column, layout)
  }

  /** Looks the member at `i` up by name; sets `valueAt`. Its object begins at `opening`. */
  private find(b: Buffer, i: number, end: number, layout: Layout, opening: number): Column {
    if (b[i] !== QUOTE) return fail('RECORD_MALFORMED', i)
    const nameEnd = skipString(b, i, end)
    this.valueAt = skipColon(b, nameEnd)
    const name = stringText(b, i, nameEnd)
    let column = layout.byName.get(name)
    if (column === undefined) {
      if (foreignNames(layout) >= 2 * MAX_FOREIGN) return fail('RECORD_UNKNOWN_MEMBER', i)
      const { act, mask, code } = layout.unknown(name)
      column = new Column(name, { act, mask, code })
      // A refused name is not kept: names of rejected records must not fill the memory.
      if (act === REFUSE) return placed(column, b, opening, i, end)
      layout.byName.set(name, column)
    }
    return column
  }
}

/** Null counts as one. */
const opensNumber = (c: number): boolean => (c >= 48 && c <= 57) || c === 45 || c === LETTER_N

/**
 * Is the whole text of the member's name at `i`? The opening quote and the colon are part of it, so no other name can
 * match. The last word goes first, where names differ most often; it overlaps the one before instead of leaving a rest.
 */
function matches(view: DataView, i: number, column: Column): boolean {
  const { words, length } = column
  if (length < 4 || i + length > view.byteLength) return false
  if (view.getInt32(i + length - 4, true) !== column.lastWord) return false
  for (let n = 0; n < words.length; n++) if (view.getInt32(i + 4 * n, true) !== words[n]) return false
  return true
}
