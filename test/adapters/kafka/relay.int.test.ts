import type { Message } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { maskedName, type Relay, type RelayOptions, startRelay } from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient, produce, readTopic } from '../../support/stack/kafka-clients.ts'
import { describeWithStack, freshPrefix } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'

describeWithStack('raw source and masked sink', ({ brokers }) => {
  const kafka = kafkaClient(brokers)
  const relays: Relay[] = []
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop()
  })
  const start = (options: Omit<RelayOptions, 'brokers'>): Relay => {
    const relay = startRelay({ brokers, ...options })
    relays.push(relay)
    return relay
  }
  const committed = async (group: string, topic: string): Promise<number[]> => {
    const admin = kafka.admin()
    await admin.connect()
    const [offsets] = await admin.fetchOffsets({ groupId: group, topics: [topic] }).finally(() => admin.disconnect())
    return (offsets?.partitions ?? []).sort((a, b) => a.partition - b.partition).map(({ offset }) => Number(offset))
  }

  const shapes: Message[] = [
    { key: 'a', value: '1', partition: 0, timestamp: '1500000000000' },
    { key: 'a', value: null, partition: 0, timestamp: '1600000000001' },
    { key: null, value: 'no key', partition: 0, timestamp: '1400000000002' },
    { key: '', value: '', partition: 0, timestamp: '1700000000003' },
    {
      key: 'h',
      value: '2',
      partition: 1,
      timestamp: '1700000000004',
      headers: { one: 'x', many: ['1', '2'], empty: '' },
    },
  ]

  test('keeps keys, values, tombstones, headers, timestamps, partitions and order', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 2 })
    await produce(kafka, topic, shapes)
    start({ group: topic, names: name => name === topic })
    await until('both partitions to be committed', async () => (await committed(topic, topic)).join() === '4,1')
    const [raw, masked] = [await readTopic(kafka, topic), await readTopic(kafka, maskedName(topic))]
    const told = (records: typeof raw) =>
      records.map(({ partition, key, value, headers, timestamp }) => ({
        partition,
        key,
        value,
        headers,
        timestamp,
      }))
    expect(told(masked)).toEqual(told(raw))
    expect(masked).toHaveLength(5)
  })
})
