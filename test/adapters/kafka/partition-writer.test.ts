import { expect, test } from 'vitest'
import type { KafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createDeadLetterTopic } from '../../../src/adapters/kafka/dead-letter-topic.ts'
import type { Broker, Cluster } from '../../../src/adapters/kafka/overrides/internals.ts'
import { createRecordWriter } from '../../../src/adapters/kafka/partition-writer.ts'
import { batchOfLines } from '../../../src/pipeline/record-line.ts'
import type { DeadLetter } from '../../../src/services/ports/dead-letters.ts'
import { createQuietLog } from '../../support/quiet-log.ts'

/** A writer and its client; the broker answers each produce request with the next of these, and keeps how many records that had. */
function brokerWith(answers: readonly { readonly errorCode: number; readonly baseOffset: bigint }[]) {
  const rest = [...answers]
  const counts: number[] = []
  const broker = {
    initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }),
    connectionPool: {
      send: async ({ request }: { request: { encode: () => Promise<{ buffer: Buffer }> } }) => {
        const { buffer } = await request.encode()
        counts.push(buffer.readInt32BE(buffer.indexOf('topic-t') + 'topic-t'.length + 12 + 57))
        return rest.shift() ?? { errorCode: 0, baseOffset: 0n }
      },
    },
  } as unknown as Broker
  const cluster = {
    isConnected: () => true,
    refreshMetadata: async () => {},
    disconnect: async () => {},
    findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1, replicas: [1] }],
    findBroker: async () => broker,
  } as unknown as Cluster
  const client = {
    open: () => ({ cluster: () => cluster, cut: () => {} }),
    requestTimeoutMs: 1_000,
    admin: async (use: (admin: unknown) => Promise<unknown>) =>
      use({
        createTopics: async () => true,
        fetchTopicMetadata: async () => ({ topics: [{ partitions: [{}] }] }),
      }),
  } as unknown as KafkaClient
  return { client, writer: createRecordWriter({ client, compression: 'none', log: createQuietLog() }), counts }
}

const at = (...timestamps: (number | string)[]) =>
  batchOfLines(timestamps.map(timestamp => ({ topic: 'topic-t', key: null, value: { a: 1 }, timestamp })))
const write = (to: ReturnType<typeof brokerWith>, ...timestamps: (number | string)[]) =>
  to.writer.write('topic-t', 0, at(...timestamps), () => true)

test('a record whose timestamp cannot be written exactly is refused by name; those before it are written', async () => {
  for (const timestamp of ['9223372036854775807', '-9223372036854775808', '9007199254740993']) {
    const broker = brokerWith([])
    await expect(write(broker, 1, 2, timestamp, 3)).rejects.toMatchObject({ code: 'RECORD_NOT_ACCEPTED', index: 2 })
    expect(broker.counts).toEqual([2])
  }
})

test('timestamps that are too far apart for one batch are written in several', async () => {
  const broker = brokerWith([
    { errorCode: 0, baseOffset: 5n },
    { errorCode: 0, baseOffset: 6n },
  ])
  expect(await write(broker, -1, Number.MAX_SAFE_INTEGER)).toEqual([5n, 6n])
  expect(broker.counts).toEqual([1, 1])
})

const duplicate = { errorCode: 46, baseOffset: -1n }

test('where the broker has the records and does not say where, no place is made up', async () => {
  expect(await write(brokerWith([duplicate]), 1, 2)).toEqual([-1n, -1n])
})

test('a letter of which nobody knows where it lies is written again', async () => {
  const { client, counts } = brokerWith([duplicate, { errorCode: 0, baseOffset: 9n }])
  const letters = createDeadLetterTopic({ client, topic: 'topic-t', compression: 'none', log: createQuietLog() })
  const of = { topic: 'raw', partition: 0, offset: 1n, timestamp: 1, views: ['public'], path: '', policyVersion: 1 }
  const letter: DeadLetter = { ...of, code: 'RECORD_MALFORMED', recordId: null, parkedBy: null, sealed: null }
  await expect(letters.put([letter])).rejects.toMatchObject({ code: 'DEAD_LETTER_REFUSED' })
  expect(await letters.put([letter])).toEqual([{ partition: 0, offset: 9n }])
  expect(counts).toEqual([1, 1])
})
