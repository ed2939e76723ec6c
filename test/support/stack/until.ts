import { setTimeout as sleep } from 'node:timers/promises'

type Truthy<T> = Exclude<T, false | 0 | '' | null | undefined>

/**
 * Waits for a condition instead of for a time: asks until the answer is truthy and returns it. An error counts as "not yet";
 * when the time is up the last one is told.
 */
export async function until<T>(what: string, condition: () => T | Promise<T>, timeoutMs = 30_000): Promise<Truthy<T>> {
  const giveUpAt = Date.now() + timeoutMs
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, 200)) {
    let last: unknown = 'the condition is not met'
    try {
      const answer = await condition()
      if (answer) return answer as Truthy<T>
    } catch (error) {
      last = error
    }
    if (Date.now() > giveUpAt)
      throw new Error(`waited ${timeoutMs} ms for ${what}: ${last instanceof Error ? last.message : last}`)
    await sleep(pauseMs)
  }
}
