import type { RangerEvent } from '../../src/services/ports/ranger-audit.ts'

/** An event as of a batch of ten records, the n-th of a process. */
export function anEvent(n: number, about: Partial<RangerEvent> = {}): RangerEvent {
  return {
    repoType: 0,
    repo: 'scrim',
    reqUser: 'public',
    evtTime: '2026-11-20 10:00:00.000',
    access: 'full',
    resource: 'raw.people/email',
    resType: '@field',
    action: 'consume',
    result: 1,
    agent: 'scrim',
    agentHost: 'gate-1',
    policy: -1,
    policy_version: null,
    reason: 'people maskingPolicy.maskingConditions[0]',
    enforcer: 'scrim-acl',
    sess: 'scrim',
    cliType: 'kafka',
    cliIP: null,
    reqData: `raw.people-0-${n * 10}..${n * 10 + 9}`,
    logType: 'RangerAudit',
    id: `00000000-0000-8000-a000-${String(n).padStart(12, '0')}`,
    seq_num: n,
    event_count: 10,
    event_dur_ms: 3,
    tags: [],
    additional_info: '{}',
    cluster_name: 'warehouse',
    zone_name: null,
    ...about,
  }
}
