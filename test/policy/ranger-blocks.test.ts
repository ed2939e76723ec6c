import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { isAudited } from '../../src/policy/ranger-audited.ts'
import { blockTopics, missingServices, rangerBlocks, touchedTopics } from '../../src/policy/ranger-blocks.ts'
import type { RangerDocument } from '../../src/policy/ranger-document.ts'
import { policyFault } from '../../src/policy/ranger-policy-fault.ts'
import { aPolicy } from '../support/policy-documents.ts'
import { aMaskPolicy } from '../support/ranger-admin.ts'

const source = { service: 'cl1' }
const set = (policies: readonly unknown[], more: object = {}, about: object = {}): RangerDocument => ({
  name: 'ranger:cl1',
  ranger: { serviceName: 'cl1', policies, ...more },
  source: { ...source, ...about },
})
const good = aMaskPolicy('good', 'raw.good')
const blocks = (document: RangerDocument, more: readonly RangerDocument[] = []) => rangerBlocks([document, ...more])

describe('topics that wait', () => {
  test('a policy that has no form of one blocks what it names, and nothing else', () => {
    const bad = { ...aMaskPolicy('bad', 'raw.bad'), dataMaskPolicyItems: [{ groups: ['public'] }] }
    expect(blocks(set([good, bad]))).toEqual([
      {
        code: 'POLICY_RANGER_INVALID',
        policy: 'cl1:bad',
        path: 'policies[1].dataMaskPolicyItems[0].dataMaskInfo',
        topics: ['raw.bad'],
      },
    ])
    expect(blocks(set([good]))).toEqual([])
  })

  test('in zones and in policies of tags too', () => {
    const bad = { ...good, policyType: 9 }
    const tagged = { ...good, resources: { tag: { values: ['PII'] } }, rowFilterPolicyItems: 'x' }
    const tags: RangerDocument = {
      name: 'ranger:cl1:tags',
      ranger: {
        serviceName: 'cl1',
        serviceResources: [{ resourceElements: { topic: { values: ['raw.tagged'] } } }],
      },
      source,
    }
    const found = blocks(set([], { securityZones: { z: { policies: [bad] } }, tagPolicies: { policies: [tagged] } }), [
      tags,
    ])
    expect(found.map(({ path, topics }) => [path, topics])).toEqual([
      ['securityZones.z.policies[0].policyType', ['raw.good']],
      ['tagPolicies.policies[0].rowFilterPolicyItems', ['raw.tagged']],
    ])
  })

  test('all topics of the last policies of a service that is gone', () => {
    const other = { ...aMaskPolicy('b', 'raw.b'), additionalResources: [{ topic: { values: ['raw.c', 'raw.d*'] } }] }
    expect(blocks(set([good, other], {}, { isGone: true }))).toEqual([
      { code: 'RANGER_SERVICE_GONE', policy: 'ranger:cl1', path: '', topics: ['raw.good', 'raw.b', 'raw.c', 'raw.d*'] },
    ])
  })

  test('every topic, as long as a service was never read', () => {
    expect(missingServices([aPolicy('a'), set([])], ['cl1', 'cl2'])).toEqual([
      { code: 'RANGER_SERVICE_MISSING', policy: 'ranger:cl2', path: '', topics: 'all' },
    ])
    const { source: _source, ...own } = set([])
    expect(missingServices([aPolicy('a'), own], ['cl1'])).toEqual([
      { code: 'RANGER_SERVICE_MISSING', policy: 'ranger:cl1', path: '', topics: 'all' },
    ])
    expect(missingServices([aPolicy('a')], [])).toEqual([])
  })

  test('a document that was not polled blocks nothing', () => {
    const { source: _source, ...own } = set([{}])
    expect(rangerBlocks([own])).toEqual([])
  })
})

const policyWith = (resources: unknown, more: object = {}) => ({ ...good, resources, ...more })

