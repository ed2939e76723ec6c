import type { BindFault, BoundCondition, BoundExpression } from './bound-expression.ts'
import type { Expression } from './expression.ts'
import type { Scope } from './scope.ts'

/** Binds names to columns, checks the types, makes the closure. Everything that can be refused is refused here. */
export function bindExpression(expression: Expression, scope: Scope): BoundExpression | BindFault {
  throw new Error(`not yet: ${expression.kind} ${scope.dialect}`)
}

/** The same for what must be true or false: a row filter, a WHEN. */
export function bindCondition(expression: Expression, scope: Scope): BoundCondition | BindFault {
  throw new Error(`not yet: ${expression.kind} ${scope.dialect}`)
}
