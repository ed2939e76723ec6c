import type { Releasers } from '../../compose/demo/road.ts'
import { Discrepancy, verifyRecords, verifySilence, verifyTables } from '../../compose/demo/verify.ts'
import type { Stack } from '../../compose/stack/stack.ts'
import { busyStack, startBusyRoad } from '../support/proof/busy-road.ts'
import { createGround } from '../support/proof/ground.ts'
import { commits, type Outage, ownOutages, throughOutage } from '../support/proof/outages.ts'
import { readOptions } from './proof-options.ts'
import { tell, withProofStack } from './proof-stack.ts'

const outages: readonly Outage[] = [...ownOutages, 'connect killed']

const { minutes, only, rate, seed } = readOptions({
  name: 'prove:outage',
  about:
    'Long outages, judged record by record under load, and row by row along the whole road. A run that was stopped goes\non with the outages that are left, each by --only.',
  options: {
    minutes: { about: 'how long each lasts', byDefault: 5, least: 0.1, isFraction: true },
    only: { about: 'one of them', names: outages },
    rate: { about: 'records per second', byDefault: 300, least: 1 },
    seed: { about: 'decides the records', byDefault: 1 },
  },
})
const lastsMs = minutes * 60_000

for (const outage of only === undefined ? outages : [only]) {
  if (outage !== 'connect killed') await withProofStack(stack => judgeRecords(stack, outage))
  await withProofStack(stack => judgeRows(stack, outage), busyStack)
}

async function judgeRecords(stack: Stack, outage: Outage): Promise<void> {
  const ground = await createGround({ brokers: stack.brokers, postgres: stack.postgres })
  try {
    const scrim = await ground.start()
    const load = ground.load({ seed, perSecond: rate, poison: 0.001 })
    await throughOutage({ stack, outage, lastsMs, ready: scrim.ready, working: () => commits(ground) })
    await load.stop()
    await ground.caughtUp(600_000)
    const { code } = await scrim.stop()
    const { raw, repeated, rejected, faults } = await ground.judge()
    tell(
      `${outage} for ${minutes} minutes: ${raw} records, ${repeated} published again, ${rejected} sealed; exit code ${code}`,
    )
    if (faults.length > 0 || code !== 0) fault(faults.join('\n'))
  } finally {
    await ground.release()
  }
}

async function judgeRows(stack: Stack, outage: Outage): Promise<void> {
  const { signal } = new AbortController()
  const releasers: Releasers = []
  try {
    const road = await startBusyRoad(stack, releasers)
    const restarted = await road.through(outage, lastsMs)
    const settled = await road.settle()
    const { rows, cells } = await verifyTables(settled, signal)
    const { rows: records } = await verifyRecords(settled, signal)
    const { secrets } = await verifySilence(settled)
    const code = await settled.service.stop()
    tell(
      `${outage} for ${minutes} minutes, to the target: ${road.made()} changes, ${records} records, ${rows} rows of ${cells} cells, ${secrets} secrets looked for; connectors restarted by hand: ${restarted.join(', ') || 'none'}; exit code ${code}`,
    )
    if (code !== 0) fault('Scrim did not end in order')
  } catch (error) {
    if (!(error instanceof Discrepancy)) throw error
    fault(`${outage}, to the target: ${error.message}`)
  } finally {
    for (const release of releasers.reverse()) await release()
  }
}

function fault(what: string): void {
  tell(`FAULTS:\n${what}`)
  process.exitCode = 1
}
