import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Kafka } from 'kafkajs'
import { createKafkaClient, type KafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createRawTail } from '../../../src/adapters/kafka/raw-tail.ts'
import type { RawBatch } from '../../../src/pipeline/batch.ts'
import { plainSettings } from '../../support/kafka/relay.ts'
import { createQuietLog } from '../../support/quiet-log.ts'
import { createTopic, kafkaClient, produce } from '../../support/stack/kafka-clients.ts'
import { describeWithStack, freshPrefix } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'

describeWithStack('the end of raw topics', ({ brokers }) => {
  const prefix = freshPrefix()
  const signal = new AbortController().signal
  let kafka: Kafka
  let client: KafkaClient
  let tail: ReturnType<typeof createRawTail>

  beforeAll(() => {
    kafka = kafkaClient(brokers)
    client = createKafkaClient({ config: plainSettings(brokers), log: createQuietLog() })
    tail = createRawTail({ client })
  })
  afterAll(async () => {
    await tail.close()
    await client.close()
  })

  const read = async (topic: string, count: number, on = signal) => {
    const found: string[] = []
    const sizes: number[] = []
    const partitions = await tail.read(
      topic,
      count,
      async batch => {
        sizes.push(batch.count)
        found.push(...placesOf(batch))
      },
      on,
    )
    return { partitions, sizes, places: found.sort(byPlace) }
  }
  const placesOf = ({ partition, offsets }: RawBatch): string[] => [...offsets].map(offset => `${partition}@${offset}`)
  const byPlace = (a: string, b: string): number => {
    const [p = 0, o = 0] = a.split('@').map(Number)
    const [q = 0, r = 0] = b.split('@').map(Number)
    return p - q || o - r
  }
  const range = (partition: number, from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, n) => `${partition}@${from + n}`)
  const messages = (count: number, partition = 0) =>
    Array.from({ length: count }, (_, n) => ({ partition, key: `k${n}`, value: `v${n}` }))

  test('the newest of one partition; all of it where there are fewer; nothing of an empty one', async () => {
    const topic = `${prefix}.one`
    await createTopic(kafka, topic, { numPartitions: 1 })
    expect(await read(topic, 10)).toEqual({ partitions: 1, sizes: [], places: [] })
    await produce(kafka, topic, messages(50))
    expect((await read(topic, 10)).places).toEqual(range(0, 40, 50))
    expect((await read(topic, 50)).places).toEqual(range(0, 0, 50))
    expect((await read(topic, 1_000)).places).toEqual(range(0, 0, 50))
  })

  test('each partition its share, and what one cannot fill goes to the others', async () => {
    const topic = `${prefix}.four`
    await createTopic(kafka, topic, { numPartitions: 4 })
    await produce(kafka, topic, [...messages(100, 0), ...messages(3, 1), ...messages(100, 3)])
    expect(await read(topic, 20)).toMatchObject({ partitions: 4 })
    const even = (await read(topic, 40)).places
    expect(even).toHaveLength(40)
    expect(even.filter(place => place.startsWith('1@'))).toEqual(range(1, 0, 3))
    // Of each the newest, without a hole.
    for (const partition of [0, 3]) {
      const mine = even.filter(place => place.startsWith(`${partition}@`))
      expect(mine).toEqual(range(partition, 100 - mine.length, 100))
      expect(mine.length).toBeGreaterThan(13)
    }
    expect((await read(topic, 10_000)).places).toHaveLength(203)
  })

  test('markers of transactions and what was aborted are passed, and do not count', async () => {
    const topic = `${prefix}.transactions`
    await createTopic(kafka, topic, { numPartitions: 1 })
    const producer = kafka.producer({ transactionalId: `${prefix}-tx`, maxInFlightRequests: 1, idempotent: true })
    await producer.connect()
    for (let n = 0; n < 6; n++) {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: messages(2) })
      if (n % 2 === 0) await transaction.commit()
      else await transaction.abort()
    }
    await producer.disconnect()
    // Two records and a marker each; every second one never happened.
    expect((await read(topic, 3)).places).toEqual(['0@7', '0@12', '0@13'])
    expect((await read(topic, 100)).places).toEqual([...range(0, 0, 2), ...range(0, 6, 8), ...range(0, 12, 14)])
  })

  test('gaps of a compacted topic: so many records all the same', async () => {
    const topic = `${prefix}.compacted`
    await createTopic(kafka, topic, {
      numPartitions: 1,
      configEntries: [
        { name: 'cleanup.policy', value: 'compact' },
        { name: 'segment.ms', value: '100' },
        { name: 'min.cleanable.dirty.ratio', value: '0.01' },
        { name: 'max.compaction.lag.ms', value: '100' },
        { name: 'delete.retention.ms', value: '100' },
      ],
    })
    // Twenty keys once, then one key again and again: all but its last go.
    await produce(kafka, topic, messages(20))
    for (let n = 0; n < 10; n++)
      await produce(
        kafka,
        topic,
        Array.from({ length: 30 }, () => ({ key: 'k0', value: `again ${n}` })),
      )
    await until(
      'compaction',
      async () => {
        // A new segment, so that the one before can be cleaned.
        await produce(kafka, topic, [{ key: 'k0', value: 'last' }])
        return (await read(topic, 1_000)).places.length < 60
      },
      60_000,
    )
    // The cleaner may still be at work: what is compared was the same before and after.
    const { all, some } = await until('a topic at rest', async () => {
      const before = (await read(topic, 1_000)).places
      const last = (await read(topic, 15)).places
      const after = (await read(topic, 1_000)).places
      return String(before) === String(after) && { all: after, some: last }
    })
    expect(some).toHaveLength(15)
    expect(some).toEqual(all.slice(-15))
    expect(Number(some.at(-1)?.split('@')[1]) - Number(some[0]?.split('@')[1])).toBeGreaterThan(100)
    expect((await tail.facts(topic)).compacted).toBe(true)
  })

  test('no group comes to be, and none is touched', async () => {
    const topic = `${prefix}.groups`
    await createTopic(kafka, topic, { numPartitions: 1 })
    await produce(kafka, topic, messages(10))
    const admin = kafka.admin()
    await admin.connect()
    const groups = async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId).sort()
    await admin.setOffsets({ groupId: `${prefix}-scrim`, topic, partitions: [{ partition: 0, offset: '4' }] })
    const before = await groups()
    await read(topic, 5)
    expect(await groups()).toEqual(before)
    const [offsets] = await admin.fetchOffsets({ groupId: `${prefix}-scrim`, topics: [topic] })
    expect(offsets?.partitions).toMatchObject([{ partition: 0, offset: '4' }])
    await admin.disconnect()
  })

  test('ends at the signal, between two batches', async () => {
    const topic = `${prefix}.signal`
    await createTopic(kafka, topic, { numPartitions: 2 })
    await produce(kafka, topic, [...messages(3_000, 0), ...messages(3_000, 1)])
    const stop = new AbortController()
    let batches = 0
    await tail.read(
      topic,
      6_000,
      async () => {
        batches++
        stop.abort()
      },
      stop.signal,
    )
    expect(batches).toBe(1)
  })
})
