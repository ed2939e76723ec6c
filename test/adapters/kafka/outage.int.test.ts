import { afterEach, expect, test } from 'vitest'
import { createRecordWriter } from '../../../src/adapters/kafka/partition-writer.ts'
import { createKafkaStatus } from '../../../src/adapters/kafka/kafka-status.ts'
import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { compare, startLoad } from '../../support/kafka/load.ts'
import { keptLog, maskedName, plainSettings, type Relay, startRelay } from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient, readTopic } from '../../support/stack/kafka-clients.ts'
import { describeWithOwnStack, freshPrefix } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'

describeWithOwnStack('outages', { brokers: 1, connect: false, secure: false, databases: [] }, stack => {
  const relays: Relay[] = []
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop()
  })
  const committed = async (topic: string): Promise<number> => {
    const admin = kafkaClient(stack().brokers).admin()
    await admin.connect()
    const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] }).finally(() => admin.disconnect())
    return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
  }
  const members = async (group: string): Promise<readonly string[]> => {
    const admin = kafkaClient(stack().brokers).admin()
    await admin.connect()
    const { groups } = await admin.describeGroups([group]).finally(() => admin.disconnect())
    return groups.flatMap(one => one.members.map(({ memberId }) => memberId))
  }
  const one = (value: string) => {
    const bytes = Buffer.from(value)
    return {
      count: 1,
      bytes,
      spans: Int32Array.of(-1, -1, 0, bytes.length, -1, -1),
      timestamps: Float64Array.of(1_700_000_000_000),
    }
  }

  test('the broker is killed and started again under load: nothing is lost, each key ends with its last value, the member stays', async () => {
    const kafka = kafkaClient(stack().brokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 3 })
    const load = await startLoad(stack().brokers, topic, 3)
    const relay = startRelay({
      brokers: stack().brokers,
      group: topic,
      names: name => name === topic,
      source: { times: { sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000, heartbeatIntervalMs: 300 } },
    })
    relays.push(relay)
    await until('work', () => relay.batches.length > 10)
    const before = await members(topic)
    await stack().broker(1).kill()
    await stack().broker(1).start()
    const seen = relay.batches.length
    await until('work after the start', () => relay.batches.length > seen + 10)
    await load.stop()
    await until('all to be committed', async () => (await committed(topic)) === load.sent())
    const [raw, masked] = [await readTopic(kafka, topic), await readTopic(kafka, maskedName(topic))]
    expect(compare(raw, masked)).toMatchObject({ missing: 0, wrongLast: [] })
    // Another one would have to wait until the group has missed the first for a whole session.
    expect(await members(topic)).toEqual(before)
  })

  test('Kafka is away for longer than a session: the same, and status says so meanwhile', async () => {
    const kafka = kafkaClient(stack().brokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 2 })
    const load = await startLoad(stack().brokers, topic, 2)
    const times = { sessionTimeoutMs: 3_000, rebalanceTimeoutMs: 5_000, heartbeatIntervalMs: 200 }
    const relay = startRelay({
      brokers: stack().brokers,
      group: topic,
      names: name => name === topic,
      source: { times },
    })
    relays.push(relay)
    const status = createKafkaStatus({ client: relay.client, timeoutMs: 2_000 })
    await until('work', () => relay.batches.length > 10)
    expect(await status.ping()).toBeNull()
    await stack().broker(1).kill()
    await until('status to say so', async () => (await status.ping()) === 'KAFKA_UNAVAILABLE')
    const last = relay.batches.at(-1)
    await until('the session to be over', () => last?.isCurrent() === false)
    await stack().broker(1).start()
    const seen = relay.batches.length
    await until('work after the start', () => relay.batches.length > seen + 10)
    expect(await status.ping()).toBeNull()
    await load.stop()
    await until('all to be committed', async () => (await committed(topic)) === load.sent())
    const [raw, masked] = [await readTopic(kafka, topic), await readTopic(kafka, maskedName(topic))]
    expect(compare(raw, masked)).toMatchObject({ missing: 0, wrongLast: [] })
  })

  test('a send that was given up does not swallow the next: its sequence numbers are never used again', async () => {
    const kafka = kafkaClient(stack().brokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const log = keptLog()
    const client = createKafkaClient({ config: plainSettings(stack().brokers), log, requestTimeoutMs: 700 })
    const writer = createRecordWriter({ client, compression: 'none', log })
    try {
      expect(await writer.write(topic, 0, one('a'), () => true)).toEqual([0n])
      stack().broker(1).freeze()
      // The broker has it in its socket, and will write it when it wakes up.
      let goesOn = true
      const lost = writer.write(topic, 0, one('b'), () => goesOn)
      await until('the send to time out', () =>
        log.entries.some(({ message }) => message === 'masked records not written yet'),
      )
      goesOn = false
      await expect(lost).rejects.toMatchObject({ code: 'KAFKA_UNAVAILABLE' })
      stack().broker(1).thaw()
      await writer.write(topic, 0, one('c'), () => true)
    } finally {
      stack().broker(1).thaw()
      await writer.close()
      await client.close()
    }
    const values = (await readTopic(kafka, topic)).map(({ value }) => String(value))
    expect(values.at(0)).toBe('a')
    expect(values).toContain('c')
  })

  test('a send that is repeated until the broker answers is written once', async () => {
    const kafka = kafkaClient(stack().brokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const log = keptLog()
    const client = createKafkaClient({ config: plainSettings(stack().brokers), log, requestTimeoutMs: 700 })
    const writer = createRecordWriter({ client, compression: 'none', log })
    try {
      await writer.write(topic, 0, one('a'), () => true)
      stack().broker(1).freeze()
      const sent = writer.write(topic, 0, one('b'), () => true)
      await until(
        'two sends to time out',
        () => log.entries.filter(({ message }) => message === 'masked records not written yet').length > 1,
      )
      stack().broker(1).thaw()
      expect(await sent).toEqual([1n])
      expect(await writer.write(topic, 0, one('c'), () => true)).toEqual([2n])
    } finally {
      stack().broker(1).thaw()
      await writer.close()
      await client.close()
    }
    expect((await readTopic(kafka, topic)).map(({ value }) => String(value))).toEqual(['a', 'b', 'c'])
  })

  test('a stop while Kafka is away ends within the grace period', async () => {
    const kafka = kafkaClient(stack().brokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const load = await startLoad(stack().brokers, topic, 1)
    const relay = startRelay({
      brokers: stack().brokers,
      group: topic,
      names: name => name === topic,
      source: { graceMs: 12_000 },
    })
    await until('work', () => relay.batches.length > 3)
    await load.stop()
    await stack().broker(1).kill()
    const before = performance.now()
    await relay.stop()
    expect(performance.now() - before).toBeLessThan(12_000)
    await stack().broker(1).start()
  })
})
