import { describe, expect, test } from 'vitest'
import { compileSet } from '../../src/policy/compile-set.ts'
import type { PolicyDocument } from '../../src/policy/document.ts'
import type { RangerDocument } from '../../src/policy/ranger-document.ts'
import { aPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { aMaskPolicy } from '../support/ranger-admin.ts'

const options = { keys: testKeys, settings: testSettings, now: 0 }
const facts = { compacted: false }
const good = aMaskPolicy('good', 'raw.good', 'MASK_NULL')
const bad = (more: object) => ({ ...aMaskPolicy('bad', 'raw.bad'), ...more })
const items = (dataMaskType: string) => ({
  dataMaskPolicyItems: [
    { groups: ['public'], accesses: [{ type: 'consume', isAllowed: true }], dataMaskInfo: { dataMaskType } },
  ],
})
const from = (service: string, policies: unknown, more: object = {}): RangerDocument => ({
  name: `ranger:${service}`,
  ranger: { serviceName: service, policyVersion: 1, policies, ...more },
  source: { service },
})
const compiled = (...documents: readonly PolicyDocument[]) => compileSet(documents, options)
const blocksOf = ({ plan }: ReturnType<typeof compiled>) =>
  plan?.blocks?.list.map(({ policy, path, topics }) => [policy, path, topics])

const kinds: [name: string, policy: object, path: string][] = [
  ['a mask type that nobody knows', bad(items('NOPE')), 'dataMaskPolicyItems[0].dataMaskInfo.maskType'],
  [
    'a resource that the service has not',
    bad({ additionalResources: [{ topic: { values: ['raw.bad'] }, x: { values: [] } }] }),
    'additionalResources[0].x',
  ],
  ['a condition that nobody knows', bad({ conditions: [{ type: 'nope', values: ['x'] }] }), 'conditions[0]'],
  ['a schedule that is none', bad({ validitySchedules: [{ startTime: 'x' }] }), 'validitySchedules[0]'],
  [
    'a filter that cannot be read',
    bad({
      policyType: 2,
      resources: { topic: { values: ['raw.bad'] } },
      dataMaskPolicyItems: [],
      rowFilterPolicyItems: [
        { groups: ['public'], accesses: [{ type: 'consume', isAllowed: true }], rowFilterInfo: { filterExpr: 'a =' } },
      ],
    }),
    'rowFilterPolicyItems[0].rowFilterInfo.filterExpr',
  ],
]

describe('policies of a Ranger Admin', () => {
  test('that are good become a plan', () => {
    const { plan } = compiled(from('cl1', [good]))
    expect(plan?.blocks).toBe(undefined)
    const rule = plan?.forTopic('raw.good', facts)?.views[0]?.rules.byName.get('email')
    expect(rule).toMatchObject({ policy: 'cl1:good' })
  })

  test.each(kinds)('%s: its topic waits, the others go on', (_, policy, path) => {
    const result = compiled(aPolicy('bad'), aPolicy('other'), from('cl1', [good, policy]))
    expect(blocksOf(result)?.map(([name, , topics]) => [name, topics])).toEqual([
      ['cl1:bad', path.startsWith('additional') ? expect.anything() : ['raw.bad']],
    ])
    expect(blocksOf(result)?.[0]?.[1]).toBe(path)
    if (path.startsWith('additional')) return
    expect(result.plan?.forTopic('raw.bad', facts)).toBe(null)
    expect(result.plan?.forTopic('raw.other', facts)?.views).toHaveLength(1)
    expect(result.plan?.forTopic('raw.good', facts)?.views[0]?.rules.byName.has('email')).toBe(true)
    expect(result.problems).toContainEqual(
      expect.objectContaining({ code: 'POLICY_RANGER_INVALID', severity: 'warning' }),
    )
  })

  test('the same in files refuses the set', () => {
    for (const [, policy] of kinds) {
      const { source: _source, ...own } = from('cl1', [good, policy])
      expect(compiled(aPolicy('other'), own).plan).toBe(null)
    }
  })

  test('what is wrong in files refuses the set, whatever Ranger says', () => {
    const result = compiled(aPolicy('a', 'nonsense'), from('cl1', [good, bad(items('NOPE'))]))
    expect(result.plan).toBe(null)
    expect(result.problems.map(({ code }) => code)).toContain('POLICY_UNKNOWN_MASK')
  })

  test('a service of which nothing can be made blocks all that it names, beside one that is well', () => {
    const unknown = { ...bad({}), serviceType: 'nobody-knows' }
    const result = compiled(aPolicy('bad'), from('cl2', [unknown]), from('cl1', [good]))
    expect(blocksOf(result)).toEqual([['ranger:cl2', '', ['raw.bad']]])
    expect(result.plan?.forTopic('raw.good', facts)?.views).toHaveLength(1)
  })

  test('a service without any policy blocks nothing', () => {
    expect(compiled(aPolicy('a'), from('cl1', [])).plan?.blocks).toBe(undefined)
    expect(blocksOf(compiled(aPolicy('a'), from('cl1', 'x')))).toEqual([['cl1', 'policies', 'all']])
  })

  test('a table schema that a mask of Ranger does not fit holds its topic alone', () => {
    const schema = {
      name: 'schema:raw.good',
      tableSchema: { topic: 'raw.good', columns: [{ name: 'email', type: 'int64', optional: false }] },
    }
    const result = compiled(aPolicy('a'), from('cl1', [good]), schema)
    expect(blocksOf(result)).toEqual([['schema:raw.good', 'email', ['raw.good']]])
    expect(result.plan?.forTopic('raw.a', facts)?.views).toHaveLength(1)
  })

  test('many bad ones among many take no time worth telling', () => {
    const many = Array.from({ length: 1_000 }, (_, n) =>
      n % 3 === 0 ? { ...bad(items('NOPE')), name: `bad ${n}` } : { ...good, name: `good ${n}` },
    )
    const started = performance.now()
    const result = compiled(aPolicy('a'), from('cl1', many))
    expect(result.plan?.blocks?.list).toHaveLength(334)
    expect(performance.now() - started).toBeLessThan(5_000)
  })

  test('tags of the service count', () => {
    const tagPolicy = {
      ...good,
      name: 'pii',
      service: 'tags',
      serviceType: 'tag',
      resources: { tag: { values: ['PII'] } },
      ...items('kafka-cdc:MASK_NULL'),
    }
    const { dataMaskPolicyItems } = tagPolicy
    const accesses = [{ type: 'kafka-cdc:consume', isAllowed: true }]
    const policies = [{ ...tagPolicy, dataMaskPolicyItems: dataMaskPolicyItems.map(item => ({ ...item, accesses })) }]
    const tags: RangerDocument = {
      name: 'ranger:cl1:tags',
      source: { service: 'cl1' },
      ranger: {
        serviceName: 'cl1',
        tagVersion: 1,
        tagDefinitions: { 1: { name: 'PII' } },
        tags: { 1: { type: 'PII' } },
        serviceResources: [
          { id: 1, resourceElements: { topic: { values: ['raw.good'] }, field: { values: ['aadhaar'] } } },
        ],
        resourceToTagIds: { 1: [1] },
      },
    }
    const { plan } = compiled(from('cl1', [good], { tagPolicies: { serviceName: 'tags', policies } }), tags)
    expect(plan?.blocks).toBe(undefined)
    const rules = plan?.forTopic('raw.good', facts)?.views[0]?.rules
    expect(rules?.byName.get('aadhaar') ?? rules?.matching?.('aadhaar')).toMatchObject({
      maskType: { effect: 'rewrite' },
    })
  })
})
