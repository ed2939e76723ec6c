import { maskTypeName } from '../pipeline/mask/mask-types.ts'
import type { ViewPlan } from '../pipeline/plan.ts'
import { isKnown } from '../pipeline/project/bind-column.ts'

/**
 * What the rules of a view say of a column, whatever a record holds: `clear` passes it on, `constant` writes the same for
 * every value (which tells nothing, even where a value happens to be that), `hidden` is everything else: masked, removed,
 * unknown.
 */
export type Handling = 'clear' | 'constant' | 'hidden'

export function handlingOf({ rules, mayPass }: ViewPlan, column: string): Handling {
  const rule = rules.byName.get(column) ?? (isKnown(column, rules) ? null : rules.wildcard)
  if (rule !== null) {
    const { effect, typeless } = rule.maskType
    return effect === 'keep' ? 'clear' : effect === 'rewrite' && typeless ? 'constant' : 'hidden'
  }
  if (isKnown(column, rules)) return 'clear'
  return column.startsWith('headers.') && mayPass(column.slice('headers.'.length)) ? 'clear' : 'hidden'
}

/** The same for people: the mask and who says so. */
export function ruleText(view: ViewPlan | null, column: string): string {
  if (view === null) return 'no policy'
  const { rules } = view
  const rule = rules.byName.get(column) ?? (isKnown(column, rules) ? null : rules.wildcard)
  if (rule !== null) return `${maskTypeName(rule.maskType)} (${rule.policy} ${shortPath(rule.path)})`
  return isKnown(column, rules) ? 'none (accepted schema)' : `unknown: ${rules.unknown}`
}

/** `[3]` of `maskingPolicy.maskingConditions[3]`; any other path whole. */
export const shortPath = (path: string): string => path.replace(/^maskingPolicy\.maskingConditions/, '')
