import type { ColumnRules, InsideRule, UnmatchedRule } from '../pipeline/plan.ts'
import type { NestedRule } from './column-rules.ts'

/** The rule as the plan of one topic has it, with a tally of its own. */
export function insideRule({ column, path, isGuess, rule }: NestedRule, priority: number): InsideRule {
  const last = path.at(-1)
  const onLeaves = last !== undefined && last.kind !== 'parent' && last.picks.some(({ kind }) => kind === 'any')
  return { column, path, isGuess, onLeaves, priority, rule, tally: { unmatched: 0 } }
}

/** The columns that rules rewrite or remove, wholly or in parts; names as policies have them. */
export function maskedColumns({ byName, inside }: ColumnRules): readonly string[] {
  const whole = [...byName].map(([column, rule]) => ({ column, rule }))
  const hiding = [...whole, ...inside].filter(({ rule, column }) => rule.maskType.effect !== 'keep' && column !== null)
  return [...new Set(hiding.map(({ column }) => column ?? ''))]
}

/** Takes the tallies of rules that name their column: a rule of every column finds nothing in most of them. */
export function unmatchedOf({ inside }: ColumnRules): () => readonly UnmatchedRule[] {
  const named = inside.filter(({ column, isGuess }) => column !== null && !isGuess)
  return () =>
    named.flatMap(({ rule: { policy, path }, tally }) => {
      const values = tally.unmatched
      tally.unmatched = 0
      return values === 0 ? [] : [{ policy, path, values }]
    })
}
