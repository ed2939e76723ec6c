import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { commits, ownOutages, throughOutage } from '../support/proof/outages.ts'
import { describeWithOwnStack } from '../support/stack/require-stack.ts'

// The frozen broker has to be longer silent than a request may wait, or nobody would notice.
const seconds: Readonly<Record<(typeof ownOutages)[number], number>> = {
  'broker killed': 20,
  'postgres killed': 6,
  'broker frozen': 10,
  'postgres frozen': 6,
}

describeWithOwnStack('outages under load', { brokers: 1, connect: false, secure: false, databases: [] }, stack => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  test('broker and Postgres away, killed and frozen: the gate waits, says so, goes on, and nothing is lost', async () => {
    const here = await createGround({ brokers: stack().brokers, postgres: stack().postgres })
    ground = here
    const { ready, stop } = await here.start()
    const load = here.load({ seed: 21, perSecond: 600, poison: 0.002 })
    const working = () => commits(here)
    for (const outage of ownOutages)
      await throughOutage({ stack: stack(), outage, lastsMs: seconds[outage] * 1000, ready, working })
    await load.stop()
    await here.caughtUp(90_000)
    // It was one process all the time, and still ends in order.
    expect(await stop()).toMatchObject({ code: 0 })
    const verdict = await here.judge()
    expect(verdict).toMatchObject({ faults: [] })
    expect(verdict.rejected).toBeGreaterThan(0)
  }, 300_000)
})
