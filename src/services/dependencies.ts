import { type ErrorCode, ScrimError } from '../errors.ts'
import { pause } from './back-off.ts'
import type { Dependency } from './ports/watching.ts'
import type { Log } from './ports/log.ts'

export interface Probe {
  readonly name: Dependency['name']
  /** Null where it answers, else why not. */
  readonly ask: () => Promise<ErrorCode | null>
}

export interface Dependencies {
  readonly states: () => readonly Dependency[]
  readonly run: (signal: AbortSignal) => Promise<void>
}

/** Asks what we depend on whether it is there, for readiness and metrics. The loops find out for themselves when they need it. */
export function createDependencies(options: {
  readonly probes: readonly Probe[]
  readonly metrics: { readonly dependencies: (states: readonly Dependency[]) => void }
  readonly log: Log
  readonly intervalMs?: number
  readonly now?: () => number
}): Dependencies {
  const { probes, metrics, log, intervalMs = 2000, now = Date.now } = options
  const states = new Map<string, Dependency>()

  async function look({ name, ask }: Probe): Promise<void> {
    const code = await ask().catch((error: unknown) => {
      if (error instanceof ScrimError) return error.code
      throw error
    })
    const known = states.get(name)
    if (known?.code === code && known.up === (code === null)) return
    states.set(name, { name, up: code === null, code, since: new Date(now()) })
    if (code === null) log.info({ dependency: name }, 'is there')
    else log.warn({ dependency: name, code }, 'is away')
  }

  return {
    states: () => [...states.values()],
    run: async signal => {
      while (!signal.aborted) {
        await Promise.all(probes.map(look))
        metrics.dependencies([...states.values()])
        await pause(intervalMs, signal)
      }
    },
  }
}
