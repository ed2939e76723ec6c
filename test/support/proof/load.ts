import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createRecordWriter } from '../../../src/adapters/kafka/partition-writer.ts'
import { encodeHeaders } from '../../../src/pipeline/headers.ts'
import { layOut } from '../../../src/pipeline/batch.ts'
import { plainSettings } from '../kafka/relay.ts'
import { createQuietLog } from '../quiet-log.ts'
import { createPeople, type PeopleOptions, type PeopleRecord } from './people.ts'

/** Writes raw records until it is stopped. */
export interface Load {
  /** Records acknowledged so far. */
  readonly sent: () => number
  /** Resolves when what was begun is acknowledged. */
  readonly stop: () => Promise<void>
}

const tickMs = 50

/** Goes on through outages of the broker: what a source connector would do. */
export function startLoad(
  brokers: string,
  { perSecond = 2000, ...people }: PeopleOptions & { readonly perSecond?: number },
): Load {
  const writer = createRawWriter(brokers)
  const table = createPeople(people)
  let sent = 0
  let isStopped = false
  let wake = (): void => {}
  const running = (async () => {
    const from = performance.now()
    for (let due = 0; !isStopped; ) {
      const records: PeopleRecord[] = []
      for (
        ;
        due < ((performance.now() - from) * perSecond) / 1000 && records.length < perSecond;
        due = sent + records.length
      )
        records.push(...table.next())
      await writer.write(people.topic, records)
      sent += records.length
      await new Promise<void>(resolve => {
        wake = resolve
        setTimeout(resolve, tickMs)
      })
    }
  })()
  running.catch(() => {})
  return {
    sent: () => sent,
    stop: async () => {
      isStopped = true
      wake()
      await running.finally(() => writer.close())
    },
  }
}

/** A producer that gets each record in once, whatever happens to the broker. */
export interface RawWriter {
  readonly write: (topic: string, records: readonly PeopleRecord[]) => Promise<void>
  readonly close: () => Promise<void>
}

export function createRawWriter(brokers: string): RawWriter {
  // Not kafkajs' own producer: that stands still for up to a minute after its broker was killed.
  const log = createQuietLog()
  const client = createKafkaClient({ config: plainSettings(brokers), log, requestTimeoutMs: 5_000 })
  const writer = createRecordWriter({ client, compression: 'gzip', log, patienceMs: 900_000 })
  return {
    write: async (topic, records) => {
      const byPartition = Map.groupBy(records, ({ partition }) => partition)
      await Promise.all(
        [...byPartition].map(([partition, some]) => writer.write(topic, partition, laidOut(some), () => true)),
      )
    },
    close: async () => {
      await writer.close()
      await client.close()
    },
  }
}

function laidOut(records: readonly PeopleRecord[]): Parameters<ReturnType<typeof createRecordWriter>['write']>[2] {
  const parts = records.flatMap(({ key, value, headers }) => [
    key,
    value,
    headers.length === 0 ? null : encodeHeaders(headers.map(([name, one]) => ({ name, value: one }))),
  ])
  return { ...layOut(parts), timestamps: Float64Array.from(records, ({ timestamp }) => timestamp) }
}
