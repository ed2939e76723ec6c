import { setTimeout as sleep } from 'node:timers/promises'
import { type Consumer, Kafka, logLevel } from 'kafkajs'
import { registerCodecs } from '../../src/adapters/kafka/codecs.ts'
import { installRequestQueueOverride } from '../../src/adapters/kafka/overrides/request-queue.ts'

/** A record as it lies in a topic. */
export interface TopicRecord {
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly timestamp: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: string])[]
}

/** Follows topics from their beginning and keeps what it reads. */
export interface Tail {
  /** By topic, in order of arrival; within a partition that is the order of the partition. */
  records(topic: string): readonly TopicRecord[]
  /** Forgets all but the last records of each topic. */
  trim(count: number): void
  stop(): Promise<void>
}

/** Waits until all topics exist, then follows them. */
export async function startTail(brokers: string, topics: readonly string[], signal: AbortSignal): Promise<Tail> {
  installRequestQueueOverride() // or kafkajs arms timers into the past, and Node warns of it
  registerCodecs() // masked topics are packed with zstd, which kafkajs does not know
  const kafka = new Kafka({
    clientId: 'scrim-demo',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 10 },
  })
  await waitForTopics(kafka, topics, signal)
  const consumer = kafka.consumer({
    groupId: `scrim-demo-${process.pid}`,
    allowAutoTopicCreation: false,
    maxWaitTimeInMs: 100,
  })
  const kept = new Map<string, TopicRecord[]>(topics.map(topic => [topic, []]))
  await follow(consumer, topics, record => kept.get(record.topic)?.push(record))
  return {
    records: topic => kept.get(topic) ?? [],
    trim: count => {
      for (const records of kept.values()) records.splice(0, records.length - count)
    },
    stop: () => consumer.disconnect(),
  }
}

async function waitForTopics(kafka: Kafka, topics: readonly string[], signal: AbortSignal): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    for (;;) {
      const there = new Set(await admin.listTopics())
      if (topics.every(topic => there.has(topic))) return
      await sleep(100, undefined, { signal })
    }
  } finally {
    await admin.disconnect()
  }
}

async function follow(
  consumer: Consumer,
  topics: readonly string[],
  onRecord: (record: TopicRecord) => void,
): Promise<void> {
  await consumer.connect()
  await consumer.subscribe({ topics: [...topics], fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message: { offset, timestamp, key, value, headers = {} } }) => {
      const flat = Object.entries(headers).flatMap(([name, values]) =>
        [values].flat().map(one => [name, String(one)] as const),
      )
      onRecord({ topic, partition, offset, timestamp, key, value, headers: flat })
    },
  })
}
