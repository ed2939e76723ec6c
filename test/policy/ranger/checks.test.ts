import { describe, expect, test } from 'vitest'
import { accessPolicy, engine, everybody, filterPolicy, mask, maskPolicy, policies } from './kafka-cdc.ts'

const problemsOf = (policy: Readonly<Record<string, unknown>>) =>
  engine(policies(policy)).problems.map(({ code, severity, where }) => [code, severity, where.path ?? ''])

const plain = maskPolicy('a', 'orders', 'email', [mask('MASK')])

test('a policy that fits has no problems', () => {
  expect(problemsOf(plain)).toEqual([])
  expect(problemsOf(filterPolicy('a', 'orders', "dept = '${{USER.dept}}'"))).toEqual([])
  expect(problemsOf(accessPolicy('a', 'orders', { policyItems: [everybody], denyPolicyItems: [everybody] }))).toEqual(
    [],
  )
})

test.each([
  ['a mask type that is not known', { dataMaskPolicyItems: [mask('SHUFFLE')] }, 'POLICY_UNKNOWN_MASK'],
  ['a mask type named as a prototype', { dataMaskPolicyItems: [mask('constructor')] }, 'POLICY_UNKNOWN_MASK'],
  ['an item without a mask', { dataMaskPolicyItems: [everybody] }, 'POLICY_UNKNOWN_MASK'],
  [
    'an access type that is not known',
    { dataMaskPolicyItems: [mask('MASK', { accesses: [{ type: 'eat' }] })] },
    'POLICY_ACCESS_TYPE',
  ],
  ['a resource that is not known', { resources: { table: { values: ['a'] } } }, 'POLICY_RESOURCE'],
  ['a gap in the resources', { resources: { field: { values: ['a'] } } }, 'POLICY_RESOURCE'],
  ['a resource without values', { resources: { topic: { values: [] }, field: { values: ['a'] } } }, 'POLICY_RESOURCE'],
  ['no resources', { resources: {} }, 'POLICY_RESOURCE'],
  [
    'an expression of a kind we do not run',
    { dataMaskPolicyItems: [mask('CUSTOM', { dataMaskInfo: { dataMaskType: 'CUSTOM', valueExpr: '${{java.x()}}' } })] },
    'POLICY_CONDITION',
  ],
  ['a condition that is not known', { conditions: [{ type: 'moon', values: ['full'] }] }, 'POLICY_CONDITION'],
  [
    'an end before its start',
    { validitySchedules: [{ startTime: '2026/01/02 00:00:00', endTime: '2026/01/01 00:00:00' }] },
    'POLICY_VALIDITY',
  ],
  [
    'a zone that is not known',
    { validitySchedules: [{ startTime: '2026/01/02 00:00:00', timeZone: 'Mars/Base' }] },
    'POLICY_VALIDITY',
  ],
  ['an empty schedule', { validitySchedules: [{}] }, 'POLICY_VALIDITY'],
])('%s is a problem', (_, change, code) => {
  const found = problemsOf({ ...plain, ...change })
  expect(found.map(([one]) => one)).toContain(code)
  expect(found.every(([, severity]) => severity === 'error')).toBe(true)
})

test('an item for nobody is a warning', () => {
  expect(problemsOf(maskPolicy('a', 'orders', 'email', [mask('MASK', { groups: [] })]))).toEqual([
    ['POLICY_PRINCIPALS', 'warning', 'dataMaskPolicyItems[0]'],
  ])
})

describe('a service-def without masks', () => {
  const serviceDef = {
    name: 'kafka',
    id: 9,
    resources: [],
    accessTypes: [],
    markerTypes: [],
    conditions: new Map(),
    enrichers: [],
    dataMask: null,
    rowFilter: null,
    enableDenyAndExceptions: true,
  }

  test('reports a mask policy, and an idle one as a warning only', () => {
    const severityOf = (policy: Readonly<Record<string, unknown>>) =>
      engine(policies(policy), { serviceDef }).problems.filter(({ code }) => code === 'POLICY_RESOURCE')[0]?.severity
    expect(severityOf(plain)).toBe('error')
    expect(severityOf({ ...plain, dataMaskPolicyItems: [] })).toBe('warning')
  })
})
