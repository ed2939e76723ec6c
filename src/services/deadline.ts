/** One time limit for several steps that follow each other. */
export interface Deadline {
  /** From now on the time runs; only the first call counts. */
  readonly start: () => void
  /** What is left, all of it before the start, never below 0. */
  readonly leftMs: () => number
}

export function createDeadline(limitMs: number, now: () => number = () => performance.now()): Deadline {
  let startedAt: number | null = null
  return {
    start: () => {
      startedAt ??= now()
    },
    leftMs: () => (startedAt === null ? limitMs : Math.max(0, limitMs - (now() - startedAt))),
  }
}

/** Resolves at the signal. */
export const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(resolve =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )
