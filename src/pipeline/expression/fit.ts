import type { ColumnType } from '../schema.ts'
import type { OutputBuffer } from '../serialize/output-buffer.ts'
import type { BindFault, BoundExpression } from './bound-expression.ts'
import type { Row } from './row.ts'

/** An expression whose results go into a column of a given type. */
export interface FittedExpression {
  readonly expression: BoundExpression
  readonly type: ColumnType
  /**
   * Appends the result as a JSON value of the column's type. A result that does not fit (out of range, too long, NULL where
   * the column takes none) fails with RECORD_EXPRESSION_MISFIT at the position `at`, and nothing is appended.
   */
  readonly write: (row: Row, out: OutputBuffer, at: number) => void
}

/**
 * For CUSTOM masks and for projections that replace a column: the column keeps its type. Refused at load where the types
 * do not go together, where NULL may come out and the column takes none, or where a text may be longer than the column.
 */
export function fitTo(expression: BoundExpression, type: ColumnType): FittedExpression | BindFault {
  throw new Error(`not yet: ${expression.type.kind} ${type.kind}`)
}

/** For a new column: the type follows from the expression. */
export function fitNew(expression: BoundExpression): FittedExpression | BindFault {
  throw new Error(`not yet: ${expression.type.kind}`)
}
