import type { ErrorCode } from '../../errors.ts'
import type { ExpressionType } from './expression-type.ts'
import type { Row } from './row.ts'
import type { Value } from './values.ts'

/** An expression that is bound to columns: what the road runs. */
export interface BoundExpression {
  readonly type: ExpressionType
  /** May the result be NULL? False only where that is certain. */
  readonly nullable: boolean
  /** Every slot that it may read, ascending; `changedSlots` apart. */
  readonly slots: readonly number[]
  /** Slots whose `before` it compares with `after`: changed(). */
  readonly changedSlots: readonly number[]
  /** The slot where it is nothing but that column, whole: its bytes can be copied as they stand. */
  readonly copies: number | null
  /** The same for every row; null where it is not so. `now()` is none, it differs from batch to batch. */
  readonly constant: { readonly value: Value } | null
  /** Never throws of itself; see Row. */
  readonly evaluate: (row: Row) => Value
}

/** A condition is one of type boolean; a filter keeps a row on `true` only. */
export interface BoundCondition extends BoundExpression {
  readonly type: { readonly kind: 'boolean' }
  readonly evaluate: (row: Row) => boolean | null
}

/** Why it cannot be bound. `detail` is made of names from the policy and the schema, never of literals or values. */
export interface BindFault {
  readonly code: ErrorCode
  /** A zero-based index into the expression's text. */
  readonly at: number
  readonly detail: string
}

export const isBindFault = <T extends object>(result: T | BindFault): result is BindFault => 'code' in result
