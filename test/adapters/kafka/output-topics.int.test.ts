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

  const own = (settings: Readonly<Record<string, string>>) => ({
    configEntries: Object.entries(settings).map(([name, value]) => ({ name, value })),
  })
  const told = (topic: string, message: RegExp) =>
    log.entries.filter(({ fields, message: text }) => fields.topic === maskedName(topic) && message.test(text))
  /** Of two topics that were there before. */
  async function pair(rawSettings: Record<string, string>, maskedSettings: Record<string, string>): Promise<string> {
    const topic = freshPrefix()
    await createTopic(kafka, topic, own(rawSettings))
    await createTopic(kafka, maskedName(topic), own(maskedSettings))
    return topic
  }

  /** What the stack's brokers are started with. */
  const clusterMaxBytes = '10485760'
  const altered: [
    name: string,
    raw: Record<string, string>,
    masked: Record<string, string>,
    after: Record<string, string>,
    change: string[],
  ][] = [
    [
      'LogAppendTime',
      {},
      { 'message.timestamp.type': 'LogAppendTime', 'retention.ms': '777777777' },
      { 'message.timestamp.type': 'CreateTime', 'retention.ms': '777777777' },
      ['message.timestamp.type=CreateTime'],
    ],
    [
      'a smaller size than the raw topic',
      { 'max.message.bytes': '20000000' },
      { 'max.message.bytes': '2000000', 'retention.ms': '777777777', 'segment.bytes': '20000000' },
      { 'max.message.bytes': '20000000', 'retention.ms': '777777777', 'segment.bytes': '20000000' },
      ['max.message.bytes=20000000'],
    ],
    [
      "the cluster's size, smaller than the raw topic's own",
      { 'max.message.bytes': '20000000' },
      { 'retention.ms': '777777777' },
      { 'max.message.bytes': '20000000', 'retention.ms': '777777777' },
      ['max.message.bytes=20000000'],
    ],
    [
      "a size of their own, smaller than the cluster's",
      {},
      { 'max.message.bytes': '1000' },
      { 'max.message.bytes': clusterMaxBytes },
      [`max.message.bytes=${clusterMaxBytes}`],
    ],
    [
      'LogAppendTime and a smaller size',
      { 'max.message.bytes': '20000000' },
      { 'message.timestamp.type': 'LogAppendTime', 'retention.ms': '777777777' },
      { 'message.timestamp.type': 'CreateTime', 'max.message.bytes': '20000000', 'retention.ms': '777777777' },
      ['message.timestamp.type=CreateTime', 'max.message.bytes=20000000'],
    ],
  ]
  test.each(altered)(
    'that have %s are altered at once, their other settings kept',
    async (...[, rawSettings, masked, after, change]) => {
      const topic = await pair(rawSettings, masked)
      await fresh().ensure(raw(topic, 1), maskedName(topic))
      expect((await look(maskedName(topic))).settings).toMatchObject(after)
      expect(told(topic, /altered/)).toMatchObject([{ level: 'warn', fields: { settings: change } }])
    },
  )

  test('that take larger records than the raw topic stay as they are', async () => {
    const topic = await pair({}, { 'max.message.bytes': '20000000' })
    await fresh().ensure(raw(topic, 1), maskedName(topic))
    expect((await look(maskedName(topic))).settings).toMatchObject({ 'max.message.bytes': '20000000' })
    expect(told(topic, /altered/)).toEqual([])
  })

  const [week, day] = ['604800000', '86400000']
  const retained: [name: string, raw: Record<string, string>, masked: Record<string, string>, shorter: string[]][] = [
    ['keep for a shorter time', { 'retention.ms': week }, { 'retention.ms': day }, ['retention.ms']],
    ["keep for a shorter time than the cluster's", {}, { 'retention.ms': day }, ['retention.ms']],
    ['keep for a time, while the raw topic keeps for ever', { 'retention.ms': '-1' }, {}, ['retention.ms']],
    [
      'keep less, by time and size',
      { 'retention.ms': week, 'retention.bytes': '-1' },
      { 'retention.ms': day, 'retention.bytes': '1000000' },
      ['retention.ms', 'retention.bytes'],
    ],
    [
      'delete what the raw topic only compacts',
      { 'cleanup.policy': 'compact', 'retention.ms': day },
      { 'cleanup.policy': 'compact,delete', 'retention.ms': week },
      ['retention.ms'],
    ],
    ['keep for a longer time', { 'retention.ms': day }, { 'retention.ms': week }, []],
    ['keep for ever', { 'retention.ms': week, 'retention.bytes': '1000000' }, { 'retention.ms': '-1' }, []],
    [
      'are only compacted, whatever their retention',
      { 'cleanup.policy': 'compact', 'retention.ms': week },
      { 'cleanup.policy': 'compact', 'retention.ms': day },
      [],
    ],
  ]
  test.each(retained)(
    'that %s are left so, and what is shorter is told once',
    async (...[, rawSettings, masked, shorter]) => {
      const topic = await pair(rawSettings, masked)
      const topics = fresh()
      await topics.ensure(raw(topic, 1), maskedName(topic))
      topics.forget(maskedName(topic))
      await topics.ensure(raw(topic, 1), maskedName(topic))
      expect((await look(maskedName(topic))).settings).toMatchObject(masked)
      expect(told(topic, /shorter/).map(({ level, fields }) => [level, fields.settings])).toEqual(
        shorter.length === 0 ? [] : [['warn', shorter]],
      )
    },
  )

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
