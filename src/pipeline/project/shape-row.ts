import type { Edits } from '../decode/edits.ts'
import { BACKSLASH, LETTER_N, QUOTE, skipSpace } from '../decode/scanner.ts'
import type { Walker } from '../decode/walk.ts'
import type { CapturedRow } from '../filter/captured-row.ts'
import type { Verdict } from '../filter/row-filter.ts'
import { AFTER, BEFORE, type Column, type ColumnUse, REMOVE } from '../layout.ts'
import { asItStands, constantMask } from '../mask/literal.ts'
import type { ValueMask } from '../mask/mask-type.ts'
import { OutputBuffer } from '../serialize/output-buffer.ts'
import type { AddedColumn, RowProgram } from './row-program.ts'

const NULL = Buffer.from('null')
const writesNull = constantMask(NULL)
const COMMA_TEXT = Buffer.from(',')

/**
 * Turns the edits that a scanner left into those that are spliced in: what was only read goes, computed values and new
 * names come, columns are added, images taken out. One for each road.
 */
export class RowShaper {
  // What was computed for the record under way; the masks that write it are used again for the next.
  private readonly scratch = new OutputBuffer(4096)
  private readonly written: Written[] = []
  private writtenCount = 0
  private readonly renamings: Renaming[] = []
  private renamingCount = 0

  /**
   * `row` is null for keys, of which nothing is computed. `letter`: the operation that goes out in place of its own.
   * `keyRow`: what stands for a `before` that goes.
   */
  shape(
    b: Buffer,
    walker: Walker,
    program: RowProgram,
    row: CapturedRow | null,
    { clears }: Pick<Verdict, 'clears'>,
    letter: ValueMask | null,
    keyRow: Buffer | null = null,
  ): void {
    const { edits } = walker
    this.scratch.reset()
    this.writtenCount = 0
    this.renamingCount = 0
    let to = 0
    for (let n = 0; n < edits.count; n++) {
      const column = edits.columns[n] ?? null
      const use = column?.use ?? null
      if (column === null || use === null || column.act === REMOVE) edits.move(n, to++)
      else if (use.of === 'column') {
        if (clears[use.image] === true) continue // the whole image goes
        to = this.shapeColumn(b, edits, n, to, column, use, row, walker)
      } else if (use.of === 'image') {
        const gone = clears[use.image] === true ? (use.image === BEFORE ? (keyRow ?? NULL) : NULL) : null
        to = this.shapeImage(b, edits, n, to, use.image, gone, program, row, walker)
      } else if (use.of === 'operation' && letter !== null) {
        edits.move(n, to)
        edits.masks[to++] = letter
      }
    }
    edits.count = to
    if (row?.isFlattened() === true && program.added.length > 0) this.addToRoot(b, walker, program.added, row)
  }

  private shapeColumn(
    b: Buffer,
    edits: Edits,
    n: number,
    to: number,
    column: Column,
    use: ColumnUse,
    row: CapturedRow | null,
    walker: Walker,
  ): number {
    const start = edits.starts[n] as number
    const { computed, renamed, image } = use
    let mask = b[start] === LETTER_N ? asItStands : (edits.masks[n] ?? writesNull)
    if (computed !== null && row !== null) {
      row.image = image
      const from = this.scratch.at
      try {
        computed.write(row, this.scratch, start)
      } catch (error) {
        const label = edits.layouts[n]?.label ?? ''
        if (walker.place === '') walker.place = label === '' ? column.told : `${label}.${column.told}`
        throw error
      }
      mask = this.wrote(from)
    }
    if (renamed === null && mask === asItStands) return to
    edits.move(n, to)
    edits.masks[to] = mask
    if (renamed !== null) {
      const name = nameStart(b, start, column)
      edits.starts[to] = name
      edits.masks[to] = this.renaming(renamed, mask, start - name)
    }
    return to + 1
  }

  private shapeImage(
    b: Buffer,
    edits: Edits,
    n: number,
    to: number,
    image: number,
    gone: Buffer | null,
    program: RowProgram,
    row: CapturedRow | null,
    walker: Walker,
  ): number {
    const start = edits.starts[n] as number
    const end = edits.ends[n] as number
    const isNull = b[start] === LETTER_N
    if (isNull && (gone === null || gone === NULL)) return to
    let first = to
    while (first > 0 && (edits.starts[first - 1] as number) >= start) first--
    if (gone !== null) {
      const from = this.scratch.at
      this.scratch.copy(gone, 0, gone.length)
      edits.move(n, first)
      edits.masks[first] = this.wrote(from)
      return first + 1
    }
    const added = image === BEFORE ? program.addedBefore : program.added
    if (added.length === 0 || row === null) return to
    row.image = image
    const mask = this.addedText(added, isEmptied(b, edits, start, end, first, to), row, end - 1, walker)
    edits.move(n, to)
    edits.starts[to] = end - 1
    edits.ends[to] = end - 1
    edits.masks[to] = mask
    return to + 1
  }

