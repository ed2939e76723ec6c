import type { ErrorCode } from '../../errors.ts'
import type { KafkaClient } from './client.ts'
import { kafkaError } from './kafka-error.ts'
import { within } from './within.ts'

/** How far one partition is behind. */
export interface PartitionLag {
  readonly topic: string
  readonly partition: number
  /** The next offset of the group; null without one. */
  readonly committed: bigint | null
  readonly end: bigint
  /** Messages between the two; markers and compacted gaps count as messages. */
  readonly messages: number
}

export interface KafkaStatusOptions {
  readonly client: KafkaClient
  readonly group: string
  readonly timeoutMs?: number
}

export interface KafkaStatus {
  /** Null where Kafka answers in time, else why not. */
  readonly ping: () => Promise<ErrorCode | null>
  /** Names the cluster for good: offsets mean something only together with it. */
  readonly clusterId: () => Promise<string>
  /** Of the whole group, whoever has the partitions. */
  readonly lag: (topics: readonly string[]) => Promise<readonly PartitionLag[]>
}

/** What readiness and metrics ask of Kafka. */
export function createKafkaStatus({ client, group, timeoutMs = 5_000 }: KafkaStatusOptions): KafkaStatus {
  return {
    ping: async () => {
      let code: ErrorCode | null = null
      const asked = client
        .admin(admin => admin.describeCluster())
        .catch(error => {
          code = kafkaError(error).code
        })
      return (await within(asked, timeoutMs)) ? code : 'KAFKA_UNAVAILABLE'
    },
    clusterId: () => client.admin(async admin => (await admin.describeCluster()).clusterId),
    lag: async topics => {
      const lags = await Promise.all(
        topics.map(topic =>
          client.admin(async admin => {
            const [ends, [group_]] = await Promise.all([
              admin.fetchTopicOffsets(topic),
              admin.fetchOffsets({ groupId: group, topics: [topic] }),
            ])
            return ends.map(({ partition, high, low }) => {
              const offset = BigInt(group_?.partitions.find(one => one.partition === partition)?.offset ?? -1)
              const committed = offset < 0n ? null : offset
              const end = BigInt(high)
              return { topic, partition, committed, end, messages: Number(end - (committed ?? BigInt(low))) }
            })
          }),
        ),
      )
      return lags.flat()
    },
  }
}
