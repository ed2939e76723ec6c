import { type ErrorCode, errorCatalogue } from '../errors.ts'
import { backOffMs } from './back-off.ts'

/** When a dead letter is tried again by itself. What only a change of the record could heal is not tried at all. */

const FIRST_MS = 30_000
const MOST_MS = 3_600_000

/** Could it succeed later although the record stays as it is? Topics get larger limits, policies change, services come back. */
export function isRetriable(code: ErrorCode): boolean {
  const { kind } = errorCatalogue[code]
  return kind === 'dependency' || kind === 'policy' || code === 'RECORD_TOO_LARGE'
}

/** After `attempts` that failed with this code; null: no further attempt, somebody must look at it. */
export function nextAttemptAt(code: ErrorCode, attempts: number, nowMs: number, random?: () => number): Date | null {
  if (!isRetriable(code)) return null
  const wait = backOffMs(attempts + 1, {
    firstMs: FIRST_MS,
    mostMs: MOST_MS,
    ...(random === undefined ? {} : { random }),
  })
  return new Date(nowMs + wait)
}
