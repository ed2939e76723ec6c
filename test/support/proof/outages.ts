import type { Stack } from '../../../compose/stack/stack.ts'
import { until } from '../stack/until.ts'
import type { Ground } from './ground.ts'
import type { Scrim } from './scrim.ts'

export const outages = ['broker killed', 'postgres killed', 'broker frozen', 'postgres frozen'] as const
export type Outage = (typeof outages)[number]

const someRecords = 1000

export interface OutageOptions {
  readonly stack: Stack
  readonly ground: Ground
  readonly scrim: Scrim
  readonly outage: Outage
  readonly lastsMs: number
}

/**
 * Takes one part away for a time while records come in. Readiness has to name it while it is away, the process has to
 * live through it, and afterwards readiness and commits have to come back by themselves.
 */
export async function throughOutage({ stack, ground, scrim, outage, lastsMs }: OutageOptions): Promise<void> {
  const isBroker = outage.startsWith('broker')
  const part = isBroker ? stack.broker(1) : stack.postgresProcess
  const code = isBroker ? 'KAFKA_UNAVAILABLE' : 'POSTGRES_UNAVAILABLE'
  await working(ground)
  const from = performance.now()
  if (outage.endsWith('killed')) await part.kill()
  else part.freeze()
  try {
    await until(`readiness to name ${code}`, async () => (await codes(scrim)).includes(code), 30_000)
    await until('the outage to last', () => performance.now() - from >= lastsMs, lastsMs + 5_000)
  } finally {
    if (outage.endsWith('killed')) await part.start()
    else part.thaw()
  }
  await until('readiness to come back', async () => (await codes(scrim)).length === 0, 60_000)
  await working(ground)
}

const codes = async (scrim: Scrim): Promise<string[]> => (await scrim.ready()).reasons.map(({ code }) => code)

async function working(ground: Ground): Promise<void> {
  const before = await ground.committed()
  await until('records to be committed', async () => (await ground.committed()) > before + someRecords, 60_000)
}
