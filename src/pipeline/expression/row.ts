import type { Value } from './values.ts'

/** What `source('...')` may name: members of Debezium's source block that are no data of a row. */
export const sourceMembers = {
  connector: 'text',
  name: 'text',
  db: 'text',
  schema: 'text',
  table: 'text',
  snapshot: 'text',
  ts_ms: 'integer',
  ts_us: 'integer',
  ts_ns: 'integer',
  txId: 'integer',
  lsn: 'integer',
} as const satisfies Readonly<Record<string, 'text' | 'integer'>>
export type SourceMember = keyof typeof sourceMembers

/** `op()`: create, update, delete, read by a snapshot, truncate. */
export type OperationLetter = 'c' | 'u' | 'd' | 'r' | 't'

/**
 * What an expression reads while it runs. The caller fills it in, lazily: a slot that an expression turns out not to need
 * is never read. Whatever `value` throws (a TOAST placeholder, bytes that are not of the type) goes through the evaluator
 * to the caller untouched.
 */
export interface Row {
  /**
   * The value in a slot, as `valueReader` of its column type gives it; null for SQL's NULL. A column that the image lacks
   * is the caller's to judge.
   */
  readonly value: (slot: number) => Value
  /**
   * Does the value differ between `before` and `after`? True where one of the images is absent by the nature of the
   * operation (create, delete); null where it should be there and is not (replica identity).
   */
  readonly changed: (slot: number) => boolean | null
  /** null: the record does not tell. */
  readonly op: () => OperationLetter | null
  /** A string or a Whole, as `sourceMembers` says; null where the record lacks it. */
  readonly source: (member: SourceMember) => Value
  /** The time of the batch in microseconds since 1970: the same for all its records. */
  readonly now: () => number
}
