import type { ErrorCode } from '../../errors.ts'
import type { TypeBlock } from '../decode/schema-block.ts'
import { type FittedExpression, fitNew, fitTo } from '../expression/fit.ts'
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
import { nullify, writesNull } from '../mask/types/null.ts'
import type { ColumnExpression, ColumnRule, ColumnRules, KeyRing, Projection } from '../plan.ts'
import type { ColumnType } from '../schema.ts'
import { placedName } from '../tellable-name.ts'
import { bindInside, rulesInside } from './bind-inside.ts'
import { longestMasked } from './masked-length.ts'
import { createRowScope, isFault, isKnown, isNamed, type RowScope, ruleOf } from './row-scope.ts'

/** A column with what the rules make of it; `problem` where they cannot be applied. */
export interface BoundColumn {
  readonly column: Column
  readonly effect: MaskEffect | null
  /** Makes the value that goes out: a CUSTOM mask, or a projection in the column's place. */
  readonly computed: FittedExpression | null
  /** What the computed value has in place of the column's own type; null: the type stays. */
  readonly retyped: ColumnType | null
  /** The name that goes out. */
  readonly outName: string
  /** Only parts of the value are rewritten. */
  readonly isPartly: boolean
  readonly problem: { readonly code: ErrorCode; readonly detail: string } | null
}

/**
 * Binds the rules to one column of one type (null: unknown). `part` says where it stands: a key takes only masks that
 * keep different values different. `index` and `block`: where it stands in its schema block and what that says of it, if
 * there is one. `scope`: the row that it stands in, for expressions; left out: the declared one.
 */
export function bindColumn(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  index: number | null = null,
  scope: RowScope | null = null,
  block: TypeBlock | null = null,
): BoundColumn {
  const bound = bind({ name, type, part, rules, keys, scope, block })
  const told = toldBy(name, rules, bound.column, index)
  return told === bound.column.told ? bound : { ...bound, column: new Column(name, { ...bound.column, told }) }
}

/** A name that stands in a policy is nobody's secret. */
function toldBy(name: string, rules: ColumnRules, { told }: Column, index: number | null): string {
  if (isNamed(name, rules) || isSpoken(name, rules.projection)) return name
  if (rules.inside.some(({ column }) => column === name)) return name
  return index === null ? told : placedName(told, index)
}

interface Place {
  readonly name: string
  readonly type: ColumnType | null
  readonly part: 'row' | 'key'
  readonly rules: ColumnRules
  readonly keys: KeyRing
  readonly scope: RowScope | null
  readonly block: TypeBlock | null
}

function bind(place: Place): BoundColumn {
  const { name, part, rules } = place
  const { projection } = rules
  if (projection === null) return bindByRules(place)
  const computed = projection.columns.get(name)
  const isCut = projection.drop.has(name) || (projection.keep !== null && !projection.keep.has(name))
  if (part === 'key' && (computed !== undefined || isCut)) {
    const where = `policy ${projection.policy}, ${projection.path}`
    return refused(name, 'SCHEMA_KEY_MASK', `${where}: a key column can be renamed only`)
  }
  if (computed !== undefined) return bindComputed(place, computed)
  // Named by the projection as what goes, so it is known.
  if (projection.drop.has(name)) return bound(name, REMOVE, null, TOAST_UNCHECKED)
  const own = bindByRules(place)
  if (own.problem !== null || own.column.act === REMOVE) return own
  if (isCut) return bound(name, REMOVE, null, TOAST_UNCHECKED)
  return { ...own, outName: projection.rename.get(name) ?? name }
}

const isSpoken = (name: string, projection: Projection | null): boolean =>
  projection !== null &&
  (projection.drop.has(name) ||
    projection.columns.has(name) ||
    projection.rename.has(name) ||
    projection.keep?.has(name) === true)

function bindByRules(place: Place): BoundColumn {
  const { name, type, part, rules } = place
  const rule = ruleOf(name, rules)
  if (rule === null && !isKnown(name, rules)) return bindUnknown(name, type, part, rules)
  if (rule === null || rule.maskType.effect === 'keep') return bindParts(place)
  if (part === 'key' && rule.maskType.uniqueness !== 'preserved') {
    return refused(name, 'SCHEMA_KEY_MASK', `policy ${rule.policy}, ${rule.path}`)
  }
  if (rule.maskType.effect === 'remove') return bound(name, REMOVE, null, TOAST_UNCHECKED)
  return rule.custom === null ? bindMask(place, rule) : bindCustom(place, rule.custom)
}

