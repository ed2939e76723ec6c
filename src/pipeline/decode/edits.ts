import type { ErrorCode } from '../../errors.ts'
import type { Column, Layout } from '../layout.ts'
import type { ValueMask } from '../mask/mask-type.ts'

/** What a mask may say of its value, when all of the record was read long before. */
export const codesOfMasks: ReadonlySet<ErrorCode> = new Set([
  'RECORD_MASK_TYPE_MISMATCH',
  'RECORD_INNER_JSON',
  'RECORD_SELECTOR_LIMIT',
])

/** The spans of a record that do not stay as they are, in byte order; a null mask takes the span out. Reused from record to record. */
export class Edits {
  starts = new Int32Array(256)
  ends = new Int32Array(256)
  masks: (ValueMask | null)[] = new Array<ValueMask | null>(256).fill(null)
  /** Whose value it is, for the place of a failure; stale where `add` was called without. */
  readonly columns: (Column | null)[] = new Array<Column | null>(256).fill(null)
  readonly layouts: (Layout | null)[] = new Array<Layout | null>(256).fill(null)
  count = 0

  add(start: number, end: number, mask: ValueMask | null): void {
    if (this.count === this.starts.length) this.grow()
    this.starts[this.count] = start
    this.ends[this.count] = end
    this.masks[this.count++] = mask
  }

  addValue(start: number, end: number, mask: ValueMask | null, column: Column, layout: Layout): void {
    this.columns[this.count] = column
    this.layouts[this.count] = layout
    this.add(start, end, mask)
  }

  /** The edit that starts at this position, -1 if there is none. */
  indexAt(start: number): number {
    for (let n = 0; n < this.count; n++) if (this.starts[n] === start) return n
    return -1
  }

  private grow(): void {
    const starts = new Int32Array(this.count * 2)
    const ends = new Int32Array(this.count * 2)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
    this.masks.length = this.count * 2
  }
}
