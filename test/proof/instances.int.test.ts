import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import type { Scrim } from '../support/proof/scrim.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const graceMs = 5000

describeWithStack('instances under load', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  test('one joins, one is told to stop, one is killed: nothing lost, and a stop is quick, clean and repeats nothing', async () => {
    const here = await createGround({ brokers, postgres, env: { SCRIM_GRACE_MS: String(graceMs) } })
    ground = here
    const has = (scrim: Scrim, partitions: number): boolean => {
      const last = scrim
        .log()
        .match(/"partitions":\d+,.*assigned/g)
        ?.at(-1)
      return last?.startsWith(`"partitions":${partitions},`) ?? false
    }
    const working = async (): Promise<void> => {
      const before = await here.committed()
      await until('the work to go on', async () => (await here.committed()) > before + 500)
    }
    const load = here.load({ seed: 9, perSecond: 1500, poison: 0.001 })
    const first = await here.start()
    await until('the first to have all', () => has(first, 4))
    await working()
    const second = await here.start()
    await until('both to have partitions', () => has(first, 2) && has(second, 2))
    await working()
    const { code, tookMs } = await first.stop()
    expect(code).toBe(0)
    expect(tookMs).toBeLessThan(graceMs + 1000)
    await until('the second to have all', () => has(second, 4))
    await working()
    // Joins, leaves and stops in order repeat nothing; only a kill may.
    const orderly = await here.repeated()
    expect(orderly).toBe(0)

    const third = await here.start()
    await until('the third to have some', () => has(third, 2))
    await working()
    await second.kill()
    await until('the third to have all', () => has(third, 4))
    await working()
    const stopping = third.stop()
    await load.stop()
    expect(await stopping).toMatchObject({ code: 0 })
    const last = await here.start()
    await here.caughtUp()
    expect(await last.stop()).toMatchObject({ code: 0 })
    expect(await here.judge()).toMatchObject({ faults: [] })
  })
})
