import { describe, expect, test } from 'vitest'
import { compilePolicies } from '../../src/policy/compile.ts'
import { findCandidates } from '../../src/policy/candidates.ts'
import type { MaskingPolicyDocument, PolicyDocument } from '../../src/policy/document.ts'
import { isKnown } from '../../src/pipeline/project/row-scope.ts'
import { readDocuments } from '../../src/policy/read-documents.ts'
import { testKeys, testSettings } from '../support/policy-documents.ts'
import { createRandom } from '../support/random.ts'
import { randomPolicies } from '../support/random-policy.ts'
import { randomTable } from '../support/random-table.ts'

const TOPIC = 'raw.a'
type Conditions = Readonly<Record<string, string>>

function policy(
  name: string,
  conditions: Conditions,
  more: Partial<MaskingPolicyDocument> = {},
): MaskingPolicyDocument {
  const maskingConditions = Object.entries(conditions).map(([field, maskType]) => ({ field, maskType }))
  return { name, resources: { topic: TOPIC }, maskingPolicy: { maskingConditions }, ...more }
}
const schema: PolicyDocument = {
  name: 'schema',
  tableSchema: { topic: TOPIC, columns: [{ name: 'email', type: 'string' }] },
}

function finder(documents: readonly PolicyDocument[], topic = TOPIC) {
  const { plan } = compilePolicies(documents, { keys: testKeys, settings: testSettings, now: 0 })
  const view = plan?.forTopic(topic, { compacted: false })?.views[0] ?? null
  return { found: findCandidates(documents, topic, view, 0), view }
}

describe('why what decides, decides', () => {
  const cases: readonly (readonly [string, readonly PolicyDocument[], readonly string[]])[] = [
    ['one rule', [policy('a', { email: 'full' })], ['a applies']],
    [
      'priority',
      [policy('a', { email: 'full' }), policy('b', { email: 'none' }, { policyPriority: 1 })],
      ['b applies', 'a outranked-by-priority'],
    ],
    [
      'what hides',
      [policy('a', { email: 'none' }), policy('b', { email: 'full' })],
      ['b applies', 'a outranked-by-hiding'],
    ],
    [
      'the first by name',
      [policy('b', { email: 'null' }), policy('a', { email: 'full' })],
      ['a applies', 'b outranked-by-order'],
    ],
    [
      'the first in a policy',
      [policy('a', { email: 'full', 'after.email': 'null' })],
      ['a applies', 'a outranked-by-order'],
    ],
    [
      'a disabled policy',
      [policy('a', { email: 'full' }), policy('b', { email: 'null' }, { isEnabled: false })],
      ['a applies', 'b disabled'],
    ],
    ['a name before a wildcard', [policy('a', { '*': 'null', email: 'full' })], ['a applies', 'a outranked-by-name']],
    ['a wildcard', [policy('a', { '*': 'null' }), policy('b', { '*': 'full' })], ['a applies', 'b outranked-by-order']],
    [
      'an accepted schema before a wildcard',
      [policy('a', { '*': 'null' }), schema],
      ['schema applies', 'a outranked-by-accepted-schema'],
    ],
    [
      'a rule before an accepted schema',
      [policy('a', { email: 'full' }), schema],
      ['a applies', 'schema outranked-by-name'],
    ],
    ['an unknown column', [policy('a', { id: 'none' })], ['a applies']],
    [
      'the strictest of several',
      [
        policy('a', {}, { maskingPolicy: { maskingConditions: [], unknownColumns: 'drop' } }),
        policy('b', {}, { maskingPolicy: { maskingConditions: [], unknownColumns: 'hold' } }),
      ],
      ['b applies', 'a outranked-by-strictness'],
    ],
    [
      'a policy of another topic is not spoken of',
      [policy('a', { email: 'full' }), policy('b', { email: 'null' }, { resources: { topic: 'raw.b' } })],
      ['a applies'],
    ],
  ]
  test.each(cases)('%s', (_, documents, expected) => {
    const { found } = finder(documents)
    expect(found.of('email').map(({ policy: name, verdict }) => `${name} ${verdict}`)).toEqual(expected)
  })

  test('the place, the selector as it was written, the parameters', () => {
    const conditions = [{ field: "$.after['email']", maskType: 'PARTIAL', unmaskCharCount: 4 }]
    const { found } = finder([policy('a', {}, { maskingPolicy: { maskingConditions: conditions } })])
    expect(found.of('email')[0]).toEqual({
      policy: 'a',
      path: 'maskingPolicy.maskingConditions[0]',
      selector: "$.after['email']",
      mask: 'partial',
      params: { unmaskCharCount: 4 },
      verdict: 'applies',
      detail: null,
    })
  })

  test('a topic that only a disabled policy names', () => {
    const { found, view } = finder([
      policy('a', { email: 'full' }, { isEnabled: false }),
      policy('b', {}, { resources: { topic: 'raw.b' } }),
    ])
    expect(view).toBeNull()
    expect(found.policies).toEqual([{ name: 'a', isEnabled: false, priority: 0 }])
    expect(found.of('email').map(({ verdict }) => verdict)).toEqual(['disabled'])
  })
})

test('whatever the policies, exactly what the plan does applies', () => {
  let columns = 0
  for (let seed = 0; seed < 400; seed++) {
    const random = createRandom(seed)
    const table = randomTable(random)
    const { documents } = readDocuments(randomPolicies(table, random), 'policies')
    const { plan } = compilePolicies(documents, { keys: testKeys, settings: testSettings, now: 0 })
    const view = plan?.forTopic(table.topic, { compacted: false })?.views[0]
    if (view === undefined) continue
    const found = findCandidates(documents, table.topic, view, 0)
    for (const { name } of table.columns) {
      columns++
      const rule = view.rules.byName.get(name) ?? (isKnown(name, view.rules) ? null : view.rules.wildcard)
      const applying = found.of(name).filter(({ verdict }) => verdict === 'applies')
      expect(applying.length, `seed ${seed}, ${name}`).toBeGreaterThan(0)
      if (rule !== null) expect(applying.slice(0, 1)).toMatchObject([{ policy: rule.policy, path: rule.path }])
      else expect(applying[0]?.path).toMatch(isKnown(name, view.rules) ? /^tableSchema/ : /unknownColumns$/)
    }
  }
  expect(columns).toBeGreaterThan(500)
})
