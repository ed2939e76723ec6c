import type { KeyObject } from 'node:crypto'
import { type ErrorCode, errorCatalogue, ScrimError, UnwritableRecord } from '../errors.ts'
import type { BatchOutcome, Departure, MaskedBatch, RawBatch } from '../pipeline/batch.ts'
import type { Plan, TopicPlan } from '../pipeline/plan.ts'
import type { SealingKey } from '../pipeline/seal.ts'
import { before, only } from '../pipeline/serialize/masked-batch.ts'
import { createTransform, type Transform } from '../pipeline/transform.ts'
import { batchRows, recordRows } from './audit-rows.ts'
import { backOffMs, pause } from './back-off.ts'
import { batchFacts } from './batch-facts.ts'
import { createDeadLetterLimit } from './dead-letter-limit.ts'
import { createHolds } from './holds.ts'
import { createLetterWriter } from './letter-writer.ts'
import type { AuditTrail } from './ports/audit.ts'
import type { DeadLetterSink, PartitionClaim } from './ports/dead-letters.ts'
import type { FetchedBatch, HeldPartition, MaskedSink, RawSource, StreamMetrics } from './ports/stream.ts'
import type { Log } from './ports/log.ts'
import { isParked, type Quarantine } from './quarantine.ts'
import type { RangerAudit } from './ranger-audit.ts'

/** Holds the plan that is in force; swapped whole. */
export interface PlanHolder {
  readonly current: () => Plan | null
  /** Calls back after each swap. */
  readonly onChange: (listener: () => void) => void
}

export interface MaskStreamOptions {
  readonly source: RawSource
  readonly sink: MaskedSink
  readonly deadLetters: DeadLetterSink
  readonly audit: AuditTrail
  /** Left out: nobody wants events in Ranger's form. */
  readonly rangerAudit?: RangerAudit
  readonly quarantine: Quarantine
  readonly plans: PlanHolder
  /** Null: an unmaskable record stops its partition. */
  readonly sealing: SealingKey | null
  readonly auditSecret: KeyObject
  readonly settings: {
    readonly audit: 'record' | 'batch' | 'off'
    readonly deadLetterPayload: 'seal' | 'withhold'
    readonly deadLetterLimit: number
    readonly deadLetterWindowMs: number
  }
  readonly metrics: StreamMetrics
  readonly log: Log
  readonly now?: () => number
}

export interface MaskStream {
  /** Until the signal; rejects when it cannot go on. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly held: () => readonly HeldPartition[]
  /** Lets a held partition look again at the record that it is held at. */
  readonly resume: (topic: string, partition: number) => void
  /** The source found that the partition cannot go on. */
  readonly hold: (topic: string, partition: number, offset: bigint, code: ErrorCode) => void
  /** The source has lost its partitions, or given them back. */
  readonly endHolds: () => void
}

/** Where a batch cannot go on until somebody acts. */
interface Stop {
  readonly index: number
  readonly code: ErrorCode
  readonly path: string
}

const earlier = (a: Stop | null, b: Stop | null): Stop | null =>
  a === null || (b !== null && b.index < a.index) ? b : a

const MOST_IDLE = 16

/** The partition was taken away or the process stops: the batch is left as it is, its next owner repeats it. */
class Abandoned extends Error {}

/**
 * The loop around the pipeline: batch in, masked records out, then dead letters, audit, commit - in this order. A crash
 * between two of them repeats what is behind the committed offset; it never loses and never leaks.
 */
