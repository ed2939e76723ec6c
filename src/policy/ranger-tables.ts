import { hierarchiesOf } from './ranger/hierarchies.ts'
import type { ServiceDef } from './ranger/service-def.ts'

/** How the resources of a service lie to topics and their columns. */
export interface TableMap {
  /** What names a table, from the top: `database`, `table`; `topic`. */
  readonly levels: readonly string[]
  /** What names a column; null where the service knows none. */
  readonly column: string | null
  /** The resource that a topic stands for; null where the topic's name has too few parts. */
  readonly elementsOf: (topic: string) => ReadonlyMap<string, string> | null
}

/**
 * The longest chain that masks may name ends at the column; what is above names the table. One level takes the topic's
 * name as it is. Several take its last parts, of which dots are the borders: of `server.hr.staff` a `database` is `hr` and a
 * `table` is `staff`.
 */
export function tableMap(serviceDef: ServiceDef): TableMap | null {
  const longest = (type: 0 | 1 | 2): readonly string[] =>
    hierarchiesOf(serviceDef, type)
      .map(chain => chain.map(({ name }) => name))
      .reduce<readonly string[]>((best, chain) => (chain.length > best.length ? chain : best), [])
  const masked = longest(1)
  const filtered = longest(2)
  const levels =
    masked.length > 1 ? masked.slice(0, -1) : filtered.length > 0 ? filtered : knowsTopics(serviceDef) ? ['topic'] : []
  if (levels.length === 0) return null
  return {
    levels,
    column: masked.length > 1 ? (masked.at(-1) ?? null) : null,
    elementsOf: topic => {
      const parts = levels.length === 1 ? [topic] : topic.split('.').slice(-levels.length)
      if (parts.length < levels.length) return null
      return new Map(levels.map((level, at) => [level, parts[at] ?? '']))
    },
  }
}

const knowsTopics = ({ resources }: ServiceDef): boolean => resources.some(({ name }) => name === 'topic')

/** What a reader does to a table whose rows a view shows him. */
export function readingAccess({ dataMask, rowFilter, accessTypes }: ServiceDef): string {
  const [declared] = [...(dataMask?.accessTypes ?? []), ...(rowFilter?.accessTypes ?? [])]
  const usual = ['consume', 'select', 'read'].find(name => accessTypes.some(type => type.name === name))
  return declared ?? usual ?? accessTypes.find(({ category }) => category === 'READ')?.name ?? '_any'
}
