import { describe, expect, test } from 'vitest'
import { readRoles, rolesOf } from '../../../src/policy/ranger/roles.ts'
import type { RequestTag } from '../../../src/policy/ranger/service-tags.ts'
import { readServiceDef } from '../../../src/policy/ranger/service-def.ts'
import { accessPolicy, engine, everybody, mayConsume, policies, request } from './kafka-cdc.ts'

const allow = { policyItems: [everybody] }
const deny = { denyPolicyItems: [everybody] }
const sales = { ...everybody, groups: ['sales'] }

describe('access', () => {
  test('nothing is allowed that no policy allows', () => {
    expect(mayConsume([])).toBe(false)
    expect(mayConsume([accessPolicy('a', 'orders', allow)])).toBe(true)
    expect(mayConsume([accessPolicy('a', 'orders', { ...allow, isEnabled: false })])).toBe(false)
  })

  test('a denial goes over a permission of the same priority, whatever the order', () => {
    const both = [accessPolicy('a', 'orders', allow), accessPolicy('b', '*', deny)]
    expect(mayConsume(both)).toBe(false)
    expect(mayConsume(both.toReversed())).toBe(false)
  })

  test('the higher priority decides, a permission over a denial too', () => {
    const over = { policyPriority: 1 }
    expect(mayConsume([accessPolicy('a', 'orders', { ...allow, ...over }), accessPolicy('b', 'orders', deny)])).toBe(
      true,
    )
    expect(mayConsume([accessPolicy('a', 'orders', allow), accessPolicy('b', 'orders', { ...deny, ...over })])).toBe(
      false,
    )
  })

  test('exceptions take away, from permissions and from denials', () => {
    expect(mayConsume([accessPolicy('a', 'orders', { ...allow, allowExceptions: [sales] })])).toBe(false)
    expect(mayConsume([accessPolicy('a', 'orders', { ...allow, ...deny, denyExceptions: [sales] })])).toBe(true)
    expect(
      mayConsume([accessPolicy('a', 'orders', { ...allow, ...deny, denyExceptions: [sales] })], { groups: [] }),
    ).toBe(false)
  })

  test('isDenyAllElse denies whom the items do not allow', () => {
    const others = accessPolicy('b', '*', allow)
    const only = accessPolicy('a', 'orders', { policyItems: [sales], isDenyAllElse: true })
    expect(mayConsume([only, others])).toBe(true)
    expect(mayConsume([only, others], { groups: ['audit'] })).toBe(false)
  })

  test('an access implies others, one step deep', () => {
    const policy = accessPolicy('a', 'orders', allow)
    expect(mayConsume([policy], { accessType: 'describe' })).toBe(true)
    expect(mayConsume([policy], { accessType: 'publish' })).toBe(false)
  })

  test('a marker stands for a category of accesses', () => {
    const policyItems = [{ ...everybody, accesses: [{ type: '_READ' }] }]
    expect(mayConsume([accessPolicy('a', 'orders', { policyItems })])).toBe(true)
    expect(mayConsume([accessPolicy('a', 'orders', { policyItems })], { accessType: 'publish' })).toBe(false)
  })

  test('no access type stands for any', () => {
    const policyItems = [{ ...everybody, accesses: [{ type: 'publish' }] }]
    expect(mayConsume([accessPolicy('a', 'orders', { policyItems })], { accessType: '' })).toBe(true)
    expect(mayConsume([], { accessType: '' })).toBe(false)
  })

  test('what cannot be judged denies; Ranger takes it as not met', () => {
    const conditions = [{ type: '_expression', values: ["USER.town.includes('x')"] }]
    const all = [accessPolicy('a', 'orders', allow), accessPolicy('b', 'orders', { ...deny, conditions })]
    expect(mayConsume(all)).toBe(false)
    expect(mayConsume(all, {}, { order: 'ranger' })).toBe(true)
    expect(mayConsume(all, { attributes: new Map([['town', 'y']]) })).toBe(true)
  })

  test('so does an expression in a resource without a value, where some value of it would match', () => {
    const all = [accessPolicy('a', 'orders', allow), accessPolicy('b', 'ord${{USER.town}}', deny)]
    expect(mayConsume(all)).toBe(false)
    expect(mayConsume([accessPolicy('a', 'orders', allow), accessPolicy('b', 'in-${{USER.town}}', deny)])).toBe(true)
    expect(mayConsume(all, { attributes: new Map([['town', 'y']]) })).toBe(true)
  })

  test('{OWNER} is whom the resource belongs to', () => {
    const all = [accessPolicy('a', 'orders', { policyItems: [{ ...everybody, groups: [], users: ['{OWNER}'] }] })]
    expect(mayConsume(all, { ownerUser: 'anna' })).toBe(true)
    expect(mayConsume(all, { ownerUser: 'bert' })).toBe(false)
    expect(mayConsume(all)).toBe(false)
  })

  test('super users may', () => {
    expect(mayConsume([], {}, { superUsers: ['anna'] })).toBe(true)
    expect(mayConsume([], {}, { superGroups: ['sales'] })).toBe(true)
    expect(mayConsume([], {}, { serviceConfig: new Map([['ranger.plugin.super.users', 'bert, anna']]) })).toBe(true)
    expect(mayConsume([], {}, { superUsers: ['bert'] })).toBe(false)
  })
})

