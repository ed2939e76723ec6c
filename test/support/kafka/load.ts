import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createRecordWriter } from '../../../src/adapters/kafka/partition-writer.ts'
import { layOut } from '../../../src/pipeline/batch.ts'
import type { TopicRecord } from '../stack/kafka-clients.ts'
import { keptLog, plainSettings } from './relay.ts'

/** A producer of raw records that goes on until it is stopped: few keys, each with a counting value. */
export interface Load {
  /** Records acknowledged so far. */
  readonly sent: () => number
  readonly stop: () => Promise<void>
}

const KEYS = 40

export async function startLoad(brokers: string, topic: string, partitions: number): Promise<Load> {
  // Not kafkajs' own producer: that stands still for up to a minute after its broker was killed.
  const log = keptLog()
  const client = createKafkaClient({ config: plainSettings(brokers), log, requestTimeoutMs: 3_000 })
  const writer = createRecordWriter({ client, compression: 'none', log })
  let sent = 0
  let isStopped = false
  const running = (async () => {
    for (let n = 0; !isStopped; n += 200) {
      const lines = Array.from({ length: 200 }, (_, i) => ({
        key: (n + i) % KEYS,
        value: JSON.stringify({ n: n + i, fill: 'x'.repeat(500) }),
      }))
      for (let partition = 0; partition < partitions; partition++) {
        const records = recordsOf(lines.filter(({ key }) => key % partitions === partition))
        await writer.write(topic, partition, records, () => true)
        sent += records.count
      }
    }
  })()
  running.catch(() => {})
  return {
    sent: () => sent,
    stop: async () => {
      isStopped = true
      await running
      await writer.close()
      await client.close()
    },
  }
}

function recordsOf(lines: readonly { readonly key: number; readonly value: string }[]) {
  const parts = lines.flatMap(({ key, value }) => [Buffer.from(`k${key}`), Buffer.from(value), null])
  return { ...layOut(parts), timestamps: new Float64Array(lines.length).fill(Date.now()) }
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
