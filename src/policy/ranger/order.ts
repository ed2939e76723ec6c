import type { CompiledPolicy } from './compiled-policy.ts'
import type { PolicyResource } from './policy.ts'
import type { Elements, MatchType } from './policy-matcher.ts'
import { noScopes } from './request.ts'
import type { ElementValue, ResourceMatcher } from './resource-matcher.ts'
import { resourcesFor, type ServiceDef } from './service-def.ts'
import type { MatchContext } from './value-matcher.ts'

type Compare<T> = (a: T, b: T) => number

const firstDifference =
  <T>(...compares: readonly Compare<T>[]): Compare<T> =>
  (a, b) => {
    for (const compare of compares) {
      const difference = compare(a, b)
      if (difference !== 0) return difference
    }
    return 0
  }

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const byPriority: Compare<CompiledPolicy> = (a, b) => b.policy.priority - a.policy.priority
const byDenial: Compare<CompiledPolicy> = (a, b) => Number(b.hasDeny) - Number(a.hasDeny)
const byName: Compare<CompiledPolicy> = (a, b) => byText(a.policy.name, b.policy.name)
const byId: Compare<CompiledPolicy> = (a, b) => (a.policy.id ?? 0) - (b.policy.id ?? 0)

/** Ranger's order by name: for tag policies with filters, and behind the match type for those with masks. */
export const nameOrder = firstDifference(byPriority, byDenial, byName, byId)

/** Ranger's order of resource policies: by a score that puts what matches most first; it was made for allowing quickly. */
export const scoreOrder = (scores: ReadonlyMap<CompiledPolicy, number>): Compare<CompiledPolicy> =>
  firstDifference(byPriority, byDenial, (a, b) => (scores.get(a) ?? 0) - (scores.get(b) ?? 0), byName, byId)

const matchRanks: Readonly<Record<MatchType, number>> = {
  SELF: 0,
  SELF_AND_ALL_DESCENDANTS: 1,
  ANCESTOR: 2,
  DESCENDANT: 3,
  NONE: 4,
}
export const byMatchType = (a: MatchType, b: MatchType): number => matchRanks[a] - matchRanks[b]

/** The score that Ranger gives a policy; the smaller goes first. */
export function evaluationScore({ policy, matchers }: CompiledPolicy, serviceDef: ServiceDef): number {
  const resources = [...(policy.resourceSets[0] ?? new Map())]
  const ofResources = resources
    .filter(([name]) => resourcesFor(serviceDef, 0).some(def => def.name === name))
    .reduce((sum, [, resource]) => sum + resourceDiscount(resource), 0)
  const items = [
    ...policy.allow,
    ...policy.deny,
    ...policy.allowExceptions,
    ...policy.denyExceptions,
    ...policy.masks,
    ...policy.filters,
  ]
  const users = new Set(items.flatMap(item => item.users))
  const groups = new Set(items.flatMap(item => item.groups))
  const isForAll = policy.isDenyAllElse || groups.has('public') || users.has('{USER}')
  const conditions = [policy, ...items].flatMap(one => one.conditions)
  const accesses = new Set(items.flatMap(item => item.accesses.filter(one => one.isAllowed).map(one => one.type)))
  return (
    10_000 +
    (matchers.some(({ isDynamic }) => isDynamic) ? 20 : 0) -
    Math.min(100, ofResources) -
    (isForAll ? 25 : Math.min(25, users.size + groups.size)) -
    Math.round((25 * accesses.size) / Math.max(1, serviceDef.accessTypes.length)) -
    Math.max(0, 25 - 5 * conditions.length)
  )
}

function resourceDiscount({ values, isExcludes, isRecursive }: PolicyResource): number {
  if (values.length === 0) return 0
  if (values.some(value => value === '' || value === '*')) return 25
  const ofWildcards = values.some(value => value.includes('*')) ? 10 : values.some(value => value.includes('?')) ? 5 : 0
  return ofWildcards + (isExcludes ? 5 : 0) + (isRecursive ? 5 : 0)
}

/**
 * How closely a policy names what is asked for: the levels it names letter by letter, then those it names by a pattern
 * that is more than a star, then the letters in these patterns. Larger is closer.
 */
export type Specificity = readonly [literal: number, pattern: number, letters: number]

export const bySpecificity = (a: Specificity, b: Specificity): number => b[0] - a[0] || b[1] - a[1] || b[2] - a[2]

export function specificityOf(
  { policy, matchers }: CompiledPolicy,
  elements: Elements,
  context: MatchContext,
): Specificity {
  let best: Specificity = [0, 0, 0]
  for (const [at, matcher] of matchers.entries()) {
    // Who has one set only matched by it, or would not be asked.
    if (matchers.length > 1 && matcher.match(elements, noScopes, context) === 'NONE') continue
    let [literal, pattern, letters] = [0, 0, 0]
    for (const [name, resource] of policy.resourceSets[at] ?? []) {
      const most = levelLetters(resource, matcher.matchers.get(name), elements.get(name) ?? null, context)
      if (most === LITERAL) literal++
      else if (most > 0) {
        pattern++
        letters += most
      }
    }
    const sum: Specificity = [literal, pattern, letters]
    if (bySpecificity(sum, best) < 0) best = sum
  }
  return best
}

const LITERAL = Number.POSITIVE_INFINITY

/** The letters of the closest value that matches; no limit where it is no pattern. */
function levelLetters(
  resource: PolicyResource,
  matcher: ResourceMatcher | undefined,
  element: ElementValue,
  context: MatchContext,
): number {
  if (matcher === undefined || matcher.isMatchAny || resource.isExcludes || typeof element !== 'string') return 0
  if (matcher.literals !== null) return LITERAL
  const written = resource.values.filter(value => value !== '')
  return matcher.values.reduce((most, value, at) => {
    if (!value.matches(element, context)) return most
    const text = written[at] ?? ''
    return Math.max(most, value.literal !== null || !/[*?]/.test(text) ? LITERAL : text.replace(/[*?]/g, '').length)
  }, 0)
}

/**
 * Our own order of masks and filters, where Ranger's is a by-product of its speed: priority; a tag before a resource;
 * the closer naming first (of tags: the one on the thing itself first); what hides before what does not; the policy's
 * name. Within a policy the first item that matches decides, as in Ranger.
 */
export interface Claim {
  readonly policy: CompiledPolicy
  readonly matchType: MatchType
  readonly specificity: Specificity
  readonly hides: boolean
}

export const claimOrder: Compare<Claim> = firstDifference(
  (a, b) => byPriority(a.policy, b.policy),
  (a, b) => Number(b.policy.isTag) - Number(a.policy.isTag),
  (a, b) => (a.policy.isTag ? byMatchType(a.matchType, b.matchType) : 0),
  (a, b) => bySpecificity(a.specificity, b.specificity),
  (a, b) => Number(b.hides) - Number(a.hides),
  (a, b) => byName(a.policy, b.policy),
  (a, b) => byId(a.policy, b.policy),
)
