import { ScrimError } from '../errors.ts'
import { pause } from './back-off.ts'
import type { ConnectorSource, ConnectorState, Dependency } from './ports/watching.ts'
import type { Log } from './ports/log.ts'

export interface ConnectorWatchOptions {
  readonly source: ConnectorSource
  /** Connectors to watch; empty: all. */
  readonly names: readonly string[]
  readonly metrics: { readonly connectors: (states: readonly ConnectorState[]) => void }
  readonly log: Log
  readonly intervalMs?: number
  readonly now?: () => number
}

export interface ConnectorWatch {
  /** As last seen; they stay while Connect does not answer. */
  readonly states: () => readonly ConnectorState[]
  readonly dependency: () => Dependency
  readonly run: (signal: AbortSignal) => Promise<void>
}

const FAILURES_UNTIL_DOWN = 3

/** Asks Connect for the states of its connectors. Only watches: a connector is restarted by people. */
export function createConnectorWatch({
  source,
  names,
  metrics,
  log,
  intervalMs = 5000,
  now = Date.now,
}: ConnectorWatchOptions): ConnectorWatch {
  let failures = 0
  let states: readonly ConnectorState[] = []
  let dependency: Dependency = { name: 'connect', up: false, code: 'CONNECT_UNAVAILABLE', since: new Date(now()) }

  const note = (up: boolean): void => {
    if (dependency.up === up) return
    dependency = { name: 'connect', up, code: up ? null : 'CONNECT_UNAVAILABLE', since: new Date(now()) }
    log.info({ up }, 'Kafka Connect')
  }

  async function look(): Promise<void> {
    try {
      const all = await source.states()
      const next = names.length === 0 ? all : names.map(name => all.find(state => state.name === name) ?? missing(name))
      for (const state of next)
        tell(
          state,
          states.find(({ name }) => name === state.name),
        )
      states = next
      metrics.connectors(states)
      failures = 0
      note(true)
    } catch (error) {
      if (!(error instanceof ScrimError) || error.kind !== 'dependency') throw error
      // Connect refuses for seconds each time its workers share out tasks anew: that is not an outage.
      if (++failures >= FAILURES_UNTIL_DOWN) note(false)
    }
  }

  /** A connector whose state changed, once for each change. */
  function tell(state: ConnectorState, before: ConnectorState | undefined): void {
    if (before !== undefined && summary(before) === summary(state)) return
    const isFailed = summary(state).includes('FAILED')
    const say = isFailed ? log.warn : log.info
    say(
      { connector: state.name, state: state.state, tasks: state.tasks.map(task => `${task.id} ${task.state}`) },
      'connector',
    )
  }

  return {
    states: () => states,
    dependency: () => dependency,
    run: async signal => {
      while (!signal.aborted) {
        await look()
        await pause(intervalMs, signal)
      }
    },
  }
}

/** A connector that was asked for and is not there. */
const missing = (name: string): ConnectorState => ({ name, type: 'unknown', state: 'MISSING', tasks: [] })

const summary = ({ state, tasks }: ConnectorState): string => `${state} ${tasks.map(task => task.state).join(' ')}`
