import type { ErrorCode } from '../../errors.ts'
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
import { type ColumnType, columnLength } from '../schema.ts'
import { placedName } from '../tellable-name.ts'

/** A column with what the rules make of it; `problem` where they cannot be applied. */
export interface BoundColumn {
  readonly column: Column
  readonly effect: MaskEffect | null
  readonly problem: { readonly code: ErrorCode; readonly detail: string } | null
}

/**
 * Binds the rules to one column of one type (null: unknown). `part` says where it stands: a key takes only masks that
 * keep different values different. `index`: where it stands in its schema block, if there is one.
 */
export function bindColumn(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  index: number | null = null,
): BoundColumn {
  const bound = bind(name, type, part, rules, keys)
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
): BoundColumn {
  const rule = ruleOf(name, rules)
  if (rule === null && !isKnown(name, rules)) return bindUnknown(name, type, part, rules)
  if (rule === null || rule.maskType.effect === 'keep') return bound(name, PASS, null, toastAct(type, part, rules))
  if (part === 'key' && rule.maskType.uniqueness !== 'preserved') {
    return refused(name, 'SCHEMA_KEY_MASK', `policy ${rule.policy}, ${rule.path}`)
  }
  if (rule.maskType.effect === 'remove') return bound(name, REMOVE, null, TOAST_UNCHECKED)
  return bindMask(name, type, part, rule, rules, keys)
}

/** What a row without a schema does with members that no rule names. */
export function unknownMember(part: 'row' | 'key', rules: ColumnRules, keys: KeyRing): (name: string) => UnknownMember {
  const unnamed = { ...rules, byName: new Map(), tableSchema: null }
  const any = bindColumn('', null, part, { ...unnamed, matching: null }, keys).column
  return name => (rules.matching?.(name) == null ? any : bindColumn(name, null, part, unnamed, keys).column)
}

/** The rule of a column; null where there is none. */
export const ruleOf = (name: string, rules: ColumnRules): ColumnRule | null =>
  rules.byName.get(name) ?? rules.matching?.(name) ?? (isKnown(name, rules) ? null : rules.wildcard)

/** Listed by a declared or accepted table schema: known, though no rule names it. */
export const isKnown = (name: string, rules: ColumnRules): boolean =>
  rules.tableSchema?.columns.some(column => column.name === name) ?? false

/** By a policy or a table schema, wildcards aside. */
export const isNamed = (name: string, rules: ColumnRules): boolean => rules.byName.has(name) || isKnown(name, rules)

function bindUnknown(name: string, type: ColumnType | null, part: 'row' | 'key', rules: ColumnRules): BoundColumn {
  if (rules.unknown === 'hold' || part === 'key') return refused(name, 'RECORD_UNKNOWN_COLUMN', 'no policy names it')
  if (rules.unknown === 'quarantine') return refused(name, 'RECORD_QUARANTINED', 'no policy names it')
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
  // Of a number the schema tells the digits, and a mask that makes text of it makes another column.
  const length = type?.kind === 'string' ? columnLength(type) : null
  const longest = length === null ? null : (effect.maxCharacters?.(length) ?? null)
  if (length !== null && longest !== null && longest > length) {
    return refused(name, 'SCHEMA_MASK_LENGTH', `${where}: up to ${longest} characters, the column takes ${length}`)
  }
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
  problem: null,
})

const refused = (name: string, code: ErrorCode, detail: string): BoundColumn => ({
  column: new Column(name, { act: REFUSE, code }),
  effect: null,
  problem: { code, detail },
})
