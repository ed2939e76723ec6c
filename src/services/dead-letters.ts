import { type ErrorCode, ScrimError } from '../errors.ts'
import { pause } from './back-off.ts'
import { createLetterCalls, type LetterCallsOptions, type ReleaseAnswer, type ReplayResult } from './letter-calls.ts'
import { partitionId } from './partition-id.ts'
import type { DeadLetterIndex, DeadLetterState } from './ports/dead-letters.ts'
import type { ReleaseOrder } from './release.ts'
import type { Replay, ReplayOrder } from './replay.ts'
import { nextAttemptAt } from './retry-schedule.ts'

export interface DeadLettersOptions extends Omit<LetterCallsOptions, 'attempt'> {
  readonly index: DeadLetterIndex
  readonly replay: Replay
  readonly metrics: { readonly deadLetters: (counts: Readonly<Record<DeadLetterState, number>>) => void }
  /** Automatic attempts before a letter is marked for review. */
  readonly maxAttempts: number
  readonly now?: () => number
  readonly random?: () => number
  readonly lookEveryMs?: number
}

export interface DeadLetters {
  readonly list: DeadLetterIndex['list']
  readonly get: DeadLetterIndex['get']
  /** One result for each id, in order; a letter that is refused does not keep the others. */
  readonly replay: (ids: readonly string[], order: ReplayOrder) => Promise<readonly ReplayResult[]>
  /** Lets out what is parked of a topic, or of all; one answer for each partition that has something parked. */
  readonly release: (topic: string | null, order: ReleaseOrder) => Promise<readonly ReleaseAnswer[]>
  /** Tries what is due and does what was asked for until the signal; what fails too often is for somebody to review. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Letters of one round; after each round the counts are told. */
const AT_ONCE = 20
/** Longer than an attempt takes, so that no other instance tries the letter meanwhile; after a crash one of them does. */
const CLAIM_MS = 300_000

/**
 * Listing, replaying and releasing of dead letters. Only the instance that reads a partition sends something of it, else
 * a replay could overtake what another one is about to publish; the others ask it.
 */
export function createDeadLetters(options: DeadLettersOptions): DeadLetters {
  const { index, partitions, log, now = Date.now, lookEveryMs = 1000 } = options
  /** Two attempts at one letter never meet: the second sees what the first has done. Null where the partition is not ours. */
  const attempt: LetterCallsOptions['attempt'] = (entry, order) =>
    partitions.alone(entry, async isCurrent => {
      const now = await index.get(entry.id)
      if (now === null || now.state === 'replayed') return 'unchanged'
      const outcome = await options.replay(now, order, isCurrent)
      await index.update(now.id, { state: 'replayed', attempts: now.attempts + 1, nextAttemptAt: null })
      return outcome
    })

  const calls = createLetterCalls({ ...options, attempt })

  /** Answers what kept it from being tried: an attempt that Kafka or Postgres spoiled does not count, but makes room for others. */
  async function retry(id: string): Promise<ErrorCode | null> {
    const entry = await index.get(id)
    if (entry === null || (entry.state !== 'open' && entry.state !== 'retrying')) return null
    const attempts = entry.attempts + 1
    const order = { force: false, caller: 'scrim', requestId: `retry ${attempts}` }
    try {
      if ((await attempt(entry, order)) !== null) return null
      const soon = new Date(now() + lookEveryMs) // for whoever reads the partition now
      await index.update(entry.id, { state: entry.state, attempts: entry.attempts, nextAttemptAt: soon })
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      if (error.kind === 'dependency') {
        const later = nextAttemptAt(error.code, entry.attempts, now(), options.random)
        await index.update(entry.id, { state: entry.state, attempts: entry.attempts, nextAttemptAt: later })
        return error.code
      }
      const next = attempts < options.maxAttempts ? nextAttemptAt(error.code, attempts, now(), options.random) : null
      const state = next === null ? 'review' : 'retrying'
      await index.update(entry.id, { state, attempts, nextAttemptAt: next })
      log.warn({ id: entry.id, code: error.code, attempts, state }, 'a dead letter could not be replayed')
    }
    return null
  }

  /** Tries what is due, one after the other. Answers what the last of those that wait waits for; undefined: nothing was due. */
  async function round(signal: AbortSignal): Promise<ErrorCode | null | undefined> {
    let waitsFor: ErrorCode | null | undefined
    const busy = new Set<string>()
    for (let n = 0; n < AT_ONCE && !signal.aborted; n++) {
      const free = partitions.list().filter(partition => !busy.has(partitionId(partition)))
      // One at a time: of many claimed at once the last could be claimed again before its turn.
      const [entry] = await index.claim(new Date(now()), new Date(now() + CLAIM_MS), 1, free)
      if (entry === undefined) break
      const code = await retry(entry.id)
      // Each look at a busy one takes seconds, and its other letters would find the same.
      if (code === 'REPLAY_WAITS') busy.add(partitionId(entry))
      waitsFor = code ?? waitsFor ?? null
    }
    return waitsFor
  }

  return {
    list: index.list,
    get: index.get,
    replay: calls.replay,
    release: calls.release,
    run: async signal => {
      await Promise.all([tryDue(signal), answerCalls(signal)])
    },
  }

  /** A loop of its own: who calls another instance waits for seconds only. */
  async function answerCalls(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await calls.answerOthers(signal).catch((error: unknown) => {
        // The other loop tells of a store that is away.
        if (!(error instanceof ScrimError) || error.kind !== 'dependency') throw error
      })
      await pause(lookEveryMs, signal)
    }
  }

  async function tryDue(signal: AbortSignal): Promise<void> {
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
  }
}
