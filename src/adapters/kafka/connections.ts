import type { Config } from '../../config.ts'
import type { Log } from '../../services/ports/log.ts'
import { createKafkaClient } from './client.ts'
import { createDeadLetterTopic } from './dead-letter-topic.ts'
import { createKafkaStatus } from './kafka-status.ts'
import { createMaskedSink } from './masked-sink.ts'
import { createOutputTopics } from './output-topics.ts'
import { createRawTail } from './raw-tail.ts'
import { createLetterReader, createRecordReader } from './record-reader.ts'

export interface KafkaConnectionsOptions {
  readonly config: Config
  /** Is this a raw topic? None may be written to. */
  readonly isInput: (topic: string) => boolean
  readonly log: Log
}

/** All that speaks to Kafka beside the source, over one client. */
export function createKafkaConnections({ config, isInput, log }: KafkaConnectionsOptions) {
  const client = createKafkaClient({ config, log })
  const { compression, deadLetterTopic: topic, group } = config
  const outputTopics = createOutputTopics({ client, isInput, log })
  const sink = createMaskedSink({ client, outputTopics, compression, log })
  const letterTopic = createDeadLetterTopic({ client, topic, compression, log })
  const letterReader = createLetterReader({ client, topic })
  const recordReader = createRecordReader({ client, group })
  const rawTail = createRawTail({ client })
  return {
    client,
    status: createKafkaStatus({ client }),
    outputTopics,
    sink,
    letterTopic,
    letterReader,
    recordReader,
    rawTail,
    /** Before the client is closed: what is under way is let finish. */
    closeSenders: () =>
      Promise.allSettled([sink, letterTopic, letterReader, recordReader, rawTail].map(part => part.close())),
  }
}
