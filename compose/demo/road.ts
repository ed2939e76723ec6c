import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { download, isDownloaded } from '../stack/download.ts'
import { createKeeper } from '../stack/keeper.ts'
import { type Stack, startStack } from '../stack/stack.ts'
import { readConnector, register } from './connectors.ts'
import { connect, createRoles, createServiceDatabase, createTables } from './databases.ts'
import { tables } from './expected.ts'
import type { Screen } from './screen.ts'
import { type Service, startService } from './service.ts'
import { startTail, type Tail } from './tail.ts'

/** The whole road, running: from smart_warehouse to smart_citizen. */
export interface Road {
  readonly stack: Stack
  readonly service: Service
  /** smart_warehouse. */
  readonly source: pg.Client
  /** smart_citizen. */
  readonly target: pg.Client
  /** Scrim's own database. */
  readonly own: pg.Client
  readonly tail: Tail
  /** From the start, downloads left out, to the first masked row in the target. */
  readonly firstRowMs: number
}

/** What ends things, in the order in which they were begun; run backwards. */
export type Releasers = (() => Promise<unknown>)[]

const warehouse = 'smart_warehouse'
const citizen = 'smart_citizen'

/** Starts all parts and resolves when the first masked row is in the target. What it began is in `releasers`, also when it throws. */
export async function startRoad(screen: Screen, releasers: Releasers, signal: AbortSignal): Promise<Road> {
  await fetchParts(screen, signal)
  const startedAt = performance.now()
  const stack = await startStack({
    brokers: 1,
    connect: true,
    secure: false,
    databases: [warehouse, citizen, 'scrim'],
    signal,
    progress: so => so.kind === 'ready' && screen.step(`${partNames[so.part] ?? so.part} ready`),
  })
  releasers.push(() => stack.stop())
  const { postgres, connectUrl = '' } = stack

  const passwords = await createRoles(postgres)
  const own = await open(postgres.url('scrim'), releasers)
  const [urls] = await Promise.all([
    createServiceDatabase(postgres, 'scrim', passwords),
    createTables(postgres, { warehouse, citizen }),
  ])
  screen.step('databases filled: four tables in smart_warehouse, their empty counterparts in smart_citizen')

  const keeper = await createKeeper(tmpdir())
  releasers.push(() => keeper.release())
  const settings = { ...urls, brokers: stack.brokers, connectUrl }
  const starting = startService(keeper, settings, signal).then(service => {
    releasers.push(() => service.stop())
    screen.step(`Scrim listens on ${service.url}`)
    return service
  })
  const values = {
    WAREHOUSE_DB_HOST: postgres.host,
    WAREHOUSE_DB_PORT: String(postgres.port),
    CITIZEN_DB_HOST: postgres.host,
    CITIZEN_DB_PORT: String(postgres.port),
    DEBEZIUM_PASSWORD: passwords.debezium_user,
    CITIZEN_SINK_PASSWORD: passwords.citizen_sink,
  }
  const registering = (['warehouse-to-citizen-connector', 'citizen-sink'] as const).map(async name => {
    await register(connectUrl, readConnector(name, values), signal)
    screen.step(`connector ${name} runs`)
  })
  const service = await settleAll(starting, ...registering)

  const [source, target] = [
    await open(postgres.url(warehouse), releasers),
    await open(postgres.url(citizen), releasers),
  ]
  await Promise.race([firstRow(target, signal), service.failed])
  const firstRowMs = Math.round(performance.now() - startedAt)
  screen.step('the first masked row is in smart_citizen')
  const topics = tables().flatMap(({ rawTopic, maskedTopic }) => [rawTopic, maskedTopic])
  const tail = await Promise.race([startTail(stack.brokers, topics, signal), service.failed])
  releasers.push(() => tail.stop())
  return { stack, service, source, target, own, tail, firstRowMs }
}

const partNames: Readonly<Record<string, string>> = { postgres: 'Postgres', brokers: 'Kafka', connect: 'Kafka Connect' }

async function fetchParts(screen: Screen, signal: AbortSignal): Promise<void> {
  if (isDownloaded()) return
  screen.step('downloading Kafka, Kafka Connect and the Debezium connectors by Maven: about 140 MB, once')
  let last = ''
  await download(({ files, bytes, elapsedMs }) => {
    last = `${(bytes / 1e6).toFixed(0)} MB, ${files} files, ${(elapsedMs / 1000).toFixed(0)} s`
    screen.progress(`downloading: ${last}`)
  }, signal)
  screen.step(`downloaded: ${last}`)
}

async function firstRow(target: pg.Client, signal: AbortSignal): Promise<void> {
  const anyRow = tables()
    .map(table => `exists (select from ${table.target})`)
    .join(' or ')
  for (const giveUpAt = Date.now() + 90_000; ; await sleep(50, undefined, { signal })) {
    const { rows } = await target.query<{ found: boolean }>(`select ${anyRow} as found`)
    if (rows[0]?.found) return
    if (Date.now() > giveUpAt) throw new Error('no row came to smart_citizen in 90 s')
  }
}

async function open(url: string, releasers: Releasers): Promise<pg.Client> {
  const client = await connect(url)
  releasers.push(() => client.end().catch(() => {}))
  return client
}

/** Waits for all, so that nothing goes on behind the back of an error; then throws the first, or answers the first result. */
async function settleAll<T>(first: Promise<T>, ...others: Promise<unknown>[]): Promise<T> {
  await Promise.allSettled([first, ...others])
  await Promise.all([first, ...others])
  return first
}
