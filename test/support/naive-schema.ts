import type { MaskEffect } from '../../src/pipeline/mask/mask-type.ts'
import { isMisfit } from '../../src/pipeline/mask/mask-type.ts'
import type { ColumnRules, KeyRing } from '../../src/pipeline/plan.ts'
import { type ColumnType, columnLength, connectKinds } from '../../src/pipeline/schema.ts'
import type { FittedExpression } from '../../src/pipeline/expression/fit.ts'
import { type NaiveScope, naiveComputed } from './naive-rows.ts'
import { bindNaiveParts, type NaivePart } from './naive-inside.ts'
import { type ArrayNode, type JsonNode, memberOf, type ObjectNode, unquote } from './naive-json.ts'

/** Schema blocks for the naive engine: read from the tree, rewritten in the tree. */

/** `CODE@place`; a place of `*` fits any. */
export type FaultText = string

export interface NaiveField {
  readonly name: string
  readonly type: ColumnType
  readonly node: ObjectNode
}

export type Binding =
  | { readonly act: 'keep' | 'remove'; readonly toast: ToastMode }
  | { readonly act: 'mask'; readonly effect: MaskEffect; readonly toast: ToastMode }
  | {
      readonly act: 'compute'
      readonly fitted: FittedExpression
      readonly retyped: ColumnType | null
      readonly reads: readonly string[]
      readonly toast: ToastMode
    }
  | {
      readonly act: 'partly'
      readonly parts: readonly NaivePart[]
      readonly block: JsonNode | null
      readonly kind: ColumnType['kind'] | null
      readonly toast: ToastMode
    }
  | { readonly act: 'refuse'; readonly code: string }

export type ToastMode = 'ignore' | 'omit' | 'keep' | 'reject'

/** What the rules make of a column: issue item 9 and rules 4 to 6. */
export function bindNaive(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  scope: NaiveScope,
  block: JsonNode | null = null,
): Binding {
  const { projection } = rules
  const text = projection?.columns.get(name)
  const isCut = projection?.drop.has(name) === true || projection?.keep?.has(name) === false
  if (part === 'key' && (isCut || text !== undefined)) return { act: 'refuse', code: 'SCHEMA_KEY_MASK' }
  if (text !== undefined) return computing(naiveComputed(text, null, type, scope, rules))
  if (projection?.drop.has(name) === true) return { act: 'remove', toast: 'ignore' }
  const own = bindByRules(name, type, part, rules, keys, scope, block)
  return isCut && own.act !== 'refuse' ? { act: 'remove', toast: 'ignore' } : own
}

function computing(bound: ReturnType<typeof naiveComputed>): Binding {
  if (bound.code !== null) return { act: 'refuse', code: bound.code }
  return { act: 'compute', ...bound.it, reads: bound.reads, toast: 'ignore' }
}

