import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { type Connector, readConnector, register } from '../../compose/demo/connectors.ts'
import { connect, createRoles, createServiceDatabase, createTables } from '../../compose/demo/databases.ts'
import { type Service, startService } from '../../compose/demo/service.ts'
import { startTail, type Tail } from '../../compose/demo/tail.ts'
import { createKeeper } from '../../compose/stack/keeper.ts'
import { deleteConnector } from '../support/stack/connectors.ts'
import type { StackAddresses } from '../support/stack/global-setup.ts'
import { freshDatabase, freshPrefix } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

/** One direction of the documents, from its source database to the other one. */
export interface TestRoad {
  readonly service: Service
  readonly source: pg.Client
  readonly target: pg.Client
  /** Scrim's own database. */
  readonly own: pg.Client
  readonly tail: Tail
  /** Changes settings of the source connector (null takes one out), and resolves when it streams with them. */
  reconfigureSource(changed: Readonly<Record<string, string | null>>): Promise<void>
}

/** What differs between the directions. */
export interface Direction {
  readonly sourceConnector: 'warehouse-to-citizen-connector' | 'citizen-to-warehouse-connector'
  readonly sink: 'citizen-sink' | 'warehouse-sink'
  readonly from: 'warehouse' | 'citizen'
  /** Raw topics; each has its masked counterpart. */
  readonly rawTopics: readonly string[]
  /** A policy folder in place of the project's. */
  readonly policies?: URL
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts Scrim and both connectors of a direction on the shared stack, with databases of its own, before the tests of a
 * `describe`; ends them after. `prepare` fills the source before the snapshot.
 */
export function useRoad(
  stack: StackAddresses,
  direction: Direction,
  prepare: (source: pg.Client) => Promise<unknown>,
): () => TestRoad {
  const { postgres, connectUrl, brokers } = stack
  const databases = {
    warehouse: freshDatabase(postgres),
    citizen: freshDatabase(postgres),
    scrim: freshDatabase(postgres),
  }
  const prefix = freshPrefix()
  const { signal } = new AbortController()
  const releasers: (() => Promise<unknown>)[] = []
  let road: TestRoad | undefined

  beforeAll(async () => {
    const passwords = await createRoles(postgres)
    await createTables(postgres, { warehouse: databases.warehouse.name, citizen: databases.citizen.name })
    const open = async (url: string) => {
      const client = await connect(url)
      releasers.push(() => client.end())
      return client
    }
    const [from, to] =
      direction.from === 'warehouse'
        ? [databases.warehouse, databases.citizen]
        : [databases.citizen, databases.warehouse]
    const [source, target, own] = [await open(from.url), await open(to.url), await open(databases.scrim.url)]
    await prepare(source)

    const keeper = await createKeeper(tmpdir())
    releasers.push(() => keeper.release())
    const urls = await createServiceDatabase(postgres, databases.scrim.name, passwords)
    const policies = direction.policies && { policies: fileURLToPath(direction.policies) }
    const env = { SCRIM_GROUP: prefix, ...direction.env }
    const service = await startService(keeper, { ...urls, ...policies, brokers, connectUrl, env }, signal)
    releasers.push(() => service.stop())

    const at = { host: postgres.host, port: String(postgres.port) }
    const values = {
      WAREHOUSE_DB_HOST: at.host,
      WAREHOUSE_DB_PORT: at.port,
      CITIZEN_DB_HOST: at.host,
      CITIZEN_DB_PORT: at.port,
      DEBEZIUM_PASSWORD: passwords.debezium_user,
      CITIZEN_SINK_PASSWORD: passwords.citizen_sink,
      WAREHOUSE_SINK_PASSWORD: passwords.warehouse_sink,
    }
    const start = async (connector: Connector) => {
      releasers.push(() => deleteConnector(connectUrl, connector.name))
      await register(connectUrl, connector, signal)
    }
    // The shared server has many databases, and slots have names of their own across all of them.
    const sourceConnector = rename(readConnector(direction.sourceConnector, values), prefix, {
      'database.dbname': from.name,
      'slot.name': prefix,
    })
    const sink = readConnector(direction.sink, values)
    const url = sink.config['connection.url']?.replace(/smart_\w+/, to.name) ?? ''
    await Promise.all([start(sourceConnector), start(rename(sink, prefix, { 'connection.url': url }))])

    const tail = await startTail(
      brokers,
      direction.rawTopics.flatMap(topic => [topic, `${topic}.masked`]),
      signal,
    )
    releasers.push(() => tail.stop())
    const walSender = async () => {
      const { rows } = await own.query<{ active_pid: number | null }>(
        'select active_pid from pg_replication_slots where slot_name = $1',
        [prefix],
      )
      return rows[0]?.active_pid
    }
    const reconfigureSource: TestRoad['reconfigureSource'] = async changed => {
      const config = Object.entries({ ...sourceConnector.config, ...changed }).filter(([, value]) => value !== null)
      const old = await walSender()
      await register(
        connectUrl,
        { ...sourceConnector, config: Object.fromEntries(config) as Record<string, string> },
        signal,
      )
      // Connect says RUNNING of the task with the old settings until it restarts it.
      await until('the restarted source', async () => ![undefined, null, old].includes(await walSender()))
    }
    road = { service, source, target, own, tail, reconfigureSource }
  })
  afterAll(async () => {
    for (const release of releasers.reverse()) await release()
  })
  return () => {
    if (!road) throw new Error('the road is not there yet: ask for it inside a test')
    return road
  }
}

const rename = ({ name, config }: Connector, prefix: string, changed: Record<string, string>): Connector => ({
  name: `${prefix}-${name}`,
  config: { ...config, ...changed },
})
