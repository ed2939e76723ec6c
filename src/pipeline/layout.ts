import type { ErrorCode } from '../errors.ts'
import type { FittedExpression } from './expression/fit.ts'
import type { ValueMask } from './mask/mask-type.ts'
import type { RowProgram } from './project/row-program.ts'
import { tellableName } from './tellable-name.ts'

/**
 * The path tree of the scanner: which members an object may have and what becomes of each. Made when a schema (or a
 * topic without one) is seen first, kept in the plan and dead with it.
 */
export interface Layout {
  /** Those the layout was made with; others that it met are remembered in `byName` too. */
  readonly named: readonly Column[]
  /** Where the object stands, for places: `after`, `before`, `key`; empty for the outermost. */
  readonly label: string
  readonly byName: Map<string, Column>
  first: Column | null
  /** How many objects were walked by this layout; each has a number of its own. */
  visits: number
  readonly unknown: (name: string) => UnknownMember
  /** Of an outermost object: what filter and projection do to it; null where there is none of either. */
  readonly program: RowProgram | null
}

/** What becomes of a member that the layout does not name. */
export interface UnknownMember {
  readonly act: Act
  readonly mask: ValueMask | null
  readonly code: ErrorCode | null
}

/** PASS leaves the bytes, MASK rewrites them, REMOVE takes the whole member out, REFUSE rejects the record with `code`. */
export type Act = typeof PASS | typeof MASK | typeof REMOVE | typeof REFUSE
export const PASS = 0
export const MASK = 1
export const REMOVE = 2
export const REFUSE = 3

/** What to do with the placeholder that Debezium writes for an unchanged TOAST value. */
export type ToastAct = typeof TOAST_UNCHECKED | typeof TOAST_OMIT | typeof TOAST_KEEP | typeof TOAST_REFUSE
export const TOAST_UNCHECKED = 0
export const TOAST_OMIT = 1
export const TOAST_KEEP = 2
export const TOAST_REFUSE = 3

/**
 * What filter and projection want of a member beside its mask. Such a member leaves an edit also where it is null, and
 * where it is removed; `project/shape-row.ts` makes of it what goes out.
 */
export interface ColumnUse {
  readonly of: 'column' | 'image' | 'operation' | 'deleted' | 'source'
  /** Which row: AFTER or BEFORE. */
  readonly image: number
  /** Of a column: its index among those that expressions can read, -1: it is none. Of a source member: its index. */
  readonly slot: number
  /** Makes the value that goes out. */
  readonly computed: FittedExpression | null
  /** The name that goes out, as compact JSON with its colon; null: its own. */
  readonly renamed: Buffer | null
}

/** The images of a row. A flattened row and a key are AFTER. */
export const AFTER = 0
export const BEFORE = 1

/** What an array or a map holds. JsonConverter writes a map as an object where its keys are texts, else as pairs. */
export interface Elements {
  readonly container: 'array' | 'map' | 'pairs'
  /** Of pairs; the members of an object have any name, and repeats hide nothing. */
  readonly key: Column | null
  readonly value: Column
}

/** One member that the scanner knows. */
export class Column {
  readonly name: string
  /** The name as places say it. */
  readonly told: string
  /** The member's name as compact JSON with its colon: `"email":`. */
  readonly text: Buffer
  /** The same as 32-bit words, low byte first, and the last four bytes: compared a word at a time. */
  readonly words: Int32Array
  readonly lastWord: number
  readonly length: number
  readonly act: Act
  readonly mask: ValueMask | null
  /** Why it is refused: the member itself, or else a value that is not of its shape. */
  readonly code: ErrorCode | null
  readonly toast: ToastAct
  /** The value is an object of these members. */
  readonly child: Layout | null
  readonly elements: Elements | null
  /** The value tells what was done to the row: `op` of an envelope, `__op` of a flattened row. */
  readonly tellsOperation: boolean
  /** A value in which something could be hidden is refused. */
  readonly isScalar: boolean
  /** A value that is neither a number nor null is refused. */
  readonly isNumber: boolean
  /** A time may stand in the number's place, as text. */
  readonly mayBeTime: boolean
  /** A value that is not null is refused with `code`. */
  readonly isAbsent: boolean
  readonly use: ColumnUse | null
  /** The value is an object or an array, or null. */
  readonly isNested: boolean
  /** There is more to do at its value than to pass over it. */
  readonly isNoted: boolean
  /** The member that followed this one last time. Only a guess that saves a look-up; a wrong one costs a look-up. */
  next: Column | null = null
  /** The layout's visit in which the member was seen last: the test for repeats without clearing anything. */
  seen = 0

  constructor(
    name: string,
    rest: Partial<
      Pick<
        Column,
        | 'told'
        | 'act'
        | 'mask'
        | 'code'
        | 'toast'
        | 'child'
        | 'elements'
        | 'tellsOperation'
        | 'isScalar'
        | 'isNumber'
        | 'mayBeTime'
        | 'isAbsent'
        | 'use'
      >
    > = {},
  ) {
    this.name = name
    this.told = rest.told ?? tellableName(name)
    this.text = Buffer.from(`${JSON.stringify(name)}:`)
    this.length = this.text.length
    this.words = Int32Array.from({ length: this.length >> 2 }, (_, n) => this.text.readInt32LE(n * 4))
    // The shortest text, of the empty name, has three bytes and never matches as words.
    this.lastWord = this.length < 4 ? 0 : this.text.readInt32LE(this.length - 4)
    this.act = rest.act ?? PASS
    this.mask = rest.mask ?? null
    this.code = rest.code ?? null
    this.toast = rest.toast ?? TOAST_UNCHECKED
    this.child = rest.child ?? null
    this.elements = rest.elements ?? null
    this.tellsOperation = rest.tellsOperation ?? false
    this.isScalar = rest.isScalar ?? false
    this.isNumber = rest.isNumber ?? false
    this.mayBeTime = rest.mayBeTime ?? false
    this.isAbsent = rest.isAbsent ?? false
    this.use = rest.use ?? null
    this.isNested = this.child !== null || this.elements !== null
    this.isNoted = this.act !== PASS || this.tellsOperation || this.isNumber || this.isAbsent
  }
}

export const refuseUnknown =
  (code: ErrorCode): (() => UnknownMember) =>
  () => ({ act: REFUSE, mask: null, code })

export function createLayout(
  label: string,
  columns: readonly Column[],
  unknown: Layout['unknown'],
  program: RowProgram | null = null,
): Layout {
  const layout = { label, named: columns, byName: new Map<string, Column>(), first: null, visits: 0, unknown, program }
  forgetForeign(layout)
  return layout
}

/**
 * Forgets the members that were met but not named, and every guess that may lead to one: two columns of one name, an old
 * and a new one, would each be seen once and hide a repeat.
 */
export function forgetForeign(layout: Layout): void {
  layout.byName.clear()
  layout.named.forEach((column, index) => {
    layout.byName.set(column.name, column)
    column.next = layout.named[index + 1] ?? null
  })
  layout.first = layout.named[0] ?? null
}
