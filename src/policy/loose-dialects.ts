import type { Problem } from '../errors.ts'
import type { ColumnRule } from '../pipeline/plan.ts'
import { MAX_WARNINGS } from './disagreements.ts'

interface Policy {
  readonly columns: readonly { readonly rule: ColumnRule }[]
  readonly wildcard: ColumnRule | null
}

/** One warning for each policy with masks in a dialect that is not made to hide: a foreign set may have thousands of them. */
export function looseDialects(policies: readonly Policy[]): Problem[] {
  const warnings: Problem[] = []
  for (const { columns, wildcard } of policies) {
    if (warnings.length === MAX_WARNINGS) break
    const rules = [...columns.map(({ rule }) => rule), ...(wildcard === null ? [] : [wildcard])].filter(isLoose)
    const [first] = rules
    if (first === undefined) continue
    const others = rules.length === 1 ? '' : `, and ${rules.length - 1} more`
    warnings.push({
      code: 'POLICY_LOOSE_DIALECT',
      severity: 'warning',
      where: { policy: first.policy, path: `${first.path}.dialect` },
      detail: `dialect ${String(first.params.dialect)}${others}`,
    })
  }
  return warnings
}

const isLoose = ({ maskType, params }: ColumnRule): boolean =>
  maskType.hasLooseDialects === true && params.dialect !== undefined && params.dialect !== 'strict'
