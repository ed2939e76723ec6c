import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { type Outage, outages, throughOutage } from '../support/proof/outages.ts'
import { describeWithOwnStack } from '../support/stack/require-stack.ts'

// The frozen broker has to be longer silent than a request may wait, or nobody would notice.
const seconds: Readonly<Record<Outage, number>> = {
  'broker killed': 20,
  'postgres killed': 6,
  'broker frozen': 10,
  'postgres frozen': 6,
}

describeWithOwnStack('outages under load', { brokers: 1, connect: false, secure: false, databases: [] }, stack => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  test('broker and Postgres away, killed and frozen: the gate waits, says so, goes on, and nothing is lost', async () => {
    ground = await createGround({ brokers: stack().brokers, postgres: stack().postgres })
    const scrim = await ground.start()
    const load = ground.load({ seed: 21, perSecond: 600, poison: 0.002 })
    for (const outage of outages)
      await throughOutage({ stack: stack(), ground, scrim, outage, lastsMs: seconds[outage] * 1000 })
    await load.stop()
    await ground.caughtUp(90_000)
    // It was one process all the time, and still ends in order.
    expect(await scrim.stop()).toMatchObject({ code: 0 })
    const verdict = await ground.judge()
    expect(verdict).toMatchObject({ faults: [] })
    expect(verdict.rejected).toBeGreaterThan(0)
  }, 300_000)
})