export function createMaskStream(options: MaskStreamOptions): MaskStream {
  const { source, quarantine, plans, settings, metrics, log, now = Date.now } = options
  const holds = createHolds(source)
  // Each runs one batch at a time and lends its output buffers meanwhile, so partitions in flight need one each.
  const idle: Transform[] = []
  const letters = createLetterWriter({
    sealing: options.sealing,
    payload: settings.deadLetterPayload,
    secret: options.auditSecret,
    now,
  })
  const limit = createDeadLetterLimit(settings.deadLetterLimit, settings.deadLetterWindowMs, now)

  async function settle(fetched: FetchedBatch, signal: AbortSignal): Promise<void> {
    const started = now()
    const transform = idle.pop() ?? createTransform(now)
    let plan: Plan | null = null
    try {
      const facts = await untilDone(fetched.facts, fetched, signal)
      plan = plans.current()
      if (plan === null) return
      const block = plan.blocks?.of(fetched.raw.topic) ?? null
      if (block !== null) return holdAt(fetched, 0, block.code, `${block.policy} ${block.path}`.trimEnd(), plan)
      const topicPlan = plan.forTopic(fetched.raw.topic, facts)
      if (topicPlan === null) return holdAt(fetched, 0, 'RECORD_TOPIC_WITHOUT_POLICY', 'topic', plan)
      const masked = transform(fetched.raw, topicPlan)
      const outcome = await untilDone(() => quarantine.screen(fetched, masked), fetched, signal)
      await deliver({ fetched, plan, topicPlan, outcome, started, signal })
    } catch (error) {
      if (error instanceof Abandoned) {
        log.info({ batch: batchId(fetched.raw) }, 'batch abandoned: the partition is no longer ours')
      } else if (error instanceof ScrimError && error.kind === 'policy') {
        // Such as an output topic that cannot be made to fit: nothing of the batch can go until somebody acts.
        holdAt(fetched, 0, error.code, error.where.path ?? '', plan)
      } else {
        // It ends the process; what it was doing must be found again. Its text may quote the record.
        const kind = error instanceof Error ? error.constructor.name : typeof error
        log.error({ batch: batchId(fetched.raw), class: kind }, 'a batch cannot be worked on')
        throw error
      }
    } finally {
      if (fetched.isCurrent()) holds.goesOn(fetched.raw)
      // As many as ever waited at once would keep their buffers for good.
      if (idle.length < MOST_IDLE) idle.push(transform)
    }
  }

  interface Delivery {
    readonly fetched: FetchedBatch
    readonly plan: Plan
    readonly topicPlan: TopicPlan
    readonly outcome: BatchOutcome
    readonly started: number
    readonly signal: AbortSignal
  }

  async function deliver({ fetched, plan, topicPlan, outcome, started, signal }: Delivery): Promise<void> {
    const { raw } = fetched
    const persist = <T>(attempt: () => Promise<T>): Promise<T> => untilDone(attempt, fetched, signal)
    const unmaskable = findStop(raw, outcome.departures)
    const sent = await Promise.all(
      outcome.masked.map(batch => publish(fetched, before(batch, unmaskable?.index ?? raw.count), persist)),
    )
    // What a view has published behind the stop is published again when the partition goes on: at least once.
    const stop = [unmaskable, ...sent.map(view => view.stop)].reduce(earlier, null)
    const end = stop?.index ?? raw.count
    const published = sent.map(({ batch }) => before(batch, end))
    const departures = [...outcome.departures, ...sent.flatMap(view => view.departures)].filter(
      ({ index }) => index < end,
    )
    const rejected = letters.lettersOf(raw, departures, plan.version)
    const put = (claim: PartitionClaim): Promise<boolean> => persist(() => options.deadLetters.put(rejected, claim))
    if (rejected.length > 0 && !(await quarantine.park(fetched, rejected, put))) throw new Abandoned()
    if (settings.audit !== 'off') {
      const rowsOf = settings.audit === 'record' ? recordRows : batchRows
      const context = { raw, plan: topicPlan, policyVersion: plan.version, secret: options.auditSecret }
      const rows = rowsOf(published, departures, outcome.operations, context)
      if (rows.length > 0) await persist(() => options.audit.write(rows))
    }
    const { rangerAudit } = options
    if (rangerAudit !== undefined) {
      const settled = { raw, views: topicPlan.views, published, departures, policyVersion: plan.version }
      await persist(() => rangerAudit.tell({ ...settled, tookMs: now() - started }))
    }
    const settledTo = stop === null ? fetched.nextOffset : (raw.offsets[end] as bigint)
    await persist(() => fetched.commit(settledTo))
    if (fetched.isCurrent()) holds.settled(raw, settledTo)
    const ms = now() - started
    log.debug({ batch: batchId(raw), records: raw.count, left: departures.length, ms }, 'batch settled')
    for (const facts of batchFacts(raw, topicPlan, published, departures, ms / 1000)) metrics.batch(facts)
    if (stop !== null) holdAt(fetched, stop.index, stop.code, stop.path, plan)
  }

  /** A record that can never be written leaves the batch as a reject, and the others are sent without it. */
  async function publish(
    fetched: FetchedBatch,
    batch: MaskedBatch,
    persist: (attempt: () => Promise<void>) => Promise<void>,
  ): Promise<{ readonly batch: MaskedBatch; readonly departures: readonly Departure[]; readonly stop: Stop | null }> {
    const departures: Departure[] = []
    let published = batch
    let rest = batch
    for (;;) {
      try {
        if (rest.count > 0) await persist(() => options.sink.publish(rest, fetched))
        return { batch: published, departures, stop: null }
      } catch (error) {
        if (!(error instanceof UnwritableRecord)) throw error
        const index = rest.sources[error.index] as number
        const departure: Departure = { kind: 'reject', index, view: rest.view, code: error.code, path: '' }
        const stop = findStop(fetched.raw, [departure])
        if (stop !== null) return { batch: before(published, index), departures, stop }
        departures.push(departure)
        published = only(published, n => published.sources[n] !== index)
        // Those before it are written. A delete that cannot be takes its tombstone with it.
        const sent = rest
        rest = only(sent, n => n > error.index && sent.sources[n] !== index)
      }
    }
  }

  /** The first record that must wait for somebody, null if the whole batch can go. */
  function findStop(raw: RawBatch, departures: readonly Departure[]): Stop | null {
    for (const departure of departures) {
      if (departure.kind !== 'reject') continue
      const { index, code, path } = departure
      if (errorCatalogue[code].kind !== 'record') return { index, code, path }
      if (!letters.canWrite) return { index, code: 'SEALING_KEY_MISSING', path }
      // Those in quarantine have a limit of their own.
      if (!isParked(code) && !limit.admits(raw.topic, raw.partition, raw.offsets[index] as bigint))
        return { index, code: 'TOO_MANY_DEAD_LETTERS', path }
    }
    return null
  }

  function holdAt(fetched: FetchedBatch, index: number, code: ErrorCode, path: string, plan: Plan | null): void {
    if (!fetched.isCurrent()) return
    const held = heldAt(fetched.raw, index, code, path)
    log.warn(
      { topic: held.topic, partition: held.partition, offset: held.offset, code, path },
      errorCatalogue[code].message,
    )
    holds.add(held)
    // The plan may have been swapped while the batch was under way: what it would say now decides.
    if (plans.current() !== plan) holds.releaseAll()
  }

  const heldAt = (
    { topic, partition, offsets }: RawBatch,
    index: number,
    code: ErrorCode,
    path: string,
  ): HeldPartition => ({
    topic,
    partition,
    offset: String(offsets[index]),
    code,
    path,
    since: new Date(now()),
  })

  /** Waits for a dependency as long as the batch is ours. A stop lets what is under way finish, and tries nothing again. */
  async function untilDone<T>(attempt: () => Promise<T>, fetched: FetchedBatch, signal: AbortSignal): Promise<T> {
    for (let n = 1; ; n++) {
      if (!fetched.isCurrent() || (n > 1 && signal.aborted)) throw new Abandoned()
      try {
        return await attempt()
      } catch (error) {
        if (!(error instanceof ScrimError) || !error.retriable) throw error
        log.warn({ batch: batchId(fetched.raw), code: error.code, attempt: n }, errorCatalogue[error.code].message)
        if (fetched.isCurrent()) holds.waits(heldAt(fetched.raw, 0, error.code, error.where.path ?? ''))
        await pause(backOffMs(n), signal)
      }
    }
  }

  return {
    held: holds.list,
    endHolds: holds.endAll,
    resume: (topic, partition) => holds.release({ topic, partition }),
    hold: (topic, partition, offset, code) => {
      log.error({ topic, partition, offset: String(offset), code }, errorCatalogue[code].message)
      holds.add({ topic, partition, offset: String(offset), code, path: '', since: new Date(now()) })
    },
    run: async signal => {
      const followPlan = (): void => {
        source.setTopics(topic => plans.current()?.names(topic) ?? false)
        limit.reset()
        holds.releaseAll()
      }
      followPlan()
      plans.onChange(followPlan)
      await source.run(fetched => settle(fetched, signal), signal)
    },
  }
}

/** Names a batch in the log: its first record. */
const batchId = ({ topic, partition, offsets }: RawBatch): string => `${topic}/${partition}@${offsets[0]}`
