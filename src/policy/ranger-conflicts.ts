import type { Problem } from '../errors.ts'
import type { FoundRule } from './rule-strength.ts'
import type { ViewPolicies } from './view-policies.ts'

/** Warnings are a service, within bounds. */
const MAX_WARNINGS = 100
const MAX_QUESTIONS = 5_000

/**
 * Policies of Ranger's that decide otherwise of a column at the same priority, among themselves or against masking
 * policies: the winner is documented, the pair is told. Looked for where topics are named literally or have a schema.
 */
export function rangerConflicts(views: readonly ViewPolicies[], topics: readonly string[]): Problem[] {
  const problems: Problem[] = []
  let questions = 0
  for (const { services, applying, literalTopics } of views) {
    for (const topic of new Set([...topics, ...literalTopics()])) {
      const said = services(topic)
      if (said.length === 0) continue
      const ours = applying(topic)
      for (const service of said) {
        for (const column of service.columns) {
          if (++questions > MAX_QUESTIONS || problems.length >= MAX_WARNINGS) return problems
          for (const { winner, other } of service.conflictsOf(column))
            problems.push(disagreement(winner, column, other))
          const found = service.ruleOf(column)
          for (const policy of ours) {
            const rule = policy.byColumn().get(column)?.[0]?.rule
            const isEqual = rule !== undefined && found?.priority === (policy.document.policyPriority ?? 0)
            if (isEqual && differs(found, rule)) problems.push(disagreement(rule.policy, column, found.rule.policy))
          }
        }
      }
    }
  }
  return problems
}

const differs = ({ rule: { maskType, params } }: FoundRule, other: FoundRule['rule']): boolean =>
  maskType !== other.maskType || JSON.stringify(params) !== JSON.stringify(other.params)

const disagreement = (policy: string, column: string, other: string): Problem => ({
  code: 'POLICY_DISAGREE',
  severity: 'warning',
  where: { policy },
  detail: `column ${column}: policy ${other} says otherwise`,
})
