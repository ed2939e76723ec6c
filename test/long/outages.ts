import { parseArgs } from 'node:util'
import { createGround } from '../support/proof/ground.ts'
import { type Outage, outages, throughOutage } from '../support/proof/outages.ts'
import { tell, withProofStack } from './proof-stack.ts'

/**
 * Long outages under load, judged record by record: `npm run prove:outage -- --minutes 5`. `--only 'broker killed'` runs
 * one of them, so that a run that was stopped can go on.
 */
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '5' },
    only: { type: 'string' },
    rate: { type: 'string', default: '300' },
    seed: { type: 'string', default: '1' },
  },
})
const wanted = outages.filter((name): name is Outage => values.only === undefined || values.only === name)
if (wanted.length === 0) throw new Error(`--only knows ${outages.join(', ')}`)

await withProofStack(async stack => {
  for (const outage of wanted) {
    const ground = await createGround({ brokers: stack.brokers, postgres: stack.postgres })
    try {
      const scrim = await ground.start()
      const load = ground.load({ seed: Number(values.seed), perSecond: Number(values.rate), poison: 0.001 })
      await throughOutage({ stack, ground, scrim, outage, lastsMs: Number(values.minutes) * 60_000 })
      await load.stop()
      await ground.caughtUp(600_000)
      const { code } = await scrim.stop()
      const { raw, repeated, rejected, faults } = await ground.judge()
      tell(
        `${outage} for ${values.minutes} minutes: ${raw} records, ${repeated} published again, ${rejected} sealed; exit code ${code}`,
      )
      if (faults.length === 0 && code === 0) continue
      tell(`FAULTS:\n${faults.join('\n')}`)
      process.exitCode = 1
    } finally {
      await ground.release()
    }
  }
})
