import { describe, expect, test } from 'vitest'
import type { PolicyResources } from '../../src/policy/ranger/policy.ts'
import { type Elements, hierarchyIndex, type MatchType, policyMatcher } from '../../src/policy/ranger/policy-matcher.ts'
import { resourcesOf } from '../../src/policy/ranger/read-policy.ts'
import type { ElementValue } from '../../src/policy/ranger/resource-matcher.ts'
import { readServiceDef, type ServiceDef } from '../../src/policy/ranger/service-def.ts'
import { absence, hasCases, type Json, list, object, policyMatcherFiles, text, texts, total } from './cases.ts'
import type { MatchContext } from '../../src/policy/ranger/value-matcher.ts'

/** What each kind of test of upstream asks for. */
const wanted: Readonly<Record<string, readonly MatchType[]>> = {
  selfMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS'],
  exactMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS'],
  selfAndAllDescendants: ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'DESCENDANT'],
  ancestorMatch: ['ANCESTOR'],
  headMatch: ['ANCESTOR'],
  descendantMatch: ['DESCENDANT'],
  selfOrAncestorMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'ANCESTOR'],
  exactOrHeadMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'ANCESTOR'],
  exactOrDescendantMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'DESCENDANT'],
  selfOrDescendantMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'DESCENDANT'],
  anyMatch: ['SELF', 'SELF_AND_ALL_DESCENDANTS', 'DESCENDANT', 'ANCESTOR'],
}

const context = (json: unknown): MatchContext => ({
  tokens: new Map(Object.entries(object(json)).map(([name, value]) => [name.replace(/^token:/, ''), String(value)])),
  resolve: one => one,
})

const files = policyMatcherFiles.map(file => ({
  name: file.name,
  serviceDef: readServiceDef(object(file.json).serviceDef).value,
  cases: list(object(file.json).testCases).map(object),
}))
const testsOf = (one: Json): readonly Json[] => list(one.tests).map(object)

const resources = (json: unknown): PolicyResources => resourcesOf(json ?? {}, { problems: [], policy: '' }, 'resources')

function found(serviceDef: ServiceDef, one: Json, row: Json): boolean {
  const hierarchies = hierarchyIndex(serviceDef)
  const matcher = policyMatcher(resources(one.policyResources), hierarchies[0])
  const types = wanted[text(row.type) ?? ''] ?? []
  const match = (elements: Elements): MatchType => matcher.match(elements, new Map(), context(row.evalContext))
  if (!('policy' in row)) {
    const elements = Object.entries(object(object(row.resource).elements)).map(
      ([name, value]): [string, ElementValue] => [name, Array.isArray(value) ? texts(value) : text(value)],
    )
    return types.includes(match(new Map(elements)))
  }
  // A policy is covered if at each level some value of it is, the values above it being taken as they were found.
  const asked = resources(object(row.policy).resources)
  const elements = new Map<string, ElementValue>()
  let last: MatchType = 'NONE'
  for (const { name } of serviceDef.resources) {
    const values = asked.get(name)?.values ?? []
    if (values.length === 0) continue
    const value = values.find(each => match(new Map([...elements, [name, each]])) !== 'NONE')
    if (value === undefined) return false
    elements.set(name, value)
    last = match(elements)
  }
  return types.includes(last)
}

describe.skipIf(!hasCases)(hasCases ? 'policy matchers' : absence, () => {
  for (const { name, serviceDef, cases } of files) {
    describe(name, () => {
      for (const one of cases) {
        const rows = testsOf(one).map((row, at) => [text(one.name) ?? '', text(row.name) ?? '', at, row] as const)
        test.each(rows)('%s: %s (%i)', (_case, _name, _at, row) => {
          expect(Object.keys(wanted)).toContain(row.type)
          expect(serviceDef !== null && found(serviceDef, one, row)).toBe(row.result)
        })
      }
    })
  }

  test.runIf(total('policyMatcherTests') !== null)('as many as there are to be', () => {
    expect(files.flatMap(({ cases }) => cases.flatMap(testsOf)).length).toBe(total('policyMatcherTests'))
  })
})
