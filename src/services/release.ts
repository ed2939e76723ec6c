import { type ErrorCode, ScrimError, UnwritableRecord } from '../errors.ts'
import type { BatchOutcome, RawBatch } from '../pipeline/batch.ts'
import type { TopicPlan } from '../pipeline/plan.ts'
import { batchOfLines } from '../pipeline/record-line.ts'
import { only } from '../pipeline/serialize/masked-batch.ts'
import { createTransform } from '../pipeline/transform.ts'
import { recordRows } from './audit-rows.ts'
import type { DeadLetterEntry, PartitionName, QuarantineIndex } from './ports/dead-letters.ts'
import type { SecondRoad } from './replay.ts'

export interface ReleaseOptions extends SecondRoad {
  readonly quarantine: Pick<QuarantineIndex, 'parked' | 'released'>
}

export interface ReleaseResult {
  /** Records that went out, or that a filter dropped now. */
  readonly released: number
  readonly waiting: number
  /** Why the first of those that go on waiting does. */
  readonly code: ErrorCode | null
  readonly path: string | null
  readonly offset: string | null
}

/** Lets what is parked of a partition go out. To be called while nothing else of the partition is under way. */
export type Release = (
  partition: PartitionName,
  by: { readonly caller: string; readonly requestId: string },
  isCurrent: () => boolean,
) => Promise<ReleaseResult>

/** Opened and masked at once; each is kept in memory meanwhile. */
const AT_ONCE = 100

/**
 * In the order of the offsets. One that still cannot be masked keeps back what follows it under its key, and nothing
 * else. A crash between publishing and saying so publishes the same records once more, again in their order.
 */
export function createRelease(options: ReleaseOptions): Release {
  const { quarantine, sink, audit, calls } = options
  const transform = createTransform()

  return async ({ topic, partition }, { caller, requestId }, isCurrent) => {
    const plan = options.plans.current()
    if (plan === null) throw new ScrimError('POLICY_NOT_LOADED', { topic, partition })
    const topicPlan = plan.forTopic(topic, await options.facts(topic))
    if (topicPlan === null) throw new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', { topic, partition })
    const stuck = new Set<string>()
    let result: ReleaseResult = { released: 0, waiting: 0, code: null, path: null, offset: null }
    for (let after = -1n; ; ) {
      const entries = await quarantine.parked({ topic, partition }, after, AT_ONCE)
      const last = entries.at(-1)
      if (last === undefined) return result
      after = BigInt(last.offset)
      // Before anything goes out, so that no release can be without its row.
      await calls.write({
        call: 'release',
        caller,
        requestId,
        policyVersion: plan.version,
        facts: { topic, partition, offset: entries[0]?.offset ?? '', records: entries.length },
      })
      const chunk = await openAll(entries)
      const { going, first } = await publish(chunk, topicPlan, plan.version, stuck, isCurrent)
      await quarantine.released(going.map(({ id }) => id))
      const waiting = entries.length - going.length
      result = {
        ...(result.code === null && first !== null ? first : result),
        released: result.released + going.length,
        waiting: result.waiting + waiting,
      }
    }
  }

  interface Chunk {
    readonly entries: readonly DeadLetterEntry[]
    readonly raw: RawBatch
    /** Where each entry's record is in the batch; where it is gone, why. */
    readonly at: ReadonlyMap<DeadLetterEntry, number | ScrimError>
  }

  async function openAll(entries: readonly DeadLetterEntry[]): Promise<Chunk> {
    const lines = await options.open(entries)
    const at = new Map<DeadLetterEntry, number | ScrimError>()
    const found = new Map<string, number>()
    const records = entries.flatMap(entry => {
      const line = lines.get(entry.id)
      if (line === undefined || line instanceof ScrimError) {
        at.set(entry, line ?? new ScrimError('REPLAY_UNREADABLE', { path: 'letter' }))
        return []
      }
      // One record may have several entries, of different views.
      const known = found.get(entry.offset)
      at.set(entry, known ?? found.size)
      if (known !== undefined) return []
      found.set(entry.offset, found.size)
      return [line]
    })
    return { entries, raw: batchOfLines(records), at }
  }

  type First = Pick<ReleaseResult, 'code' | 'path' | 'offset'>

  /** Entries go whole or not at all. `stuck` has the keys, by view, that wait; it grows. */
  async function publish(
    { entries, raw, at }: Chunk,
    plan: TopicPlan,
    policyVersion: number,
    stuck: Set<string>,
    isCurrent: () => boolean,
  ): Promise<{ readonly going: readonly DeadLetterEntry[]; readonly first: First | null }> {
    const outcome = transform(raw, plan)
    const rejects = rejectsOf(outcome)
    for (;;) {
      const keys = new Set(stuck)
      const going: DeadLetterEntry[] = []
      let first: First | null = null
      for (const entry of entries) {
        const ids = entry.views.map(view => `${view} ${entry.recordId ?? ''}`)
        const problem = problemOf(at.get(entry), entry.views, rejects, outcome)
        if (problem === null && !ids.some(id => keys.has(id))) going.push(entry)
        else {
          first ??= problem === null ? null : { ...problem, offset: entry.offset }
          for (const id of ids) keys.add(id)
        }
      }
      const goes = (index: number, view: string): boolean =>
        going.some(entry => at.get(entry) === index && entry.views.includes(view))
      const masked = outcome.masked.map(batch => only(batch, n => goes(batch.sources[n] as number, batch.view)))
      const unwritable = await send(masked, raw, isCurrent)
      if (unwritable !== null) {
        rejects.set(unwritable.id, unwritable)
        continue
      }
      const dropped = outcome.departures.filter(({ kind, index, view }) => kind === 'drop' && goes(index, view))
      const context = { raw, plan, policyVersion, secret: options.auditSecret }
      await audit?.write(recordRows(masked, dropped, outcome.operations, context))
      for (const key of keys) stuck.add(key)
      return { going, first }
    }
  }

  /** Null when all have gone; else the record that Kafka never takes. */
  async function send(
    masked: BatchOutcome['masked'],
    raw: RawBatch,
    isCurrent: () => boolean,
  ): Promise<(Reject & { readonly id: string }) | null> {
    for (const batch of masked) {
      try {
        if (batch.count > 0) await sink.publish(batch, { raw, isCurrent })
      } catch (error) {
        if (!(error instanceof UnwritableRecord)) throw error
        return { id: `${batch.view} ${batch.sources[error.index]}`, code: error.code, path: '' }
      }
    }
    return null
  }
}

interface Reject {
  readonly code: ErrorCode
  readonly path: string
}

const rejectsOf = ({ departures }: BatchOutcome): Map<string, Reject> =>
  new Map(
    departures.flatMap(departure =>
      departure.kind === 'reject'
        ? [[`${departure.view} ${departure.index}`, { code: departure.code, path: departure.path }] as const]
        : [],
    ),
  )

/** Why the record cannot go out, as far as it is its own fault. */
function problemOf(
  at: number | ScrimError | undefined,
  views: readonly string[],
  rejects: ReadonlyMap<string, Reject>,
  { masked }: BatchOutcome,
): Reject | null {
  if (typeof at !== 'number') return { code: at?.code ?? 'REPLAY_UNREADABLE', path: at?.where.path ?? '' }
  for (const view of views) {
    const reject = rejects.get(`${view} ${at}`)
    if (reject !== undefined) return { code: reject.code, path: reject.path }
    if (!masked.some(batch => batch.view === view)) return { code: 'RECORD_TOPIC_WITHOUT_POLICY', path: 'views' }
  }
  return null
}
