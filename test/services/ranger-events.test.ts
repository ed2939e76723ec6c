import { describe, expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import type { RawBatch } from '../../src/pipeline/batch.ts'
import type { AuditedRule, ViewPlan } from '../../src/pipeline/plan.ts'
import type { RangerEvent } from '../../src/services/ports/ranger-audit.ts'
import { createRangerAudit } from '../../src/services/ranger-audit.ts'
import { rangerEvents, type SettledBatch } from '../../src/services/ranger-events.ts'
import { aPolicy } from '../support/policy-documents.ts'

const names = { clusterId: 'kafka-1', clusterName: 'warehouse', host: 'gate-1', session: 'scrim' }
const atMs = Date.UTC(2026, 10, 20, 9, 5, 7, 42)

const view = compile([aPolicy('people')]).plan!.forTopic('raw.people', { compacted: false })!.views[0]!
const rule: AuditedRule = {
  service: 'cl1',
  serviceDefId: 204,
  policyId: 11,
  policyVersion: 3,
  access: 'MASK_HASH',
  field: 'email',
  reason: null,
  zone: 'health',
  tags: ['PII'],
}
const filter: AuditedRule = { ...rule, policyId: 12, access: 'ROW_FILTER', field: null, reason: "country = 'IN'" }
const raw = {
  topic: 'raw.people',
  partition: 3,
  count: 10,
  offsets: BigInt64Array.from({ length: 10 }, (_, n) => BigInt(100 + 2 * n)),
} as RawBatch

const published = (...sources: number[]): SettledBatch['published'][number] => ({
  view: 'public',
  count: sources.length,
  sources: Int32Array.from(sources),
})
const batch = (about: Partial<SettledBatch>): SettledBatch => ({
  raw,
  views: [{ ...view, audited: { user: 'asha', rules: [rule] } }],
  published: [published(0, 1, 4)],
  departures: [],
  policyVersion: 7,
  tookMs: 12.4,
  ...about,
})
const events = (about: Partial<SettledBatch> = {}): RangerEvent[] => {
  let number = 0
  return rangerEvents(batch(about), names, atMs, () => ++number)
}

describe('audit events in the form of Ranger', () => {
  test('a mask: one event for the batch, with all members that Ranger has', () => {
    expect(events()).toEqual([
      {
        repoType: 204,
        repo: 'cl1',
        reqUser: 'asha',
        evtTime: '2026-11-20 09:05:07.042',
        access: 'MASK_HASH',
        resource: 'raw.people/email',
        resType: '@field',
        action: 'consume',
        result: 1,
        agent: 'scrim',
        agentHost: 'gate-1',
        policy: 11,
        policy_version: 3,
        reason: '',
        enforcer: 'ranger-acl',
        sess: 'scrim',
        cliType: 'kafka',
        cliIP: null,
        reqData: 'raw.people-3-100..108',
        logType: 'RangerAudit',
        id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/),
        seq_num: 1,
        event_count: 3,
        event_dur_ms: 12,
        tags: ['PII'],
        additional_info: '{"view":"public","set":7,"cluster":"kafka-1"}',
        cluster_name: 'warehouse',
        zone_name: 'health',
      },
    ])
  })

  test('a row filter: what it left out, and nothing that left for another reason', () => {
    const departures: SettledBatch['departures'] = [
      { kind: 'drop', index: 2, view: 'public', reason: 'filtered' },
      { kind: 'drop', index: 3, view: 'public', reason: 'heartbeat' },
      { kind: 'reject', index: 5, view: 'public', code: 'RECORD_MALFORMED', path: '' },
      { kind: 'drop', index: 6, view: 'other', reason: 'filtered' },
      { kind: 'drop', index: 7, view: 'public', reason: 'filtered' },
    ]
    const views = [{ ...view, audited: { user: 'asha', rules: [filter] } }]
    expect(events({ departures, views })).toMatchObject([
      {
        access: 'ROW_FILTER',
        result: 0,
        resource: 'raw.people',
        resType: '@topic',
        policy: 12,
        reason: "country = 'IN'",
        reqData: 'raw.people-3-104..114',
        event_count: 2,
      },
    ])
    expect(events({ views })).toEqual([])
  })

  test('nothing was published: nothing is told; one record is one offset', () => {
    expect(events({ published: [published()] })).toEqual([])
    expect(events({ published: [] })).toEqual([])
    expect(events({ published: [published(9)] })).toMatchObject([{ reqData: 'raw.people-3-118', event_count: 1 }])
  })

  test('policies that are not Ranger ones have no number, and are named', () => {
    expect(events({ views: [view] })).toMatchObject([
      {
        repoType: 0,
        repo: 'scrim',
        policy: -1,
        policy_version: null,
        reqUser: 'public',
        access: 'full',
        resource: 'raw.people/email',
        reason: 'people maskingPolicy.maskingConditions[0]',
        enforcer: 'scrim-acl',
      },
    ])
  })

  test('a column in clear is no event, nor is a rule that nobody wants audited', () => {
    const clear = compile([aPolicy('people', 'none')]).plan!.forTopic('raw.people', { compacted: false })!.views
    expect(events({ views: clear })).toEqual([])
    expect(events({ views: [{ ...view, audited: { user: 'asha', rules: [] } }] })).toEqual([])
  })

  test('the same batch again has the same ids; another rule, version, view or place has others', () => {
    const idOf = (about: Partial<SettledBatch> = {}): string => events(about)[0]?.id ?? ''
    const withRule = (more: Partial<AuditedRule>) => ({
      views: [{ ...view, audited: { user: 'asha', rules: [{ ...rule, ...more }] } }],
    })
    const ids = [
      idOf(),
      idOf({ policyVersion: 8 }),
      idOf({ published: [published(0, 1)] }),
      idOf({ raw: { ...raw, partition: 4 } }),
      idOf(withRule({ policyId: 12 })),
      idOf(withRule({ policyVersion: 4 })),
      idOf(withRule({ field: 'name' })),
      idOf(withRule({ access: 'MASK' })),
    ]
    expect(new Set(ids).size).toBe(ids.length)
    expect(idOf({ tookMs: 99 })).toBe(ids[0])
  })

  test('long texts are cut as Ranger cuts them', () => {
    const views = [{ ...view, audited: { user: 'asha', rules: [{ ...rule, reason: 'x'.repeat(5_000) }] } }]
    expect(events({ views })[0]?.reason).toHaveLength(1_800)
  })

  test('numbers go on from batch to batch', async () => {
    const seen: number[] = []
    const audit = createRangerAudit({
      sink: { write: async found => void seen.push(...found.map(({ seq_num }) => seq_num)) },
      names: async () => names,
      now: () => atMs,
    })
    await audit.tell(batch({}))
    await audit.tell(batch({ published: [] }))
    await audit.tell(batch({ views: [view, view] as ViewPlan[] }))
    expect(seen).toEqual([1, 2, 3])
  })
})
