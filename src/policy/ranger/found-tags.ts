import { hasSay } from './evaluate-policy.ts'
import { createMatcherIndex } from './matcher-index.ts'
import { type HierarchyIndex, policyMatcher } from './policy-matcher.ts'
import type { Asked } from './request.ts'
import { policyTypes } from './policy.ts'
import type { RequestTag, ServiceTags, Tag } from './service-tags.ts'
import { compileValidity, earliest, type Validity } from './validity.ts'

/** The tags of a tag store. */
export interface TagStore {
  /** Those on the resource, above it and, for any access, below it. */
  readonly tagsOf: (asked: Omit<Asked, 'tags'>) => readonly RequestTag[]
  readonly nextChange: (instant: number) => number | null
}

export function createTagStore(
  tags: ServiceTags,
  hierarchies: HierarchyIndex,
  recurrenceZone: string | null,
): TagStore {
  const validities = new Map<Tag, Validity>()
  for (const tag of tags.resources.flatMap(resource => resource.tags)) {
    if (!validities.has(tag)) validities.set(tag, compileValidity(tag.validityPeriods, recurrenceZone))
  }
  const tagged = tags.resources.flatMap(resource => {
    const type = policyTypes.find(one =>
      hierarchies[one].some(hierarchy =>
        [...resource.resources.keys()].every(name => hierarchy.some(def => def.name === name)),
      ),
    )
    return type === undefined
      ? []
      : [{ matchers: [policyMatcher(resource.resources, hierarchies[type])] as const, tags: resource.tags }]
  })
  const index = createMatcherIndex(tagged)
  return {
    tagsOf: asked => {
      const isAllOfThem = asked.elements.size === 0 && asked.isAny
      return index.candidates(asked.elements, asked.scopes).flatMap(({ matchers: [matcher], tags: own }) => {
        const matchType = isAllOfThem ? 'DESCENDANT' : matcher.match(asked.elements, asked.scopes, asked.match)
        const isOn = matchType === 'ANCESTOR' || hasSay(matchType, { ...asked, tags: [] }, null)
        return isOn
          ? own
              .filter(tag => validities.get(tag)?.isActive(asked.accessTime) ?? true)
              .map(tag => ({ ...tag, matchType }))
          : []
      })
    },
    nextChange: instant => earliest([...validities.values()].map(validity => validity.nextChange(instant))),
  }
}
