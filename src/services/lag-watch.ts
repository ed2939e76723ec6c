import { partitionId } from './partition-id.ts'
import { pause } from './back-off.ts'
import type { HeldPartition, RawSource } from './ports/stream.ts'

/** How far one partition is behind, as this instance knows without asking. */
export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  readonly messages: number
  /** How long the oldest record that waits has been waiting since we last were at the end. */
  readonly seconds: number
}

/** Tells metrics how far each assigned partition is behind, and which ones are held. */
export function createLagWatch(options: {
  readonly source: Pick<RawSource, 'assigned'>
  readonly held: () => readonly HeldPartition[]
  readonly metrics: {
    readonly lag: (partitions: readonly PartitionLag[]) => void
    readonly held: (partitions: readonly HeldPartition[]) => void
  }
  readonly intervalMs?: number
  readonly now?: () => number
}): { readonly run: (signal: AbortSignal) => Promise<void> } {
  const { source, held, metrics, intervalMs = 1000, now = Date.now } = options
  const atEnd = new Map<string, number>()
  return {
    run: async signal => {
      while (!signal.aborted) {
        const assigned = source.assigned()
        const ours = new Set(assigned.map(partitionId))
        // One that comes back later begins anew: what another instance did meanwhile is not known here.
        for (const id of [...atEnd.keys()]) if (!ours.has(id)) atEnd.delete(id)
        metrics.lag(
          assigned.map(({ topic, partition, position, highWatermark }) => {
            const id = partitionId({ topic, partition })
            const messages = Math.max(0, Number(highWatermark - position))
            if (messages === 0 || !atEnd.has(id)) atEnd.set(id, now())
            return { topic, partition, messages, seconds: (now() - (atEnd.get(id) as number)) / 1000 }
          }),
        )
        metrics.held(held())
        await pause(intervalMs, signal)
      }
    },
  }
}
