import { type Node, parseTree } from '../pipeline/decode/tree.ts'
import { type ColumnType, tellsType } from '../pipeline/schema.ts'

/**
 * The schema block with types and names only: defaults, comments and lists of enum labels are gone, which may hold what a
 * policy hides. What is left is compact JSON; scrubbing it again changes nothing. Fails as `Unreadable` where it is no JSON.
 */
export function scrubSchema(block: Buffer): Buffer {
  return Buffer.from(JSON.stringify(scrub(parseTree(block, 0, block.length))))
}

/** The same for one column type. */
export function scrubType(type: ColumnType): ColumnType {
  return { ...type, parameters: new Map([...type.parameters].filter(([name, text]) => tellsType(name, text))) }
}

function scrub(node: Node): unknown {
  const kept: Record<string, unknown> = {}
  for (const { name, value } of node.members) {
    switch (name) {
      case 'type':
      case 'name':
      case 'field':
        if (value.kind === 'string') kept[name] = value.text
        break
      case 'optional':
        kept[name] = value.text === 'true'
        break
      case 'version':
        if (value.kind === 'other' && /^\d{1,9}$/.test(value.text)) kept[name] = Number(value.text)
        break
      case 'items':
      case 'keys':
      case 'values':
        kept[name] = scrub(value)
        break
      case 'fields':
        kept[name] = value.items.map(scrub)
        break
      case 'parameters':
        Object.assign(kept, scrubParameters(value))
    }
  }
  return kept
}

function scrubParameters({ members }: Node): { readonly parameters?: Readonly<Record<string, string>> } {
  const kept = members.filter(({ name, value }) => value.kind === 'string' && tellsType(name, value.text))
  return kept.length === 0 ? {} : { parameters: Object.fromEntries(kept.map(({ name, value }) => [name, value.text])) }
}
