import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorCode, ScrimError } from '../../errors.ts'
import type { Log } from '../../services/ports/log.ts'
import type { KafkaClient } from './client.ts'

export interface TopicWatchOptions {
  readonly client: KafkaClient
  readonly refreshMs: number
  readonly log: Log
}

/** Which topics there are of those that are wanted: looked up again and again, for a new table is a new topic. */
export interface TopicWatch {
  /** Looks until the signal. */
  readonly run: (signal: AbortSignal) => Promise<void>
  readonly setNames: (names: (topic: string) => boolean) => void
  /** The topics, sorted; the same list as long as they are the same. Null as long as Kafka was not asked since `setNames`. */
  readonly topics: () => readonly string[] | null
  /** There is no topic to read. */
  readonly isEmpty: () => boolean
  /** The topics, sorted, as soon as there are any; none when the signal came. */
  readonly some: (signal: AbortSignal) => Promise<readonly string[]>
  /** Calls back when the topics are others than these; gives what takes that back. */
  readonly onChange: (topics: readonly string[], listener: () => void) => () => void
}

/** Kafka's own, and those of Connect and other systems that keep to the custom. */
const isInternal = (topic: string): boolean => topic.startsWith('__')

export function createTopicWatch({ client, refreshMs, log }: TopicWatchOptions): TopicWatch {
  const listeners = new Set<() => void>()
  let names: (topic: string) => boolean = () => false
  let lookedUpFor: typeof names | null = null
  let existing: readonly string[] = []
  let wanted: readonly string[] = []
  let wake = (): void => {}
  let problem: ErrorCode | null = null

  const choose = (): void => {
    const chosen = existing.filter(topic => !isInternal(topic) && names(topic)).sort()
    if (chosen.join() === wanted.join()) return
    wanted = chosen
    for (const listener of [...listeners]) listener()
  }

  async function look(): Promise<void> {
    const asked = names
    try {
      existing = await client.admin(admin => admin.listTopics())
      problem = null
      choose()
      lookedUpFor = asked
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      if (problem !== error.code) log.warn({ code: error.code }, 'topics not looked up')
      problem = error.code
    }
  }

  return {
    run: async signal => {
      while (!signal.aborted) {
        const woken = new AbortController()
        wake = () => woken.abort()
        await look()
        await sleep(refreshMs, undefined, {
          signal: AbortSignal.any([signal, woken.signal]),
        }).catch(() => {})
      }
    },
    setNames: next => {
      names = next
      choose()
      wake()
    },
    topics: () => (lookedUpFor === names ? wanted : null),
    isEmpty: () => wanted.length === 0,
    some: signal =>
      new Promise(resolve => {
        const check = (): void => {
          if (wanted.length === 0 && !signal.aborted) return
          listeners.delete(check)
          signal.removeEventListener('abort', check)
          resolve(signal.aborted ? [] : wanted)
        }
        listeners.add(check)
        signal.addEventListener('abort', check)
        check()
      }),
    onChange: (topics, listener) => {
      const check = (): void => {
        if (wanted.join() !== topics.join()) listener()
      }
      listeners.add(check)
      check()
      return () => listeners.delete(check)
    },
  }
}
