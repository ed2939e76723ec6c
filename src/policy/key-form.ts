import { Value } from 'typebox/value'
import { findMaskType, maskTypeName } from '../pipeline/mask/mask-types.ts'
import type { MaskType } from '../pipeline/mask/mask-type.ts'
import type { ColumnRules } from '../pipeline/plan.ts'
import { isKnown, ruleOf } from '../pipeline/project/row-scope.ts'
import { keyIdOf } from './column-rules.ts'
import { isMaskingPolicy, isRanger, type PolicyDocument } from './document.ts'

const AS = ' as '

/** How a key column goes out: whatever differs here makes other keys of the same rows. */
export interface KeyForm {
  /** The mask with all its parameters but the key: `none`, `hash {"length":64}`; and the name where it has a new one: `none as person`. */
  readonly mask: string
  /** Null where the mask needs no key. */
  readonly keyId: string | null
}

/** What the rules make of a key column; null where they let nothing of it out. */
export function keyForm(column: string, rules: ColumnRules): KeyForm | null {
  const rule = ruleOf(column, rules)
  const renamed = rules.projection?.rename.get(column)
  const suffix = renamed === undefined || renamed === column ? '' : `${AS}${renamed}`
  if (rule === null) return isKnown(column, rules) ? { mask: `none${suffix}`, keyId: null } : null
  const { maskType, params } = rule
  if (maskType.uniqueness !== 'preserved') return null
  return { mask: maskText(maskType, params) + suffix, keyId: maskType.needsKey ? keyIdOf(params) : null }
}

function maskText(maskType: MaskType, params: Readonly<Record<string, unknown>>): string {
  // Of the masks that may stand on keys none is written differently by dialect.
  const {
    keyId: _keyId,
    dialect: _dialect,
    ...rest
  } = Value.Default(maskType.params, { ...params }) as Record<string, unknown>
  const sorted = Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1)))
  const name = maskTypeName(maskType)
  return Object.keys(sorted).length === 0 ? name : `${name} ${JSON.stringify(sorted)}`
}

/**
 * The mask of a form that was stored, as this release writes it: a parameter that was not there yet had the value that is
 * its default now. As it stands where this release has no such mask.
 */
export function currentMask(stored: string): string {
  // A new name may hold any text; no parameter of a mask that stands on keys does.
  const at = stored.indexOf(AS)
  const [name = '', ...params] = (at < 0 ? stored : stored.slice(0, at)).split(' ')
  const maskType = findMaskType(name)
  if (maskType === undefined) return stored
  return maskText(maskType, params.length === 0 ? {} : JSON.parse(params.join(' '))) + (at < 0 ? '' : stored.slice(at))
}

/** The ids of the keys that these documents mask with. */
export function keyIdsOf(documents: readonly PolicyDocument[]): ReadonlySet<string> {
  const conditions = documents.filter(isMaskingPolicy).flatMap(({ maskingPolicy }) => maskingPolicy.maskingConditions)
  const keyed = conditions.filter(condition => findMaskType(condition.maskType, condition)?.needsKey === true)
  // Those of Ranger's policies have no place for the id of a key.
  return new Set([...keyed.map(keyIdOf), ...(documents.some(isRanger) ? ['default'] : [])])
}
