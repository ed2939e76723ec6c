import type { Problem } from '../errors.ts'
import type { ColumnRule } from '../pipeline/plan.ts'
import type { NestedRule } from './column-rules.ts'
import type { TopicPattern } from './topic-pattern.ts'

/** As with disagreements: warnings are a service. */
const MAX_WARNINGS = 100

interface Policy {
  readonly patterns: readonly TopicPattern[]
  readonly columns: readonly { readonly column: string; readonly rule: ColumnRule }[]
  readonly inside: readonly NestedRule[]
}

/** Rules on parts of a column that the winning rule on the same topic hides as a whole. */
export function covered(policies: readonly Policy[]): Problem[] {
  const nested = policies.flatMap(({ patterns, inside }) =>
    patterns.flatMap(({ text }) =>
      inside.flatMap(({ column, isGuess, rule }) =>
        column === null || isGuess ? [] : [{ id: `${text} ${column}`, column, rule }],
      ),
    ),
  )
  if (nested.length === 0) return []
  const hiding = new Map<string, ColumnRule>()
  for (const { patterns, columns } of policies)
    for (const { text } of patterns)
      for (const { column, rule } of columns)
        if (rule.maskType.effect !== 'keep' && !hiding.has(`${text} ${column}`)) hiding.set(`${text} ${column}`, rule)
  return nested
    .flatMap(({ id, column, rule }): Problem[] => {
      const by = hiding.get(id)
      if (by === undefined) return []
      const detail = `column ${column}: policy ${by.policy}, ${by.path}, hides it as a whole`
      return [{ code: 'POLICY_COVERED', severity: 'warning', where: { policy: rule.policy, path: rule.path }, detail }]
    })
    .slice(0, MAX_WARNINGS)
}
