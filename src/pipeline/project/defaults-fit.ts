import type { TypeBlock } from '../decode/schema-block.ts'
import { member, type Node } from '../decode/tree.ts'

/**
 * Has each default in the block the shape of its type? One that passes goes out as it is, and JsonConverter takes no more
 * of it than the type names: what is beside that is smuggled.
 */
export function defaultsFit(block: TypeBlock): boolean {
  const byDefault = member(block.node, 'default')
  if (byDefault !== undefined && !fits(byDefault, block)) return false
  const inner = [...(block.struct?.fields ?? []), block.items, block.keys, block.values]
  return inner.every(one => one === null || defaultsFit(one))
}

function fits(node: Node, { struct, items, keys, values }: TypeBlock): boolean {
  if (node.kind === 'other' && node.text === 'null') return true
  if (struct !== null)
    return node.kind === 'object' && node.members.every(one => fitsField(one.name, one.value, struct))
  if (items !== null) return node.kind === 'array' && node.items.every(item => fits(item, items))
  if (keys === null || values === null) return node.kind !== 'object' && node.kind !== 'array'
  if (keys.type.kind === 'string') return node.kind === 'object' && node.members.every(one => fits(one.value, values))
  return node.kind === 'array' && node.items.every(pair => fitsPair(pair, keys, values))
}

function fitsField(name: string, value: Node, { fields }: NonNullable<TypeBlock['struct']>): boolean {
  const field = fields.find(one => one.name === name)
  return field !== undefined && fits(value, field)
}

function fitsPair({ kind, items }: Node, keys: TypeBlock, values: TypeBlock): boolean {
  const [key, value, third] = items
  const isPair = kind === 'array' && key !== undefined && value !== undefined && third === undefined
  return isPair && fits(key, keys) && fits(value, values)
}