test.each([
  ['names', policyWith({ topic: { values: ['a', 'b.*'] } }), ['a', 'b.*']],
  ['excluded names', policyWith({ topic: { values: ['a'], isExcludes: true } }), 'all'],
  ['tokens', policyWith({ topic: { values: ['{USER}.a'] } }), 'all'],
  ['values that are no list', policyWith({ topic: { values: 'a' } }), 'all'],
  ['a value that is no text', policyWith({ topic: { values: ['a', 1] } }), 'all'],
  ['resources that are none', policyWith(null), 'all'],
  ['resources of something else', policyWith({ url: { values: ['a'] } }), 'all'],
  ['a database', policyWith({ database: { values: ['a'] } }), ['a', '*.a', 'a.*', '*.a.*']],
  [
    'a table and its columns',
    policyWith({ database: { values: ['a'] }, table: { values: ['b*'] }, column: { values: ['c'] } }),
    ['a.b*', '*.a.b*', 'a.b*.*', '*.a.b*.*'],
  ],
  ['a database that is excluded', policyWith({ database: { values: ['a'], isExcludes: true } }), 'all'],
  ['no resources', policyWith({}), 'all'],
  ['a consumer group of Kafka', policyWith({ consumergroup: { values: ['*'] } }), []],
  ['a policy that is switched off', policyWith(null, { isEnabled: false }), []],
  ['something that is no policy', 'x', 'all'],
  ['more resources of no form', policyWith({ topic: { values: ['a'] } }, { additionalResources: [1] }), 'all'],
])('touched by %s', (_, policy, topics) => {
  expect(touchedTopics(policy)).toEqual(topics)
})

test.each([
  [good, null],
  [{ ...good, policyType: null, policyItems: null }, null],
  [null, ''],
  [{ ...good, name: '' }, 'name'],
  [{ ...good, policyType: '1' }, 'policyType'],
  [{ ...good, resources: { topic: { values: [1] } } }, 'resources.topic'],
  [{ ...good, additionalResources: {} }, 'additionalResources'],
  [{ ...good, additionalResources: [{ topic: 1 }] }, 'additionalResources[0].topic'],
  [{ ...good, policyItems: [1] }, 'policyItems[0]'],
  [{ ...good, denyPolicyItems: [{ users: [1] }] }, 'denyPolicyItems[0].users'],
  [{ ...good, rowFilterPolicyItems: [{}] }, 'rowFilterPolicyItems[0].rowFilterInfo'],
])('fault %#', (policy, fault) => {
  expect(policyFault(policy)).toBe(fault)
})

describe('a plan with blocks', () => {
  const plan = compile([aPolicy('a'), aPolicy('b')]).plan!
  const facts = { compacted: false }

  test('has nothing for their topics, whatever the case, and all for others', () => {
    const block = { code: 'RANGER_SERVICE_GONE', policy: 'p', path: '', topics: ['RAW.A', 'x?'] } as const
    const blocked = blockTopics(plan, [block])
    expect(blocked.forTopic('raw.a', facts)).toBe(null)
    expect(blocked.forTopic('raw.b', facts)?.views).toHaveLength(1)
    expect(blocked.names('raw.a')).toBe(true)
    expect([blocked.blocks?.of('raw.a'), blocked.blocks?.of('X1'), blocked.blocks?.of('raw.b')]).toEqual([
      block,
      block,
      null,
    ])
  })

  test('`all` is all, and blocks of two makers count both', () => {
    const one = { code: 'POLICY_RANGER_INVALID', policy: 'p', path: '', topics: ['raw.a'] } as const
    const all = { ...one, topics: 'all' } as const
    expect(blockTopics(plan, [all]).forTopic('raw.b', facts)).toBe(null)
    const both = blockTopics(blockTopics(plan, [one]), [{ ...one, topics: ['raw.b'] }])
    expect([both.forTopic('raw.a', facts), both.forTopic('raw.b', facts)]).toEqual([null, null])
    expect(blockTopics(plan, [])).toBe(plan)
  })
})

test('whatever a Ranger Admin sends, it is read without an exception', () => {
  const anything = fc.jsonValue({ maxDepth: 5 })
  const near = fc.record(
    {
      name: fc.oneof(fc.string(), anything),
      policyType: anything,
      resources: fc.oneof(fc.dictionary(fc.constantFrom('topic', 'tag', 'x'), anything), anything),
      dataMaskPolicyItems: anything,
      additionalResources: anything,
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(near, anything)), anything, anything, (policies, securityZones, tagPolicies) => {
      const found = blocks(set(policies, { securityZones, tagPolicies }))
      for (const { topics } of found)
        expect(topics === 'all' || topics.every(text => typeof text === 'string')).toBe(true)
      // What has no form is never passed over: it blocks, or touches no topic.
      policies.forEach((policy, index) => {
        if (policyFault(policy) === null || touchedTopics(policy).length === 0) return
        expect(found.some(({ path }) => path.startsWith(`policies[${index}]`))).toBe(true)
      })
    }),
  )
})

test.each([
  ['audit-all', false, true],
  ['audit-none', true, false],
  ['audit-default', undefined, true],
  [undefined, true, true],
  ['audit-default', false, false],
])('mode %s, policy %s: audited %s', (mode, policy, wanted) => {
  expect(isAudited(mode, policy)).toBe(wanted)
})
