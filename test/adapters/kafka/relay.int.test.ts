import type { Message } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { createRecordWriter } from '../../../src/adapters/kafka/partition-writer.ts'
import { encodeHeaders, type Header, readHeaders } from '../../../src/pipeline/headers.ts'
import { type KeptLog, maskedName, type Relay, type RelayOptions, startRelay } from '../../support/kafka/relay.ts'
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
  const withAdmin = async <T>(use: (admin: ReturnType<typeof kafka.admin>) => Promise<T>): Promise<T> => {
    const admin = kafka.admin()
    await admin.connect()
    return use(admin).finally(() => admin.disconnect())
  }
  const deleteBefore = (topic: string, offset: string): Promise<void> =>
    withAdmin(async admin => {
      await admin.fetchTopicOffsets(topic) // kafkajs looks up leaders only here
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset }] })
    })
  const committed = async (group: string, topic: string): Promise<string> => {
    const [offsets] = await withAdmin(admin => admin.fetchOffsets({ groupId: group, topics: [topic] }))
    return (offsets?.partitions ?? [])
      .sort((a, b) => a.partition - b.partition)
      .map(({ offset }) => offset)
      .join()
  }
  const untilCommitted = (group: string, topic: string, offsets: string): Promise<boolean> =>
    until(`${offsets} to be committed`, async () => (await committed(group, topic)) === offsets)
  const told = (records: Awaited<ReturnType<typeof readTopic>>) =>
    records.map(({ partition, key, value, headers, timestamp }) => ({ partition, key, value, headers, timestamp }))
  const values = async (topic: string): Promise<(string | undefined)[]> =>
    (await readTopic(kafka, topic)).map(({ value }) => value?.toString())

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
    await untilCommitted(topic, topic, '4,1')
    const masked = await readTopic(kafka, maskedName(topic))
    expect(told(masked)).toEqual(told(await readTopic(kafka, topic)))
    expect(masked).toHaveLength(5)
  })

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    '%s: reads what a Java broker packed, and a Java broker unpacks what was written',
    async codec => {
      const topic = freshPrefix()
      const many = Array.from({ length: 3_000 }, (_, n) => ({ ...(shapes[n % 5] as Message), partition: 0 }))
      // The broker unpacks and packs again where a topic's codec is another than the producer's.
      await createTopic(kafka, topic, { configEntries: [{ name: 'compression.type', value: codec }] })
      await createTopic(kafka, maskedName(topic), {
        configEntries: [{ name: 'compression.type', value: 'uncompressed' }],
      })
      await produce(kafka, topic, many)
      start({ group: topic, names: name => name === topic, compression: codec })
      await untilCommitted(topic, topic, '3000')
      const masked = await readTopic(kafka, maskedName(topic))
      expect(masked).toHaveLength(3_000)
      expect(told(masked)).toEqual(told(await readTopic(kafka, topic)))
    },
  )

  test('headers keep their order, repeats that interleave, and nulls', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const headers: Header[] = [
      { name: '7', value: Buffer.from('a') },
      { name: 'b', value: null },
      { name: '1', value: Buffer.alloc(0) },
      { name: '7', value: Buffer.from('c') },
    ]
    const bytes = encodeHeaders(headers)
    const records = {
      count: 1,
      bytes,
      spans: Int32Array.of(-1, -1, -1, -1, 0, bytes.length),
      timestamps: Float64Array.of(1_700_000_000_000),
    }
    const seen: Header[][] = []
    const read = (batch: { readonly bytes: Buffer; readonly spans: Int32Array }): void =>
      void seen.push(
        readHeaders(batch.bytes, batch.spans[4] as number, batch.spans[5] as number).map(({ name, value }) => ({
          name,
          value: value && Buffer.from(value),
        })),
      )
    const relay = start({
      group: topic,
      names: name => name === topic || name === maskedName(topic),
      onBatch: async batch => {
        read(batch.raw)
        await batch.commit(batch.nextOffset)
      },
    })
    const writer = createRecordWriter({ client: relay.client, compression: 'none', log: relay.log })
    await writer.write(topic, 0, records, () => true).finally(writer.close)
    await until('the record', () => seen.length > 0)
    expect(seen).toEqual([headers])
  })

  test('a topic that appears later and a partition that is added later are read from their beginning', async () => {
    const [first, second] = [freshPrefix(), freshPrefix()]
    start({ group: first, names: name => name === first || name === second })
    await createTopic(kafka, first)
    await produce(kafka, first, [{ key: 'a', value: '1', partition: 0 }])
    await untilCommitted(first, first, '1')
    await createTopic(kafka, second)
    await produce(kafka, second, [{ key: 'a', value: '2', partition: 0 }])
    await untilCommitted(first, second, '1')
    await withAdmin(admin => admin.createPartitions({ topicPartitions: [{ topic: first, count: 3 }] }))
    await until('the new partition to take records', async () => {
      await produce(kafka, first, [{ key: 'b', value: '3', partition: 2 }])
      return true
    })
    await until('the new partition', async () => /^1,-1,\d/.test(await committed(first, first)))
    expect(await values(maskedName(first))).toEqual(['1', '3'])
    const { topics } = await withAdmin(admin => admin.fetchTopicMetadata({ topics: [maskedName(first)] }))
    expect(topics[0]?.partitions).toHaveLength(3)
  })

  test('tells which topics it reads, as soon as Kafka was asked for them', async () => {
    const [first, second] = [freshPrefix(), freshPrefix()]
    await createTopic(kafka, first)
    const { source } = start({ group: first, names: name => name === first })
    expect(source.topics()).toBeNull()
    await until('the first', () => source.topics()?.join() === first)
    const before = source.topics()
    source.setTopics(name => name === first || name === second)
    expect(source.topics()).toBeNull()
    await until('an answer', () => source.topics() !== null)
    expect(source.topics()).toBe(before)
    await createTopic(kafka, second)
    await until('the second', () => source.topics()?.join() === [first, second].sort().join())
  })

  test('a held partition waits, loses nothing and goes on from the held record; the other partition goes on meanwhile', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 2 })
    let isHolding = true
    const relay = start({
      group: topic,
      names: name => name === topic,
      source: { limits: { records: 4, bytes: 1 << 20 } },
      onBatch: async (batch, { publish, source }) => {
        const at = [...batch.raw.offsets].indexOf(5n)
        if (!isHolding || batch.raw.partition !== 0 || at < 0) return publish(batch)
        // As the mask stream does: what is before the record goes out, the rest waits.
        await batch.commit(5n)
        source.hold(topic, 0, 5n)
      },
    })
    const messages = Array.from({ length: 20 }, (_, n) => ({ key: 'k', value: String(n), partition: n % 2 }))
    await produce(kafka, topic, messages)
    await untilCommitted(topic, topic, '5,10')
    await produce(kafka, topic, [{ key: 'k', value: 'more', partition: 1 }])
    await untilCommitted(topic, topic, '5,11')
    const held = () => relay.source.assigned().find(({ partition }) => partition === 0)
    expect(held()).toMatchObject({ position: 5n, highWatermark: 10n })
    await produce(kafka, topic, [{ key: 'k', value: 'late', partition: 0 }])
    await until('the lag of what is held to grow', () => held()?.highWatermark === 11n)
    expect(held()).toMatchObject({ position: 5n })
    const before = relay.source.movedAt()
    await until('the loop to move although a partition is held', () => relay.source.movedAt() > before)
    isHolding = false
    relay.source.release(topic, 0)
    await untilCommitted(topic, topic, '11,11')
    const masked = (await readTopic(kafka, maskedName(topic))).filter(({ partition }) => partition === 0)
    // Offset 4 was in the batch that was committed up to 5 without being published: the relay above is that simple.
    expect(masked.map(({ value }) => String(value))).toEqual(['0', '2', '4', '6', '10', '12', '14', '16', '18', 'late'])
  })

  test('a batch that is neither committed nor held comes again', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(kafka, topic, [{ value: '1' }])
    let times = 0
    start({
      group: topic,
      names: name => name === topic,
      onBatch: async (batch, { publish }) => (times++ === 0 ? undefined : publish(batch)),
    })
    await untilCommitted(topic, topic, '1')
    expect(times).toBe(2)
  })

  test('an offset that is out of range is held and told, never skipped', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(
      kafka,
      topic,
      Array.from({ length: 10 }, (_, n) => ({ value: String(n) })),
    )
    const first = start({ group: topic, names: name => name === topic })
    await untilCommitted(topic, topic, '10')
    await first.stop()
    relays.splice(0)
    await produce(
      kafka,
      topic,
      Array.from({ length: 10 }, (_, n) => ({ value: String(n + 10) })),
    )
    await deleteBefore(topic, '15')
    const second = start({ group: topic, names: name => name === topic })
    await until('the partition to be stuck', () => second.stuck.length > 0)
    expect(second.stuck[0]).toEqual({ topic, partition: 0, offset: 10n, code: 'OFFSET_OUT_OF_RANGE' })
    expect(await committed(topic, topic)).toBe('10')
    expect(second.batches).toHaveLength(0)
    second.source.release(topic, 0)
    await until('it to be told again', () => second.stuck.length > 1)
    expect(await committed(topic, topic)).toBe('10')
  })

  test('a new group begins at the beginning, wherever that is by then', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(
      kafka,
      topic,
      Array.from({ length: 10 }, (_, n) => ({ value: String(n) })),
    )
    let isHolding = true
    const relay = start({
      group: topic,
      names: name => name === topic,
      onBatch: async (batch, { publish, source }) => (isHolding ? source.hold(topic, 0, 0n) : publish(batch)),
    })
    await until('the first batch', () => relay.batches.length > 0)
    await deleteBefore(topic, '8')
    isHolding = false
    relay.source.release(topic, 0)
    await untilCommitted(topic, topic, '10')
    expect(await values(maskedName(topic))).toEqual(['8', '9'])
    expect(relay.stuck).toEqual([])
  })

  test('markers of transactions and aborted records are passed, so that the lag ends at 0', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const producer = kafka.producer({ transactionalId: topic, idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    const transact = async (value: string): Promise<void> => {
      const transaction = await producer.transaction()
      await transaction.send({ topic, messages: [{ value }] })
      await (value === 'kept' ? transaction.commit() : transaction.abort())
    }
    try {
      await transact('kept')
      await transact('aborted')
      start({ group: topic, names: name => name === topic })
      await untilCommitted(topic, topic, '4')
      await transact('aborted alone')
      await untilCommitted(topic, topic, '6')
    } finally {
      await producer.disconnect()
    }
    expect(await values(maskedName(topic))).toEqual(['kept'])
  })

  test('a batch of 100,000 records is read whole', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { configEntries: [{ name: 'max.message.bytes', value: '10000000' }] })
    const count = 100_000
    const value = Buffer.from('v')
    const spans = new Int32Array(count * 6).fill(-1)
    for (let n = 0; n < count; n++) spans.set([0, 1, 0, 1], n * 6)
    const records = { count, bytes: value, spans, timestamps: new Float64Array(count).fill(1_700_000_000_000) }
    const relay = start({ group: topic, names: name => name === topic, compression: 'zstd' })
    const writer = createRecordWriter({
      client: relay.client,
      compression: 'zstd',
      log: relay.log,
      requestBytes: 1 << 26,
    })
    await writer.write(topic, 0, records, () => true).finally(writer.close)
    await untilCommitted(topic, topic, String(count))
    expect(relay.batches.every(({ raw }) => raw.count <= 2_000)).toBe(true)
  })

  test('a record that its output topic was too small for arrives: the topic is raised to its input', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await createTopic(kafka, maskedName(topic), { configEntries: [{ name: 'max.message.bytes', value: '100000' }] })
    const value = 'v'.repeat(300_000)
    await produce(kafka, topic, [{ value }])
    start({ group: topic, names: name => name === topic })
    await untilCommitted(topic, topic, '1')
    expect(await values(maskedName(topic))).toEqual([value])
  })

  test('stops within the grace period, the batch under way finished and committed', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(kafka, topic, [{ value: '1' }])
    const goOn = Promise.withResolvers<void>()
    const relay = start({ group: topic, names: name => name === topic, afterPublish: () => goOn.promise })
    await until('the batch to be under way', () => relay.batches.length > 0)
    const stopped = relay.stop()
    relays.splice(0)
    goOn.resolve()
    await stopped
    expect(await committed(topic, topic)).toBe('1')
    const { groups } = await withAdmin(admin => admin.describeGroups([topic]))
    expect(groups[0]?.members).toEqual([])
  })

  test('a bug in the work ends the run, and is not taken for an outage', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(kafka, topic, [{ value: '1' }])
    const relay = startRelay({
      brokers,
      group: topic,
      names: name => name === topic,
      onBatch: () => Promise.reject(new Error('canary')),
    })
    await expect(relay.running).rejects.toMatchObject({ code: 'INTERNAL', kind: 'fatal' })
    await expect(relay.stop()).rejects.toMatchObject({ code: 'INTERNAL' })
    expect(await committed(topic, topic)).toBe('-1')
  })

  test('tells where it stands and where the end is', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const goOn = Promise.withResolvers<void>()
    const relay = start({
      group: topic,
      names: name => name === topic,
      source: { limits: { records: 1, bytes: 1 << 20 } },
      afterPublish: ({ raw }) => (raw.offsets[0] === 0n ? Promise.resolve() : goOn.promise),
    })
    await produce(
      kafka,
      topic,
      Array.from({ length: 3 }, (_, n) => ({ value: String(n) })),
    )
    const isAt = (position: bigint) => () => {
      const [one] = relay.source.assigned()
      return one?.position === position && one.highWatermark === 3n
    }
    await until('the second record to be under way', isAt(1n))
    goOn.resolve()
    await until('the end', isAt(3n))
    expect(relay.source.assigned()).toEqual([{ topic, partition: 0, position: 3n, highWatermark: 3n }])
  })

  test('work that must be alone waits for the batch under way, and keeps the next', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const goOn = Promise.withResolvers<void>()
    const events: string[] = []
    const relay = start({
      group: topic,
      names: name => name === topic,
      source: { limits: { records: 1, bytes: 1 << 20 } },
      onBatch: async (batch, { publish }) => {
        events.push(`begin ${batch.raw.offsets[0]}`)
        await goOn.promise
        await publish(batch)
        events.push(`end ${batch.raw.offsets[0]}`)
      },
    })
    await produce(kafka, topic, [{ value: '1' }, { value: '2' }])
    await until('the first batch', () => events.length > 0)
    const alone = relay.source.alone({ topic, partition: 0 }, async () => {
      events.push('alone')
      await committed(topic, topic)
      events.push('done')
    })
    goOn.resolve()
    await alone
    await untilCommitted(topic, topic, '2')
    expect(events).toEqual(['begin 0', 'end 0', 'alone', 'done', 'begin 1', 'end 1'])
  })

  test('work that must be alone does not wait for ever for a batch that does', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const goOn = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const relay = start({
      group: topic,
      names: name => name === topic,
      onBatch: async (batch, { publish }) => {
        begun.resolve()
        await goOn.promise
        await publish(batch)
      },
    })
    await produce(kafka, topic, [{ value: '1' }])
    await begun.promise
    let isWorking = false
    const work = async (): Promise<void> => {
      isWorking = true
    }
    const place = { topic, partition: 0 }
    await expect(relay.source.alone(place, work)).rejects.toMatchObject({ code: 'REPLAY_WAITS', where: place })
    goOn.resolve()
    await untilCommitted(topic, topic, '1')
    // What was given up is not done later, and keeps nobody out.
    expect(isWorking).toBe(false)
    expect(await relay.source.alone(place, async () => 'done')).toBe('done')
    expect(await relay.source.alone({ topic, partition: 7 }, work)).toBeNull()
  })

  test('nothing of a record is logged', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(kafka, topic, [{ key: 'canary-key', value: 'canary-value', headers: { h: 'canary-header' } }])
    const relay = start({ group: topic, names: name => name === topic })
    await untilCommitted(topic, topic, '1')
    const log: KeptLog = relay.log
    expect(log.entries.length).toBeGreaterThan(0)
    expect(JSON.stringify(log.entries)).not.toContain('canary')
  })
})
