import { describe, expect, test } from 'vitest'
import { membersOf } from '../../src/policy/ranger/members.ts'
import { resourceOf } from '../../src/policy/ranger/read-policy.ts'
import { resourceMatcher } from '../../src/policy/ranger/resource-matcher.ts'
import { readServiceDef } from '../../src/policy/ranger/service-def.ts'
import type { MatchContext } from '../../src/policy/ranger/value-matcher.ts'
import { absence, hasCases, type Json, list, matcherFiles, object, text, total } from './cases.ts'

/** Tokens lie in the context as `token:NAME`. */
function contextOf(json: unknown): MatchContext {
  const tokens = Object.entries(object(json)).map(([name, value]): [string, string] => [
    name.replace(/^token:/, ''),
    String(value),
  ])
  return { tokens: new Map(tokens), resolve: one => one }
}

const files = matcherFiles.map(file => ({
  name: file.name,
  cases: list(object(file.json).testCases).map(object),
}))
const testsOf = (one: Json): readonly Json[] => list(one.tests).map(object)
const count = files.flatMap(({ cases }) => cases.flatMap(testsOf)).length

function matcherOf(one: Json) {
  const def = readServiceDef({ resources: [object(one.resourceDef)] }).value?.resources[0]
  const resource = membersOf(one.policyResource, { problems: [], policy: '' })
  if (def === undefined || resource === null) throw new Error('no matcher')
  return resourceMatcher(def, resourceOf(resource))
}

describe.skipIf(!hasCases)(hasCases ? 'resource matchers' : absence, () => {
  for (const { name, cases } of files) {
    describe(name, () => {
      for (const one of cases) {
        const rows = testsOf(one).map((row, at) => [text(one.name) ?? '', text(row.name) ?? '', at, row] as const)
        test.each(rows)('%s: %s (%i)', (_case, _name, _at, row) => {
          const found = matcherOf(one).matches(text(row.input), 'SELF', contextOf(row.evalContext))
          expect(found).toBe(row.result)
        })
      }
    })
  }

  test.runIf(total('matcherTests') !== null)('as many as there are to be', () => {
    expect(count).toBe(total('matcherTests'))
  })
})
