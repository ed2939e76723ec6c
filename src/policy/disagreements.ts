import type { Problem } from '../errors.ts'
import type { ColumnRule } from '../pipeline/plan.ts'
import type { TopicPattern } from './topic-pattern.ts'

/** Warnings are a service: beyond these bounds a set is too large to be looked through for them. */
export const MAX_WARNINGS = 100
const MAX_COMPARISONS = 300_000

interface Policy {
  readonly patterns: readonly TopicPattern[]
  readonly columns: readonly { readonly column: string; readonly rule: ColumnRule }[]
}

/** Two policies that name the same topic and say different things of a column: the winner is documented, the pair is told. */
export function disagreements(policies: readonly Policy[]): Problem[] {
  const first = new Map<string, ColumnRule>()
  const problems: Problem[] = []
  let comparisons = 0
  for (const { patterns, columns } of policies) {
    for (const { text } of patterns) {
      for (const { column, rule } of columns) {
        if (++comparisons > MAX_COMPARISONS || problems.length === MAX_WARNINGS) return problems
        const id = `${text} ${column}`
        const other = first.get(id)
        if (other === undefined) first.set(id, rule)
        else if (other.maskType !== rule.maskType || JSON.stringify(other.params) !== JSON.stringify(rule.params)) {
          problems.push({
            code: 'POLICY_DISAGREE',
            severity: 'warning',
            where: { policy: rule.policy, path: rule.path },
            detail: `column ${column}: policy ${other.policy}, ${other.path}, says otherwise`,
          })
        }
      }
    }
  }
  return problems
}
