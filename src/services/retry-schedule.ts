import { type ErrorCode, errorCatalogue } from '../errors.ts'
import { backOffMs } from './back-off.ts'

/**
 * When a dead letter is tried again by itself. Of the codes that make one, RECORD_TOO_LARGE alone can heal while nobody
 * looks: the output topic gets a larger limit. The others wait for somebody to replay them. What a retry meets in its
 * turn, policies and services that are not ready for it, may also be over by the next.
 */

const FIRST_MS = 30_000
const MOST_MS = 3_600_000

/** Could the next attempt succeed although the record stays as it is? Said of what made the letter or met the last attempt. */
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