  private addToRoot(b: Buffer, walker: Walker, added: readonly AddedColumn[], row: CapturedRow): void {
    const { edits, rootStart, rootEnd } = walker
    let first = 0
    while (first < edits.count && (edits.starts[first] as number) < rootStart) first++
    // The schema block may lie behind the payload.
    let behind = first
    while (behind < edits.count && (edits.starts[behind] as number) < rootEnd) behind++
    row.image = AFTER
    const isEmpty = isEmptied(b, edits, rootStart, rootEnd, first, behind)
    edits.insert(behind, rootEnd - 1, rootEnd - 1, this.addedText(added, isEmpty, row, rootEnd - 1, walker))
  }

  private addedText(
    added: readonly AddedColumn[],
    isFirst: boolean,
    row: CapturedRow,
    at: number,
    walker: Walker,
  ): ValueMask {
    const { scratch } = this
    const from = scratch.at
    let comma = !isFirst
    for (const { name, text, computed } of added) {
      if (comma) scratch.copy(COMMA_TEXT, 0, 1)
      comma = true
      scratch.copy(text, 0, text.length)
      try {
        computed.write(row, scratch, at)
      } catch (error) {
        if (walker.place === '') walker.place = name
        throw error
      }
    }
    return this.wrote(from)
  }

  /** A mask that writes what was written into the scratch buffer since `from`. */
  private wrote(from: number): ValueMask {
    const written = (this.written[this.writtenCount] ??= new Written(this.scratch))
    this.writtenCount++
    written.from = from
    written.to = this.scratch.at
    return written
  }

  private renaming(text: Buffer, inner: ValueMask, offset: number): ValueMask {
    const renaming = (this.renamings[this.renamingCount] ??= new Renaming())
    this.renamingCount++
    renaming.text = text
    renaming.inner = inner
    renaming.offset = offset
    return renaming
  }
}

class Written implements ValueMask {
  from = 0
  to = 0
  private readonly scratch: OutputBuffer

  constructor(scratch: OutputBuffer) {
    this.scratch = scratch
  }

  write(_src: Buffer, _start: number, _end: number, out: Buffer, at: number): number {
    return at + this.scratch.bytes.copy(out, at, this.from, this.to)
  }

  maxBytes(): number {
    return this.to - this.from
  }
}

/** Another name in front of what another mask writes. */
class Renaming implements ValueMask {
  text: Buffer = COMMA_TEXT
  inner: ValueMask = writesNull
  /** From the old name to the value. */
  offset = 0

  write(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
    at += this.text.copy(out, at)
    return this.inner.write(src, start + this.offset, end, out, at)
  }

  maxBytes(length: number, src: Buffer, start: number): number {
    return this.text.length + this.inner.maxBytes(length - this.offset, src, start + this.offset)
  }
}

/** Where the name begins whose value is at `start`. */
function nameStart(b: Buffer, start: number, { text }: Column): number {
  const compact = start - text.length
  if (compact >= 0 && b.compare(text, 0, text.length, compact, start) === 0) return compact
  // Spelled in another way: back over white space and the colon to the closing quote, then to the one that opens. Inside
  // a string a quote has an odd number of backslashes before it.
  let i = start - 1
  while (b[i] !== QUOTE) i--
  for (i--; ; i--) {
    if (b[i] !== QUOTE) continue
    let slashes = 0
    while (b[i - 1 - slashes] === BACKSLASH) slashes++
    if (slashes % 2 === 0) return i
  }
}

/** Is nothing left of the object once the edits [first, to) are made? They lie in it, in order. */
function isEmptied(b: Buffer, edits: Edits, start: number, end: number, first: number, to: number): boolean {
  let at = skipSpace(b, start + 1)
  for (let n = first; n < to; n++) {
    if ((edits.starts[n] as number) > at || edits.masks[n] !== null) return false
    at = skipSpace(b, edits.ends[n] as number)
  }
  return at >= end - 1
}
