import { setTimeout as sleep } from 'node:timers/promises'

/** How long to wait before attempt n (1, 2, ...): doubling, capped, with full jitter so that instances do not march in step. */
export function backOffMs(attempt: number, { firstMs = 100, mostMs = 10_000, random = Math.random } = {}): number {
  const ceiling = Math.min(mostMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  return ceiling / 2 + (random() * ceiling) / 2
}

/** Resolves after the time, or at once when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, { signal })
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
