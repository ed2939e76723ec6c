import { createGate } from './gate.ts'

/** Longer than a batch needs while all it talks to answers. */
const PATIENCE_MS = 250

/** Where batches are worked on, so many at the same time. */
export interface Places {
  /** Resolves when there is a place, in order of arrival. */
  readonly take: () => Promise<Place>
}

export interface Place {
  /**
   * Runs the work in the place. Work that takes long waits for something outside, such as a topic that refuses: it steps
   * aside, and the place is another's. `onAside` is told of it; the next work waits for a place again.
   */
  readonly work: <T>(bytes: number, work: () => Promise<T>, onAside: () => void) => Promise<T>
  readonly leave: () => void
}

export interface PlacesOptions {
  readonly count: number
  /** What all that stepped aside may hold in memory; with no room the work keeps its place. */
  readonly asideBytes: number
  readonly patienceMs?: number
}

export function createPlaces({ count, asideBytes, patienceMs = PATIENCE_MS }: PlacesOptions): Places {
  const gate = createGate(count)
  let aside = 0
  return {
    take: async () => {
      let leave: (() => void) | null = await gate.enter()
      return {
        work: async (bytes, work, onAside) => {
          leave ??= await gate.enter()
          // Asks again and again: there may be room later.
          const timer = setInterval(() => {
            if (leave === null || (aside > 0 && aside + bytes > asideBytes)) return
            aside += bytes
            leave()
            leave = null
            onAside()
          }, patienceMs)
          try {
            return await work()
          } finally {
            clearInterval(timer)
            if (leave === null) aside -= bytes
          }
        },
        leave: () => {
          leave?.()
          leave = null
        },
      }
    },
  }
}