function bindByRules(
  name: string,
  type: ColumnType | null,
  part: 'row' | 'key',
  rules: ColumnRules,
  keys: KeyRing,
  scope: NaiveScope,
  block: JsonNode | null,
): Binding {
  const passing = (): Binding => {
    const toast = toastMode(type, part, rules)
    const parts = bindNaiveParts(name, type, block, part, rules, keys, { typeOf })
    if (parts === null) return { act: 'keep', toast }
    return typeof parts === 'string'
      ? { act: 'refuse', code: parts }
      : { act: 'partly', parts, block, kind: type?.kind ?? null, toast }
  }
  const isDeclared = rules.tableSchema?.columns.some(column => column.name === name) ?? false
  const rule = rules.byName.get(name) ?? (isDeclared ? null : rules.wildcard)
  if (rule === null) {
    if (isDeclared) return passing()
    if (part === 'key' || rules.unknown === 'hold') return { act: 'refuse', code: 'RECORD_UNKNOWN_COLUMN' }
    if (rules.unknown === 'quarantine') return { act: 'refuse', code: 'RECORD_QUARANTINED' }
    if (rules.unknown === 'drop') return { act: 'remove', toast: 'ignore' }
    if (type !== null && !type.optional) return { act: 'refuse', code: 'SCHEMA_MASK_NULLABLE' }
    return { act: 'mask', effect: writesNull, toast: 'ignore' }
  }
  const { maskType } = rule
  if (maskType.effect === 'keep') return passing()
  if (part === 'key' && maskType.uniqueness !== 'preserved') return { act: 'refuse', code: 'SCHEMA_KEY_MASK' }
  if (maskType.effect === 'remove') return { act: 'remove', toast: 'ignore' }
  if (rule.custom !== null) return computing(naiveComputed(rule.custom, name, type, scope, rules))
  if (type === null && !maskType.typeless) return { act: 'refuse', code: 'SCHEMA_UNDECLARED' }
  const effect = maskType.bind(rule.params, type, keys)
  if (isMisfit(effect)) return { act: 'refuse', code: effect.code }
  const length = type?.kind === 'string' ? columnLength(type) : null
  if (length !== null && (effect.maxCharacters?.(length) ?? 0) > length)
    return { act: 'refuse', code: 'SCHEMA_MASK_LENGTH' }
  return { act: 'mask', effect, toast: toastMode(type, part, rules) }
}

const writesNull: MaskEffect = {
  mask: { write: (_src, _start, _end, out, at) => at + out.write('null', at), maxBytes: () => 4 },
  becomes: null,
  maxCharacters: null,
  constant: null,
  writesNull: true,
}

export const mayBeToasted = (type: ColumnType | null): boolean =>
  type === null || ['string', 'bytes', 'array', 'map'].includes(type.kind)

function toastMode(type: ColumnType | null, part: 'row' | 'key', rules: ColumnRules): ToastMode {
  if (part === 'key') return 'ignore'
  if (!mayBeToasted(type)) return 'ignore'
  return rules.toast ?? (type?.optional === true && !rules.compacted ? 'omit' : 'reject')
}

/** A column that is rewritten in parts says as little of them as one that is rewritten whole. */
export const partlyRewritten: MaskEffect = { ...writesNull, writesNull: false }

/** Raised where a block is no Connect schema. */
export class NotASchema extends Error {
  readonly fault: FaultText
  constructor(fault: FaultText) {
    super(fault)
    this.fault = fault
  }
}

const invalid = (): never => {
  throw new NotASchema('RECORD_SCHEMA_INVALID@*')
}

/** No member name twice anywhere in the block. */
export function refuseRepeats(node: JsonNode): void {
  if (node.kind === 'array') node.items.forEach(refuseRepeats)
  if (node.kind !== 'object') return
  if (new Set(node.members.map(({ name }) => name)).size < node.members.length)
    throw new NotASchema('RECORD_REPEATED_MEMBER@*')
  for (const { value } of node.members) refuseRepeats(value)
}

export function typeOf(node: JsonNode): ColumnType {
  if (node.kind !== 'object') return invalid()
  for (const { name, value } of node.members) if (!isWritten(name, value)) return invalid()
  const kind = connectKinds.find(known => known === textOf(memberOf(node, 'type')))
  if (kind === undefined) return invalid()
  const required = { array: ['items'], map: ['keys', 'values'], struct: ['fields'] }[String(kind)] ?? []
  for (const name of ['items', 'keys', 'values', 'fields']) {
    const inner = memberOf(node, name)
    if (required.includes(name) !== (inner !== undefined)) return invalid()
    if (inner?.kind === 'object') checkElement(inner)
  }
  const optional = memberOf(node, 'optional')
  return {
    kind,
    logical: textOf(memberOf(node, 'name')) ?? null,
    optional: optional?.kind === 'boolean' && optional.text === 'true',
    parameters: parametersOf(memberOf(node, 'parameters')),
  }
}

