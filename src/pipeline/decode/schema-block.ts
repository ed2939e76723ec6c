import type { ColumnType, ConnectKind } from '../schema.ts'
import { connectKinds } from '../schema.ts'
import { fail } from './scanner.ts'
import { type Member, member, type Node } from './tree.ts'

/** A struct of a schema block with the place of each field, so that it can be rewritten. */
export interface StructBlock {
  readonly node: Node
  readonly name: string | null
  readonly fields: readonly FieldBlock[]
}

export interface FieldBlock {
  readonly node: Node
  readonly name: string
  readonly type: ColumnType
  readonly struct: StructBlock | null
}

/** Every member that JsonConverter writes. Any other could carry data past the masks. */
const schemaMembers = new Set([
  'type',
  'items',
  'keys',
  'values',
  'fields',
  'optional',
  'name',
  'version',
  'doc',
  'parameters',
  'default',
  'field',
])

/** Reads a schema block that must be a struct; refuses whatever is not exactly a Connect schema. */
export function readStruct(node: Node): StructBlock {
  const type = readType(node)
  if (type.kind !== 'struct') return fail('RECORD_SCHEMA_INVALID', node.start)
  const fields = member(node, 'fields')
  if (fields?.kind !== 'array') return fail('RECORD_SCHEMA_INVALID', node.start)
  const names = new Set<string>()
  const blocks = fields.items.map(item => {
    const block = readField(item)
    if (names.has(block.name)) return fail('RECORD_REPEATED_MEMBER', item.start)
    names.add(block.name)
    return block
  })
  return { node, name: type.logical, fields: blocks }
}

function readField(node: Node): FieldBlock {
  const field = member(node, 'field')
  if (field?.kind !== 'string') return fail('RECORD_SCHEMA_INVALID', node.start)
  const type = readType(node)
  return { node, name: field.text, type, struct: type.kind === 'struct' ? readStruct(node) : null }
}

function readType(node: Node): ColumnType {
  if (node.kind !== 'object') return fail('RECORD_SCHEMA_INVALID', node.start)
  const parameters = new Map<string, string>()
  let kind: ConnectKind | undefined
  let logical: string | null = null
  let optional = false
  for (const { name, value } of node.members) {
    if (!schemaMembers.has(name)) return fail('RECORD_SCHEMA_INVALID', value.start)
    if (name === 'type') kind = connectKinds.find(known => known === value.text && value.kind === 'string')
    else if (name === 'name') logical = value.kind === 'string' ? value.text : null
    else if (name === 'optional') optional = isTrue(value)
    else if (name === 'parameters') readParameters(value, parameters)
    else if (name === 'items' || name === 'keys' || name === 'values') readElement(value)
  }
  if (kind === undefined) return fail('RECORD_SCHEMA_INVALID', node.start)
  return { kind, logical, optional, parameters }
}

/** Element types are only checked for shape: a mask does not reach into arrays and maps. */
function readElement(node: Node): void {
  const type = readType(node)
  if (type.kind === 'struct') readStruct(node)
}

function readParameters(node: Node, into: Map<string, string>): void {
  // JsonConverter itself refuses parameters that are not strings.
  if (node.kind === 'other') return
  if (node.kind !== 'object') fail('RECORD_SCHEMA_INVALID', node.start)
  for (const { name, value } of node.members) {
    if (value.kind !== 'string') fail('RECORD_SCHEMA_INVALID', value.start)
    into.set(name, value.text)
  }
}

const isTrue = (node: Node): boolean => node.kind === 'other' && node.text === 'true'

export function namedMember(node: Node, name: string): Member | undefined {
  return node.members.find(m => m.name === name)
}
