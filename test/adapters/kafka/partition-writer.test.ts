import { expect, test } from 'vitest'
import type { KafkaClient } from '../../../src/adapters/kafka/client.ts'
import type { Broker, Cluster } from '../../../src/adapters/kafka/overrides/internals.ts'
import { createRecordWriter } from '../../../src/adapters/kafka/partition-writer.ts'
import { batchOfLines } from '../../../src/pipeline/record-line.ts'
import { createQuietLog } from '../../support/quiet-log.ts'

/** A writer whose broker answers each produce request with the next of these, and keeps how many records it had. */
function writerTo(answers: readonly { readonly errorCode: number; readonly baseOffset: bigint }[]) {
  const rest = [...answers]
  const counts: number[] = []
  const broker = {
    initProducerId: async () => ({ producerId: '1', producerEpoch: 0 }),
    connectionPool: {
      send: async ({ request }: { request: { encode: () => Promise<{ buffer: Buffer }> } }) => {
        const { buffer } = await request.encode()
        counts.push(buffer.readInt32BE(buffer.indexOf('topic-t') + 7 + 12 + 57))
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
  } as unknown as KafkaClient
  return { writer: createRecordWriter({ client, compression: 'none', log: createQuietLog() }), counts }
}

const at = (...timestamps: (number | string)[]) =>
  batchOfLines(timestamps.map(timestamp => ({ topic: 'topic-t', key: null, value: { a: 1 }, timestamp })))
const write = (to: ReturnType<typeof writerTo>, ...timestamps: (number | string)[]) =>
  to.writer.write('topic-t', 0, at(...timestamps), () => true)

test('a record whose timestamp cannot be written exactly is refused by name; those before it are written', async () => {
  for (const timestamp of ['9223372036854775807', '-9223372036854775808', '9007199254740993']) {
    const broker = writerTo([])
    await expect(write(broker, 1, 2, timestamp, 3)).rejects.toMatchObject({ code: 'RECORD_NOT_ACCEPTED', index: 2 })
    expect(broker.counts).toEqual([2])
  }
})

test('timestamps that are too far apart for one batch are written in several', async () => {
  const broker = writerTo([
    { errorCode: 0, baseOffset: 5n },
    { errorCode: 0, baseOffset: 6n },
  ])
  expect(await write(broker, -1, Number.MAX_SAFE_INTEGER)).toEqual([5n, 6n])
  expect(broker.counts).toEqual([1, 1])
})
