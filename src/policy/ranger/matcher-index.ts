import type { Elements, PolicyMatcher, Scopes } from './policy-matcher.ts'
import type { ResourceMatcher } from './resource-matcher.ts'
import type { MatchContext } from './value-matcher.ts'

/** What matches where one of its matchers does: a policy, a tagged resource. */
interface Matched {
  readonly matchers: readonly Pick<PolicyMatcher, 'matchers'>[]
}

/** Which of a list may match; those that are given are in the order of the list. */
export interface MatcherIndex<T> {
  readonly all: readonly T[]
  readonly candidates: (elements: Elements, scopes: Scopes) => readonly T[]
}

/** Values that were looked up are kept up to this number for each resource. */
const MAX_KNOWN = 10_000

/** No request has a say in whether a value without tokens matches. */
const noContext: MatchContext = { tokens: new Map(), resolve: text => text }

/**
 * For each resource name: the entries by the values they name, those with patterns, and those that any value may
 * concern. What a value comes to is remembered, so that a thousand columns of one topic ask the patterns of topics once.
 */
export function createMatcherIndex<T extends Matched>(all: readonly T[]): MatcherIndex<T> {
  const names = new Set(all.flatMap(({ matchers }) => matchers.flatMap(one => [...one.matchers.keys()])))
  const levels = new Map([...names].map(name => [name, levelIndex(name, all)]))
  return {
    all,
    candidates: (elements, scopes) => {
      let fewest: readonly number[] | null = null
      for (const [name, value] of elements) {
        const level = levels.get(name)
        if (level === undefined || typeof value !== 'string' || value === '' || value === '*') continue
        if ((scopes.get(name) ?? 'SELF') !== 'SELF') continue
        const found = level(value)
        if (fewest === null || found.length < fewest.length) fewest = found
      }
      return fewest === null ? all : fewest.map(at => all[at]).filter(one => one !== undefined)
    },
  }
}

function levelIndex(name: string, all: readonly Matched[]): (value: string) => readonly number[] {
  const byLiteral = new Map<string, Set<number>>()
  const patterns: (readonly [number, ResourceMatcher])[] = []
  const always = new Set<number>()
  let folding: ((value: string) => string) | null = null
  all.forEach(({ matchers }, at) => {
    for (const { matchers: byName } of matchers) {
      const matcher = byName.get(name)
      if (matcher === undefined || matcher.isMatchAny || matcher.isExcludes || matcher.isDynamic) always.add(at)
      else if (matcher.literals === null) patterns.push([at, matcher])
      else {
        folding = matcher.fold
        for (const literal of matcher.literals) {
          const found = byLiteral.get(literal)
          if (found === undefined) byLiteral.set(literal, new Set([at]))
          else found.add(at)
        }
      }
    }
  })
  const fold = folding ?? ((value: string) => value)
  const known = new Map<string, readonly number[]>()
  return value => {
    const before = known.get(value)
    if (before !== undefined) return before
    const found = new Set(always)
    // Both ways of comparing may occur in one list: mask policies and their base may differ in it.
    for (const key of new Set([value, fold(value)])) for (const at of byLiteral.get(key) ?? []) found.add(at)
    for (const [at, matcher] of patterns) if (matcher.matches(value, 'SELF', noContext)) found.add(at)
    const rising = [...found].sort((a, b) => a - b)
    if (known.size >= MAX_KNOWN) known.clear()
    known.set(value, rising)
    return rising
  }
}
