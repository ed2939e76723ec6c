import { createRandom } from '../random.ts'
import { until } from '../stack/until.ts'
import type { Ground } from './ground.ts'

export interface KillOptions {
  readonly seed: number
  readonly kills: number
  readonly perSecond: number
  readonly onKill?: (n: number) => void
}

/**
 * Load, and a process that is killed again and again, at a moment of its work that the seed chooses; then a last one that
 * works off the rest and ends in order.
 */
export async function killAtRandom(ground: Ground, { seed, kills, perSecond, onKill }: KillOptions): Promise<void> {
  const random = createRandom(seed)
  const load = ground.load({ seed, poison: 0.003, perSecond })
  try {
    for (let n = 0; n < kills; n++) {
      const before = await ground.committed()
      const scrim = await ground.start()
      await until('records to be committed', async () => (await ground.committed()) > before)
      const moment = performance.now() + random.below(700)
      await until('the moment to kill', () => performance.now() >= moment)
      await scrim.kill()
      onKill?.(n + 1)
    }
  } finally {
    await load.stop()
  }
  const scrim = await ground.start()
  await ground.caughtUp()
  const { code } = await scrim.stop()
  if (code !== 0) throw new Error(`the last process ended with ${code}`)
}
