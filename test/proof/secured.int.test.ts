import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes, type Admin } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground, type GroundOptions } from '../support/proof/ground.ts'
import { createRawWriter } from '../support/proof/load.ts'
import { peopleMasks, peoplePolicy, personRecord } from '../support/proof/people.ts'
import { createTopic } from '../support/stack/kafka-clients.ts'
import { describeWithOwnStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

type Right = keyof typeof AclOperationTypes

/** All that the service needs, and no more: see "Rights" in the README. */
const rights = ({ topic, maskedTopic, deadLetterTopic, group }: Ground) => ({
  topics: [
    [topic, ['READ', 'DESCRIBE_CONFIGS']],
    // ALTER and ALTER_CONFIGS only where the output has to follow the raw topic's growth and settings.
    [maskedTopic, ['WRITE', 'CREATE', 'DESCRIBE_CONFIGS', 'ALTER']],
    // READ for replays.
    [deadLetterTopic, ['WRITE', 'CREATE', 'READ']],
  ] as const,
  groups: [[group, ['READ']]] as const,
})

async function withAdmin<T>({ kafka }: Ground, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin()
  await admin.connect()
  return use(admin).finally(() => admin.disconnect())
}

const endsOf = (here: Ground, topic: string) => withAdmin(here, admin => admin.fetchTopicOffsets(topic))

describeWithOwnStack(
  'the service on a secured Kafka',
  { brokers: 1, connect: false, secure: true, databases: [] },
  stack => {
    let ground: Ground | undefined
    afterEach(() => ground?.release())

    const allow = (
      here: Ground,
      resourceType: AclResourceTypes,
      names: readonly (readonly [string, readonly Right[]])[],
    ): Promise<unknown> =>
      withAdmin(here, admin =>
        admin.createAcls({
          acl: names.flatMap(([resourceName, operations]) =>
            operations.map(operation => ({
              principal: `User:${stack().security!.users.scrim.username}`,
              resourceType,
              resourceName,
              operation: AclOperationTypes[operation],
              host: '*',
              permissionType: AclPermissionTypes.ALLOW,
              resourcePatternType: ResourcePatternTypes.LITERAL,
            })),
          ),
        }),
      )
    const make = async (options: Partial<GroundOptions> = {}): Promise<Ground> => {
      const { brokers, internalBrokers, security, postgres } = stack()
      const { username, password } = security!.users.scrim
      return (ground = await createGround({
        brokers: internalBrokers,
        scrimBrokers: brokers,
        postgres,
        partitions: 2,
        ...options,
        env: {
          KAFKA_USERNAME: username,
          KAFKA_PASSWORD: password,
          SCRIM_KAFKA_SASL: 'scram-sha-512',
          KAFKA_SSL_CA: security!.ca,
          ...options.env,
        },
      }))
    }

    test('with SCRAM over TLS and these rights alone it masks, seals, replays and grows; readiness names a right that is missing', async () => {
      const here = await make()
      const wanted = rights(here)
      const [raw, ...written] = wanted.topics
      await allow(here, AclResourceTypes.TOPIC, [[raw[0], ['DESCRIBE', 'DESCRIBE_CONFIGS']], ...written])
      const records = Array.from({ length: 30 }, (_, id) => ({ id, partition: id % 2 }))
      await here.write([...records, { id: 77, partition: 0, raw: { aadhaar: '1234' } }, ...records])

      const scrim = await here.start()
      const named = (wantedCode: string): Promise<unknown> =>
        until(`readiness to name ${wantedCode}`, async () =>
          (await scrim.ready()).reasons.some(({ code }) => code === wantedCode),
        )
      await named('KAFKA_GROUP_NOT_AUTHORISED')
      await allow(here, AclResourceTypes.GROUP, wanted.groups)
      await named('KAFKA_NOT_AUTHORISED')
      expect(await here.committed()).toBe(0)
      await allow(here, AclResourceTypes.TOPIC, [raw])
      await here.caughtUp()
      await until('readiness', async () => (await scrim.ready()).reasons.length === 0)
      expect(await here.judge()).toMatchObject({ faults: [], rejected: 1 })

      await scrim.call(
        'PUT',
        '/v1/policies/people',
        peoplePolicy(here.topic, { ...peopleMasks, aadhaar: { maskType: 'null' } }),
        {
          'if-match': '*',
        },
      )
      const replayed = await scrim.call('POST', '/v1/dead-letters/replay', { all: true })
      expect(replayed.json()).toMatchObject({ results: [{ outcome: 'published' }] })

      await withAdmin(here, admin => admin.createPartitions({ topicPartitions: [{ topic: here.topic, count: 3 }] }))
      await until('the new partition', async () => (await endsOf(here, here.topic)).length === 3)
      await here.write([{ id: 2, partition: 2 }])
      await here.caughtUp()
      expect((await endsOf(here, here.maskedTopic)).map(({ high }) => high)).toContain('1')
      expect(await scrim.stop()).toMatchObject({ code: 0 })
      expect(scrim.log()).not.toContain(stack().security!.users.scrim.password)
    })

    test('a topic whose settings may not be described waits and says so on readiness, and goes on by itself when they may', async () => {
      const here = await make()
      const { topics, groups } = rights(here)
      const [[topic], ...written] = topics
      await allow(here, AclResourceTypes.GROUP, groups)
      await allow(here, AclResourceTypes.TOPIC, [[topic, ['READ']], ...written])
      await here.write(Array.from({ length: 30 }, (_, id) => ({ id, partition: id % 2 })))
      const scrim = await here.start()
      const waiting = await until('readiness to name both partitions', async () => {
        const { reasons } = await scrim.ready()
        return reasons.length === 2 && reasons
      })
      const where = { topic, offset: '0', path: 'settings of the raw topic' }
      expect(waiting).toMatchObject([
        { code: 'KAFKA_NOT_AUTHORISED', where },
        { code: 'KAFKA_NOT_AUTHORISED', where },
      ])
      await allow(here, AclResourceTypes.TOPIC, [[topic, ['DESCRIBE_CONFIGS']]])
      await here.caughtUp()
      await until('readiness', async () => (await scrim.ready()).reasons.length === 0)
    })

    test('a dead-letter topic that refuses stops the partition until it takes the letter', async () => {
      const here = await make()
      const { topics, groups } = rights(here)
      const [raw, masked] = topics
      await createTopic(here.kafka, here.deadLetterTopic)
      await allow(here, AclResourceTypes.GROUP, groups)
      await allow(here, AclResourceTypes.TOPIC, [raw, masked])
      const records = Array.from({ length: 30 }, (_, id) => ({ id, partition: id % 2 }))
      await here.write([...records, { id: 77, partition: 0, raw: { aadhaar: '1234' } }, ...records])
      const scrim = await here.start()
      const refused = await until('the reason', async () =>
        (await scrim.ready()).reasons.find(({ code }) => code === 'DEAD_LETTER_REFUSED'),
      )
      expect(refused.where).toMatchObject({ partition: 0, path: 'KAFKA_NOT_AUTHORISED' })
      await until('the other partition to go on', async () => (await here.committed()) >= 30)
      expect(await here.committed()).toBeLessThanOrEqual(30 + 15)
      await allow(here, AclResourceTypes.TOPIC, [[here.deadLetterTopic, ['WRITE']]])
      await here.caughtUp()
      await until('readiness', async () => (await scrim.ready()).reasons.length === 0)
      expect(await here.judge()).toMatchObject({ faults: [], rejected: 1 })
    })

    test('a topic whose output may not be written stops nobody else, however many partitions it has, and goes on when it may', async () => {
      const refused = (topic: string): string => `${topic}.refused`
      const here = await make({
        policies: topic => [peoplePolicy(topic), { ...peoplePolicy(refused(topic)), name: 'refused' }],
        env: { SCRIM_CONCURRENCY: '2' },
      })
      const topic = refused(here.topic)
      await createTopic(here.kafka, topic, { numPartitions: 5 })
      const writer = createRawWriter(stack().internalBrokers)
      await writer
        .write(
          topic,
          [0, 1, 2, 3, 4].map(partition => personRecord(topic, { id: 1, partition, timestamp: partition + 1 })),
        )
        .finally(() => writer.close())
      const { topics, groups } = rights(here)
      await allow(here, AclResourceTypes.GROUP, groups)
      await allow(here, AclResourceTypes.TOPIC, [
        ...topics,
        [topic, ['READ', 'DESCRIBE_CONFIGS']],
        [`${topic}.masked`, ['CREATE', 'DESCRIBE_CONFIGS']],
      ])
      const scrim = await here.start()
      const waiting = async (): Promise<(string | undefined)[]> =>
        (await scrim.ready()).reasons
          .filter(({ code }) => code === 'KAFKA_NOT_AUTHORISED')
          .map(({ where }) => where.topic)
      await until('readiness to name all five', async () => (await waiting()).length === 5)
      expect(new Set(await waiting())).toEqual(new Set([topic]))
      await here.write(Array.from({ length: 30 }, (_, id) => ({ id, partition: id % 2 })))
      await here.caughtUp()
      expect(await here.committed(topic)).toBe(0)
      await allow(here, AclResourceTypes.TOPIC, [[`${topic}.masked`, ['WRITE']]])
      await until('the topic to go on', async () => (await here.committed(topic)) === 5)
      await until('readiness', async () => (await scrim.ready()).reasons.length === 0)
    })
  },
)
