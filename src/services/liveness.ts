import type { Dependency } from './ports/watching.ts'

export interface LivenessOptions {
  /** When the source's loop moved last: a fetch, a heartbeat, a try to join (milliseconds since 1970). */
  readonly movedAt: () => number
  readonly dependencies: () => readonly Dependency[]
  /** So long it may stand still; must be more than a rebalance takes. */
  readonly stillMs: number
  readonly now?: () => number
}

/**
 * Is there hope without a restart? The loop moves, or Kafka is away (a restart brings it back to nobody) or has come
 * back so lately that the loop may not have noticed. A held partition and a Postgres that is away keep nobody from moving.
 */
export function createLiveness({ movedAt, dependencies, stillMs, now = Date.now }: LivenessOptions): () => boolean {
  return () => {
    const kafka = dependencies().find(({ name }) => name === 'kafka')
    if (kafka !== undefined && !kafka.up) return true
    return now() - Math.max(movedAt(), kafka?.since.getTime() ?? 0) <= stillMs
  }
}
