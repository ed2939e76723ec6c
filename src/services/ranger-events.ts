import { createHash } from 'node:crypto'
import type { Departure, MaskedBatch, RawBatch } from '../pipeline/batch.ts'
import type { AuditedRule, ViewPlan } from '../pipeline/plan.ts'
import type { RangerEvent } from './ports/ranger-audit.ts'

/** A batch of which all views are published. */
export interface SettledBatch {
  readonly raw: RawBatch
  readonly views: readonly Pick<ViewPlan, 'view' | 'audited'>[]
  readonly published: readonly Pick<MaskedBatch, 'view' | 'count' | 'sources'>[]
  readonly departures: readonly Departure[]
  /** The stored version of Scrim's set. */
  readonly policyVersion: number
  readonly tookMs: number
}

/** What is the same in all events of a process. */
export interface RangerEventNames {
  readonly clusterId: string
  readonly clusterName: string
  readonly host: string
  /** Of the consumer group. */
  readonly session: string
}

/**
 * What the policies did to a batch, an event for each rule and view, counted: at the rate of a stream one for each record
 * and column, as Ranger's plugins write them, would be more than the stream itself.
 */
export function rangerEvents(
  batch: SettledBatch,
  names: RangerEventNames,
  atMs: number,
  nextNumber: () => number,
): RangerEvent[] {
  const evtTime = new Date(atMs).toISOString().replace('T', ' ').replace('Z', '')
  return batch.views.flatMap(view => {
    const { user, rules } = view.audited
    return rules.flatMap((rule): RangerEvent[] => {
      const records = rule.field === null ? left(batch, view.view) : published(batch, view.view)
      if (records === null) return []
      const { topic } = batch.raw
      const reqData = placeOf(batch.raw, records)
      return [
        {
          repoType: rule.serviceDefId,
          repo: rule.service,
          reqUser: user,
          evtTime,
          access: rule.access,
          resource: rule.field === null ? topic : `${topic}/${rule.field}`,
          resType: rule.field === null ? '@topic' : '@field',
          action: 'consume',
          result: rule.field === null ? 0 : 1,
          agent: 'scrim',
          agentHost: names.host,
          policy: rule.policyId,
          policy_version: rule.policyVersion,
          reason: (rule.reason ?? '').slice(0, MAX_TEXT),
          enforcer: rule.policyId < 0 ? 'scrim-acl' : 'ranger-acl',
          sess: names.session,
          cliType: 'kafka',
          cliIP: null,
          reqData,
          logType: 'RangerAudit',
          id: idOf([names.clusterId, reqData, view.view, batch.policyVersion, ...identity(rule)]),
          seq_num: nextNumber(),
          event_count: records.count,
          event_dur_ms: Math.max(0, Math.round(batch.tookMs)),
          tags: rule.tags,
          additional_info: JSON.stringify({ view: view.view, set: batch.policyVersion, cluster: names.clusterId }),
          cluster_name: names.clusterName,
          zone_name: rule.zone,
        },
      ]
    })
  })
}

/** As Ranger cuts it. */
const MAX_TEXT = 1800

interface Records {
  readonly count: number
  /** Indexes in the raw batch. */
  readonly first: number
  readonly last: number
}

function published({ published: batches }: SettledBatch, view: string): Records | null {
  const found = batches.find(batch => batch.view === view)
  if (found === undefined || found.count === 0) return null
  return { count: found.count, first: found.sources[0] as number, last: found.sources[found.count - 1] as number }
}

/** What a row filter left out. */
function left({ departures }: SettledBatch, view: string): Records | null {
  const indexes = departures.flatMap(departure =>
    departure.view === view && departure.kind === 'drop' && departure.reason === 'filtered' ? [departure.index] : [],
  )
  const [first] = indexes
  return first === undefined ? null : { count: indexes.length, first, last: indexes.at(-1) as number }
}

function placeOf({ topic, partition, offsets }: RawBatch, { first, last }: Records): string {
  const range = first === last ? `${offsets[first]}` : `${offsets[first]}..${offsets[last]}`
  return `${topic}-${partition}-${range}`
}

const identity = ({ service, policyId, policyVersion, access, field, reason }: AuditedRule): unknown[] => [
  service,
  policyId,
  policyVersion,
  access,
  field,
  policyId < 0 ? reason : null,
]

/** A UUID of what the event is about: the same batch again has the same ids. */
function idOf(parts: readonly unknown[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
