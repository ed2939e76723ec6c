import type { ErrorCode } from '../../errors.ts'
import type { TypeBlock } from '../decode/schema-block.ts'
import {
  type Act,
  Column,
  MASK,
  PASS,
  REFUSE,
  REMOVE,
  TOAST_KEEP,
  TOAST_OMIT,
  TOAST_REFUSE,
  TOAST_UNCHECKED,
  type ToastAct,
  type UnknownMember,
} from '../layout.ts'
import { isMisfit, type MaskEffect } from '../mask/mask-type.ts'
import { nullify } from '../mask/types/null.ts'
import type { ColumnRule, ColumnRules, KeyRing } from '../plan.ts'
import type { ColumnType } from '../schema.ts'
import { placedName } from '../tellable-name.ts'
import { bindInside, rulesInside } from './bind-inside.ts'
import { longestMasked } from './masked-length.ts'

/** A column with what the rules make of it; `problem` where they cannot be applied. */
export interface BoundColumn {
  readonly column: Column
  readonly effect: MaskEffect | null
  /** Only parts of the value are rewritten. */
  readonly isPartly: boolean
  readonly problem: { readonly code: ErrorCode; readonly detail: string } | null
}

/**
 * Binds the rules to one column of one type (null: unknown). `part` says where it stands: a key takes only masks that
 * keep different values different. `index` and `block`: where it stands in its schema block and what that says of it, if
 * there is one.
 */
export function bindColumn(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  index: number | null = null,
  block: TypeBlock | null = null,
): BoundColumn {
  const bound = bind(name, type, part, rules, keys, block)
  const told = toldBy(name, rules, bound.column, index)
  return told === bound.column.told ? bound : { ...bound, column: new Column(name, { ...bound.column, told }) }
}

/** A name that stands in a policy is nobody's secret. */
function toldBy(name: string, rules: ColumnRules, { told }: Column, index: number | null): string {
  if (isNamed(name, rules)) return name
  return index === null ? told : placedName(told, index)
}

function bind(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  block: TypeBlock | null,
): BoundColumn {
  const rule = rules.byName.get(name) ?? (isKnown(name, rules) ? null : rules.wildcard)
  if (rule === null && !isKnown(name, rules)) return bindUnknown(name, type, part, rules)
  if (rule === null || rule.maskType.effect === 'keep') return bindParts(name, type, part, rules, keys, block)
  if (part === 'key' && rule.maskType.uniqueness !== 'preserved') {
    return refused(name, 'SCHEMA_KEY_MASK', `policy ${rule.policy}, ${rule.path}`)
  }
  if (rule.maskType.effect === 'remove') return bound(name, REMOVE, null, TOAST_UNCHECKED)
  return bindMask(name, type, part, rule, rules, keys)
}

/** A column that passes, but for what rules say of its parts. */
function bindParts(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  block: TypeBlock | null,
): BoundColumn {
  const toast = toastAct(type, part, rules)
  const effect = rules.inside.length === 0 ? null : bindInside(name, type, block, rules, keys)
  if (effect === null) return bound(name, PASS, null, toast)
  if (isMisfit(effect)) return refused(name, effect.code, effect.detail)
  if (part === 'key') return refused(name, 'SCHEMA_KEY_MASK', 'a rule on a part of it')
  return { ...bound(name, MASK, effect, toast), isPartly: true }
}

/** What a row without a schema does with members that no rule names. */
export function unknownMember(part: 'row' | 'key', rules: ColumnRules, keys: KeyRing): UnknownMember {
  const { column } = bindColumn('', null, part, { ...rules, byName: new Map(), tableSchema: null }, keys)
  return { act: column.act, mask: column.mask, code: column.code }
}

/** Listed by a declared or accepted table schema: known, though no rule names it. */
export const isKnown = (name: string, rules: ColumnRules): boolean =>
  rules.tableSchema?.columns.some(column => column.name === name) ?? false

/** By a policy or a table schema, wildcards aside. */
export const isNamed = (name: string, rules: ColumnRules): boolean =>
  rules.byName.has(name) || isKnown(name, rules) || rules.inside.some(({ column }) => column === name)

function bindUnknown(name: string, type: ColumnType | null, part: 'row' | 'key', rules: ColumnRules): BoundColumn {
  const why = rulesInside(name, rules).some(({ column }) => column !== null)
    ? 'rules on its parts do not make it known: name the column itself too, with `none`'
    : 'no policy names it'
  if (rules.unknown === 'hold' || part === 'key') return refused(name, 'RECORD_UNKNOWN_COLUMN', why)
  if (rules.unknown === 'quarantine') return refused(name, 'RECORD_QUARANTINED', why)
  if (rules.unknown === 'drop') return bound(name, REMOVE, null, TOAST_UNCHECKED)
  const effect = nullify.bind({}, type, { get: () => undefined })
  return isMisfit(effect) ? refused(name, effect.code, effect.detail) : bound(name, MASK, effect, TOAST_UNCHECKED)
}

function bindMask(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rule: ColumnRule,
  rules: ColumnRules,
  keys: KeyRing,
): BoundColumn {
  const where = `policy ${rule.policy}, ${rule.path}`
  if (type === null && !rule.maskType.typeless) return refused(name, 'SCHEMA_UNDECLARED', where)
  const effect = rule.maskType.bind(rule.params, type, keys)
  if (isMisfit(effect)) return refused(name, effect.code, `${where}: ${effect.detail}`)
  const long = longestMasked(effect, type)
  if (long !== null) return refused(name, 'SCHEMA_MASK_LENGTH', `${where}: ${long}`)
  return bound(name, MASK, effect, toastAct(type, part, rules))
}

function toastAct(type: ColumnType | null, part: 'row' | 'key', rules: ColumnRules): ToastAct {
  if (part === 'key') return TOAST_UNCHECKED
  if (
    type !== null &&
    type.kind !== 'string' &&
    type.kind !== 'bytes' &&
    type.kind !== 'array' &&
    type.kind !== 'map'
  ) {
    return TOAST_UNCHECKED
  }
  if (rules.toast === 'keep') return TOAST_KEEP
  if (rules.toast === 'reject') return TOAST_REFUSE
  if (rules.toast === 'omit') return TOAST_OMIT
  return type?.optional === true && !rules.compacted ? TOAST_OMIT : TOAST_REFUSE
}

const bound = (name: string, act: Act, effect: MaskEffect | null, toast: ToastAct): BoundColumn => ({
  column: new Column(name, { act, mask: effect?.mask ?? null, toast }),
  effect,
  isPartly: false,
  problem: null,
})

const refused = (name: string, code: ErrorCode, detail: string): BoundColumn => ({
  column: new Column(name, { act: REFUSE, code }),
  effect: null,
  isPartly: false,
  problem: { code, detail },
})
