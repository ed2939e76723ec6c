import { partitionId } from './partition-id.ts'

/** How many dead letters a partition may make in a window: more of them are no accident. */
export interface DeadLetterLimit {
  /** Counted by offset, so a repeated batch counts once. */
  readonly admits: (topic: string, partition: number, offset: bigint) => boolean
  readonly reset: () => void
}

export function createDeadLetterLimit(most: number, windowMs: number, now: () => number): DeadLetterLimit {
  const recent = new Map<string, Map<bigint, number>>()
  return {
    admits: (topic, partition, offset) => {
      const id = partitionId({ topic, partition })
      const seen = recent.get(id) ?? new Map<bigint, number>()
      recent.set(id, seen)
      for (const [known, at] of seen) if (at <= now() - windowMs) seen.delete(known)
      if (!seen.has(offset) && seen.size >= most) return false
      seen.set(offset, now())
      return true
    },
    reset: () => recent.clear(),
  }
}
