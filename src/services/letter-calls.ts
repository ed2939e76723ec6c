import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorCode, errorCatalogue, type Place, ScrimError } from '../errors.ts'
import { pause } from './back-off.ts'
import { classOf } from './follow.ts'
import { partitionId } from './partition-id.ts'
import type {
  DeadLetterEntry,
  DeadLetterIndex,
  LetterRequest,
  LetterRequests,
  OwnPartitions,
  PartitionName,
  QuarantineIndex,
  RequestResult,
} from './ports/dead-letters.ts'
import type { Log } from './ports/log.ts'
import type { Release, ReleaseOrder, ReleaseResult } from './release.ts'
import type { ReplayOrder } from './replay.ts'

export interface LetterCallsOptions {
  readonly index: Pick<DeadLetterIndex, 'get'>
  readonly quarantine: Pick<QuarantineIndex, 'withParked'>
  readonly requests: LetterRequests
  readonly partitions: OwnPartitions
  /** Null where the partition is not ours. */
  readonly attempt: (
    entry: DeadLetterEntry,
    order: ReplayOrder,
  ) => Promise<'published' | 'dropped' | 'unchanged' | null>
  readonly release: Release
  /** The partition's parked records are others than they were: it has to be looked at anew. */
  readonly onReleased: (partition: PartitionName) => void
  /** Is the topic one that policies name? Nobody reads any other. */
  readonly names: (topic: string) => boolean
  readonly log: Log
  /** How long a call waits for another instance. */
  readonly patienceMs?: number
}

export interface ReplayResult {
  readonly id: string
  /** `unchanged`: it was replayed before. */
  readonly outcome: 'published' | 'dropped' | 'unchanged' | 'refused'
  /** Why it was refused. */
  readonly error: ScrimError | null
}

export interface ReleaseAnswer extends PartitionName {
  /** Null: it goes on, longer than the call waits. */
  readonly result: ReleaseResult | null
  /** Why nothing could be tried. */
  readonly error: ScrimError | null
}

export interface LetterCalls {
  readonly replay: (ids: readonly string[], order: ReplayOrder) => Promise<readonly ReplayResult[]>
  readonly release: (topic: string | null, order: ReleaseOrder) => Promise<readonly ReleaseAnswer[]>
  /** Does what other instances were called for. */
  readonly answerOthers: (signal: AbortSignal) => Promise<void>
}

const PATIENCE_MS = 20_000
const LOOK_MS = 100
/** After so long another reader of the partition may take up what one has taken and not finished; a release of many may take as long. */
const TAKEN_MS = 300_000

