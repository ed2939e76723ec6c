import { errorCatalogue } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import { pause } from './back-off.ts'
import type { PlanHolder } from './mask-stream.ts'
import type { Log } from './ports/log.ts'

export interface AwaitedTopicsOptions {
  /** The topics that are read; null as long as that is not known. */
  readonly topics: () => readonly string[] | null
  readonly plans: Pick<PlanHolder, 'current'>
  readonly log: Log
  readonly intervalMs?: number
}

export interface AwaitedTopics {
  /** Topics and patterns that policies name and of which nothing is read; null as long as that is not known. */
  readonly list: () => readonly string[] | null
  /** Tells the log, once for each, until the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
}

const MAX_LOGGED = 50

/**
 * Notices what policies name and Kafka does not show: not made yet, spelt otherwise, or without an ACL, which Kafka
 * answers by leaving it out of its list. Nothing else would ever say so, for no record of it comes.
 */
export function createAwaitedTopics({ topics, plans, log, intervalMs = 1000 }: AwaitedTopicsOptions): AwaitedTopics {
  // A set may have thousands of names and patterns, and readiness is asked for often.
  let known: { readonly plan: Plan; readonly read: readonly string[]; readonly awaited: readonly string[] } | null =
    null

  const list = (): readonly string[] | null => {
    const plan = plans.current()
    const read = topics()
    if (plan === null || read === null) return null
    if (known?.plan !== plan || known.read !== read) known = { plan, read, awaited: plan.unmatched(read) }
    return known.awaited
  }

  return {
    list,
    run: async signal => {
      let told = new Set<string>()
      while (!signal.aborted) {
        const awaited = list()
        if (awaited !== null) {
          const unsaid = awaited.filter(name => !told.has(name))
          if (unsaid.length > 0)
            log.warn(
              { code: 'KAFKA_TOPIC_MISSING', topics: unsaid.slice(0, MAX_LOGGED), count: unsaid.length },
              errorCatalogue.KAFKA_TOPIC_MISSING.message,
            )
          // One that came and went is told again.
          told = new Set(awaited)
        }
        await pause(intervalMs, signal)
      }
    },
  }
}
