import { type Hierarchy, hierarchiesOf, holdsAll, isWithoutGaps, shortest } from './hierarchies.ts'
import type { PolicyResources, PolicyType } from './policy.ts'
import { type ElementScope, type ElementValue, type ResourceMatcher, resourceMatcher } from './resource-matcher.ts'
import type { ServiceDef } from './service-def.ts'
import type { MatchContext } from './value-matcher.ts'

/** How what a policy names lies to what is asked for: on it, below it, above it. */
export type MatchType = 'NONE' | 'SELF' | 'SELF_AND_ALL_DESCENDANTS' | 'DESCENDANT' | 'ANCESTOR'

export type Elements = ReadonlyMap<string, ElementValue>
export type Scopes = ReadonlyMap<string, ElementScope>

/** One set of resources of a policy against the resource of a request. */
export interface PolicyMatcher {
  /** False: the names form no chain of the service-def, so that nothing is ever matched. */
  readonly isValid: boolean
  readonly isDynamic: boolean
  readonly matchers: ReadonlyMap<string, ResourceMatcher>
  readonly match: (elements: Elements, scopes: Scopes, context: MatchContext) => MatchType
}

/** The chains of each policy type, worked out once for a service-def. */
export type HierarchyIndex = Readonly<Record<PolicyType, readonly Hierarchy[]>>

export const hierarchyIndex = (serviceDef: ServiceDef): HierarchyIndex => ({
  0: hierarchiesOf(serviceDef, 0),
  1: hierarchiesOf(serviceDef, 1),
  2: hierarchiesOf(serviceDef, 2),
})

export function policyMatcher(resources: PolicyResources, hierarchies: readonly Hierarchy[]): PolicyMatcher {
  const fitting = resources.size === 0 ? [] : hierarchies.filter(one => holdsAll(one, resources.keys()))
  const valid = fitting.filter(one => isWithoutGaps(one, name => resources.has(name)))
  if (valid.length === 0) {
    const isEmpty = resources.size === 0
    return {
      isValid: false,
      isDynamic: false,
      matchers: new Map(),
      match: elements => (isEmpty && elements.size === 0 ? 'SELF' : 'NONE'),
    }
  }
  const matchers = new Map<string, ResourceMatcher>()
  for (const def of fitting.flat()) {
    const resource = resources.get(def.name)
    if (resource !== undefined && !matchers.has(def.name)) matchers.set(def.name, resourceMatcher(def, resource))
  }
  const only = valid.length === 1 ? (valid[0] ?? null) : null
  const hierarchyFor = (elements: Elements): Hierarchy | null => {
    if (elements.size === 0) return only ?? shortest(fitting)
    const hierarchy =
      only !== null
        ? holdsAll(only, elements.keys())
          ? only
          : null
        : [...elements.keys()].every(name => resources.has(name))
          ? shortest(fitting)
          : [...resources.keys()].every(name => elements.has(name))
            ? shortest(hierarchies.filter(one => holdsAll(one, elements.keys())))
            : null
    return hierarchy !== null && isWithoutGaps(hierarchy, name => (elements.get(name) ?? null) !== null)
      ? hierarchy
      : null
  }
  return {
    isValid: true,
    isDynamic: [...matchers.values()].some(({ isDynamic }) => isDynamic),
    matchers,
    match: (elements, scopes, context) => {
      const hierarchy = hierarchyFor(elements)
      return hierarchy === null ? 'NONE' : matchAlong(hierarchy, matchers, resources.size, elements, scopes, context)
    },
  }
}

function matchAlong(
  hierarchy: Hierarchy,
  matchers: ReadonlyMap<string, ResourceMatcher>,
  named: number,
  elements: Elements,
  scopes: Scopes,
  context: MatchContext,
): MatchType {
  let lastLimited = -1
  for (const [at, { name }] of hierarchy.entries()) {
    const matcher = matchers.get(name)
    if (matcher === undefined) break
    if (!matcher.isMatchAny) lastLimited = at
  }
  let match: MatchType = elements.size === 0 ? 'SELF' : 'NONE'
  for (const { name } of hierarchy) {
    const matcher = matchers.get(name)
    const value = elements.get(name) ?? null
    if (matcher === undefined) {
      if (value !== null) match = 'ANCESTOR'
      break
    }
    if (value === null && !matcher.isMatchAny) continue
    if (!matcher.matches(value, scopes.get(name) ?? 'SELF', context)) return 'NONE'
    match = 'SELF'
  }
  if (match !== 'SELF' || elements.size >= named) return match
  return elements.size > lastLimited ? 'SELF_AND_ALL_DESCENDANTS' : 'DESCENDANT'
}
