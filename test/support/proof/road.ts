import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import type pg from 'pg'
import { type Connector, readConnector, register } from '../../../compose/demo/connectors.ts'
import { createRoles, createServiceDatabase, createTables, withClient } from '../../../compose/demo/databases.ts'
import { tables } from '../../../compose/demo/expected.ts'
import type { Releasers } from '../../../compose/demo/road.ts'
import { type Service, startService } from '../../../compose/demo/service.ts'
import { startTail, type Tail } from '../../../compose/demo/tail.ts'
import { createKeeper } from '../../../compose/stack/keeper.ts'
import { postgresUrl } from '../../../compose/stack/postgres.ts'
import { deleteConnector } from '../stack/connectors.ts'
import type { StackAddresses } from '../stack/global-setup.ts'
import { freshPrefix } from '../stack/require-stack.ts'
import { until } from '../stack/until.ts'

/** Scrim and both connectors of one direction of the documents, running. */
export interface RunningRoad {
  readonly service: Service
  /** What its connectors are called in Kafka Connect. */
  readonly connectors: Readonly<Record<'source' | 'sink', string>>
  /** Its databases, for a superuser; `own` is Scrim's. */
  readonly urls: Readonly<Record<'source' | 'target' | 'own', string>>
  /** Follows the raw and the masked topics from their beginning. */
  follow(): Promise<Tail>
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

/** The direction of the demo. */
export const warehouseToCitizen: Direction = {
  sourceConnector: 'warehouse-to-citizen-connector',
  sink: 'citizen-sink',
  from: 'warehouse',
  rawTopics: tables().map(({ rawTopic }) => rawTopic),
}

export interface RoadOptions {
  readonly direction: Direction
  /** Names of three databases that are there and empty. */
  readonly databases: Readonly<Record<'warehouse' | 'citizen' | 'scrim', string>>
  /** Fills the source before the snapshot. */
  readonly prepare: (source: pg.Client) => Promise<unknown>
}

/** Starts Scrim, then both connectors, and resolves when these run. What it began is in `releasers`, also when it throws. */
export async function startRoad(
  { brokers, connectUrl, postgres }: StackAddresses,
  { direction, databases, prepare }: RoadOptions,
  releasers: Releasers,
): Promise<RunningRoad> {
  const { signal } = new AbortController()
  const prefix = freshPrefix()
  const passwords = await createRoles(postgres)
  await createTables(postgres, databases)
  const { warehouse, citizen } = databases
  const [from, to] = direction.from === 'warehouse' ? [warehouse, citizen] : [citizen, warehouse]
  await withClient(postgres, from, prepare)

  const keeper = await createKeeper(tmpdir())
  releasers.push(() => keeper.release())
  const urls = await createServiceDatabase(postgres, databases.scrim, passwords)
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
  // A shared server has many databases, and slots have names of their own across all of them.
  const sourceConnector = rename(readConnector(direction.sourceConnector, values), prefix, {
    'database.dbname': from,
    'slot.name': prefix,
  })
  const sink = readConnector(direction.sink, values)
  const sinkUrl = sink.config['connection.url']?.replace(/smart_\w+/, to) ?? ''
  const sinkConnector = rename(sink, prefix, { 'connection.url': sinkUrl })
  await Promise.all([start(sourceConnector), start(sinkConnector)])

  const walSender = () =>
    withClient(postgres, databases.scrim, async client => {
      const { rows } = await client.query<{ active_pid: number | null }>(
        'select active_pid from pg_replication_slots where slot_name = $1',
        [prefix],
      )
      return rows[0]?.active_pid
    })
  return {
    service,
    connectors: { source: sourceConnector.name, sink: sinkConnector.name },
    urls: {
      source: postgresUrl(postgres, from),
      target: postgresUrl(postgres, to),
      own: postgresUrl(postgres, databases.scrim),
    },
    follow: async () => {
      const topics = direction.rawTopics.flatMap(topic => [topic, `${topic}.masked`])
      const tail = await startTail(brokers, topics, signal)
      releasers.push(() => tail.stop())
      return tail
    },
    reconfigureSource: async changed => {
      const config = Object.entries({ ...sourceConnector.config, ...changed }).filter(([, value]) => value !== null)
      const old = await walSender()
      await register(
        connectUrl,
        { ...sourceConnector, config: Object.fromEntries(config) as Record<string, string> },
        signal,
      )
      // Connect says RUNNING of the task with the old settings until it restarts it.
      await until('the restarted source', async () => ![undefined, null, old].includes(await walSender()))
    },
  }
}

const rename = ({ name, config }: Connector, prefix: string, changed: Record<string, string>): Connector => ({
  name: `${prefix}-${name}`,
  config: { ...config, ...changed },
})
