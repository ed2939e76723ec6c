import { type ErrorCode, errorCatalogue, ScrimError, UnwritableRecord } from '../errors.ts'
import type { BatchOutcome, MaskedBatch, RawBatch } from '../pipeline/batch.ts'
import { batchOfLines } from '../pipeline/record-line.ts'
import { only } from '../pipeline/serialize/masked-batch.ts'
import { createTransform } from '../pipeline/transform.ts'
import { recordRows } from './audit-rows.ts'
import type { DeadLetterEntry, PartitionName, QuarantineIndex } from './ports/dead-letters.ts'
import { isParked, keyId } from './quarantine.ts'
import type { SecondRoad } from './replay.ts'
import { nextAttemptAt } from './retry-schedule.ts'

export interface ReleaseOptions extends SecondRoad {
  readonly quarantine: Pick<QuarantineIndex, 'parked' | 'released' | 'expelled'>
  readonly now?: () => number
}

export interface ReleaseResult {
  /** Records that went out, or that a filter dropped now. */
  readonly released: number
  /** Records that nobody can mask as they are: ordinary dead letters from now on, and their keys go on without them. */
  readonly expelled: number
  readonly waiting: number
  /** Why the first of those that go on waiting does. */
  readonly code: ErrorCode | null
  readonly path: string | null
  readonly offset: string | null
}

export interface ReleaseOrder {
  /** What cannot be opened any more does not keep its key back. */
  readonly force: boolean
  readonly caller: string
  readonly requestId: string
}

/** Lets what is parked of a partition go out. To be called while nothing else of the partition is under way. */
export type Release = (
  partition: PartitionName,
  order: ReleaseOrder,
  isCurrent: () => boolean,
) => Promise<ReleaseResult>

/** Opened and masked at once; each is kept in memory meanwhile. */
const AT_ONCE = 100
const BYTES_AT_ONCE = 8 * 1024 * 1024
/** Of a record whose letter does not tell it. */
const USUAL_BYTES = 64 * 1024

/** As many as fit, all of one offset together, at least those of one. */
function withinBytes(entries: readonly DeadLetterEntry[]): readonly DeadLetterEntry[] {
  let bytes = 0
  const end = entries.findIndex(({ offset, letterBytes }, n) => {
    bytes += letterBytes ?? USUAL_BYTES
    return bytes > BYTES_AT_ONCE && n > 0 && offset !== entries[n - 1]?.offset
  })
  return end < 0 ? entries : entries.slice(0, end)
}

/**
 * In the order of the offsets. One that a policy still has to be made for keeps back what follows it under its key, and
 * nothing else. A crash between publishing and saying so publishes the same records once more, again in their order.
 */
