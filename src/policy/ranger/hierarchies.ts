import type { PolicyType } from './policy.ts'
import { type ResourceDef, resourcesFor, type ServiceDef } from './service-def.ts'

/** Resources from the top down, such as database, table, column. */
export type Hierarchy = readonly ResourceDef[]

/** Every chain of resources of a service-def, and its shorter forms where a resource may stand as the last. */
export function hierarchiesOf(serviceDef: ServiceDef, policyType: PolicyType): readonly Hierarchy[] {
  const resources = resourcesFor(serviceDef, policyType)
  const byName = new Map(resources.map(resource => [resource.name, resource]))
  const parents = new Set(resources.map(({ parent }) => parent))
  const found = new Map<string, Hierarchy>()
  const add = (chain: Hierarchy): void => {
    found.set(JSON.stringify(chain.map(({ name }) => name)), chain)
  }
  for (const leaf of resources.filter(({ name }) => !parents.has(name))) {
    const chain = chainTo(leaf, byName)
    add(chain)
    chain.slice(0, -1).forEach((resource, at) => {
      if (resource.isValidLeaf === true) add(chain.slice(0, at + 1))
    })
  }
  return [...found.values()]
}

/** Ends at a resource without a parent, or where a service-def goes round in circles. */
function chainTo(leaf: ResourceDef, byName: ReadonlyMap<string, ResourceDef>): Hierarchy {
  const chain = [leaf]
  for (let parent = byName.get(leaf.parent); parent !== undefined; parent = byName.get(parent.parent)) {
    if (chain.includes(parent)) break
    chain.unshift(parent)
  }
  return chain
}

export function holdsAll(hierarchy: Hierarchy, names: Iterable<string>): boolean {
  for (const name of names) if (!hierarchy.some(resource => resource.name === name)) return false
  return true
}

/** No resource is named below one that is not. */
export function isWithoutGaps(hierarchy: Hierarchy, has: (name: string) => boolean): boolean {
  let isGap = false
  for (const { name } of hierarchy) {
    if (!has(name)) isGap = true
    else if (isGap) return false
  }
  return true
}

export function shortest(hierarchies: readonly Hierarchy[]): Hierarchy | null {
  return hierarchies.reduce<Hierarchy | null>(
    (best, hierarchy) => (best === null || hierarchy.length < best.length ? hierarchy : best),
    null,
  )
}
