import { ScrimError } from '../errors.ts'
import { backOffMs, pause } from './back-off.ts'
import type { Dependency, Log } from './ports.ts'

/** Makes a thing at first use and keeps it; a failure is not kept. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => {
    made ??= make().catch((error: unknown) => {
      made = null
      throw error
    })
    return made
  }
}

/** Tries until the dependency is there; resolves early at the signal. Anything but its absence is passed on. */
export async function whenThere(attempt: () => Promise<void>, name: Dependency['name'], log: Log, signal: AbortSignal): Promise<void> {
  for (let n = 1; !signal.aborted; n++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ScrimError) || !error.retriable) throw error
      log.warn({ dependency: name, code: error.code, attempt: n }, 'waiting')
      await pause(backOffMs(n, { mostMs: 5_000 }), signal)
    }
  }
}