/** What Connect's JsonConverter writes under a name; null in place of nothing is let through. */
function isWritten(name: string, value: JsonNode): boolean {
  switch (name) {
    case 'type':
    case 'field':
      return value.kind === 'string'
    case 'name':
    case 'doc':
      return value.kind === 'string' || value.kind === 'null'
    case 'optional':
      return value.kind === 'boolean' || value.kind === 'null'
    case 'version':
      return value.kind === 'null' || (value.kind === 'number' && /^[0-9]{1,9}$/.test(value.text))
    case 'parameters':
      return (
        value.kind === 'null' || (value.kind === 'object' && value.members.every(one => one.value.kind === 'string'))
      )
    case 'items':
    case 'keys':
    case 'values':
      return value.kind === 'object'
    case 'fields':
      return value.kind === 'array'
    default:
      return name === 'default'
  }
}

/** Only a struct's field has a name. */
function checkElement(node: JsonNode): void {
  if (memberOf(node, 'field') !== undefined) invalid()
  if (typeOf(node).kind === 'struct') fieldsOf(node)
}

function parametersOf(node: JsonNode | undefined): ReadonlyMap<string, string> {
  const members = node?.kind === 'object' ? node.members : []
  return new Map(members.map(({ name, value }) => [name, textOf(value) ?? '']))
}

export const textOf = (node: JsonNode | undefined): string | undefined =>
  node?.kind === 'string' ? unquote(node.text) : undefined

/** The fields of a whole block. */
export function blockFields(node: JsonNode): NaiveField[] {
  if (memberOf(node, 'field') !== undefined) return invalid()
  return fieldsOf(node)
}

/** The fields of a struct. */
export function fieldsOf(node: JsonNode): NaiveField[] {
  if (typeOf(node).kind !== 'struct') return invalid()
  const list = memberOf(node, 'fields')
  const fields = (list?.kind === 'array' ? list.items : []).map((item): NaiveField => {
    const type = typeOf(item)
    const name = textOf(memberOf(item, 'field')) ?? invalid()
    if (type.kind === 'struct') fieldsOf(item)
    return { name, type, node: item as ObjectNode }
  })
  if (new Set(fields.map(({ name }) => name)).size < fields.length) throw new NotASchema('RECORD_REPEATED_MEMBER@*')
  return fields
}

/** Takes members or items out; what stays keeps its white space, and the gap closes towards what stays in front. */
export function removeMembers(node: ObjectNode, isRemoved: (name: string, value: JsonNode) => boolean): void {
  const entries = node.members.map(member => ({
    first: member.spelled,
    last: member.value,
    gone: isRemoved(member.name, member.value),
  }))
  const inner = closeGaps(entries)
  node.members = node.members.filter((_, index) => entries[index]?.gone === false)
  if (inner !== null) Object.assign(node, { inner })
}

export function removeItems(node: ArrayNode, isRemoved: (index: number) => boolean): void {
  const entries = node.items.map((item, index) => ({ first: item, last: item, gone: isRemoved(index) }))
  const inner = closeGaps(entries)
  node.items = node.items.filter((_, index) => entries[index]?.gone === false)
  if (inner !== null) Object.assign(node, { inner })
}

interface Entry {
  readonly first: { before: string }
  readonly last: { after: string }
  readonly gone: boolean
}

/** Moves white space over the gaps; tells what stays between the brackets where nothing else does. */
function closeGaps(entries: readonly Entry[]): string | null {
  let kept: Entry | null = null
  let leading: string | null = null
  for (const entry of entries) {
    if (!entry.gone) {
      if (leading !== null) entry.first.before = leading
      leading = null
      kept = entry
    } else if (kept !== null) kept.last.after = entry.last.after
    else leading ??= entry.first.before
  }
  return kept === null && entries.length > 0 ? `${leading ?? ''}${entries.at(-1)?.last.after ?? ''}` : null
}

const sourceTypeParameters = [
  'scale',
  'connect.decimal.precision',
  'length',
  'allowed',
  '__debezium.source.column.type',
  '__debezium.source.column.length',
  '__debezium.source.column.scale',
]

