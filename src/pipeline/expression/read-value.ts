import type { ColumnType } from '../schema.ts'
import type { Value } from './values.ts'

/** Reads the JSON value in b[start, end). */
export type ValueReader = (b: Buffer, start: number, end: number) => Value

/**
 * The reader of a column's values. A value that is not of the column's type fails with RECORD_MASK_TYPE_MISMATCH (an Unreadable,
 * as all of decode throws). TOAST placeholders are the caller's to find first: here they are text like any other.
 */
export function valueReader(type: ColumnType): ValueReader {
  throw new Error(`not yet: ${type.kind}`)
}

export const readValue = (b: Buffer, start: number, end: number, type: ColumnType): Value =>
  valueReader(type)(b, start, end)
