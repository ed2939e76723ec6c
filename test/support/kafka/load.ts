import { type Kafka, Partitioners } from 'kafkajs'
import type { TopicRecord } from '../stack/kafka-clients.ts'

/** A producer of raw records that goes on until it is stopped: few keys, each with a counting value. */
export interface Load {
  /** Records acknowledged so far. */
  readonly sent: () => number
  readonly stop: () => Promise<void>
}

const KEYS = 40

export async function startLoad(kafka: Kafka, topic: string, partitions: number): Promise<Load> {
  const producer = kafka.producer({
    createPartitioner: Partitioners.DefaultPartitioner,
    idempotent: true,
    retry: { retries: 1_000, maxRetryTime: 500 },
  })
  await producer.connect()
  let sent = 0
  let isStopped = false
  const running = (async () => {
    for (let n = 0; !isStopped; n += 200) {
      const messages = Array.from({ length: 200 }, (_, i) => {
        const key = (n + i) % KEYS
        return {
          key: `k${key}`,
          value: JSON.stringify({ n: n + i, fill: 'x'.repeat(500) }),
          partition: key % partitions,
        }
      })
      await producer.send({ topic, messages, acks: -1 })
      sent += messages.length
    }
  })()
  running.catch(() => {})
  return {
    sent: () => sent,
    stop: async () => {
      isStopped = true
      await running.finally(() => producer.disconnect())
    },
  }
}

/** What must be true whatever happened in between: nothing is missing, and each key ends with its last value. */
export interface Comparison {
  readonly missing: number
  readonly wrongLast: readonly string[]
  readonly repeated: number
}

export function compare(raw: readonly TopicRecord[], masked: readonly TopicRecord[]): Comparison {
  const id = ({ partition, value }: TopicRecord): string => `${partition} ${value}`
  const there = new Set(masked.map(id))
  const last = (records: readonly TopicRecord[]) =>
    new Map(records.map(record => [`${record.partition}/${record.key}`, String(record.value)]))
  const [wanted, got] = [last(raw), last(masked)]
  return {
    missing: raw.filter(record => !there.has(id(record))).length,
    wrongLast: [...wanted].filter(([key, value]) => got.get(key) !== value).map(([key]) => key),
    repeated: masked.length - there.size,
  }
}
