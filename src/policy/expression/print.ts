import type { Dialect } from '../../pipeline/expression/dialect.ts'
import type { Expression } from '../../pipeline/expression/expression.ts'

/** The text of an expression, for explain. Read again in the same dialect, with the same placeholders, it is the same tree. */
export function printExpression(expression: Expression, dialect: Dialect): string {
  throw new Error(`not yet: ${expression.kind} ${dialect}`)
}
