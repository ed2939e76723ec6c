import type { Stack } from '../../../compose/stack/stack.ts'
import { until } from '../stack/until.ts'
import type { Ground } from './ground.ts'
import type { Readiness } from './scrim.ts'

const parts = {
  broker: { of: (stack: Stack) => stack.broker(1), code: 'KAFKA_UNAVAILABLE' },
  postgres: { of: (stack: Stack) => stack.postgresProcess, code: 'POSTGRES_UNAVAILABLE' },
  connect: { of: (stack: Stack) => stack.connect(), code: 'CONNECT_UNAVAILABLE' },
} as const

/** Those that Scrim itself feels. */
export const ownOutages = ['broker killed', 'postgres killed', 'broker frozen', 'postgres frozen'] as const

/** A part, and what is done to it. */
export type Outage = (typeof ownOutages)[number] | 'connect killed'

export interface OutageOptions {
  readonly stack: Stack
  readonly outage: Outage
  readonly lastsMs: number
  readonly ready: () => Promise<Readiness>
  /** Resolves when something that began after the call has come through. */
  readonly working: () => Promise<unknown>
  /** Asked while the part is away. */
  readonly meanwhile?: () => Promise<unknown>
}

/**
 * Takes one part away for a time while records come in. Readiness has to name it while it is away, and afterwards
 * readiness and work have to come back.
 */
export async function throughOutage(options: OutageOptions): Promise<void> {
  const { stack, outage, lastsMs, ready, working, meanwhile } = options
  const [name, how] = outage.split(' ') as [keyof typeof parts, string]
  const { of, code } = parts[name]
  const part = of(stack)
  const codes = async (): Promise<string[]> => codesOf(await ready())
  await working()
  const from = performance.now()
  if (how === 'killed') await part.kill()
  else part.freeze()
  try {
    await until(`readiness to name ${code}`, async () => (await codes()).includes(code), 30_000)
    await meanwhile?.()
    await until('the outage to last', () => performance.now() - from >= lastsMs, lastsMs + 5_000)
  } finally {
    if (how === 'killed') await part.start()
    else part.thaw()
  }
  await until('readiness to come back', async () => (await codes()).length === 0, 60_000)
  await working()
}

/** Of reasons not to be ready, and of notices: without Connect records go on, so it is one of the latter. */
const codesOf = ({ reasons, notices }: Readiness): string[] => [
  ...reasons.map(({ code }) => code),
  ...notices.flatMap(notice => /^[A-Z_]+(?=:)/.exec(notice) ?? []),
]

const someRecords = 1000

/** Resolves when Scrim has committed records that were not committed before. */
export async function commits(ground: Ground): Promise<void> {
  const before = await ground.committed()
  await until('records to be committed', async () => (await ground.committed()) > before + someRecords, 60_000)
}
