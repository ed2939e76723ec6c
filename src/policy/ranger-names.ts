import type { RangerService } from './ranger-services.ts'
import type { TableMap } from './ranger-tables.ts'
import type { RangerPolicy } from './ranger/policy.ts'

/** Does it say anything of columns at all? */
export const namesColumns = ({ resourceSets }: RangerPolicy, { column }: TableMap): boolean =>
  column !== null && resourceSets.some(set => set.has(column))

const isLiteral = (value: string): boolean => value !== '' && !/[*?{]/.test(value)

/** Names of columns in a policy that are no patterns. */
export function literalColumns({ policyType, resourceSets }: RangerPolicy, { column }: TableMap): readonly string[] {
  if (policyType !== 1 || column === null) return []
  return resourceSets.flatMap(set => {
    const resource = set.get(column)
    if (resource === undefined || resource.isExcludes) return []
    return resource.values.filter(isLiteral)
  })
}

/** Does it name the table letter by letter? */
export const namesLiterally = ({ resourceSets }: RangerPolicy, elements: ReadonlyMap<string, string>): boolean =>
  resourceSets.some(set => [...elements].every(([level, name]) => set.get(level)?.values.includes(name) ?? false))

/** Are all columns of the policy named letter by letter, and is nothing else meant by their names? */
export function spellsColumns(
  policy: RangerPolicy,
  { serviceDef, hasTags }: RangerService,
  { column }: TableMap,
): boolean {
  if (policy.policyType !== 1) return true
  const def = serviceDef.dataMask?.resources.find(({ name }) => name === column)
  if (hasTags || column === null || def?.matcherOptions.get('ignoreCase') !== 'false') return false
  return policy.resourceSets.every(set => {
    const { values = [], isExcludes = true } = set.get(column) ?? {}
    return !isExcludes && values.length > 0 && values.every(isLiteral)
  })
}