describe('roles', () => {
  const { value: roles } = readRoles({
    rangerRoles: [
      { name: 'clerk', users: [{ name: 'anna', isAdmin: false }] },
      { name: 'staff', roles: [{ name: 'clerk' }], groups: [{ name: 'office' }] },
      { name: 'person', roles: [{ name: 'staff' }, { name: 'person' }] },
    ],
  })

  test('roles in roles count, circles end', () => {
    expect(rolesOf(roles)('anna', [])).toEqual(['clerk', 'person', 'staff'])
    expect(rolesOf(roles)('bert', ['office'])).toEqual(['person', 'staff'])
    expect(rolesOf(roles)('bert', [])).toEqual([])
    expect(rolesOf(roles)('__proto__', ['constructor'])).toEqual([])
  })

  test('an item for a role is for whoever has it, through others too', () => {
    const all = [accessPolicy('a', 'orders', { policyItems: [{ ...everybody, groups: [], roles: ['person'] }] })]
    expect(mayConsume(all, {}, { roles })).toBe(true)
    expect(mayConsume(all, { user: 'bert' }, { roles })).toBe(false)
    expect(mayConsume(all, { user: 'bert', roles: ['person'] }, { roles })).toBe(true)
  })
})

describe('tags', () => {
  const tagServiceDef = readServiceDef({
    name: 'tag',
    resources: [{ name: 'tag', level: 1, matcherOptions: { ignoreCase: false } }],
    accessTypes: [],
    policyConditions: [{ name: 'expression', evaluator: 'x.RangerScriptConditionEvaluator' }],
  }).value
  const onTag = (name: string, tag: string, more: object) => ({ name, resources: { tag: { values: [tag] } }, ...more })
  const tagged = (maskType: string, more: object = {}) =>
    onTag('t', 'PII', {
      policyType: 1,
      dataMaskPolicyItems: [
        {
          accesses: [{ type: 'kafka-cdc:consume' }],
          groups: ['public'],
          dataMaskInfo: { dataMaskType: maskType },
        },
      ],
      ...more,
    })
  const pii: RequestTag = {
    type: 'PII',
    attributes: new Map([['level', 'high']]),
    validityPeriods: [],
    matchType: 'SELF',
  }
  const close = {
    name: 'a',
    policyType: 1,
    resources: { topic: { values: ['orders'] }, field: { values: ['email'] } },
    dataMaskPolicyItems: [{ ...everybody, dataMaskInfo: { dataMaskType: 'MASK_NULL' } }],
  }
  const decide = (tagPolicy: object, resource: object, order: 'scrim' | 'ranger', tags = [pii]) =>
    engine(policies({ ...resource }), { tagServiceDef, tagPolicies: policies({ ...tagPolicy }), order }).evaluate(
      1,
      request({ tags }),
    ).mask?.maskType

  test.each(['scrim', 'ranger'] as const)(
    'a tag goes before a resource of its priority, not of a higher one (%s)',
    order => {
      const high = { ...close, policyPriority: 1 }
      expect(decide(tagged('kafka-cdc:MASK'), close, order)).toBe('MASK')
      expect(decide(tagged('kafka-cdc:MASK'), high, order)).toBe('MASK_NULL')
      expect(decide(tagged('kafka-cdc:MASK'), close, order, [])).toBe('MASK_NULL')
      expect(decide(tagged('hive:MASK'), close, order)).toBe('MASK_NULL')
    },
  )

  test.each(['scrim', 'ranger'] as const)('the tag on the thing itself goes before one above it (%s)', order => {
    const item = (maskType: string) => ({
      accesses: [{ type: 'kafka-cdc:consume' }],
      groups: ['public'],
      dataMaskInfo: { dataMaskType: maskType },
    })
    const tagPolicies = policies(
      onTag('a', 'ABOVE', { policyType: 1, dataMaskPolicyItems: [item('kafka-cdc:MASK_NULL')] }),
      onTag('b', 'PII', { policyType: 1, dataMaskPolicyItems: [item('kafka-cdc:MASK_HASH')] }),
    )
    const tags: readonly RequestTag[] = [{ ...pii, type: 'ABOVE', matchType: 'ANCESTOR' }, pii]
    expect(engine([], { tagServiceDef, tagPolicies, order }).evaluate(1, request({ tags })).mask?.maskType).toBe(
      'MASK_HASH',
    )
  })

  test('conditions see the attributes of the tag', () => {
    const when = (level: string) => ({ conditions: [{ type: 'expression', values: [`TAG.level == '${level}'`] }] })
    expect(decide(tagged('kafka-cdc:MASK', when('high')), close, 'scrim')).toBe('MASK')
    expect(decide(tagged('kafka-cdc:MASK', when('low')), close, 'scrim')).toBe('MASK_NULL')
  })

  test('a tag is valid for its time', () => {
    const schedule = { startTime: null, endTime: '2020/01/01 00:00:00', timeZone: null, recurrences: [] }
    expect(decide(tagged('kafka-cdc:MASK'), close, 'scrim', [{ ...pii, validityPeriods: [schedule] }])).toBe(
      'MASK_NULL',
    )
  })

  test('a denial on a tag stands against permissions of the same priority', () => {
    const item = { accesses: [{ type: 'kafka-cdc:consume' }], groups: ['public'] }
    const ask = (policyPriority: number) =>
      engine(policies(accessPolicy('a', 'orders', { ...allow, policyPriority })), {
        tagServiceDef,
        tagPolicies: policies(onTag('t', 'PII', { denyPolicyItems: [item] })),
      }).evaluate(0, request({ elements: { topic: 'orders' }, tags: [pii] })).isAllowed
    expect(ask(0)).toBe(false)
    expect(ask(1)).toBe(true)
  })

  test('a policy above a tag that allowed does not hide a denial beside it; in Ranger it does', () => {
    const item = { accesses: [{ type: 'kafka-cdc:consume' }], groups: ['public'] }
    const all = policies(
      accessPolicy('over', 'orders', { policyItems: [{ ...everybody, groups: ['audit'] }], policyPriority: 1 }),
      accessPolicy('no', 'orders', deny),
    )
    const ask = (order: 'scrim' | 'ranger') =>
      engine(all, { tagServiceDef, tagPolicies: policies(onTag('t', 'PII', { policyItems: [item] })), order }).evaluate(
        0,
        request({ elements: { topic: 'orders' }, tags: [pii] }),
      ).isAllowed
    expect(ask('scrim')).toBe(false)
    expect(ask('ranger')).toBe(true)
  })
})

