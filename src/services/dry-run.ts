import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Problem } from '../errors.ts'
import { type RawBatch, SPANS_PER_RECORD } from '../pipeline/batch.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { pause } from './back-off.ts'
import { countFindings, type DryRunReport, type PathBudget, type TopicDryRun } from './dry-run-report.ts'
import { createTopicRun } from './dry-run-topic.ts'
import type { RawTail } from './ports/dry-run.ts'

/** A set of policies with a plan of its own: its caches fill with what the run meets. */
export interface DryRunSet {
  /** `version 3`, `request`, a folder. */
  readonly name: string
  readonly documents: readonly PolicyDocument[]
  readonly plan: Plan
}

export interface DryRunOptions {
  readonly current: DryRunSet
  readonly candidate: DryRunSet
  readonly tail: RawTail
  /** Null: all that either set names. */
  readonly topics: readonly string[] | null
  /** Null: all. */
  readonly views: readonly string[] | null
  /** Of each topic, at most. */
  readonly records: number
  readonly timeLimitMs: number
  /** Beside a stream: so many times as long as it worked it rests after each piece. 0: not at all. */
  readonly rest: number
  readonly signal: AbortSignal
  /** What stands against the candidate as a set. */
  readonly problems: readonly Problem[]
  readonly onProgress?: (progress: DryRunProgress) => void
  readonly now?: () => number
}

export interface DryRunProgress {
  readonly topic: string
  readonly records: number
  /** Of the topics. */
  readonly at: number
  readonly of: number
}

/** So much is worked on before the event loop, and with it the stream, has its turn. */
const RECORDS_AT_ONCE = 50
const MAX_TOPICS = 500
const MAX_PATHS = 5_000

/** Runs two sets over the newest records of each topic and tells where they differ. Publishes nothing, changes nothing. */
export async function dryRun(options: DryRunOptions): Promise<DryRunReport> {
  const { current, candidate, tail, records, rest, now = () => performance.now() } = options
  const signal = AbortSignal.any([options.signal, AbortSignal.timeout(options.timeLimitMs)])
  const budget: PathBudget = { left: MAX_PATHS, isExceeded: false }
  const there = await tail.topics()
  const isNamed = (topic: string): boolean => current.plan.names(topic) || candidate.plan.names(topic)
  const all = there.filter(topic => isNamed(topic) && (options.topics?.includes(topic) ?? true)).sort()
  const wanted = all.slice(0, MAX_TOPICS)
  const notRead = (options.topics ?? []).filter(topic => !all.includes(topic))
  const topics: TopicDryRun[] = []
  for (const [at, topic] of wanted.entries()) {
    if (signal.aborted) break
    const run = createTopicRun({
      topic,
      facts: await tail.facts(topic),
      current: current.plan,
      candidate: candidate.plan,
      views: options.views,
      budget,
      now,
    })
    let seen = 0
    const visit = async (batch: RawBatch): Promise<void> => {
      for (let from = 0; from < batch.count && !signal.aborted; from += RECORDS_AT_ONCE) {
        const startedAt = now()
        const piece = pieceOf(batch, from, Math.min(batch.count, from + RECORDS_AT_ONCE))
        run.take(piece)
        seen += piece.count
        options.onProgress?.({ topic, records: seen, at: at + 1, of: wanted.length })
        if (rest > 0) await pause(rest * (now() - startedAt), signal)
        else await nextTurn()
      }
    }
    const partitions = await tail.read(topic, records, visit, signal)
    topics.push(run.report(partitions))
  }
  const views = new Set(topics.flatMap(topic => topic.views.map(({ view }) => view)))
  const noViews = (options.views ?? []).filter(view => !views.has(view)).map(view => `view ${view}`)
  return {
    current: { name: current.name, documents: current.documents.length },
    candidate: { name: candidate.name, documents: candidate.documents.length },
    isComplete: !signal.aborted && !budget.isExceeded && wanted.length === all.length,
    topics,
    notRead: [...notRead, ...noViews, ...wanted.slice(topics.length), ...all.slice(MAX_TOPICS)],
    problems: options.problems,
    findings: countFindings(topics, options.problems),
  }
}

/** Records [from, to) of a batch, over the same bytes. */
function pieceOf(batch: RawBatch, from: number, to: number): RawBatch {
  if (from === 0 && to === batch.count) return batch
  return {
    ...batch,
    count: to - from,
    spans: batch.spans.subarray(from * SPANS_PER_RECORD, to * SPANS_PER_RECORD),
    timestamps: batch.timestamps.subarray(from, to),
    offsets: batch.offsets.subarray(from, to),
  }
}
