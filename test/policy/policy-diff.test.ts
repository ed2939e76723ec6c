import { describe, expect, test } from 'vitest'
import fc from 'fast-check'
import type { PolicyDocument } from '../../src/policy/document.ts'
import { applyJsonPatch, byName } from '../../src/policy/json-patch.ts'
import { diffPolicies, diffText } from '../../src/policy/policy-diff.ts'
import { aPolicy } from '../support/policy-documents.ts'

type Condition = { field: string; maskType: string; [parameter: string]: unknown }
const policy = (name: string, ...maskingConditions: Condition[]): PolicyDocument => ({
  name,
  resources: { topic: 'raw.t' },
  maskingPolicy: { maskingConditions },
})
const email: Condition = { field: 'email', maskType: 'full' }
const phone: Condition = { field: 'phone', maskType: 'partial', keep: 4 }
const list = 'maskingPolicy.maskingConditions'

describe('the difference of two sets', () => {
  test('is nothing where they say the same, in whatever order', () => {
    const one = [aPolicy('a'), aPolicy('b')]
    const turned = one.toReversed().map(each => Object.fromEntries(Object.entries(each).toReversed()) as PolicyDocument)
    expect(diffPolicies(one, turned)).toEqual({ patch: [], policies: [] })
  })

  test('names what was added, removed and changed, sorted by name', () => {
    const { policies } = diffPolicies([aPolicy('gone'), aPolicy('b')], [aPolicy('new'), aPolicy('b', 'null')])
    expect(policies.map(({ name, change }) => [name, change])).toEqual([
      ['b', 'changed'],
      ['gone', 'removed'],
      ['new', 'added'],
    ])
  })

  const cases: [name: string, from: Condition[], to: Condition[], conditions: object][] = [
    ['a condition more', [email], [email, phone], { added: [{ path: list, condition: phone }] }],
    ['a condition less', [email, phone], [phone], { removed: [{ path: list, condition: email }] }],
    ['the first condition', [], [phone], { added: [{ path: list, condition: phone }] }],
    [
      'another mask on a column',
      [email, phone],
      [{ ...email, maskType: 'none' }, phone],
      { changed: [{ path: list, from: email, to: { ...email, maskType: 'none' } }] },
    ],
    [
      'a parameter',
      [phone],
      [{ ...phone, keep: 9 }],
      { changed: [{ path: list, from: phone, to: { ...phone, keep: 9 } }] },
    ],
    ['another order', [email, phone], [phone, email], { reordered: [list] }],
    [
      'the second of two on one column',
      [email, { ...email, maskType: 'null' }],
      [email],
      { removed: [{ path: list, condition: { ...email, maskType: 'null' } }] },
    ],
  ]
  test.each(cases)('shows %s', (_name, from, to, conditions) => {
    const { policies } = diffPolicies([policy('a', ...from)], [policy('a', ...to)])
    const none = { added: [], removed: [], changed: [], reordered: [] }
    expect(policies).toEqual([{ name: 'a', change: 'changed', members: [], conditions: { ...none, ...conditions } }])
  })

  test('shows members that are no conditions', () => {
    const [before, after] = [policy('a', email), { ...policy('a', email), isEnabled: false, description: 'off' }]
    expect(diffPolicies([before], [after]).policies[0]?.members).toEqual([
      { path: 'isEnabled', to: false },
      { path: 'description', to: 'off' },
    ])
    expect(diffPolicies([after], [{ ...after, isEnabled: true }]).policies[0]?.members).toEqual([
      { path: 'isEnabled', from: false, to: true },
    ])
  })

  test('leaves nothing out: sets with an empty summary say the same, and the patch leads from one to the other', () => {
    const condition = fc.record({ field: fc.constantFrom('a', 'b', 'c'), maskType: fc.constantFrom('full', 'null') })
    const set = fc.uniqueArray(
      fc.record({ name: fc.constantFrom('p', 'q'), conditions: fc.array(condition, { maxLength: 4 }) }),
      { selector: ({ name }) => name },
    )
    const documents = (each: { name: string; conditions: Condition[] }[]) =>
      each.map(({ name, conditions }) => policy(name, ...conditions))
    fc.assert(
      fc.property(set, set, (one, other) => {
        const [from, to] = [documents(one), documents(other)]
        const { patch, policies } = diffPolicies(from, to)
        expect(policies.length === 0).toBe(patch.length === 0)
        expect(applyJsonPatch(byName(from), patch)).toEqual(byName(to))
      }),
    )
  })
})

test('the text says what was and what is, and nothing in it moves a cursor or turns a line around', () => {
  const from = [policy('a', email, phone), policy('b')]
  const tricky = { ...policy('a', phone, { field: 'x\u202eliame', maskType: 'full' }), description: 'one\n+ two\u009b' }
  expect(diffText(diffPolicies(from, [tricky]), 'version 1', 'version 2')).toBe(
    [
      '--- version 1',
      '+++ version 2',
      '@@ changed: "a" @@',
      '+ description: "one\\n+ two\\u009b"',
      `- ${list}: {"field":"email","maskType":"full"}`,
      `+ ${list}: {"field":"x\\u202eliame","maskType":"full"}`,
      '@@ removed: "b" @@',
      '- name: "b"',
      '- resources.topic: "raw.t"',
      `- ${list}: []`,
      '',
    ].join('\n'),
  )
  expect(diffText(diffPolicies(from, from), 'version 1', 'version 2')).toContain('the same')
})
