import { expect, test } from 'vitest'
import type { Plan, TopicBlock } from '../../src/pipeline/plan.ts'
import { blockNotices, blockReasons, rangerNotices } from '../../src/services/ranger-readiness.ts'

const planWith = (list: readonly TopicBlock[]): Plan => ({
  version: 1,
  nextChange: null,
  forTopic: () => null,
  names: () => true,
  unmatched: () => [],
  made: () => [],
  blocks: { list, of: () => null },
})
const invalid = (n: number): TopicBlock => ({
  code: 'POLICY_RANGER_INVALID',
  policy: `cl1:p${n}`,
  path: `policies[${n}].name`,
  topics: n === 0 ? 'all' : [`t${n}`, 'u'],
})
const gone: TopicBlock = { code: 'RANGER_SERVICE_GONE', policy: 'ranger:cl1', path: '', topics: ['t'] }

test('a bad policy is a notice, a service that is gone a reason', () => {
  const plan = planWith([invalid(0), gone, invalid(1)])
  expect(blockReasons(plan)).toEqual([gone])
  expect(blockNotices(plan)).toEqual([
    'POLICY_RANGER_INVALID: cl1:p0 (policies[0].name) cannot be taken; what waits: every topic',
    'POLICY_RANGER_INVALID: cl1:p1 (policies[1].name) cannot be taken; what waits: t1, u',
  ])
  expect([blockReasons(null), blockNotices(null)]).toEqual([[], []])
})

test('very many are counted', () => {
  const notices = blockNotices(planWith(Array.from({ length: 25 }, (_, n) => invalid(n))))
  expect(notices).toHaveLength(21)
  expect(notices.at(-1)).toBe('POLICY_RANGER_INVALID: 5 more policies')
})

test('how a service stands is told only where it does not stand well', () => {
  const status = { service: 'cl1', policyVersion: null, code: null, path: '', since: new Date(0) }
  expect(rangerNotices([status])).toEqual([])
  expect(rangerNotices([{ ...status, code: 'RANGER_UNAVAILABLE', path: 'roles: ECONNREFUSED' }])).toEqual([
    'RANGER_UNAVAILABLE: Ranger service cl1 (roles: ECONNREFUSED), since 1970-01-01T00:00:00.000Z: Ranger Admin does not answer; its policies stay as they were read last; nothing of it is in force',
  ])
})
