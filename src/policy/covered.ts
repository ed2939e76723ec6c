import type { Problem } from '../errors.ts'
import type { ColumnRule } from '../pipeline/plan.ts'
import type { NestedRule } from './column-rules.ts'
import type { TopicPattern } from './topic-pattern.ts'

/** As with disagreements: warnings are a service, within bounds. */
const MAX_WARNINGS = 100
const MAX_COMPARISONS = 300_000

interface Policy {
  readonly patterns: readonly TopicPattern[]
  readonly columns: readonly { readonly column: string; readonly rule: ColumnRule }[]
  readonly inside: readonly NestedRule[]
}

/** Rules on parts of a column that another rule on the same topic hides as a whole. */
export function covered(policies: readonly Policy[]): Problem[] {
  const hiding = new Map<string, ColumnRule>()
  const problems: Problem[] = []
  let comparisons = 0
  const isEnough = (): boolean => ++comparisons > MAX_COMPARISONS || problems.length === MAX_WARNINGS
  // Sets without such rules need no look.
  if (policies.every(({ inside }) => inside.length === 0)) return problems
  for (const { patterns, columns } of policies) {
    for (const { text } of patterns) {
      for (const { column, rule } of columns) {
        if (isEnough()) return problems
        if (rule.maskType.effect !== 'keep' && !hiding.has(`${text} ${column}`)) hiding.set(`${text} ${column}`, rule)
      }
    }
  }
  for (const { patterns, inside } of policies) {
    for (const { text } of patterns) {
      for (const { column, isGuess, rule } of inside) {
        if (isEnough()) return problems
        const by = column === null || isGuess ? undefined : hiding.get(`${text} ${column}`)
        if (by === undefined) continue
        problems.push({
          code: 'POLICY_COVERED',
          severity: 'warning',
          where: { policy: rule.policy, path: rule.path },
          detail: `column ${column}: policy ${by.policy}, ${by.path}, hides it as a whole`,
        })
      }
    }
  }
  return problems
}
