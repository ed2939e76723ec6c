import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { peopleMasks, peoplePolicy } from '../support/proof/people.ts'
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

describeWithOwnStack(
  'the service on a secured Kafka',
  { brokers: 1, connect: false, secure: true, databases: [] },
  stack => {
    let ground: Ground | undefined
    afterEach(() => ground?.release())

    test('with SCRAM over TLS and these rights alone it masks, seals, replays and grows; readiness names a right that is missing', async () => {
      const { brokers, internalBrokers, security, postgres } = stack()
      const { username, password } = security!.users.scrim
      const here = await createGround({
        brokers: internalBrokers,
        scrimBrokers: brokers,
        postgres,
        partitions: 2,
        env: {
          KAFKA_USERNAME: username,
          KAFKA_PASSWORD: password,
          SCRIM_KAFKA_SASL: 'scram-sha-512',
          KAFKA_SSL_CA: security!.ca,
        },
      })
      ground = here
      const admin = here.kafka.admin()
      await admin.connect()
      const allow = (resourceType: AclResourceTypes, names: readonly (readonly [string, readonly Right[]])[]) =>
        admin.createAcls({
          acl: names.flatMap(([resourceName, operations]) =>
            operations.map(operation => ({
              principal: `User:${username}`,
              resourceType,
              resourceName,
              operation: AclOperationTypes[operation],
              host: '*',
              permissionType: AclPermissionTypes.ALLOW,
              resourcePatternType: ResourcePatternTypes.LITERAL,
            })),
          ),
        })
      const wanted = rights(here)
      const [raw, ...written] = wanted.topics
      await allow(AclResourceTypes.TOPIC, [[raw[0], ['DESCRIBE', 'DESCRIBE_CONFIGS']], ...written])
      const records = Array.from({ length: 30 }, (_, id) => ({ id, partition: id % 2 }))
      await here.write([...records, { id: 77, partition: 0, raw: { aadhaar: '1234' } }, ...records])

      const scrim = await here.start()
      const named = (wantedCode: string): Promise<unknown> =>
        until(`readiness to name ${wantedCode}`, async () =>
          (await scrim.ready()).reasons.some(({ code }) => code === wantedCode),
        )
      await named('KAFKA_GROUP_NOT_AUTHORISED')
      await allow(AclResourceTypes.GROUP, wanted.groups)
      await named('KAFKA_NOT_AUTHORISED')
      expect(await here.committed()).toBe(0)
      await allow(AclResourceTypes.TOPIC, [raw])
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

      await admin.createPartitions({ topicPartitions: [{ topic: here.topic, count: 3 }] })
      await until('the new partition to be there', async () => (await admin.fetchTopicOffsets(here.topic)).length === 3)
      await here.write([{ id: 2, partition: 2 }])
      await here.caughtUp()
      expect((await admin.fetchTopicOffsets(here.maskedTopic)).map(({ high }) => high)).toContain('1')
      expect(await scrim.stop()).toMatchObject({ code: 0 })
      expect(scrim.log()).not.toContain(password)
      await admin.disconnect()
    })
  },
)
