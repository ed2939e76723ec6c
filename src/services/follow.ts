import { errorCatalogue, ScrimError } from '../errors.ts'
import { pause } from './back-off.ts'
import type { Log } from './ports/log.ts'

export interface Followed {
  /** What is looked at, for the log. */
  readonly name: string
  /** Calls `changed` after each change, until the signal; may break off. */
  readonly watch: (changed: () => void, signal: AbortSignal) => Promise<void>
  /** Reads the state anew. An error of the catalogue is its own business to report; it is handed to `onError`. */
  readonly look: () => Promise<unknown>
  readonly onError: (error: ScrimError) => void
}

/** Looks after each change until the signal. A watch that breaks off is begun anew, and the state read again each time. */
export async function follow(
  { name, watch, look, onError }: Followed,
  log: Log,
  signal: AbortSignal,
  retryMs = 1000,
): Promise<void> {
  const lookNow = (): void => {
    look().catch((error: unknown) => {
      if (error instanceof ScrimError) onError(error)
      else log.error({ watch: name, error: classOf(error) }, errorCatalogue.INTERNAL.message)
    })
  }
  while (!signal.aborted) {
    try {
      const watching = watch(lookNow, signal)
      lookNow() // what changed between the last look and the beginning of the watch
      await watching
    } catch (error) {
      log.warn({ watch: name, error: classOf(error) }, 'a watch broke off and is begun anew')
    }
    await pause(retryMs, signal)
  }
}

/** A watch for what cannot tell of changes: says "changed" again and again. */
export const everyMs =
  (intervalMs: number) =>
  async (changed: () => void, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      await pause(intervalMs, signal)
      if (!signal.aborted) changed()
    }
  }

/** What may be told of an error that is not ours: its text quotes data. */
export const classOf = (error: unknown): string =>
  error instanceof ScrimError ? error.code : error instanceof Error ? error.name : typeof error
