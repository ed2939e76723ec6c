import { createGround } from '../support/proof/ground.ts'
import { killAtRandom } from '../support/proof/kill-at-random.ts'
import { readOptions } from './proof-options.ts'
import { tell, withProofStack } from './proof-stack.ts'

const killsPerRound = 10
const {
  seed,
  count,
  from,
  rate: perSecond,
} = readOptions({
  name: 'prove:crash',
  about:
    'Kills the real process again and again under load, and judges what came out record by record. Rounds of kills are\nnumbered from the seed, so a run that was stopped goes on with --from as it told last.',
  options: {
    seed: { about: 'decides records and moments', byDefault: 1 },
    count: { about: 'kills', byDefault: 100, least: 1 },
    from: { about: 'go on after so many kills', byDefault: 0 },
    rate: { about: 'records per second', byDefault: 1000, least: 1 },
  },
  check: values => (values.from < values.count ? null : '--from leaves nothing of --count'),
})

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