/** What a schema may go on saying of a masked column: names, and numbers where a number is due. */
function isHarmless(name: string, value: JsonNode): boolean {
  if (['type', 'name'].some(one => name === `__debezium.source.column.${one}`)) return true
  const counts = ['scale', 'length', 'connect.decimal.precision']
  const isCount = counts.includes(name) || ['length', 'scale'].some(one => name === `__debezium.source.column.${one}`)
  return isCount && /^-?[0-9]{1,10}$/.test(textOf(value) ?? '')
}

/** Defaults, comments and labels are data of the column and leave with it; a type that changes takes its description along. */
export function rewriteNaive(field: ObjectNode, effect: MaskEffect): void {
  const retyped = effect.becomes !== null
  removeMembers(
    field,
    name => name === 'default' || name === 'doc' || (retyped && (name === 'name' || name === 'version')),
  )
  for (const inner of innerTypes(field)) scrubNaive(inner)
  const type = memberOf(field, 'type')
  if (retyped && type?.kind === 'string') type.text = JSON.stringify(effect.becomes)
  const parameters = memberOf(field, 'parameters')
  if (parameters?.kind !== 'object') return
  const labels = effect.constant ?? (effect.writesNull ? '' : null)
  const isData = (name: string, value: JsonNode): boolean =>
    name === 'allowed' ? labels === null : !isHarmless(name, value)
  removeMembers(parameters, (name, value) => isData(name, value) || (retyped && sourceTypeParameters.includes(name)))
  const allowed = memberOf(parameters, 'allowed')
  if (allowed?.kind === 'string' && labels !== null) allowed.text = JSON.stringify(labels)
}

function innerTypes(type: ObjectNode): ObjectNode[] {
  const elements = [memberOf(type, 'items'), memberOf(type, 'keys'), memberOf(type, 'values')]
  const fields = memberOf(type, 'fields')
  const all = [...elements, ...(fields?.kind === 'array' ? fields.items : [])]
  return all.filter(node => node?.kind === 'object')
}

/** No inner type of a masked column tells what was in it. */
function scrubNaive(type: ObjectNode): void {
  removeMembers(type, name => name === 'default' || name === 'doc')
  const parameters = memberOf(type, 'parameters')
  if (parameters?.kind === 'object') {
    removeMembers(parameters, (name, value) => name !== 'allowed' && !isHarmless(name, value))
    const allowed = memberOf(parameters, 'allowed')
    if (allowed?.kind === 'string') allowed.text = '""'
  }
  for (const inner of innerTypes(type)) scrubNaive(inner)
}

/** A column that was computed says nothing of the old values, but for labels: the new ones are among them. */
export function rewriteComputed(field: ObjectNode): void {
  const constant = textOf(memberOf(memberOf(field, 'parameters'), 'allowed')) ?? null
  rewriteNaive(field, { mask: writesNull.mask, becomes: null, maxCharacters: null, constant, writesNull: false })
}

/** A field as JsonConverter writes it. */
export function fieldText(name: string, { kind, logical, optional, parameters }: ColumnType): string {
  const members = [`"type":"${kind}"`, `"optional":${optional}`]
  if (logical !== null) members.push(`"name":${JSON.stringify(logical)}`, '"version":1')
  if (parameters.size > 0) members.push(`"parameters":${JSON.stringify(Object.fromEntries(parameters))}`)
  return `{${[...members, `"field":${JSON.stringify(name)}`].join(',')}}`
}

/** What stands around the columns, once one of them is hidden: a struct says no more than its type and name. */
export function silenceStruct(node: JsonNode): void {
  if (node.kind === 'object') removeMembers(node, name => name === 'doc' || name === 'parameters')
}

/** A field that is no column keeps what it is: its type, its default, the labels of its enum. */
export function silenceMetadata(node: ObjectNode): void {
  removeMembers(node, name => name === 'doc')
  const parameters = memberOf(node, 'parameters')
  if (parameters?.kind === 'object')
    removeMembers(parameters, (name, value) => name !== 'allowed' && !isHarmless(name, value))
}
