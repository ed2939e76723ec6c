import type { KeyObject } from 'node:crypto'
import { type ErrorCode, ScrimError } from '../errors.ts'
import { type BatchOutcome, KEY_END, KEY_START, OP_TRUNCATE, type RawBatch } from '../pipeline/batch.ts'
import type { Plan, TopicFacts, TopicPlan } from '../pipeline/plan.ts'
import { batchOfLines } from '../pipeline/record-line.ts'
import { bucketKey, type SealingKey, unseal } from '../pipeline/seal.ts'
import { createTransform } from '../pipeline/transform.ts'
import { recordRows } from './audit-rows.ts'
import { pause } from './back-off.ts'

import type { AuditTrail, CallTrail } from './ports/audit.ts'
import type {
  DeadLetterEntry,
  DeadLetterIndex,
  DeadLetterState,
  LetterReader,
  NewerRecords,
  RecordReader,
} from './ports/dead-letters.ts'
import type { Log } from './ports/log.ts'
import type { MaskedSink } from './ports/stream.ts'
import { nextAttemptAt } from './retry-schedule.ts'

export interface DeadLettersOptions {
  readonly index: DeadLetterIndex
  readonly letters: LetterReader
  readonly reader: RecordReader
  /** Null: sealed letters cannot be opened. */
  readonly sealing: SealingKey | null
  readonly plans: { readonly current: () => Plan | null }
  readonly facts: (topic: string) => Promise<TopicFacts>
  readonly sink: MaskedSink
  /** Null where the audit is off. */
  readonly audit: AuditTrail | null
  readonly auditSecret: KeyObject
  readonly calls: CallTrail
  readonly metrics: { readonly deadLetters: (counts: Readonly<Record<DeadLetterState, number>>) => void }
  /** Automatic attempts before a letter is marked for review. */
  readonly maxAttempts: number
  readonly log: Log
  /**
   * Runs the work while the stream sends nothing of the partition: else a newer record could be published between the
   * look for one and the replay.
   */
  readonly alone?: <T>(topic: string, partition: number, work: () => Promise<T>) => Promise<T>
  readonly now?: () => number
  readonly random?: () => number
  readonly lookEveryMs?: number
}

export interface Replay {
  /** Publish although a newer record of the key has been published since. */
  readonly force: boolean
  readonly caller: string
  readonly requestId: string
}

export interface ReplayResult {
  readonly id: string
  /** `unchanged`: it was replayed before. */
  readonly outcome: 'published' | 'dropped' | 'unchanged' | 'refused'
  /** Why it was refused. */
  readonly error: ScrimError | null
}

export interface DeadLetters {
  readonly list: DeadLetterIndex['list']
  readonly get: DeadLetterIndex['get']
  /** One result for each id, in order; a letter that is refused does not keep the others. */
  readonly replay: (ids: readonly string[], how: Replay) => Promise<readonly ReplayResult[]>
  /** Tries what is due until the signal, later and later; then it is for somebody to review. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Letters of one round; after each round the counts are told. */
const AT_ONCE = 20
/** Longer than an attempt takes, so that no other instance tries the letter meanwhile; after a crash one of them does. */
const CLAIM_MS = 300_000

/** Listing and replaying of dead letters. A replay never overtakes newer data unless forced, and leaves a row either way. */
export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { index, reader, sink, audit, calls, log, now = Date.now, lookEveryMs = 1000 } = options
  const alone = options.alone ?? ((_topic, _partition, work) => work())
  const transform = createTransform()
  let turn: Promise<unknown> = Promise.resolve()

  /** One replay at a time: the transform lends its buffers, and two replays of one letter must not meet. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => undefined)
    return mine
  }

  async function open(entry: DeadLetterEntry): Promise<RawBatch> {
    const { topic, partition, offset, keyId, bucket, letterPartition, letterOffset } = entry
    if (keyId === null || bucket === null || letterPartition === null || letterOffset === null) {
      const raw = await reader.read(topic, partition, BigInt(offset))
      if (raw === null) throw unreadable(entry, 'raw record')
      return raw
    }
    const { sealing } = options
    if (sealing === null || sealing.id !== keyId) throw unreadable(entry, `key ${keyId}`)
    const bytes = await options.letters.read(letterPartition, BigInt(letterOffset))
    const line = bytes === null ? null : unseal(bytes, bucketKey(sealing.key, bucket), topic, partition, BigInt(offset))
    if (line === null) throw unreadable(entry, 'letter')
    return batchOfLines([line])
  }

  async function attempt(
    entry: DeadLetterEntry,
    { force, caller, requestId }: Replay,
  ): Promise<'published' | 'dropped'> {
    const { topic, partition, offset } = entry
    const plan = options.plans.current()
    if (plan === null) throw new ScrimError('POLICY_NOT_LOADED', placeOf(entry))
    const raw = await open(entry)
    const facts = await options.facts(topic)
    const topicPlan = plan.forTopic(topic, facts)
    if (topicPlan === null) throw new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', placeOf(entry))
    return alone(topic, partition, async () => {
      const outcome = transform(raw, topicPlan)
      const newer = await newerThan(raw, outcome, facts)
      // Before the record goes out, so that no forced replay can be without its row.
      await calls.write({
        call: 'replay',
        caller,
        requestId,
        policyVersion: plan.version,
        facts: {
          id: entry.id,
          topic,
          partition,
          offset,
          force,
          overtakes: newer === 'unknown' ? newer : newer === 'some',
        },
      })
      if (newer === 'some' && !force) throw new ScrimError('REPLAY_OVERTAKES', placeOf(entry))
      if (newer === 'unknown' && !force) throw unreadable(entry, 'newer records')
      return publish(entry, raw, outcome, topicPlan, plan.version)
    })
  }

  /** A truncate concerns every key, so nothing can tell whether something newer was published. */
  async function newerThan(
    { topic, partition, offsets, bytes, spans }: RawBatch,
    { operations }: BatchOutcome,
    { compacted }: TopicFacts,
  ): Promise<NewerRecords> {
    if (operations[0] === OP_TRUNCATE) return 'some'
    const keyStart = spans[KEY_START] as number
    if (keyStart < 0) return 'none'
    const key = bytes.subarray(keyStart, spans[KEY_END])
    return reader.newer({ topic, partition, offset: offsets[0] as bigint, key, compacted })
  }

