import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readDate } from '../../../src/policy/ranger/dates.ts'
import { applyDeltas, readDeltas } from '../../../src/policy/ranger/deltas.ts'
import { readPolicy } from '../../../src/policy/ranger/read-policy.ts'
import { readRoles } from '../../../src/policy/ranger/roles.ts'
import { readServiceDef } from '../../../src/policy/ranger/service-def.ts'
import { readExport, readPolicies, readServicePolicies } from '../../../src/policy/ranger/service-policies.ts'
import { readServiceTags } from '../../../src/policy/ranger/service-tags.ts'
import { detectShape } from '../../../src/policy/ranger/shape.ts'
import { readUserStore } from '../../../src/policy/ranger/user-store.ts'
import { engine, kafkaCdcJson, mask, maskPolicy, policies, request } from './kafka-cdc.ts'

test('every member of a policy has its default', () => {
  const { value, problems } = readPolicy({})
  expect(problems).toEqual([])
  expect(value).toEqual({
    id: null,
    guid: null,
    version: null,
    service: '',
    serviceType: null,
    name: '',
    description: '',
    policyType: 0,
    priority: 0,
    isEnabled: true,
    isAuditEnabled: true,
    isDenyAllElse: false,
    resourceSets: [new Map()],
    conditions: [],
    allow: [],
    deny: [],
    allowExceptions: [],
    denyExceptions: [],
    masks: [],
    filters: [],
    validitySchedules: [],
    zoneName: '',
    labels: [],
    options: {},
    createTime: null,
    updateTime: null,
  })
})

test('null is the same as absent, unknown members are passed over', () => {
  const { value, problems } = readPolicy({ isEnabled: null, policyItems: null, policyType: null, moon: 'full' })
  expect(problems).toEqual([])
  expect(value).toMatchObject({ isEnabled: true, allow: [], policyType: 0 })
})

test('an item without isAllowed is allowed, its access type in small letters', () => {
  const { value } = readPolicy({ policyItems: [{ accesses: [{ type: 'Select' }] }] })
  expect(value?.allow[0]?.accesses).toEqual([{ type: 'select', isAllowed: true }])
})

test.each([
  ['the policy', 'orders', ''],
  ['a list', { policyItems: {} }, 'policyItems'],
  ['an entry', { policyItems: ['x'] }, 'policyItems[0]'],
  ['a flag', { isEnabled: 1 }, 'isEnabled'],
  ['a number', { id: 1.5 }, 'id'],
  ['a text', { name: 7 }, 'name'],
  ['a policy type', { policyType: 3 }, 'policyType'],
  ['a resource', { resources: { topic: 'orders' } }, 'resources.topic'],
  ['a value', { resources: { topic: { values: [1] } } }, 'resources.topic.values[0]'],
])('%s of a wrong type is a problem, with its path', (_, json, path) => {
  const { problems } = readPolicy(json)
  expect(problems[0]).toMatchObject({ code: 'POLICY_SHAPE', where: path === '' ? {} : { path } })
})

test.each([
  [1487682719000, 1487682719000],
  ['1487682719000', 1487682719000],
  ['20170221-13:11:59.000-+0000', 1487682719000],
  ['20180127-10:03:00.000-0800', Date.UTC(2018, 0, 27, 18, 3)],
  ['Aug 21, 2026 4:05:06 PM', Date.UTC(2026, 7, 21, 16, 5, 6)],
  ['Aug 21, 2026, 12:05:06 AM', Date.UTC(2026, 7, 21, 0, 5, 6)],
  ['2026-08-21T16:05:06Z', Date.UTC(2026, 7, 21, 16, 5, 6)],
  ['2026-08-21T16:05:06.5+0200', Date.UTC(2026, 7, 21, 14, 5, 6, 500)],
  ['yesterday', null],
  [true, null],
])('the date %s', (written, instant) => {
  expect(readDate(written)).toBe(instant)
})

const policy = { name: 'a', policyType: 1, resources: { topic: { values: ['orders'] } } }

test.each([
  [{ serviceName: 'cl1_kafka', policies: [policy] }, 'service-policies'],
  [{ serviceName: 'cl1_kafka', policyDeltas: [] }, 'service-policies'],
  [{ metaDataInfo: {}, policies: [policy] }, 'export'],
  [{ policies: [policy], startIndex: 0 }, 'export'],
  [policy, 'policy'],
  [[policy, { policyItems: [] }], 'policy'],
  [kafkaCdcJson, 'service-def'],
  [{ serviceName: 'x', tagVersion: 1, tags: {}, serviceResources: [] }, 'service-tags'],
  [{ serviceName: 'x', rangerRoles: [] }, 'roles'],
  [{ userStoreVersion: 1, userAttrMapping: {} }, 'user-store'],
  [{ name: 'a', resources: { topic: 'orders' }, maskingPolicy: { maskingConditions: [] } }, null],
  [{ name: 'a', tableSchema: {} }, null],
  [[], null],
  [null, null],
  ['policies', null],
])('the shape of %j', (json, shape) => {
  expect(detectShape(json)).toBe(shape)
})

