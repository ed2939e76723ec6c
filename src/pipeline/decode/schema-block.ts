import { type ColumnType, connectKinds } from '../schema.ts'
import { fail } from './scanner.ts'
import { member, type Node } from './tree.ts'

/** A struct of a schema block with the place of each field, so that it can be rewritten. */
export interface StructBlock {
  readonly node: Node
  readonly name: string | null
  readonly fields: readonly FieldBlock[]
}

/** A type with the types inside it: those of a struct's fields, of an array's items, of a map's keys and values. */
export interface TypeBlock {
  readonly node: Node
  readonly type: ColumnType
  readonly struct: StructBlock | null
  readonly items: TypeBlock | null
  readonly keys: TypeBlock | null
  readonly values: TypeBlock | null
}

export interface FieldBlock extends TypeBlock {
  readonly name: string
}

const isNull = ({ kind, text }: Node): boolean => kind === 'other' && text === 'null'
const isText = ({ kind }: Node): boolean => kind === 'string'
const orNull =
  (fits: (node: Node) => boolean) =>
  (node: Node): boolean =>
    fits(node) || isNull(node)

/**
 * Every member that JsonConverter writes, and what it writes there. It ignores what does not fit when it reads, so text in
 * the wrong place would go past the masks unseen; the same holds for any other member.
 */
const schemaMembers: ReadonlyMap<string, (node: Node) => boolean> = new Map([
  ['type', isText],
  ['items', ({ kind }) => kind === 'object'],
  ['keys', ({ kind }) => kind === 'object'],
  ['values', ({ kind }) => kind === 'object'],
  ['fields', ({ kind }) => kind === 'array'],
  ['optional', orNull(({ kind, text }) => kind === 'other' && (text === 'true' || text === 'false'))],
  ['name', orNull(isText)],
  // Versions count changes of a type; an identity number is longer.
  ['version', orNull(({ kind, text }) => kind === 'other' && /^\d{1,9}$/.test(text))],
  ['doc', orNull(isText)],
  ['parameters', orNull(({ kind, members }) => kind === 'object' && members.every(({ value }) => isText(value)))],
  ['default', () => true],
  ['field', isText],
])

/** The inner types, and the kind of type that has them. */
const innerMembers = [
  ['items', 'array'],
  ['keys', 'map'],
  ['values', 'map'],
  ['fields', 'struct'],
] as const

/** Reads a schema block that must be a struct; refuses whatever is not exactly a Connect schema. */
export function readStruct(node: Node): StructBlock {
  return readBlock(node, 'root').struct ?? fail('RECORD_SCHEMA_INVALID', node.start)
}

function structOf(node: Node, type: ColumnType): StructBlock {
  const names = new Set<string>()
  const fields = (member(node, 'fields')?.items ?? []).map(item => {
    const block = readField(item)
    if (names.has(block.name)) return fail('RECORD_REPEATED_MEMBER', item.start)
    names.add(block.name)
    return block
  })
  return { node, name: type.logical, fields }
}

const readField = (node: Node): FieldBlock => ({
  ...readBlock(node, 'field'),
  name: member(node, 'field')?.text ?? '',
})

function readBlock(node: Node, place: 'root' | 'field' | 'element'): TypeBlock {
  const type = readType(node, place)
  const inner = (name: string): TypeBlock | null => {
    const element = member(node, name)
    return element === undefined ? null : readBlock(element, 'element')
  }
  return {
    node,
    type,
    struct: type.kind === 'struct' ? structOf(node, type) : null,
    items: inner('items'),
    keys: inner('keys'),
    values: inner('values'),
  }
}

function readType(node: Node, place: 'root' | 'field' | 'element'): ColumnType {
  if (node.kind !== 'object') return fail('RECORD_SCHEMA_INVALID', node.start)
  for (const { name, value } of node.members)
    if (schemaMembers.get(name)?.(value) !== true) return fail('RECORD_SCHEMA_INVALID', value.start)
  const kind = connectKinds.find(known => known === member(node, 'type')?.text)
  const hasName = member(node, 'field') !== undefined
  if (kind === undefined || hasName !== (place === 'field')) return fail('RECORD_SCHEMA_INVALID', node.start)
  for (const [name, owner] of innerMembers) {
    const inner = member(node, name)
    if ((inner !== undefined) !== (kind === owner)) return fail('RECORD_SCHEMA_INVALID', node.start)
  }
  const logical = member(node, 'name')
  const parameters = member(node, 'parameters')?.members ?? []
  return {
    kind,
    logical: logical?.kind === 'string' ? logical.text : null,
    optional: member(node, 'optional')?.text === 'true',
    parameters: new Map(parameters.map(({ name, value }) => [name, value.text])),
  }
}
