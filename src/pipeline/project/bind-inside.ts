import type { ErrorCode } from '../../errors.ts'
import type { TypeBlock } from '../decode/schema-block.ts'
import type { BoundRule } from '../mask/inside/inside-edits.ts'
import { insideMask } from '../mask/inside/inside-mask.ts'
import { type JsonDocument, NUMBER, STRING } from '../mask/inside/json-document.ts'
import { leafTypes, reachedTypes, typeOfNode } from '../mask/inside/reached-types.ts'
import { isMisfit, type MaskEffect, type Misfit, type ValueMask } from '../mask/mask-type.ts'
import { nullify } from '../mask/types/null.ts'
import type { ColumnRules, InsideRule, KeyRing } from '../plan.ts'
import { type ColumnType, columnLength, typeText } from '../schema.ts'
import { longestMasked } from './masked-length.ts'

const JSON_TEXT = 'io.debezium.data.Json'

/** The rules on parts of this column: those that name it, in their order among those of every column. */
export const rulesInside = (column: string, { inside }: ColumnRules): readonly InsideRule[] =>
  inside.filter(rule => rule.column === column || rule.column === null)

/**
 * Binds rules on parts of a column to its type; null where there is nothing to do. Where a schema block tells the types
 * inside the column, each mask is bound to those that its path can reach; elsewhere to what JSON itself can tell.
 */
export function bindInside(
  column: string,
  type: ColumnType | null,
  block: TypeBlock | null,
  rules: ColumnRules,
  keys: KeyRing,
): MaskEffect | Misfit | null {
  const form = type === null ? 'either' : formOf(type)
  const concerned = rulesInside(column, rules)
  const wanted = concerned.filter(rule => rule.column !== null && !rule.isGuess)
  // A rule of every column fits where there is something inside; one that names the column must.
  const isOpen = type === null || type.kind !== 'string' || type.logical === JSON_TEXT
  const fitting = form !== null && isOpen ? concerned : wanted
  const [first] = fitting
  if (first === undefined) return null
  if (form === null) return misfit('SCHEMA_SELECTOR', first, `the column is ${type === null ? '' : typeText(type)}`)
  if (type === null && wanted.length < fitting.length)
    return misfit('SCHEMA_UNDECLARED', first, 'a rule of every column needs to know what they hold')
  if (type?.kind === 'string' && columnLength(type) !== null)
    return misfit('SCHEMA_MASK_LENGTH', first, 'nobody can tell how long a masked document is')
  const bound: BoundRule[] = []
  for (const rule of fitting) {
    const one = form === 'native' && block !== null ? bindTyped(rule, block, keys) : bindUntyped(rule, keys)
    if (one === null) continue
    if (isMisfit(one)) return one
    bound.push(one)
  }
  if (bound.every(({ effect }) => effect === 'keep')) return null
  const mask = insideMask(bound, form)
  return { mask, becomes: null, maxCharacters: null, constant: null, writesNull: false }
}

/** Null: there is nothing inside such a value. */
function formOf({ kind, logical }: ColumnType): 'text' | 'native' | null {
  if (kind === 'string') return logical === null || logical === JSON_TEXT ? 'text' : null
  return kind === 'struct' || kind === 'array' || kind === 'map' ? 'native' : null
}

const misfit = (code: ErrorCode, { rule }: InsideRule, detail: string): Misfit => ({
  code,
  detail: `policy ${rule.policy}, ${rule.path}: ${detail}`,
})

type Common = Omit<BoundRule, 'maskFor'>

const common = ({ path, rule, onLeaves, priority, tally }: InsideRule): Common => {
  const { effect } = rule.maskType
  return { path, effect: effect === 'rewrite' ? 'mask' : effect, onLeaves, priority, tally }
}

const anyText: ColumnType = { kind: 'string', logical: null, optional: true, parameters: new Map() }
const anyInteger: ColumnType = { ...anyText, kind: 'int64' }

/** JSON knows strings and numbers; a mask that needs neither is the same on all. Null takes the place of an object. */
function bindUntyped(inside: InsideRule, keys: KeyRing): BoundRule | Misfit {
  const { maskType, params } = inside.rule
  if (maskType.effect !== 'rewrite') return { ...common(inside), maskFor: () => null }
  const ofText = maskType.bind(params, maskType.typeless ? null : anyText, keys)
  if (isMisfit(ofText)) return misfit(ofText.code, inside, ofText.detail)
  const ofNumber = maskType.typeless ? ofText : maskType.bind(params, anyInteger, keys)
  const number = isMisfit(ofNumber) ? null : ofNumber.mask
  const other = maskType.typeless ? ofText.mask : null
  const maskFor = (document: JsonDocument, node: number): ValueMask | null => {
    const kind = document.kind(node)
    if (kind === STRING) return ofText.mask
    if (document.isNested(node)) return other ?? nothing
    return kind === NUMBER ? number : other
  }
  return { ...common(inside), maskFor }
}

const asNull = nullify.bind({}, anyText, { get: () => undefined })
const nothing: ValueMask | null = isMisfit(asNull) ? null : asNull.mask

/** Null: a rule of every column that finds nothing in this one. */
function bindTyped(inside: InsideRule, root: TypeBlock, keys: KeyRing): BoundRule | Misfit | null {
  const { rule, path, onLeaves } = inside
  const { maskType } = rule
  const { types, obstacle } = reachedTypes(path, root)
  const isLoose = inside.column === null || inside.isGuess
  if (obstacle !== null && (types.size > 0 || !isLoose || path.some(({ kind }) => kind === 'descendant'))) {
    const why = obstacle === 'map' ? 'a map whose keys are no names' : 'JSON text inside the value'
    return misfit('SCHEMA_SELECTOR', inside, `it leads through ${why}: mask that as a whole`)
  }
  if (types.size === 0) return isLoose ? null : misfit('SCHEMA_SELECTOR', inside, 'the column has no such part')
  if (maskType.effect === 'keep') return { ...common(inside), maskFor: () => null }
  if (maskType.effect === 'remove')
    return misfit('SCHEMA_MASK_TYPE', inside, '`drop` cannot take a part out of a struct, array or map; use `null`')
  const masks = new Map<TypeBlock, ValueMask>()
  for (const block of onLeaves ? [...types].flatMap(leafTypes) : types) {
    const effect = maskType.bind(rule.params, block.type, keys)
    if (isMisfit(effect)) return misfit(effect.code, inside, effect.detail)
    if (effect.becomes !== null)
      return misfit('SCHEMA_MASK_TYPE', inside, `it would make ${effect.becomes} of ${typeText(block.type)}`)
    const long = longestMasked(effect, block.type)
    if (long !== null) return misfit('SCHEMA_MASK_LENGTH', inside, long)
    masks.set(block, effect.mask)
  }
  const maskFor = (document: JsonDocument, node: number): ValueMask | null => {
    const found = typeOfNode(document, node, root)
    return (found === null ? undefined : masks.get(found)) ?? null
  }
  return { ...common(inside), maskFor }
}