describe('zones', () => {
  test('a resource in a zone is decided by the policies of the zone', () => {
    const zone = {
      name: 'z',
      resources: [new Map([['topic', ['ord*']]])],
      policies: policies(accessPolicy('b', '*', allow)),
      hasTagService: false,
    }
    expect(mayConsume([], {}, { zones: [zone] })).toBe(true)
    expect(mayConsume([accessPolicy('a', 'orders', deny)], {}, { zones: [zone] })).toBe(true)
    expect(mayConsume([accessPolicy('a', '*', allow)], {}, { zones: [{ ...zone, policies: [] }] })).toBe(false)
    expect(mayConsume([], { elements: { topic: 'clients' } }, { zones: [zone] })).toBe(false)
  })
})

describe('audit', () => {
  const isAudited = (all: readonly object[], more: object = {}) =>
    engine(policies(...all.map(one => ({ ...one }))), more).evaluate(0, request({ elements: { topic: 'orders' } }))
      .isAudited

  test('by a policy on the resource, by mode, and not for those who are excluded', () => {
    const policy = accessPolicy('a', 'orders', {})
    expect(isAudited([policy])).toBe(true)
    expect(isAudited([{ ...policy, isAuditEnabled: false }])).toBe(false)
    expect(isAudited([accessPolicy('a', 'clients', {})])).toBe(false)
    expect(isAudited([accessPolicy('a', 'clients', {})], { auditMode: 'audit-all' })).toBe(true)
    expect(isAudited([policy], { auditMode: 'audit-none' })).toBe(false)
    expect(isAudited([policy], { auditExcluded: { users: ['anna'] } })).toBe(false)
  })

  test('filters have the last word', () => {
    const filter = JSON.stringify([{ accessResult: 'DENIED', isAudited: false }])
    const more = { serviceConfig: new Map([['ranger.plugin.audit.filters', filter]]) }
    expect(isAudited([accessPolicy('a', 'orders', {})], more)).toBe(false)
    expect(isAudited([accessPolicy('a', 'orders', allow)], more)).toBe(true)
  })
})
