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
  /** Whose value it is; null where it is none of a column. */
  readonly columns: (Column | null)[] = new Array<Column | null>(256).fill(null)
  /** Stale where there is no column. */
  readonly layouts: (Layout | null)[] = new Array<Layout | null>(256).fill(null)
  count = 0

  add(start: number, end: number, mask: ValueMask | null): void {
    const n = this.count++
    if (n === this.starts.length) this.grow()
    this.starts[n] = start
    this.ends[n] = end
    this.masks[n] = mask
    this.columns[n] = null
  }

  /** Of a removal the whole member, else the value of the member. */
  addValue(start: number, end: number, mask: ValueMask | null, column: Column, layout: Layout): void {
    const n = this.count++
    if (n === this.starts.length) this.grow()
    this.starts[n] = start
    this.ends[n] = end
    this.masks[n] = mask
    this.columns[n] = column
    this.layouts[n] = layout
  }

  /** Puts an edit in front of the n-th. */
  insert(n: number, start: number, end: number, mask: ValueMask | null): void {
    this.add(start, end, mask)
    for (let at = this.count - 1; at > n; at--) this.move(at - 1, at)
    this.starts[n] = start
    this.ends[n] = end
    this.masks[n] = mask
    this.columns[n] = null
  }

  /** Puts the one edit in the place of the other. */
  move(from: number, to: number): void {
    if (from === to) return
    this.starts[to] = this.starts[from] as number
    this.ends[to] = this.ends[from] as number
    this.masks[to] = this.masks[from] ?? null
    this.columns[to] = this.columns[from] ?? null
    this.layouts[to] = this.layouts[from] ?? null
  }

  /** The edit that has this position, -1 if there is none. */
  indexAt(at: number): number {
    for (let n = 0; n < this.count; n++) if ((this.starts[n] as number) <= at && at < (this.ends[n] as number)) return n
    return -1
  }

  private grow(): void {
    const starts = new Int32Array(this.starts.length * 2)
    const ends = new Int32Array(this.starts.length * 2)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
  }
}
