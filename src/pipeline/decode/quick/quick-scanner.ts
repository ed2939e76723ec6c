import type { Column, Layout } from '../../layout.ts'
import type { Edits } from '../edits.ts'
import type { ToastMarkers } from '../toast.ts'
import { scanModule } from './scan.wasm.ts'

/**
 * The WebAssembly twin of the walker (scan.as.ts): the batch's bytes are copied into its memory once, then each object
 * is walked there. It only ever says "done, with these edits" or "not for me", so the walker stays the one authority.
 */

/** The addresses that scan.as.ts and we agree on. */
const MARKER_TABLE = 272
const MARKER_LITERALS = 288
const EDITS_AT = 2048
const EDIT_LIMIT = 4096
const LAYOUTS_AT = 65_536
const LAYOUT_BYTES = 1 << 20
const BATCH_AT = LAYOUTS_AT + LAYOUT_BYTES
const COLUMN_BYTES = 40
const PAGE = 65_536
/** Readable bytes behind the batch: a column's name may be looked for at the last byte. */
const PADDING = 2048
const LONGEST_NAME_BYTES = PADDING - 16
/** A batch beyond this is read by the walker alone, rather than keeping so much memory for ever. */
const MOST_BATCH_BYTES = 32 << 20

interface Scan {
  readonly walk: (at: number, end: number, layout: number, depth: number) => number
}

/** One for each transform: it holds the bytes of one batch at a time. */
export class QuickScanner {
  /** First letter of the operation in the object walked last, 0 where none was told. */
  operation = 0
  private readonly memory = new WebAssembly.Memory({ initial: BATCH_AT / PAGE + 4 })
  private readonly scan: Scan
  private words: Int32Array
  private bytes: Uint8Array
  // Layouts that were written into the memory. When their room is used up all are forgotten and written anew.
  private layouts = new WeakMap<Layout, number>()
  private columns: { readonly column: Column; readonly layout: Layout }[] = []
  private layoutAt = LAYOUTS_AT
  private batch: Buffer | null = null
  private from = 0
  private to = 0

  constructor(markers: ToastMarkers) {
    // The module is compiled once for the process; instances share its code.
    const { exports } = new WebAssembly.Instance(scanModule(), { env: { memory: this.memory } })
    this.scan = exports as unknown as Scan
    this.words = new Int32Array(this.memory.buffer)
    this.bytes = new Uint8Array(this.memory.buffer)
    this.words[264 / 4] = EDITS_AT
    this.words[268 / 4] = EDIT_LIMIT
    this.writeMarkers(markers.literals)
  }

  /** Takes the bytes [from, to) of the batch that is walked next. */
  load(batch: Buffer, from: number, to: number): void {
    const size = to - from
    this.batch = size > MOST_BATCH_BYTES ? null : batch
    if (this.batch === null) return
    const missing = BATCH_AT + size + PADDING - this.memory.buffer.byteLength
    if (missing > 0) {
      this.memory.grow(Math.ceil(missing / PAGE))
      this.words = new Int32Array(this.memory.buffer)
      this.bytes = new Uint8Array(this.memory.buffer)
    }
    this.bytes.set(batch.subarray(from, to), BATCH_AT)
    this.from = from
    this.to = to
  }

  /** As the walker's `object`; -1 where the walker has to read it, and then nothing was added to the edits. */
  walk(b: Buffer, start: number, end: number, layout: Layout, depth: number, edits: Edits): number {
    if (b !== this.batch || start < this.from || end > this.to) return -1
    const address = this.layouts.get(layout) ?? this.place(layout)
    const shift = BATCH_AT - this.from
    const after = this.scan.walk(start + shift, end + shift, address, depth)
    if (after < 0 || after > end + shift) return -1
    const { words, columns } = this
    const count = words[64] as number
    for (let n = 0, at = EDITS_AT / 4; n < count; n++, at += 3) {
      const { column, layout: owner } = columns[words[at + 2] as number] as (typeof columns)[number]
      edits.addValue((words[at] as number) - shift, (words[at + 1] as number) - shift, column.mask, column, owner)
    }
    this.operation = words[65] as number
    return after - shift
  }

