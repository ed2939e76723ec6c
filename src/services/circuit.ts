import { backOffMs } from './back-off.ts'

/**
 * Spares something that is away. Closed: every call may go. After some failures in a row it is open, and nothing goes until
 * `until`; the one call that may go then (half open) closes it or opens it for longer. Plain data: no clock, no timer.
 */
export interface Circuit {
  readonly failures: number
  /** Nothing goes before this moment; 0: it is closed. */
  readonly until: number
}

export const closedCircuit: Circuit = { failures: 0, until: 0 }

export interface CircuitLimits {
  /** So many failures in a row open it. */
  readonly failures: number
  /** How long it is open at first; doubles with each failure of a half-open call. */
  readonly firstMs: number
  readonly mostMs: number
}

export type CircuitState = 'closed' | 'open' | 'half open'

export function circuitState({ until }: Circuit, now: number): CircuitState {
  if (until === 0) return 'closed'
  return now < until ? 'open' : 'half open'
}

/** With a random part of the time, so that several instances do not come back in step. */
export function afterFailure(
  { failures: before }: Circuit,
  { failures: limit, firstMs, mostMs }: CircuitLimits,
  now: number,
  random: () => number,
): Circuit {
  const failures = before + 1
  if (failures < limit) return { failures, until: 0 }
  return { failures, until: now + backOffMs(failures - limit + 1, { firstMs, mostMs, random }) }
}