describe('envelopes', () => {
  test('a download has its service-def, tag policies, zones and settings', () => {
    const { value, problems } = readServicePolicies({
      serviceName: 'cl1_kafka',
      policyVersion: 12,
      policies: [policy],
      serviceDef: kafkaCdcJson,
      auditMode: 'audit-all',
      tagPolicies: { serviceName: 'tags', policies: [{ name: 't' }], serviceDef: { name: 'tag' } },
      securityZones: { z: { resources: [{ topic: ['a*'] }], policies: [policy], containsAssociatedTagService: true } },
      serviceConfig: { 'ranger.plugin.super.users': 'root' },
    })
    expect(problems).toEqual([])
    expect(value).toMatchObject({ policyVersion: 12, auditMode: 'audit-all' })
    expect(value?.serviceDef?.name).toBe('kafka-cdc')
    expect(value?.tagPolicies?.policies).toHaveLength(1)
    expect(value?.zones[0]).toMatchObject({ name: 'z', hasTagService: true, resources: [new Map([['topic', ['a*']]])] })
    expect(value?.serviceConfig.get('ranger.plugin.super.users')).toBe('root')
  })

  test('one with changes instead of policies is refused', () => {
    const { value, problems } = readServicePolicies({ serviceName: 'x', policyDeltas: [] })
    expect(value).toBeNull()
    expect(problems).toHaveLength(1)
  })

  test('an export has policies alone', () => {
    expect(readExport({ metaDataInfo: {}, policies: [policy, policy] }).value).toHaveLength(2)
  })

  test('changes of a set', () => {
    const before = policies({ name: 'a' }, { name: 'b' }, { name: 'c' })
    const { value } = readDeltas([
      { changeType: 1, policy: { id: 2, name: 'b2' } },
      { changeType: 2, policy: { id: 3 } },
      { changeType: 0, policy: { id: 4, name: 'd' } },
      { changeType: 8, policy: {} },
    ])
    expect(applyDeltas(before, value).map(({ name }) => name)).toEqual(['a', 'b2', 'd'])
  })
})

describe('a service-def', () => {
  test('mask resources take what they do not say from the base ones', () => {
    const { value } = readServiceDef({
      resources: [{ name: 'table', level: 1, matcherOptions: { wildCard: true, ignoreCase: false }, matcher: 'a.b.M' }],
      accessTypes: [{ name: 'select' }],
      dataMaskDef: {
        maskTypes: [{ name: 'MASK' }],
        resources: [{ name: 'table', matcherOptions: { wildCard: 'false' } }],
      },
    })
    expect(value?.dataMask?.resources[0]).toMatchObject({ name: 'table', level: 1, matcher: 'M' })
    expect(value?.dataMask?.resources[0]?.matcherOptions).toEqual(
      new Map([
        ['wildCard', 'false'],
        ['ignoreCase', 'false'],
      ]),
    )
  })

  test('an empty mask section is none', () => {
    expect(readServiceDef({ dataMaskDef: {}, rowFilterDef: { resources: [] } }).value).toMatchObject({
      dataMask: null,
      rowFilter: null,
    })
  })
})

const bombs: readonly (readonly [string, unknown])[] = [
  ['deep lists', JSON.parse('['.repeat(5000) + ']'.repeat(5000))],
  ['deep objects', JSON.parse(`${'{"policies":'.repeat(3000)}1${'}'.repeat(3000)}`)],
  ['a long list', { policyItems: Array.from({ length: 200_000 }, () => ({})) }],
  ['names of prototypes', JSON.parse('{"__proto__":{"isEnabled":false},"resources":{"__proto__":{"values":["x"]}}}')],
]

test.each(bombs)('%s reach no prototype and break nothing', (_, json) => {
  const readers = [
    readPolicy,
    readPolicies,
    readServicePolicies,
    readExport,
    readServiceDef,
    readServiceTags,
    readRoles,
    readUserStore,
  ]
  for (const read of readers) expect(() => read(json)).not.toThrow()
  expect(() => detectShape(json)).not.toThrow()
  expect(Object.hasOwn(Object.prototype, 'values')).toBe(false)
})

test('whatever the JSON, reading and deciding do not throw', () => {
  const words = ['resources', 'policyItems', 'dataMaskPolicyItems', 'accesses', 'type', 'users', 'values', 'conditions']
  const json = fc.letrec(tie => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(null, true, 1, 1.5, '', 'consume', '${{USER.x}}', '*', '{USER}', '__proto__'),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...words, 'policyType', 'dataMaskInfo', 'dataMaskType', '__proto__'), tie('node')),
    ),
  })).node
  fc.assert(
    fc.property(fc.array(json, { maxLength: 3 }), list => {
      const { value } = readPolicies(list)
      const made = engine(value)
      for (const type of [0, 1, 2] as const) made.evaluate(type, request(), { trace: true })
      made.nextChange(0)
      detectShape(list)
    }),
    { numRuns: 300 },
  )
})

test('a thousand policies of twenty columns are loaded and decided within a second', () => {
  const fields = Array.from({ length: 20 }, (_, at) => `c${at}`)
  const topics = Array.from({ length: 1000 }, (_, at) => `cdc.public.t${at}`)
  const json = topics.map((topic, at) =>
    maskPolicy(`p${at}`, at % 10 === 0 ? `${topic}*` : topic, '', [mask('MASK')], {
      resources: { topic: { values: [at % 10 === 0 ? `${topic}*` : topic] }, field: { values: fields } },
    }),
  )
  // The time of this process alone: others on the machine have no say.
  const start = process.cpuUsage().user
  const made = engine(policies(...json, maskPolicy('all', '*', 'c1?', [mask('MASK_NULL')])))
  let masked = 0
  for (const topic of topics) {
    for (const field of fields) {
      if (made.evaluate(1, request({ elements: { topic, field } })).mask !== null) masked++
    }
  }
  expect(masked).toBe(20_000)
  expect((process.cpuUsage().user - start) / 1000).toBeLessThan(1000)
})
