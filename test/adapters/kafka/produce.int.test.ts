import { expect, onTestFinished, test } from 'vitest'
import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { codecs } from '../../../src/adapters/kafka/codecs.ts'
import { produce } from '../../../src/adapters/kafka/wire/produce.ts'
import { Scratch, writeRecordBatch } from '../../../src/adapters/kafka/wire/record-batch.ts'
import { batchOfLines } from '../../../src/pipeline/record-line.ts'
import { keptLog, plainSettings } from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient } from '../../support/stack/kafka-clients.ts'
import { describeWithStack, freshPrefix } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'

const OUT_OF_ORDER_SEQUENCE = 45

describeWithStack('what a broker answers', ({ brokers }) => {
  test('to a batch that it has already: where it lies, for the last five of a producer; an older one is out of order', async () => {
    const topic = freshPrefix()
    await createTopic(kafkaClient(brokers), topic)
    const client = createKafkaClient({ config: plainSettings(brokers), log: keptLog() })
    const session = client.open()
    const cluster = session.cluster()
    onTestFinished(async () => {
      session.cut(true)
      await cluster.disconnect()
      await client.close()
    })
    await cluster.connect()
    cluster.targetTopics = new Set([topic])
    await until('the leader', async () => {
      await cluster.refreshMetadata()
      return cluster.findTopicPartitionMetadata(topic).length === 1
    })
    const broker = await cluster.findBroker({ nodeId: cluster.findTopicPartitionMetadata(topic)[0]!.leader })
    const { producerId } = await until('a producer id', () =>
      broker.initProducerId({ transactionalId: undefined, transactionTimeout: 60_000 }),
    )
    const records = batchOfLines([
      { topic, key: null, value: { a: 1 }, timestamp: 1 },
      { topic, key: null, value: {} },
    ])
    const send = (sequence: number) => {
      const identity = { producerId: BigInt(producerId), epoch: 0 }
      const batch = writeRecordBatch(records, 0, 2, identity, sequence, codecs.none, new Scratch())
      return produce(broker, topic, 0, batch, 5_000)
    }
    for (let n = 0; n < 7; n++) expect(await send(n * 2)).toMatchObject({ errorCode: 0, baseOffset: BigInt(n * 2) })
    for (let n = 6; n >= 2; n--) expect(await send(n * 2)).toMatchObject({ errorCode: 0, baseOffset: BigInt(n * 2) })
    for (const n of [1, 0])
      expect(await send(n * 2)).toMatchObject({ errorCode: OUT_OF_ORDER_SEQUENCE, baseOffset: -1n })
  })
})