/** A column that passes, but for what rules say of its parts. */
function bindParts({ name, type, part, rules, keys, block }: Place): BoundColumn {
  const toast = toastAct(type, part, rules)
  const effect = rules.inside.length === 0 ? null : bindInside(name, type, block, rules, keys)
  if (effect === null) return bound(name, PASS, null, toast)
  if (isMisfit(effect)) return refused(name, effect.code, effect.detail)
  if (part === 'key') return refused(name, 'SCHEMA_KEY_MASK', 'a rule on a part of it')
  return { ...bound(name, MASK, effect, toast), isPartly: true }
}

/** What a row without a schema does with members that no rule names. */
export function unknownMember(part: 'row' | 'key', rules: ColumnRules, keys: KeyRing): (name: string) => UnknownMember {
  const projection = rules.projection === null ? null : { ...rules.projection, drop: none, columns: noColumns }
  const unnamed = { ...rules, byName: noColumns, tableSchema: null, projection }
  const any = bindColumn('', null, part, { ...unnamed, matching: null }, keys).column
  return name => (rules.matching?.(name) == null ? any : bindColumn(name, null, part, unnamed, keys).column)
}

const none: ReadonlySet<string> = new Set()
const noColumns = new Map<string, never>()

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

function bindMask({ name, type, part, rules, keys }: Place, rule: ColumnRule): BoundColumn {
  const where = `policy ${rule.policy}, ${rule.path}`
  if (type === null && !rule.maskType.typeless) return refused(name, 'SCHEMA_UNDECLARED', where)
  const effect = rule.maskType.bind(rule.params, type, keys)
  if (isMisfit(effect)) return refused(name, effect.code, `${where}: ${effect.detail}`)
  const long = longestMasked(effect, type)
  if (long !== null) return refused(name, 'SCHEMA_MASK_LENGTH', `${where}: ${long}`)
  return bound(name, MASK, effect, toastAct(type, part, rules))
}

/** A CUSTOM mask is a mask: the column stays what it is. */
function bindCustom({ name, type, rules, scope }: Place, custom: ColumnExpression): BoundColumn {
  const where = `policy ${custom.policy}, ${custom.path}`
  if (type === null) return refused(name, 'SCHEMA_UNDECLARED', where)
  const expression = scopeOf(rules, scope).value(custom, name)
  if (isFault(expression)) return refused(name, expression.code, expression.detail)
  const computed = fitTo(expression, type)
  if (isFault(computed)) return refused(name, computed.code, `${where}: ${computed.detail}`)
  return computing(name, computed, null)
}

/** A projection in a column's place keeps the type where the result fits it, else the column has the result's. */
function bindComputed({ name, type, rules, scope }: Place, text: ColumnExpression): BoundColumn {
  const expression = scopeOf(rules, scope).value(text, null)
  if (isFault(expression)) return refused(name, expression.code, expression.detail)
  const kept = type === null ? null : fitTo(expression, type)
  if (kept !== null && !isFault(kept)) return computing(name, kept, null)
  const computed = fitNew(expression)
  if (isFault(computed)) return refused(name, computed.code, `policy ${text.policy}, ${text.path}: ${computed.detail}`)
  // Optional, as a row need not have the member.
  return computing(name, computed, { ...computed.type, optional: true })
}

const scopeOf = (rules: ColumnRules, scope: RowScope | null): RowScope =>
  scope ?? createRowScope(rules.tableSchema?.columns ?? [], rules)

function toastAct(type: ColumnType | null, part: 'row' | 'key', rules: ColumnRules): ToastAct {
  if (part === 'key' || !mayBeToasted(type)) return TOAST_UNCHECKED
  if (rules.toast === 'keep') return TOAST_KEEP
  if (rules.toast === 'reject') return TOAST_REFUSE
  if (rules.toast === 'omit') return TOAST_OMIT
  return type?.optional === true && !rules.compacted ? TOAST_OMIT : TOAST_REFUSE
}

export const mayBeToasted = (type: ColumnType | null): boolean =>
  type === null || type.kind === 'string' || type.kind === 'bytes' || type.kind === 'array' || type.kind === 'map'

const bound = (name: string, act: Act, effect: MaskEffect | null, toast: ToastAct): BoundColumn => ({
  column: new Column(name, { act, mask: effect?.mask ?? null, toast }),
  effect,
  computed: null,
  retyped: null,
  outName: name,
  isPartly: false,
  problem: null,
})

/** The mask is only there for a record that nothing was computed for: it shows nothing. */
const computing = (name: string, computed: FittedExpression, retyped: ColumnType | null): BoundColumn => ({
  // What is computed into an enum is one of its labels.
  ...bound(
    name,
    MASK,
    { ...writesNull, writesNull: false, constant: computed.type.parameters.get('allowed') ?? null },
    TOAST_UNCHECKED,
  ),
  computed,
  retyped,
})

const refused = (name: string, code: ErrorCode, detail: string): BoundColumn => ({
  ...bound(name, REFUSE, null, TOAST_UNCHECKED),
  column: new Column(name, { act: REFUSE, code }),
  problem: { code, detail },
})