export function createRelease(options: ReleaseOptions): Release {
  const { quarantine, sink, audit, calls, now = Date.now } = options

  return async ({ topic, partition }, { force, caller, requestId }, isCurrent) => {
    const plan = options.plans.current()
    if (plan === null) throw new ScrimError('POLICY_NOT_LOADED', { topic, partition })
    const topicPlan = plan.forTopic(topic, await options.facts(topic))
    if (topicPlan === null) throw new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', { topic, partition })
    const transform = createTransform(now)
    const stuck = new Set<string>()
    let result: ReleaseResult = { released: 0, expelled: 0, waiting: 0, code: null, path: null, offset: null }
    for (let after = -1n; ; ) {
      const entries = withinBytes(await quarantine.parked({ topic, partition }, after, AT_ONCE))
      const last = entries.at(-1)
      if (last === undefined) return result
      after = BigInt(last.offset)
      // Before anything goes out, so that no release can be without its row.
      await calls.write({
        call: 'release',
        caller,
        requestId,
        policyVersion: plan.version,
        facts: { topic, partition, offset: entries[0]?.offset ?? '', records: entries.length, force },
      })
      const chunk = await openAll(entries)
      const outcome = transform(chunk.raw, topicPlan)
      const { going, out, first } = await publish({ chunk, outcome, stuck, force, isCurrent })
      const departures = outcome.departures.filter(({ kind, index, view }) =>
        (kind === 'drop' ? going : [...out.keys()]).some(
          entry => chunk.at.get(entry) === index && entry.views.includes(view),
        ),
      )
      const masked = outcome.masked.map(batch => onlyOf(batch, chunk, going))
      const context = { raw: chunk.raw, plan: topicPlan, policyVersion: plan.version, secret: options.auditSecret }
      await audit?.write(recordRows(masked, departures, outcome.operations, context))
      // Whoever reads the partition now may have other policies, by which they are not hopeless.
      if (out.size > 0 && !isCurrent()) throw new ScrimError('REPLAY_ELSEWHERE', { topic, partition })
      for (const [{ id }, { code, path }] of out)
        await quarantine.expelled(id, { code, path, nextAttemptAt: nextAttemptAt(code, 0, now()) })
      await quarantine.released(going.map(({ id }) => id))
      result = {
        ...(result.code === null && first !== null ? first : result),
        released: result.released + going.length,
        expelled: result.expelled + out.size,
        waiting: result.waiting + entries.length - going.length - out.size,
      }
    }
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
      // One record may have several entries, of different views; and one offset several records, of a topic made anew.
      const id = `${entry.offset} ${entry.timestamp.getTime()}`
      const known = found.get(id)
      at.set(entry, known ?? found.size)
      if (known !== undefined) return []
      found.set(id, found.size)
      return [line]
    })
    return { entries, raw: batchOfLines(records), at }
  }

  /** Sends what can go. Entries go whole or not at all. `stuck` has the keys, by view, that wait; it grows. */
  async function publish({ chunk, outcome, stuck, force, isCurrent }: Sending): Promise<Sorted> {
    const rejects = rejectsOf(outcome)
    const sent = new Map<string, number>()
    for (;;) {
      const keys = new Set(stuck)
      const sorted = sort(chunk, outcome, rejects, keys, force)
      const unwritable = await send()
      if (unwritable === null) {
        for (const key of keys) stuck.add(key)
        return sorted
      }
      rejects.set(unwritable.id, unwritable)

      /** Null when all have gone; else the record that Kafka never takes: those before it are written. */
      async function send(): Promise<(Reject & { readonly id: string }) | null> {
        for (const whole of outcome.masked) {
          const rest = onlyOf(whole, chunk, sorted.going)
          const batch = only(rest, n => (rest.sources[n] as number) > (sent.get(whole.view) ?? -1))
          try {
            if (batch.count > 0) await sink.publish(batch, { raw: chunk.raw, isCurrent })
            sent.set(whole.view, Number.POSITIVE_INFINITY)
          } catch (error) {
            if (!(error instanceof UnwritableRecord)) throw error
            const index = batch.sources[error.index] as number
            sent.set(whole.view, index)
            return { id: `${batch.view} ${index}`, code: error.code, path: '' }
          }
        }
        return null
      }
    }
  }
}

interface Chunk {
  readonly entries: readonly DeadLetterEntry[]
  readonly raw: RawBatch
  /** Where each entry's record is in the batch; where it is gone, why. */
  readonly at: ReadonlyMap<DeadLetterEntry, number | ScrimError>
}

interface Sending {
  readonly chunk: Chunk
  readonly outcome: BatchOutcome
  readonly stuck: Set<string>
  readonly force: boolean
  readonly isCurrent: () => boolean
}

interface Sorted {
  readonly going: readonly DeadLetterEntry[]
  /** Those that leave the quarantine without going out, and why. */
  readonly out: ReadonlyMap<DeadLetterEntry, Reject>
  /** The first that waits by its own fault. */
  readonly first: Pick<ReleaseResult, 'code' | 'path' | 'offset'> | null
}

interface Reject {
  readonly code: ErrorCode
  readonly path: string
}

/** What goes, what is expelled, what waits; `keys` takes those that wait. */
function sort(
  { entries, at }: Chunk,
  outcome: BatchOutcome,
  rejects: ReadonlyMap<string, Reject>,
  keys: Set<string>,
  force: boolean,
): Sorted {
  const going: DeadLetterEntry[] = []
  const out = new Map<DeadLetterEntry, Reject>()
  let first: Sorted['first'] = null
  for (const entry of entries) {
    const ids = entry.views.map(view => keyId(view, entry.recordId))
    const problem = problemOf(at.get(entry), entry.views, rejects, outcome)
    if (problem !== null && isHopeless(problem.code, force)) out.set(entry, problem)
    else if (problem === null && !ids.some(id => keys.has(id))) going.push(entry)
    else {
      if (problem !== null) first ??= { ...problem, offset: entry.offset }
      for (const id of ids) keys.add(id)
    }
  }
  return { going, out, first }
}

/** No policy helps: without the quarantine it would have been a dead letter at once, and its key would have gone on. */
const isHopeless = (code: ErrorCode, force: boolean): boolean =>
  code === 'REPLAY_UNREADABLE' ? force : errorCatalogue[code].kind === 'record' && !isParked(code)

const onlyOf = (batch: MaskedBatch, { at }: Chunk, going: readonly DeadLetterEntry[]): MaskedBatch => {
  const indexes = new Set(going.filter(({ views }) => views.includes(batch.view)).map(entry => at.get(entry)))
  return only(batch, n => indexes.has(batch.sources[n] as number))
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
