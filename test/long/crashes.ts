import { parseArgs } from 'node:util'
import { createGround } from '../support/proof/ground.ts'
import { killAtRandom } from '../support/proof/kill-at-random.ts'
import { tell, withProofStack } from './proof-stack.ts'

/**
 * Kills the real process again and again under load, and judges what came out record by record:
 * `npm run prove:crash -- --seed S --count N`. Rounds of kills are numbered from the seed, so a run that was stopped goes
 * on with `--from` as it told last.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '100' },
    from: { type: 'string', default: '0' },
    rate: { type: 'string', default: '1000' },
  },
})
const killsPerRound = 10
const [seed, count, from, perSecond] = [values.seed, values.count, values.from, values.rate].map(Number) as [
  number,
  number,
  number,
  number,
]

await withProofStack(async stack => {
  for (let kills = from; kills < count && process.exitCode === undefined; ) {
    const some = Math.min(killsPerRound, count - kills)
    const ground = await createGround({ brokers: stack.brokers, postgres: stack.postgres })
    try {
      await killAtRandom(ground, { seed: seed * 1_000_003 + kills, kills: some, perSecond })
      const { raw, published, rejected, repeated, faults } = await ground.judge()
      kills += some
      tell(
        `${kills} of ${count} kills; ${raw} records, ${published} published, ${repeated} of them again, ${rejected} sealed; to go on: --seed ${seed} --from ${kills}`,
      )
      if (faults.length > 0) {
        tell(
          `FAULTS in the round from ${kills - some} (--seed ${seed} --from ${kills - some} --count ${kills}):\n${faults.join('\n')}`,
        )
        process.exitCode = 1
      }
    } finally {
      await ground.release()
    }
  }
})
if (process.exitCode === undefined) tell(`nothing lost, nothing unmasked, every order kept (seed ${seed})`)
