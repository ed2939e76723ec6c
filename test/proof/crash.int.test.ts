import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { killAtRandom } from '../support/proof/kill-at-random.ts'

describeWithStack('kill -9', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  test('at random moments under load: nothing lost, nothing unmasked, each key ends right, each record has its row', async () => {
    ground = await createGround({ brokers, postgres })
    const seed = 1 + Math.floor(Math.random() * 1e6)
    await killAtRandom(ground, { seed, kills: 6, perSecond: 1500 })
    const verdict = await ground.judge()
    expect({ ...verdict, seed }).toMatchObject({ faults: [] })
    expect(verdict.raw).toBeGreaterThan(5_000)
    expect(verdict.rejected).toBeGreaterThan(0)
  })
})
