import { createGround } from '../support/proof/ground.ts'
import { commits, ownOutages, throughOutage } from '../support/proof/outages.ts'
import { readOptions } from './proof-options.ts'
import { tell, withProofStack } from './proof-stack.ts'

const { minutes, only, rate, seed } = readOptions({
  name: 'prove:outage',
  about:
    'Long outages under load, judged record by record. A run that was stopped goes on with the outages that are\nleft, each by --only.',
  options: {
    minutes: { about: 'how long each lasts', byDefault: 5, least: 0.1, isFraction: true },
    only: { about: 'one of them', names: ownOutages },
    rate: { about: 'records per second', byDefault: 300, least: 1 },
    seed: { about: 'decides the records', byDefault: 1 },
  },
})

await withProofStack(async stack => {
  for (const outage of only === undefined ? ownOutages : [only]) {
    const ground = await createGround({ brokers: stack.brokers, postgres: stack.postgres })
    try {
      const scrim = await ground.start()
      const load = ground.load({ seed, perSecond: rate, poison: 0.001 })
      await throughOutage({
        stack,
        outage,
        lastsMs: minutes * 60_000,
        ready: scrim.ready,
        working: () => commits(ground),
      })
      await load.stop()
      await ground.caughtUp(600_000)
      const { code } = await scrim.stop()
      const { raw, repeated, rejected, faults } = await ground.judge()
      tell(
        `${outage} for ${minutes} minutes: ${raw} records, ${repeated} published again, ${rejected} sealed; exit code ${code}`,
      )
      if (faults.length === 0 && code === 0) continue
      tell(`FAULTS:\n${faults.join('\n')}`)
      process.exitCode = 1
    } finally {
      await ground.release()
    }
  }
})
