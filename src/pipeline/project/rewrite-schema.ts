import type { FieldBlock, StructBlock } from '../decode/schema-block.ts'
import { type Member, member, type Node } from '../decode/tree.ts'
import type { MaskEffect } from '../mask/mask-type.ts'
import { type ColumnType, tellsType } from '../schema.ts'
import type { AddedColumn } from './row-program.ts'

/** A stretch of the schema block's bytes and what comes in its place. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly bytes: Buffer
}

const nothing = Buffer.alloc(0)

/** Takes entries out of an object or array so that what is left is well-formed; `entries` are all of them, in order. */
export function removeEntries(
  entries: readonly { readonly start: number; readonly end: number }[],
  isRemoved: (index: number) => boolean,
): Replacement[] {
  const replacements: Replacement[] = []
  let keptOne = false
  entries.forEach(({ start, end }, index) => {
    if (!isRemoved(index)) {
      keptOne = true
      return
    }
    const previous = entries[index - 1]
    const next = entries[index + 1]
    if (keptOne && previous !== undefined) replacements.push({ start: previous.end, end, bytes: nothing })
    else replacements.push({ start, end: next?.start ?? end, bytes: nothing })
  })
  return replacements
}

/** Takes members out of an object. */
const removeMembers = ({ members }: Node, isRemoved: (member: Member) => boolean): Replacement[] =>
  removeEntries(
    members.map(({ start, value }) => ({ start, end: value.end })),
    index => isRemoved(members[index] as Member),
  )

/**
 * What a masked field says from now on. Its default, comment and (of an enum) labels are data of the column and go; a
 * default would also come back in the sink wherever the mask wrote null.
 */
export function rewriteField(field: FieldBlock, effect: MaskEffect): Replacement[] {
  const changesType = effect.becomes !== null
  const gone = new Set(['default', 'doc', ...(changesType ? ['name', 'version'] : [])])
  const replacements = removeMembers(field.node, ({ name }) => gone.has(name))

  const type = member(field.node, 'type')
  if (changesType && type !== undefined) replacements.push(replaceText(type, effect.becomes ?? ''))

  const parameters = member(field.node, 'parameters')
  const labels = effect.constant ?? (effect.writesNull ? '' : null)
  if (parameters !== undefined) replacements.push(...rewriteParameters(parameters, changesType, labels))
  for (const inner of innerTypes(field.node)) replacements.push(...scrub(inner))
  return replacements
}

/** A field under another name. */
export function renameField({ node }: FieldBlock, name: string): Replacement {
  const field = member(node, 'field') as Node
  return replaceText(field, name)
}

/** Another field in its place. */
export const retypeField = ({ node }: FieldBlock, name: string, type: ColumnType): Replacement => ({
  start: node.start,
  end: node.end,
  bytes: fieldText(name, type),
})

/** New fields behind the ones of a struct, of which some stay or none. */
export const appendFields = (fields: Node, isBehind: boolean, added: readonly AddedColumn[]): Replacement => {
  const texts = added.map(({ name, type }) => fieldText(name, type).toString())
  return { start: fields.end - 1, end: fields.end - 1, bytes: Buffer.from((isBehind ? ',' : '') + texts.join(',')) }
}

/** A field as JsonConverter writes it. */
function fieldText(name: string, { kind, logical, optional, parameters }: ColumnType): Buffer {
  const field = {
    type: kind,
    optional,
    ...(logical === null ? {} : { name: logical, version: 1 }),
    ...(parameters.size === 0 ? {} : { parameters: Object.fromEntries(parameters) }),
    field: name,
  }
  return Buffer.from(JSON.stringify(field))
}

/**
 * What a struct says of itself once a column is hidden: a comment on a table, or what a transform noted there, may tell of
 * any column. No sink reads either.
 */
export const rewriteStruct = ({ node }: StructBlock): Replacement[] =>
  removeMembers(node, ({ name }) => name === 'doc' || name === 'parameters')

/** The same for a field that is no column (`op`, those of `source`); it may stay an enum, whose labels are Debezium's own. */
export function rewriteMetadata({ node }: FieldBlock): Replacement[] {
  const parameters = member(node, 'parameters')
  const says = ({ name, value }: Member): boolean => name === 'allowed' || tellsType(name, value.text)
  return [
    ...removeMembers(node, ({ name }) => name === 'doc'),
    ...(parameters === undefined ? [] : removeMembers(parameters, one => !says(one))),
  ]
}

/** The types inside an array, map or struct. */
function innerTypes(node: Node): Node[] {
  const elements = ['items', 'keys', 'values'].map(name => member(node, name))
  const fields = member(node, 'fields')?.items ?? []
  return [...elements.filter(element => element !== undefined), ...fields]
}

/** What an inner type of a masked column says of its data. */
function scrub(node: Node): Replacement[] {
  const replacements = removeMembers(node, ({ name }) => name === 'default' || name === 'doc')
  const parameters = member(node, 'parameters')
  if (parameters !== undefined) replacements.push(...rewriteParameters(parameters, false, ''))
  return [...replacements, ...innerTypes(node).flatMap(scrub)]
}

/** `labels`: what is left of an enum's labels; null: none of them, for no mask of that kind keeps a column an enum. */
function rewriteParameters(parameters: Node, changesType: boolean, labels: string | null): Replacement[] {
  const replacements = removeMembers(parameters, ({ name, value }) => {
    // All that describes the source column's type is wrong once the type has changed.
    if (changesType) return name !== '__debezium.source.column.name'
    return name === 'allowed' ? labels === null : !tellsType(name, value.text)
  })
  const allowed = changesType ? undefined : member(parameters, 'allowed')
  if (allowed !== undefined && labels !== null) replacements.push(replaceText(allowed, labels))
  return replacements
}

const replaceText = (node: Node, text: string): Replacement => ({
  start: node.start,
  end: node.end,
  bytes: Buffer.from(JSON.stringify(text)),
})

/** The bytes with the replacements made; they may come in any order but must not overlap. */
export function applyReplacements(bytes: Buffer, replacements: readonly Replacement[]): Buffer {
  const parts: Buffer[] = []
  let from = 0
  for (const { start, end, bytes: put } of replacements.toSorted((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(from, start), put)
    from = end
  }
  parts.push(bytes.subarray(from))
  return Buffer.concat(parts)
}
