import type { TypeBlock } from '../../decode/schema-block.ts'
import type { JsonDocument } from './json-document.ts'
import { namePick, type Path, type Pick } from './path.ts'

/** Where a path may end in values of a type, and whether it leads through what cannot be followed. */
export interface ReachedTypes {
  readonly types: ReadonlySet<TypeBlock>
  readonly obstacle: 'JSON text' | 'map' | null
}

/** All that the path can select in values of this type: an index may be any, a filter may pass. */
export function reachedTypes(path: Path, root: TypeBlock): ReachedTypes {
  const parents = new Map<TypeBlock, TypeBlock>()
  const within = (block: TypeBlock): TypeBlock[] =>
    innerTypes(block).map(inner => {
      parents.set(inner, block)
      return inner
    })
  const withAll = (block: TypeBlock): TypeBlock[] => [block, ...within(block).flatMap(withAll)]
  withAll(root)
  let obstacle: ReachedTypes['obstacle'] = null
  let types: ReadonlySet<TypeBlock> = new Set([root])
  for (const step of path) {
    if (step.kind === 'parent') {
      types = new Set([...types].flatMap(type => parents.get(type) ?? []))
      continue
    }
    const from = step.kind === 'child' ? [...types] : [...types].flatMap(withAll)
    for (const { type, keys } of from) {
      if (type.logical === 'io.debezium.data.Json') obstacle ??= 'JSON text'
      if (keys !== null && keys.type.kind !== 'string') obstacle ??= 'map'
    }
    types = new Set(from.flatMap(type => step.picks.flatMap(pick => picked(pick, type))))
  }
  return { types, obstacle }
}

/** The types right inside a type. A map's keys are names, not values. */
export const innerTypes = ({ struct, items, values }: TypeBlock): TypeBlock[] =>
  [...(struct?.fields ?? []), items, values].filter(type => type !== null)

function picked(pick: Pick, block: TypeBlock): TypeBlock[] {
  const { struct, items, values } = block
  switch (pick.kind) {
    case 'name':
      return [...(struct?.fields.filter(({ name }) => name === pick.name) ?? []), ...(values === null ? [] : [values])]
    case 'reach':
      return items === null ? picked(namePick(pick.name), block) : picked(pick, items)
    case 'within':
      return [block, ...innerTypes(block)]
    case 'index':
    case 'slice':
      return items === null ? [] : [items]
    default:
      return innerTypes(block)
  }
}

/** The single values inside a type, or the type itself where it is one. */
export function leafTypes(block: TypeBlock): TypeBlock[] {
  const inner = innerTypes(block)
  return block.struct === null && inner.length === 0 ? [block] : inner.flatMap(leafTypes)
}

/** The type of a node in a value of this type; null where the value is not of it. */
export function typeOfNode(document: JsonDocument, node: number, root: TypeBlock): TypeBlock | null {
  const parent = document.parent(node)
  if (parent < 0) return root
  const around = typeOfNode(document, parent, root)
  if (around === null) return null
  const { struct, items, values } = around
  if (struct === null) return items ?? values
  const name = document.name(node)
  return struct.fields.find(field => field.name === name) ?? null
}