  private place(layout: Layout): number {
    if (this.layoutAt + sizeOf(layout) > LAYOUTS_AT + LAYOUT_BYTES) {
      this.layouts = new WeakMap()
      this.columns = []
      this.layoutAt = LAYOUTS_AT
    }
    // One that is too large by itself, or has a name that is, gets no columns: every object of it is the walker's.
    const fits = sizeOf(layout) <= LAYOUT_BYTES && longestName(layout) <= LONGEST_NAME_BYTES
    return this.write(layout, fits ? [...layout.byName.values()] : [])
  }

  private write(layout: Layout, columns: readonly Column[]): number {
    const { words } = this
    const names = columns.map(({ text }) => this.put(text))
    const inner = columns.map(column => this.writeInner(column))
    const address = this.take(16)
    const first = this.take(columns.length * COLUMN_BYTES)
    words.set([columns.length === 0 ? 0 : first, 0, first, columns.length], address / 4)
    columns.forEach((column, n) => {
      const next = n + 1 < columns.length ? first + (n + 1) * COLUMN_BYTES : 0
      const id = this.columns.push({ column, layout }) - 1
      const { child, element } = inner[n] as (typeof inner)[number]
      const fields = [names[n], column.length, column.act, column.toast, child, next, 0, id, flagsOf(column), element]
      words.set(fields as number[], (first + n * COLUMN_BYTES) / 4)
    })
    this.layouts.set(layout, address)
    return address
  }

  /** What is inside the column's values; 0: nothing that is held to a shape. */
  private writeInner({ child, elements }: Column): { readonly child: number; readonly element: number } {
    return {
      child: child === null ? 0 : this.write(child, [...child.byName.values()]),
      element: elements === null ? 0 : this.writeElement(elements.value),
    }
  }

  private writeElement(column: Column): number {
    const { child, element } = this.writeInner(column)
    const address = this.take(COLUMN_BYTES)
    this.words.set([0, 0, 0, 0, child, 0, 0, 0, flagsOf(column), element], address / 4)
    return address
  }

  private writeMarkers(literals: readonly Buffer[]): void {
    const table = MARKER_LITERALS
    let at = table + 4 + literals.length * 8
    this.words[MARKER_TABLE / 4] = table
    this.words[table / 4] = literals.length
    literals.forEach((literal, n) => {
      this.words.set([literal.length, at], (table + 4 + n * 8) / 4)
      this.bytes.set(literal, at)
      at += literal.length
      if (literal.length < 256) this.bytes[literal.length] = 1
    })
  }

  private put(bytes: Buffer): number {
    const at = this.take(bytes.length)
    this.bytes.set(bytes, at)
    return at
  }

  private take(size: number): number {
    const at = this.layoutAt
    this.layoutAt += (size + 7) & ~7
    return at
  }
}

/** A scalar that is nested can only be null. */
const flagsOf = ({ tellsOperation, isScalar, isNested, isNumber, isAbsent, elements, use }: Column): number =>
  Number(tellsOperation) |
  (Number(isScalar) << 1) |
  (Number(isNested || isAbsent) << 2) |
  (Number(elements?.container === 'map') << 3) |
  (Number(elements?.container === 'pairs') << 4) |
  (Number(isNumber) << 5) |
  (Number(use !== null) << 6)

/** At most what `write` takes for it. */
function sizeOf(layout: Layout): number {
  let size = 32
  for (const column of layout.byName.values()) size += sizeOfColumn(column)
  return size
}

const sizeOfColumn = ({ text, child, elements }: Column): number =>
  COLUMN_BYTES +
  text.length +
  16 +
  (child === null ? 0 : sizeOf(child)) +
  (elements === null ? 0 : sizeOfColumn(elements.value))

function longestName(layout: Layout): number {
  let longest = 0
  for (const column of layout.byName.values()) longest = Math.max(longest, longestInColumn(column))
  return longest
}

const longestInColumn = ({ text, child, elements }: Column): number =>
  Math.max(
    text.length,
    child === null ? 0 : longestName(child),
    elements === null ? 0 : longestInColumn(elements.value),
  )