  /** Only the views that the letter is about: the others were published in their time. */
  async function publish(
    entry: DeadLetterEntry,
    raw: RawBatch,
    outcome: BatchOutcome,
    plan: TopicPlan,
    policyVersion: number,
  ): Promise<'published' | 'dropped'> {
    const masked = outcome.masked.filter(({ view, count }) => count > 0 && entry.views.includes(view))
    const departures = outcome.departures.filter(({ view }) => entry.views.includes(view))
    const rejected = departures.find(departure => departure.kind === 'reject')
    if (rejected?.kind === 'reject') throw new ScrimError(rejected.code, { ...placeOf(entry), path: rejected.path })
    if (masked.length + departures.length === 0)
      throw new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', { ...placeOf(entry), path: 'views' })
    for (const batch of masked) await sink.publish(batch, { raw, isCurrent: () => true })
    const rows = recordRows(masked, departures, outcome.operations, {
      raw,
      plan,
      policyVersion,
      secret: options.auditSecret,
    })
    await audit?.write(rows)
    return masked.length > 0 ? 'published' : 'dropped'
  }

  const done = (entry: DeadLetterEntry): Promise<void> =>
    index.update(entry.id, { state: 'replayed', attempts: entry.attempts + 1, nextAttemptAt: null })

  async function replayOne(id: string, how: Replay): Promise<ReplayResult> {
    try {
      const entry = await index.get(id)
      if (entry === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: 'dead letter' })
      if (entry.state === 'replayed') return { id, outcome: 'unchanged', error: null }
      const outcome = await attempt(entry, how)
      await done(entry)
      log.info(
        {
          id,
          topic: entry.topic,
          partition: entry.partition,
          offset: entry.offset,
          outcome,
          caller: how.caller,
          force: how.force,
        },
        'dead letter replayed',
      )
      return { id, outcome, error: null }
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      return { id, outcome: 'refused', error }
    }
  }

  /** Answers what kept it from being tried: an attempt that Kafka or Postgres spoiled does not count, but makes room for others. */
  async function retry(id: string): Promise<ErrorCode | null> {
    const entry = await index.get(id)
    if (entry === null || entry.state === 'replayed' || entry.state === 'review') return null
    const attempts = entry.attempts + 1
    try {
      await attempt(entry, { force: false, caller: 'scrim', requestId: `retry ${attempts}` })
      await done(entry)
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      if (error.kind === 'dependency') {
        const later = nextAttemptAt(error.code, entry.attempts, now(), options.random)
        await index.update(entry.id, { state: entry.state, attempts: entry.attempts, nextAttemptAt: later })
        return error.code
      }
      const next = attempts < options.maxAttempts ? nextAttemptAt(error.code, attempts, now(), options.random) : null
      await index.update(entry.id, { state: next === null ? 'review' : 'retrying', attempts, nextAttemptAt: next })
      log.warn(
        { id: entry.id, code: error.code, attempts, state: next === null ? 'review' : 'retrying' },
        'a dead letter could not be replayed',
      )
    }
    return null
  }

  /** Tries what is due, one after the other. Answers what the last of those that wait waits for; undefined: nothing was due. */
  async function round(signal: AbortSignal): Promise<ErrorCode | null | undefined> {
    let waitsFor: ErrorCode | null | undefined
    for (let n = 0; n < AT_ONCE && !signal.aborted; n++) {
      // One at a time: of many claimed at once the last could be claimed again before its turn.
      const [entry] = await index.claim(new Date(now()), new Date(now() + CLAIM_MS), 1)
      if (entry === undefined) break
      waitsFor = (await inTurn(() => retry(entry.id))) ?? waitsFor ?? null
    }
    return waitsFor
  }

  return {
    list: index.list,
    get: index.get,
    replay: async (ids, how) => {
      const results: ReplayResult[] = []
      for (const id of ids) results.push(await inTurn(() => replayOne(id, how)))
      return results
    },
    run: async signal => {
      const message = 'dead letters wait for a dependency'
      let told: ErrorCode | null = null
      let isAway = false
      while (!signal.aborted) {
        try {
          const waitsFor = await round(signal)
          if (waitsFor !== null && waitsFor !== undefined && waitsFor !== told) log.warn({ code: waitsFor }, message)
          if (waitsFor !== undefined) told = waitsFor
          options.metrics.deadLetters(await index.counts())
          isAway = false
        } catch (error) {
          // Only the index: what a letter waits for is no error of the round.
          if (!(error instanceof ScrimError) || error.kind !== 'dependency') throw error
          if (!isAway) log.warn({ code: error.code }, message)
          isAway = true
        }
        await pause(lookEveryMs, signal)
      }
    },
  }
}

const placeOf = ({ topic, partition, offset }: DeadLetterEntry) => ({ topic, partition, offset })

const unreadable = (entry: DeadLetterEntry, what: string): ScrimError =>
  new ScrimError('REPLAY_UNREADABLE', { ...placeOf(entry), path: what })
