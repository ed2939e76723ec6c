import type { ColumnRule } from '../pipeline/plan.ts'

export interface Prioritised {
  readonly rule: ColumnRule
  readonly priority: number
}

/** A rule that a service's policies come to. */
export interface FoundRule extends Prioritised {
  /** The policy names the column as it is spelt, so it may leave it in clear. */
  readonly isLiteral: boolean
}

export const hides = ({ rule }: Prioritised): boolean => rule.maskType.effect !== 'keep'

/** Higher priority first; at equal priority what hides; the first stays where the two are alike. */
export function stronger<T extends Prioritised>(first: T | undefined, second: T): T {
  if (first === undefined || second.priority > first.priority) return second
  return second.priority === first.priority && hides(second) && !hides(first) ? second : first
}
