import { ConfigResourceTypes } from 'kafkajs'
import { afterAll, expect, test } from 'vitest'
import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createOutputTopics } from '../../../src/adapters/kafka/output-topics.ts'
import { keptLog, maskedName, plainSettings } from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient } from '../../support/stack/kafka-clients.ts'
import { describeWithStack, freshPrefix } from '../../support/stack/require-stack.ts'

describeWithStack('output topics', ({ brokers }) => {
  const kafka = kafkaClient(brokers)
  const log = keptLog()
  const client = createKafkaClient({ config: plainSettings(brokers), log })
  afterAll(() => client.close())
  const fresh = (inputs: readonly string[] = []) =>
    createOutputTopics({ client, isInput: topic => inputs.includes(topic), log })
  const raw = (topic: string, partitions: number) => ({ topic, partition: 0, partitions })

  async function look(
    topic: string,
  ): Promise<{ readonly partitions: number; readonly settings: Readonly<Record<string, string>> }> {
    const admin = kafka.admin()
    await admin.connect()
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      const { resources } = await admin.describeConfigs({
        resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
        includeSynonyms: false,
      })
      const settings = Object.fromEntries(
        (resources[0]?.configEntries ?? []).map(({ configName, configValue }) => [configName, configValue]),
      )
      return { partitions: topics[0]?.partitions.length ?? 0, settings }
    } finally {
      await admin.disconnect()
    }
  }

  test('are made as their input is, with CreateTime', async () => {
    const topic = freshPrefix()
    const settings = {
      'cleanup.policy': 'compact',
      'retention.ms': '123456',
      'retention.bytes': '99999999',
      'max.message.bytes': '2097152',
      'min.cleanable.dirty.ratio': '0.3',
    }
    const configEntries = Object.entries({ ...settings, 'message.timestamp.type': 'LogAppendTime' }).map(
      ([name, value]) => ({ name, value }),
    )
    await createTopic(kafka, topic, { numPartitions: 3, configEntries })
    await fresh().ensure(raw(topic, 3), maskedName(topic))
    const made = await look(maskedName(topic))
    expect(made.partitions).toBe(3)
    expect(made.settings).toMatchObject({ ...settings, 'message.timestamp.type': 'CreateTime' })
  })

  test('grow with their input, and when they were smaller from the start', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 2 })
    await createTopic(kafka, maskedName(topic), { numPartitions: 1 })
    const topics = fresh()
    await topics.ensure(raw(topic, 2), maskedName(topic))
    expect((await look(maskedName(topic))).partitions).toBe(2)
    const admin = kafka.admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] }).finally(() => admin.disconnect())
    await topics.ensure(raw(topic, 4), maskedName(topic))
    expect((await look(maskedName(topic))).partitions).toBe(4)
  })

  test('that have LogAppendTime are altered, their other settings kept', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    const configEntries = [
      { name: 'message.timestamp.type', value: 'LogAppendTime' },
      { name: 'retention.ms', value: '7777777' },
    ]
    await createTopic(kafka, maskedName(topic), { configEntries })
    await fresh().ensure(raw(topic, 1), maskedName(topic))
    expect((await look(maskedName(topic))).settings).toMatchObject({
      'message.timestamp.type': 'CreateTime',
      'retention.ms': '7777777',
    })
  })

  const misfits: [
    name: string,
    maskedSettings: { numPartitions?: number; configEntries?: { name: string; value: string }[] },
    path: string,
  ][] = [
    ['have more partitions', { numPartitions: 3 }, 'partitions'],
    [
      'are compacted while the input is not',
      { configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
      'cleanup.policy',
    ],
  ]
  test.each(misfits)('that %s are refused', async (_name, settings, path) => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await createTopic(kafka, maskedName(topic), settings)
    await expect(fresh().ensure(raw(topic, 1), maskedName(topic))).rejects.toMatchObject({
      code: 'OUTPUT_TOPIC_UNFIT',
      where: { topic: maskedName(topic), path },
    })
  })

  test('that are inputs themselves are refused', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await expect(fresh([maskedName(topic)]).ensure(raw(topic, 1), maskedName(topic))).rejects.toMatchObject({
      code: 'OUTPUT_TOPIC_UNFIT',
    })
    await expect(fresh().ensure(raw(topic, 1), topic)).rejects.toMatchObject({ code: 'OUTPUT_TOPIC_UNFIT' })
  })

  test('are made once when several partitions ask at the same time', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { numPartitions: 4 })
    const [one, other] = [fresh(), fresh()]
    await Promise.all(
      [0, 1, 2, 3].flatMap(partition =>
        [one, other].map(topics => topics.ensure({ topic, partition, partitions: 4 }, maskedName(topic))),
      ),
    )
    expect((await look(maskedName(topic))).partitions).toBe(4)
    expect(
      log.entries.filter(
        ({ message, fields }) => message === 'output topic created' && fields.topic === maskedName(topic),
      ),
    ).toHaveLength(1)
  })

  test('facts tell compacted topics from others', async () => {
    const [compacted, plain] = [freshPrefix(), freshPrefix()]
    await createTopic(kafka, compacted, { configEntries: [{ name: 'cleanup.policy', value: 'compact,delete' }] })
    await createTopic(kafka, plain)
    expect(await fresh().facts(compacted)).toEqual({ compacted: true })
    expect(await fresh().facts(plain)).toEqual({ compacted: false })
  })
})
