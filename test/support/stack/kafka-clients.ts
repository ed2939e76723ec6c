import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  type ITopicConfig,
  Kafka,
  type KafkaConfig,
  type KafkaMessage,
  logLevel,
  type Message,
  Partitioners,
} from 'kafkajs'
import type { Security } from '../../../compose/stack/kafka.ts'

/** A record as kafkajs reads it. */
export type TopicRecord = KafkaMessage & { readonly partition: number }

/** A quiet client with short retries. `settings` of `asUser` or `asCertificate` make it a secure one. */
export function kafkaClient(brokers: string, settings: Partial<KafkaConfig> = {}): Kafka {
  return new Kafka({
    clientId: 'scrim-test',
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 10 },
    ...settings,
  })
}

/** Client settings to log in by SASL_SSL. */
export function asUser(
  { ca, users }: Security,
  user: keyof Security['users'],
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512',
): Partial<KafkaConfig> {
  // kafkajs types each mechanism apart, so the one name that is a union of them does not fit any.
  const sasl = { mechanism, ...users[user] } as NonNullable<KafkaConfig['sasl']>
  return { ssl: { ca: [readFileSync(ca, 'utf8')] }, sasl }
}

/** Client settings for `security.mtls.bootstrap`. */
export function asCertificate({ ca, mtls }: Security): Partial<KafkaConfig> {
  const read = (path: string) => readFileSync(path, 'utf8')
  return { ssl: { ca: [read(ca)], cert: read(mtls.cert), key: read(mtls.key) } }
}

/** Makes a topic and waits until it has leaders. */
export async function createTopic(
  kafka: Kafka,
  topic: string,
  settings: Omit<ITopicConfig, 'topic'> = {},
): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic, ...settings }], waitForLeaders: true })
  } finally {
    await admin.disconnect()
  }
}

/** Writes records; all replicas have acknowledged them when it resolves. */
export async function produce(kafka: Kafka, topic: string, messages: Message[]): Promise<void> {
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  try {
    await producer.send({ topic, messages, acks: -1 })
  } finally {
    await producer.disconnect()
  }
}

/**
 * Reads a topic from its start to the end that it has now, in order of partition and offset. Records of aborted
 * transactions are left out, and an open transaction makes it wait, unless `readUncommitted`.
 */
export async function readTopic(
  kafka: Kafka,
  topic: string,
  { timeoutMs = 30_000, readUncommitted = false } = {},
): Promise<TopicRecord[]> {
  const admin = kafka.admin()
  await admin.connect()
  const ends = await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect())
  const missing = new Map<number, bigint>()
  for (const { partition, low, high } of ends) if (BigInt(high) > BigInt(low)) missing.set(partition, BigInt(high))
  if (missing.size === 0) return []

  const consumer = kafka.consumer({ groupId: `read-${randomUUID()}`, readUncommitted })
  const records: TopicRecord[] = []
  const atEnd = new Promise<void>((resolve, reject) => {
    // Not eachMessage: the last offset may be a transaction's marker, which is never handed out.
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload: { partition, lastOffset } }) => {
      const high = missing.get(partition)
      if (high !== undefined && BigInt(lastOffset) + 1n >= high) missing.delete(partition)
      if (missing.size === 0) resolve()
    })
    consumer.on(consumer.events.CRASH, ({ payload: { error, restart } }) => restart || reject(error))
  })
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    const text = () =>
      `read ${records.length} records of ${topic}; partitions ${[...missing.keys()]} did not end in ${timeoutMs} ms`
    timer = setTimeout(() => reject(new Error(text())), timeoutMs)
  })
  try {
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        records.push({ ...message, partition })
      },
    })
    await Promise.race([atEnd, tooLate])
  } finally {
    clearTimeout(timer)
    await consumer.disconnect()
  }
  return records.sort((a, b) => a.partition - b.partition || Number(BigInt(a.offset) - BigInt(b.offset)))
}
