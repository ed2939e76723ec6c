import type { DeadLetter, DeadLetterRegister, DeadLetterSink } from './ports/dead-letters.ts'
import { nextAttemptAt } from './retry-schedule.ts'

/** Where sealed letters are kept. */
export interface LetterBox {
  /** Resolves when the letters are durable, with the place of each, in order. */
  readonly put: (
    letters: readonly DeadLetter[],
  ) => Promise<readonly { readonly partition: number; readonly offset: bigint }[]>
}

/**
 * Letters first, then their entries. A crash in between repeats both: the letter lies there twice under the same key, and
 * the entry is the same again. While only the register is away, the letters are not written again.
 */
export function createDeadLetterSink(options: {
  readonly box: LetterBox
  readonly register: DeadLetterRegister
  readonly now?: () => number
}): DeadLetterSink {
  const { box, register, now = Date.now } = options
  const written = new WeakMap<readonly DeadLetter[], Awaited<ReturnType<LetterBox['put']>>>()
  return {
    put: async (letters, claim) => {
      const places = written.get(letters) ?? (await box.put(letters))
      written.set(letters, places)
      return register.add(
        letters.map(({ offset, timestamp, sealed, ...letter }, n) => ({
          topic: letter.topic,
          partition: letter.partition,
          views: letter.views,
          code: letter.code,
          path: letter.path,
          policyVersion: letter.policyVersion,
          offset: String(offset),
          timestamp: new Date(Math.max(0, timestamp)),
          keyId: sealed?.keyId ?? null,
          bucket: sealed?.bucket ?? null,
          recordId: letter.recordId,
          parkedBy: letter.parkedBy,
          nextAttemptAt: nextAttemptAt(letter.code, 0, now()),
          letterBytes: sealed?.bytes.length ?? null,
          letterPartition: places[n]?.partition ?? null,
          letterOffset: places[n] === undefined ? null : String(places[n].offset),
        })),
        claim,
      )
    },
  }
}
