import type { ErrorCode } from '../../errors.ts'
import type { KafkaClient } from './client.ts'
import { kafkaError } from './kafka-error.ts'
import { within } from './within.ts'

export interface KafkaStatusOptions {
  readonly client: KafkaClient
  readonly timeoutMs?: number
}

export interface KafkaStatus {
  /** Null where Kafka answers in time, else why not. */
  readonly ping: () => Promise<ErrorCode | null>
  /** Names the cluster for good: offsets mean something only together with it. */
  readonly clusterId: () => Promise<string>
}

/** What readiness and metrics ask of Kafka. */
export function createKafkaStatus({ client, timeoutMs = 5_000 }: KafkaStatusOptions): KafkaStatus {
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
  }
}
