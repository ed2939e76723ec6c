import { maskTypeName } from '../pipeline/mask/mask-types.ts'
import type { ColumnRules, ViewPlan } from '../pipeline/plan.ts'
import { rulesInside } from '../pipeline/project/bind-inside.ts'
import { isKnown, ruleOf } from '../pipeline/project/row-scope.ts'

/**
 * What the rules of a view say of a column, whatever a record holds: `clear` passes it on, `constant` writes the same for
 * every value (which tells nothing, even where a value happens to be that), `hidden` is everything else: masked, removed,
 * unknown.
 */
export type Handling = 'clear' | 'constant' | 'hidden'

export function handlingOf({ rules, mayPass }: ViewPlan, column: string): Handling {
  if (isProjected(column, rules) || isHiddenInParts(column, rules)) return 'hidden'
  const rule = ruleOf(column, rules)
  if (rule !== null) {
    const { effect, typeless } = rule.maskType
    return effect === 'keep' ? 'clear' : effect === 'rewrite' && typeless ? 'constant' : 'hidden'
  }
  if (isKnown(column, rules)) return 'clear'
  return column.startsWith('headers.') && mayPass(column.slice('headers.'.length)) ? 'clear' : 'hidden'
}

/** Taken out, computed, or under a name that is another column's. */
const isProjected = (column: string, { projection }: ColumnRules): boolean =>
  projection !== null &&
  (projection.drop.has(column) ||
    projection.columns.has(column) ||
    projection.keep?.has(column) === false ||
    [...projection.rename].some(names => names.includes(column)))

const isHiddenInParts = (column: string, rules: ColumnRules): boolean =>
  rulesInside(column, rules).some(({ rule }) => rule.maskType.effect !== 'keep')

/** The same for people: the mask and who says so. */
export function ruleText(view: ViewPlan | null, column: string): string {
  if (view === null) return 'no policy'
  const { rules } = view
  const rule = ruleOf(column, rules)
  if (rule !== null) return `${maskTypeName(rule.maskType)} (${rule.policy} ${shortPath(rule.path)})`
  return isKnown(column, rules) ? 'none (accepted schema)' : `unknown: ${rules.unknown}`
}

/** `[3]` of `maskingPolicy.maskingConditions[3]`; any other path whole. */
export const shortPath = (path: string): string => path.replace(/^maskingPolicy\.maskingConditions/, '')
