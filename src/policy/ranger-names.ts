import { columnsIn } from './ranger-fields.ts'
import type { TableMap } from './ranger-tables.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import type { ServiceDef } from './ranger/service-def.ts'

/** Does it say anything of columns at all? */
export const namesColumns = ({ resourceSets }: RangerPolicy, { column }: TableMap): boolean =>
  column !== null && resourceSets.some(set => set.has(column))

const isLiteral = (value: string): boolean => value !== '' && !/[*?{]/.test(value)

/** Names of columns in a policy that are no patterns, from those of its resources that are asked for. */
export function literalColumns(
  { policyType, resourceSets }: RangerPolicy,
  { column }: TableMap,
  isAsked: (set: number) => boolean,
): readonly string[] {
  if (policyType !== 1 || column === null) return []
  return resourceSets.flatMap((set, at) => {
    const resource = set.get(column)
    if (resource === undefined || resource.isExcludes || !isAsked(at)) return []
    const names = resource.values.filter(isLiteral)
    return [...names, ...columnsIn(names)]
  })
}

/** Does it name the table letter by letter? */
export const namesLiterally = ({ resourceSets }: RangerPolicy, elements: ReadonlyMap<string, string>): boolean =>
  resourceSets.some(set => [...elements].every(([level, name]) => set.get(level)?.values.includes(name) ?? false))

/** Are all columns of the policy named letter by letter? */
export function spellsColumns(
  { policyType, resourceSets }: RangerPolicy,
  { dataMask }: ServiceDef,
  { column }: TableMap,
): boolean {
  if (policyType !== 1) return true
  const def = dataMask?.resources.find(({ name }) => name === column)
  if (column === null || def?.matcherOptions.get('ignoreCase') !== 'false') return false
  return resourceSets.every(set => {
    const { values = [], isExcludes = true } = set.get(column) ?? {}
    return !isExcludes && values.length > 0 && values.every(isLiteral)
  })
}