/** The calls for replay and release: what concerns our own partitions is done here, for others their reader is asked. */
export function createLetterCalls(options: LetterCallsOptions): LetterCalls {
  const { index, requests, partitions, log, patienceMs = PATIENCE_MS } = options

  /** Null where the partition is not ours. */
  async function replayHere(entry: DeadLetterEntry, order: ReplayOrder): Promise<ReplayResult | null> {
    const { id, topic, partition, offset } = entry
    try {
      const outcome = await options.attempt(entry, order)
      if (outcome === null) return null
      const { caller, force } = order
      log.info({ id, topic, partition, offset, outcome, caller, force }, 'dead letter replayed')
      return { id, outcome, error: null }
    } catch (error) {
      return refused(id, error)
    }
  }

  /** Null where somebody else has to do it. */
  async function replayOne(id: string, order: ReplayOrder): Promise<ReplayResult | DeadLetterEntry> {
    const entry = await index.get(id)
    if (entry === null) return refused(id, new ScrimError('REQUEST_NOT_FOUND', { path: 'dead letter' }))
    if (entry.state === 'replayed') return { id, outcome: 'unchanged', error: null }
    const done = await replayHere(entry, order)
    if (done !== null) return done
    const { topic, partition, offset } = entry
    if (options.names(topic)) return entry
    return refused(id, new ScrimError('RECORD_TOPIC_WITHOUT_POLICY', { topic, partition, offset }))
  }

  async function releaseHere(
    partition: PartitionName,
    order: ReleaseOrder,
  ): Promise<ReleaseResult | ScrimError | null> {
    try {
      return await partitions.alone(partition, async isCurrent => {
        try {
          const result = await options.release(partition, order, isCurrent)
          const { released, expelled, waiting, code } = result
          log.info(
            { ...nameOf(partition), released, expelled, waiting, code, caller: order.caller },
            'quarantine released',
          )
          return result
        } finally {
          // Whatever came of it: the stream must not go by what was parked before.
          options.onReleased(partition)
        }
      })
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      return error
    }
  }

  /** What became of the requests until the patience is over; those that nobody took are withdrawn. */
  async function ask(asked: readonly Omit<LetterRequest, 'id'>[]): Promise<readonly (RequestResult | undefined)[]> {
    if (asked.length === 0) return []
    const until = performance.now() + patienceMs
    const ids = await requests.add(asked, patienceMs)
    let results = await requests.results(ids)
    while (results.size < ids.length && performance.now() < until) {
      await sleep(LOOK_MS)
      results = await requests.results(ids)
    }
    if (results.size < ids.length) {
      await requests.withdraw(ids)
      results = await requests.results(ids)
    }
    return ids.map(id => results.get(id))
  }

  async function answer(request: LetterRequest): Promise<RequestResult | null> {
    if (request.what === 'release') {
      const result = await releaseHere(request, request)
      if (result === null) return null
      return result instanceof ScrimError ? resultOf(result) : { ...result }
    }
    const result = await replayOne(request.letterId ?? '', request)
    if (!('outcome' in result)) return null
    return { outcome: result.outcome, ...(result.error === null ? {} : resultOf(result.error)) }
  }

  return {
    replay: async (ids, order) => {
      const results = new Map<string, ReplayResult>()
      const elsewhere: DeadLetterEntry[] = []
      for (const id of ids) {
        const result = await replayOne(id, order)
        if ('outcome' in result) results.set(id, result)
        else elsewhere.push(result)
      }
      const { force, caller, requestId } = order
      const answers = await ask(
        elsewhere.map(({ id, topic, partition }) => ({
          what: 'replay',
          letterId: id,
          topic,
          partition,
          force,
          caller,
          requestId,
        })),
      )
      elsewhere.forEach((entry, n) => {
        results.set(entry.id, replayResult(entry, answers[n]))
      })
      return ids.map(id => results.get(id) as ReplayResult)
    },
    release: async (topic, order) => {
      const waiting = await options.quarantine.withParked(topic)
      const isOver = new AbortController()
      const patience = pause(patienceMs, isOver.signal).then(() => undefined)
      // Each partition in turn with those of its reader; the readers side by side.
      const ours = new Set(partitions.list().map(partitionId))
      const elsewhere = waiting.filter(partition => !ours.has(partitionId(partition)))
      const answers = new Map<PartitionName, ReleaseAnswer>()
      const askFor = async (asked: readonly PartitionName[]): Promise<void> => {
        const found = await ask(asked.map(one => ({ ...nameOf(one), ...order, what: 'release', letterId: null })))
        asked.forEach((one, n) => {
          answers.set(one, answerOf(one, releaseResult(one, found[n])))
        })
      }
      const here = async (): Promise<void> => {
        for (const partition of waiting) {
          if (!ours.has(partitionId(partition))) continue
          const result = await releaseHere(partition, order)
          if (result === null) await askFor([partition])
          else answers.set(partition, answerOf(partition, result))
        }
      }
      // What takes longer than the call goes on, one partition after the other.
      const work = here()
      work.catch((error: unknown) => log.error({ error: classOf(error) }, 'a release broke off'))
      try {
        await Promise.all([askFor(elsewhere), Promise.race([work, patience])])
      } finally {
        isOver.abort()
      }
      return waiting.map(partition => answers.get(partition) ?? answerOf(partition, undefined))
    },
    answerOthers: async signal => {
      while (!signal.aborted) {
        const request = await requests.take(TAKEN_MS, partitions.list())
        if (request === null) return
        const result = await answer(request)
        if (result !== null) await requests.finish(request.id, result)
        // It is just changing hands: whoever has it then takes it up.
        else return requests.giveBack(request.id)
      }
    },
  }
}

const nameOf = ({ topic, partition }: PartitionName): PartitionName => ({ topic, partition })

function refused(id: string, error: unknown): ReplayResult {
  if (!(error instanceof ScrimError)) throw error
  return { id, outcome: 'refused', error }
}

const resultOf = ({ code, where }: ScrimError): RequestResult => ({ code, path: where.path ?? null })

const codeOf = ({ code }: RequestResult): ErrorCode =>
  typeof code === 'string' && code in errorCatalogue ? (code as ErrorCode) : 'INTERNAL'

/** An error as another instance has written it down. */
function errorOf(result: RequestResult, where: Place): ScrimError {
  const { path } = result
  return new ScrimError(codeOf(result), typeof path === 'string' ? { ...where, path } : where)
}

function replayResult(entry: DeadLetterEntry, result: RequestResult | undefined): ReplayResult {
  const { id, topic, partition, offset } = entry
  const place = { topic, partition, offset }
  if (result === undefined) return refused(id, new ScrimError('REPLAY_ELSEWHERE', place))
  const { outcome } = result
  return outcome === 'published' || outcome === 'dropped' || outcome === 'unchanged'
    ? { id, outcome, error: null }
    : refused(id, errorOf(result, place))
}

function releaseResult(partition: PartitionName, result: RequestResult | undefined): ReleaseResult | ScrimError {
  if (result === undefined) return new ScrimError('REPLAY_ELSEWHERE', nameOf(partition))
  const { released, expelled, waiting, code, path, offset } = result
  if (typeof released !== 'number' || typeof expelled !== 'number' || typeof waiting !== 'number')
    return errorOf(result, nameOf(partition))
  const text = (value: typeof path): string | null => (typeof value === 'string' ? value : null)
  return {
    released,
    expelled,
    waiting,
    code: code == null ? null : codeOf(result),
    path: text(path),
    offset: text(offset),
  }
}

const answerOf = (partition: PartitionName, result: ReleaseResult | ScrimError | undefined): ReleaseAnswer => ({
  ...nameOf(partition),
  result: result === undefined || result instanceof ScrimError ? null : result,
  error: result instanceof ScrimError ? result : null,
})
