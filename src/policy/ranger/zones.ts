import type { PolicyResource, PolicyResources } from './policy.ts'
import { type HierarchyIndex, type PolicyMatcher, policyMatcher } from './policy-matcher.ts'
import type { Asked } from './request.ts'
import type { ServiceDef } from './service-def.ts'
import type { SecurityZone } from './service-policies.ts'

/** In which zones a resource lies; the empty name stands for "in none", beside zones that hold a part of it. */
export type ZoneFinder = (asked: Pick<Asked, 'elements' | 'match'>) => readonly string[]

export function createZoneFinder(
  zones: readonly SecurityZone[],
  serviceDef: ServiceDef,
  hierarchies: HierarchyIndex,
): ZoneFinder {
  const matchers = zones.flatMap(({ name, resources }) =>
    resources.map((set): readonly [string, PolicyMatcher] => [
      name,
      policyMatcher(asResources(set, serviceDef), hierarchies[0]),
    ]),
  )
  if (matchers.length === 0) return () => []
  return ({ elements, match }) => {
    const found = new Set<string>()
    for (const [name, matcher] of matchers) {
      const matchType = matcher.match(elements, new Map(), match)
      if (matchType === 'DESCENDANT') found.add('')
      if (matchType !== 'NONE') found.add(name)
    }
    return [...found]
  }
}

const asResources = (set: ReadonlyMap<string, readonly string[]>, serviceDef: ServiceDef): PolicyResources =>
  new Map(
    [...set].map(([name, values]): [string, PolicyResource] => [
      name,
      {
        values,
        isExcludes: false,
        // What lies below a folder of a zone is in the zone too.
        isRecursive: serviceDef.resources.some(def => def.name === name && def.recursiveSupported),
      },
    ]),
  )
