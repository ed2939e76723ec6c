import { afterEach, expect, test } from 'vitest'
import { compare, startLoad } from '../../support/kafka/load.ts'
import { maskedName, type Relay, startRelay } from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient, readTopic } from '../../support/stack/kafka-clients.ts'
import { describeWithStack, freshPrefix } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'

describeWithStack('rebalance', ({ brokers }) => {
  const kafka = kafkaClient(brokers)
  const relays: Relay[] = []
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop()
  })
  const start = (topic: string, more: Partial<Parameters<typeof startRelay>[0]> = {}): Relay => {
    const relay = startRelay({ brokers, group: topic, names: name => name === topic, ...more })
    relays.push(relay)
    return relay
  }
  const lagIsZero = async (topic: string, records: number): Promise<boolean> => {
    const admin = kafka.admin()
    await admin.connect()
    try {
      const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
      return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0) === records
    } finally {
      await admin.disconnect()
    }
  }
  const partitionsOf = (relay: Relay): number => relay.source.assigned().length

  test('members come and go under load: nothing is lost and each key ends with its last value', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 4 })
    const load = await startLoad(brokers, topic, 4)
    const first = start(topic)
    await until('the first member to work', () => first.batches.length > 5)
    const second = start(topic)
    await until('both to have partitions', () => partitionsOf(first) === 2 && partitionsOf(second) === 2)
    await until('the second member to work', () => second.batches.length > 5)
    const third = start(topic)
    await until('three to have partitions', () => [first, second, third].every(relay => partitionsOf(relay) > 0))
    await until('the third member to work', () => third.batches.length > 5)
    await first.stop()
    await until('two to have all', () => partitionsOf(second) + partitionsOf(third) === 4)
    await second.stop()
    await until('one to have all', () => partitionsOf(third) === 4)
    await load.stop()
    await until('all to be committed', () => lagIsZero(topic, load.sent()))
    const [raw, masked] = [await readTopic(kafka, topic), await readTopic(kafka, maskedName(topic))]
    expect(raw).toHaveLength(load.sent())
    expect(compare(raw, masked)).toMatchObject({ missing: 0, wrongLast: [] })
  })

  test('a batch under way is finished and committed before its partition goes to another member', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 2 })
    const load = await startLoad(brokers, topic, 2)
    const goOn = Promise.withResolvers<void>()
    const first = start(topic, { afterPublish: () => goOn.promise })
    await until('work in both partitions', () => new Set(first.batches.map(({ raw }) => raw.partition)).size === 2)
    await load.stop()
    const second = start(topic)
    await until('the first to be told', () => first.log.entries.some(({ fields }) => fields.part === 'Runner'))
    expect(first.batches.every(batch => batch.isCurrent())).toBe(true)
    // The other may only join when the first has given its work back.
    const admin = kafka.admin()
    await admin.connect()
    const { groups } = await admin.describeGroups([topic]).finally(() => admin.disconnect())
    expect(groups[0]?.state).toBe('PreparingRebalance')
    expect(partitionsOf(second)).toBe(0)
    goOn.resolve()
    await until('all to be committed', () => lagIsZero(topic, load.sent()))
    const [raw, masked] = [await readTopic(kafka, topic), await readTopic(kafka, maskedName(topic))]
    expect(compare(raw, masked)).toEqual({ missing: 0, wrongLast: [], repeated: 0 })
  })

  test('a batch that does not end is no longer current when its partition goes to another member, and cannot commit', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const load = await startLoad(brokers, topic, 1)
    await until('records', () => load.sent() > 0)
    await load.stop()
    const goOn = Promise.withResolvers<void>()
    const times = { sessionTimeoutMs: 6_000, rebalanceTimeoutMs: 3_000, heartbeatIntervalMs: 200 }
    const first = start(topic, { source: { times }, onBatch: () => goOn.promise })
    await until('the batch to be under way', () => first.batches.length > 0)
    const [batch] = first.batches
    expect(batch?.isCurrent()).toBe(true)
    const second = start(topic, { source: { times } })
    await until('the rebalance to take it away', () => batch?.isCurrent() === false)
    await batch?.commit(1n)
    expect(await lagIsZero(topic, 0)).toBe(true)
    goOn.resolve()
    await first.stop()
    await until('the other to do it', () => lagIsZero(topic, load.sent()))
    expect(second.batches.length).toBeGreaterThan(0)
  })

  test('a member that Kafka no longer knows stops, and joins again by itself', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const load = await startLoad(brokers, topic, 1)
    const relay = start(topic, {
      source: { times: { sessionTimeoutMs: 1_500, rebalanceTimeoutMs: 3_000, heartbeatIntervalMs: 200 } },
    })
    await until('work', () => relay.batches.length > 3)
    // Longer than a session without a turn of the event loop: as in a stall of the machine.
    const before = relay.batches.at(-1)
    const until_ = performance.now() + 2_500
    while (performance.now() < until_);
    expect(before?.isCurrent()).toBe(false)
    const seen = relay.batches.length
    await until('work after the new join', () => relay.batches.slice(seen).some(batch => batch.isCurrent()))
    await load.stop()
    await until('all to be committed', () => lagIsZero(topic, load.sent()))
    const [raw, masked] = [await readTopic(kafka, topic), await readTopic(kafka, maskedName(topic))]
    expect(compare(raw, masked)).toMatchObject({ missing: 0, wrongLast: [] })
  })
})
