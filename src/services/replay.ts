import type { KeyObject } from 'node:crypto'
import { ScrimError } from '../errors.ts'
import { type BatchOutcome, OP_TRUNCATE, type RawBatch } from '../pipeline/batch.ts'
import type { Plan, TopicFacts, TopicPlan } from '../pipeline/plan.ts'
import { rowOfRecord } from '../pipeline/record-key.ts'
import { batchOfLines } from '../pipeline/record-line.ts'
import { createTransform } from '../pipeline/transform.ts'
import { recordRows } from './audit-rows.ts'
import { type LetterOpener, unreadable } from './letter-opener.ts'
import type { AuditTrail, CallTrail } from './ports/audit.ts'
import type { DeadLetterEntry, NewerRecords, QuarantineIndex, RecordReader } from './ports/dead-letters.ts'
import type { MaskedSink } from './ports/stream.ts'

/** What it takes to mask the record of a letter again and send it out. */
export interface SecondRoad {
  readonly open: LetterOpener
  readonly plans: { readonly current: () => Plan | null }
  readonly facts: (topic: string) => Promise<TopicFacts>
  readonly sink: MaskedSink
  /** Null where the audit is off. */
  readonly audit: AuditTrail | null
  readonly auditSecret: KeyObject
  readonly calls: CallTrail
}

export interface ReplayOptions extends SecondRoad {
  readonly quarantine: Pick<QuarantineIndex, 'isParked'>
  readonly reader: Pick<RecordReader, 'newer'>
}

export interface ReplayOrder {
  /** Publish although a newer record of the key has been published since. */
  readonly force: boolean
  readonly caller: string
  readonly requestId: string
}

/** Masks one dead letter with the plan in force and publishes it. To be called while nothing else of its partition is. */
export type Replay = (
  entry: DeadLetterEntry,
  order: ReplayOrder,
  isCurrent: () => boolean,
) => Promise<'published' | 'dropped'>

/** A replay never overtakes newer data unless forced, and leaves a row either way. */
export function createReplay(options: ReplayOptions): Replay {
  const { reader, sink, audit, calls } = options
  /** A truncate concerns every key, so nothing can tell whether something newer was published. */
  async function newerThan(
    raw: RawBatch,
    { operations }: BatchOutcome,
    { compacted }: TopicFacts,
  ): Promise<NewerRecords> {
    if (operations[0] === OP_TRUNCATE) return 'some'
    const row = rowOfRecord(raw, 0)
    if (row === null) return 'none'
    const { topic, partition, offsets } = raw
    return reader.newer({ topic, partition, offset: offsets[0] as bigint, row, compacted })
  }

  /** Only the views that the letter is about: the others were published in their time. */
  async function publish(
    entry: DeadLetterEntry,
    raw: RawBatch,
    outcome: BatchOutcome,
    { plan, policyVersion, isCurrent }: { plan: TopicPlan; policyVersion: number; isCurrent: () => boolean },
  ): Promise<'published' | 'dropped'> {
    const masked = outcome.masked.filter(({ view, count }) => count > 0 && entry.views.includes(view))
    const departures = outcome.departures.filter(({ view }) => entry.views.includes(view))
    const rejected = departures.find(departure => departure.kind === 'reject')
    if (rejected?.kind === 'reject') throw new ScrimError(rejected.code, { ...placeOf(entry), path: rejected.path })
    if (masked.length + departures.length === 0)
      throw new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', { ...placeOf(entry), path: 'views' })
    for (const batch of masked) await sink.publish(batch, { raw, isCurrent })
    const context = { raw, plan, policyVersion, secret: options.auditSecret }
    await audit?.write(recordRows(masked, departures, outcome.operations, context))
    return masked.length > 0 ? 'published' : 'dropped'
  }

  return async (entry, { force, caller, requestId }, isCurrent) => {
    const { topic, partition, offset } = entry
    const plan = options.plans.current()
    if (plan === null) throw new ScrimError('POLICY_NOT_LOADED', placeOf(entry))
    // What is parked goes out in its order only, whatever is forced.
    if (entry.state === 'quarantined') throw new ScrimError('REPLAY_QUARANTINED', placeOf(entry))
    const line = (await options.open([entry])).get(entry.id) ?? unreadable(entry, 'letter')
    if (line instanceof ScrimError) throw line
    const raw = batchOfLines([line])
    const facts = await options.facts(topic)
    const topicPlan = plan.forTopic(topic, facts)
    if (topicPlan === null) throw new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', placeOf(entry))
    const outcome = createTransform(Date.now)(raw, topicPlan)
    const newer = await newerThan(raw, outcome, facts)
    const overtakes = newer === 'unknown' ? newer : newer === 'some'
    // Before the record goes out, so that no forced replay can be without its row.
    await calls.write({
      call: 'replay',
      caller,
      requestId,
      policyVersion: plan.version,
      facts: { id: entry.id, topic, partition, offset, force, overtakes },
    })
    if (newer === 'some' && !force) throw new ScrimError('REPLAY_OVERTAKES', placeOf(entry))
    if (newer === 'unknown' && !force) throw unreadable(entry, 'newer records')
    const place = { topic, partition, offset: BigInt(offset) }
    if (!force && (await options.quarantine.isParked(place, entry.recordId)))
      throw new ScrimError('REPLAY_QUARANTINED', placeOf(entry))
    return publish(entry, raw, outcome, { plan: topicPlan, policyVersion: plan.version, isCurrent })
  }
}

const placeOf = ({ topic, partition, offset }: DeadLetterEntry) => ({ topic, partition, offset })
