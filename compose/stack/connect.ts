import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Jvm } from './jvm.ts'
import { type Props, propertiesText } from './kafka.ts'
import type { Keeper } from './keeper.ts'
import { createPart, type Part } from './part.ts'
import { freePorts } from './ports.ts'

/** What `startConnect` needs. The brokers may still be starting: the worker waits for them. */
export interface ConnectRecipe {
  readonly keeper: Keeper
  readonly jvm: Jvm
  readonly signal: AbortSignal
  readonly bootstrap: string
  readonly brokers: number
  readonly heap: string
  readonly props: Props
}

/** Starts one distributed Kafka Connect worker with the Debezium source and the JDBC sink; answers when its REST API is ready. */
export async function startConnect(recipe: ConnectRecipe): Promise<{ url: string; part: Part }> {
  const { keeper, jvm, signal, brokers } = recipe
  const [port] = await freePorts(1)
  const url = `http://127.0.0.1:${port}`
  const json = 'org.apache.kafka.connect.json.JsonConverter'
  const file = join(keeper.dir, 'connect.properties')
  writeFileSync(
    file,
    propertiesText({
      'bootstrap.servers': recipe.bootstrap,
      listeners: url,
      'group.id': 'connect',
      'plugin.path': join(jvm.dist, 'plugins'),
      'plugin.discovery': 'service_load', // Debezium ships the manifests; scanning every class takes seconds
      'key.converter': json,
      'value.converter': json,
      'config.storage.topic': 'connect-configs',
      'offset.storage.topic': 'connect-offsets',
      'status.storage.topic': 'connect-status',
      'config.storage.replication.factor': brokers,
      'offset.storage.replication.factor': brokers,
      'status.storage.replication.factor': brokers,
      'offset.storage.partitions': 1,
      'status.storage.partitions': 1,
      'scheduled.rebalance.max.delay.ms': 0,
      // A worker that was killed is ready again only when its old membership has ended (10 s by default).
      'session.timeout.ms': 4000,
      'heartbeat.interval.ms': 1000,
      'offset.flush.interval.ms': 1000,
      'connector.client.config.override.policy': 'All',
      'topic.creation.enable': true,
      'producer.max.request.size': 10_485_760,
      'consumer.metadata.max.age.ms': 2000, // a sink with topics.regex sees a new topic this soon
      'reconnect.backoff.ms': 50,
      'reconnect.backoff.max.ms': 200,
      ...recipe.props,
    }),
  )
  const main = 'org.apache.kafka.connect.cli.ConnectDistributed'
  const part = createPart(keeper, signal, {
    name: 'connect',
    launch: () => jvm.launchRecording({ archive: 'connect', heap: recipe.heap, main, args: [file] }),
    isReady: async () => {
      try {
        return (await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) })).ok
      } catch {
        return false
      }
    },
    stopSignal: 'SIGTERM',
    onStopped: () => jvm.adopt('connect'),
  })
  await part.start()
  return { url, part }
}
