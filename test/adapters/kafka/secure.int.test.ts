import { createSecretKey, randomBytes } from 'node:crypto'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import type { KafkaSettings } from '../../../src/adapters/kafka/client.ts'
import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createDeadLetterTopic } from '../../../src/adapters/kafka/dead-letter-topic.ts'
import { createKafkaStatus } from '../../../src/adapters/kafka/kafka-status.ts'
import { createOutputTopics } from '../../../src/adapters/kafka/output-topics.ts'
import { createLetterReader, createRecordReader } from '../../../src/adapters/kafka/record-reader.ts'
import { seal } from '../../../src/pipeline/seal.ts'
import {
  keptLog,
  maskedName,
  plainSettings,
  type Relay,
  type RelayOptions,
  startRelay,
} from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient, produce, readTopic } from '../../support/stack/kafka-clients.ts'
import { describeWithOwnStack, freshPrefix } from '../../support/stack/require-stack.ts'
import { until } from '../../support/stack/until.ts'
import { readFileSync } from 'node:fs'

describeWithOwnStack('secured Kafka', { brokers: 1, connect: false, secure: true, databases: [] }, stack => {
  const relays: Relay[] = []
  afterEach(async () => {
    for (const relay of relays.splice(0)) await relay.stop()
  })
  const security = () => {
    const found = stack().security
    if (found === undefined) throw new Error('the stack is not secured')
    return found
  }
  const asUser = (sasl: KafkaSettings['sasl'], password = security().users.scrim.password): KafkaSettings => ({
    ...plainSettings(stack().brokers),
    username: security().users.scrim.username,
    password,
    sasl,
    tlsCa: readFileSync(security().ca),
  })
  const asCertificate = (): KafkaSettings => ({
    ...plainSettings(security().mtls.bootstrap),
    tlsCa: readFileSync(security().ca),
    tlsCert: readFileSync(security().mtls.cert),
    tlsKey: readFileSync(security().mtls.key),
  })

  /** The user's relay of one topic, under a group of the same name. */
  const relayOf = (topic: string, more: Partial<RelayOptions> = {}): Relay => {
    const settings = asUser('scram-sha-512')
    const relay = startRelay({ brokers: '', settings, group: topic, names: name => name === topic, ...more })
    relays.push(relay)
    return relay
  }

  type Rights = readonly [resourceType: AclResourceTypes, name: string, operation: AclOperationTypes][]
  async function allow(principal: string, operations: Rights): Promise<void> {
    const admin = kafkaClient(stack().internalBrokers).admin()
    await admin.connect()
    const acl = operations.map(([resourceType, resourceName, operation]) => ({
      principal,
      resourceType,
      resourceName,
      operation,
      host: '*',
      permissionType: AclPermissionTypes.ALLOW,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
    }))
    await admin.createAcls({ acl }).finally(() => admin.disconnect())
  }
  async function revoke(principal: string, operations: Rights): Promise<void> {
    const admin = kafkaClient(stack().internalBrokers).admin()
    await admin.connect()
    const filters = operations.map(([resourceType, resourceName, operation]) => ({
      principal,
      resourceType,
      resourceName,
      operation,
      permissionType: AclPermissionTypes.ALLOW,
      resourcePatternType: ResourcePatternTypes.PREFIXED,
    }))
    await admin.deleteAcls({ filters }).finally(() => admin.disconnect())
  }
  const { READ, WRITE, CREATE, DESCRIBE, DESCRIBE_CONFIGS } = AclOperationTypes
  const { TOPIC, GROUP } = AclResourceTypes

  const logins: [name: string, settings: () => KafkaSettings, principal: () => string][] = [
    ['PLAIN', () => asUser('plain'), () => 'User:scrim'],
    ['SCRAM-SHA-256', () => asUser('scram-sha-256'), () => 'User:scrim'],
    ['SCRAM-SHA-512', () => asUser('scram-sha-512'), () => 'User:scrim'],
    ['a certificate', asCertificate, () => security().mtls.principal],
  ]
  test.each(logins)(
    'with %s and no more rights than the README names: reads, makes the output topic, writes, commits, buries and digs up',
    async (_name, settings, principal) => {
      const kafka = kafkaClient(stack().internalBrokers)
      const [topic, deadLetterTopic] = [freshPrefix(), freshPrefix()]
      await createTopic(kafka, topic)
      await produce(kafka, topic, [{ key: 'k', value: 'v' }])
      await allow(principal(), [
        [TOPIC, topic, READ],
        [TOPIC, topic, DESCRIBE_CONFIGS],
        [TOPIC, maskedName(topic), WRITE],
        [TOPIC, maskedName(topic), CREATE],
        [TOPIC, deadLetterTopic, WRITE],
        [TOPIC, deadLetterTopic, CREATE],
        [TOPIC, deadLetterTopic, READ],
        [GROUP, topic, READ],
      ])
      const relay = startRelay({ brokers: '', settings: settings(), group: topic, names: name => name === topic })
      relays.push(relay)
      const admin = kafka.admin()
      await admin.connect()
      try {
        await until(
          'the commit',
          async () => (await admin.fetchOffsets({ groupId: topic, topics: [topic] }))[0]?.partitions[0]?.offset === '1',
        )
      } finally {
        await admin.disconnect()
      }
      expect(await readTopic(kafka, maskedName(topic))).toHaveLength(1)

      // What a replay needs: the letter, the raw record, and what came after it.
      const { client, log } = relay
      const letters = createDeadLetterTopic({ client, topic: deadLetterTopic, compression: 'zstd', log })
      const letterReader = createLetterReader({ client, topic: deadLetterTopic })
      const reader = createRecordReader({ client, group: topic })
      try {
        const raw = await reader.read(topic, 0, 0n)
        if (raw === null) throw new Error('the raw record is gone')
        const sealed = seal(raw, 0, createSecretKey(randomBytes(32)), 'k', '2026-11', randomBytes(12))
        const of = { topic, partition: 0, offset: 0n, timestamp: 0, views: ['default'], path: '', policyVersion: 1 }
        const record = { ...of, recordId: null, parkedBy: null }
        const [place] = await letters.put([{ ...record, code: 'RECORD_MALFORMED', sealed }])
        const { partition = -1, offset = -1n } = place ?? {}
        expect(await letterReader.read(partition, [offset])).toEqual(new Map([[offset, sealed.bytes]]))
        const row = Buffer.from('k')
        expect(await reader.newer({ topic, partition: 0, offset: 0n, row, compacted: false })).toBe('none')
      } finally {
        for (const { close } of [letters, letterReader, reader]) await close()
      }
    },
  )

  test('a group that may not be read is told as such, and is read as soon as it may', async () => {
    const kafka = kafkaClient(stack().internalBrokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(kafka, topic, [{ key: 'k', value: 'v' }])
    await allow('User:scrim', [
      [TOPIC, topic, READ],
      [TOPIC, topic, DESCRIBE_CONFIGS],
      [TOPIC, topic, WRITE],
      [TOPIC, topic, CREATE],
    ])
    const relay = relayOf(topic)
    await until('the reason', () =>
      relay.log.entries.some(({ fields }) => fields.code === 'KAFKA_GROUP_NOT_AUTHORISED'),
    )
    await allow('User:scrim', [[GROUP, topic, READ]])
    await until('the batch', () => relay.batches.length > 0)
  })

  const gone: [how: string, act: (relay: Relay, topic: string) => Promise<void>][] = [
    ['policies name no topic any more', async ({ source }) => source.setTopics(() => false)],
    [
      'the topic is deleted',
      async (_relay, topic) => {
        const admin = kafkaClient(stack().internalBrokers).admin()
        await admin.connect()
        await admin.deleteTopics({ topics: [topic] }).finally(() => admin.disconnect())
      },
    ],
  ]
  test.each(gone)('a group that may not be read troubles as long as it is to be joined: %s', async (_how, act) => {
    const topic = freshPrefix()
    await createTopic(kafkaClient(stack().internalBrokers), topic)
    await allow('User:scrim', [[TOPIC, topic, READ]])
    const relay = relayOf(topic)
    const { source, log } = relay
    await until('the trouble', () => source.trouble() === 'KAFKA_GROUP_NOT_AUTHORISED')
    const seen = new Set<string | null>()
    await until('two more attempts', () => {
      seen.add(source.trouble())
      return log.entries.some(({ fields }) => fields.code === 'KAFKA_GROUP_NOT_AUTHORISED' && fields.attempt === 3)
    })
    expect([...seen]).toEqual(['KAFKA_GROUP_NOT_AUTHORISED'])
    await act(relay, topic)
    await until('no trouble', () => source.trouble() === null)
  })

  test('a partition that may not be read troubles until it may, or is held for a reason of its own', async () => {
    const kafka = kafkaClient(stack().internalBrokers)
    const topic = freshPrefix()
    await createTopic(kafka, topic)
    await produce(kafka, topic, [{ key: 'k', value: 'v' }])
    await allow('User:scrim', [
      [TOPIC, topic, DESCRIBE],
      [TOPIC, topic, DESCRIBE_CONFIGS],
      [GROUP, topic, READ],
    ])
    const relay = relayOf(topic, { onBatch: batch => batch.commit(batch.nextOffset) })
    const { source } = relay
    const isRefused = (): boolean => source.trouble() === 'KAFKA_NOT_AUTHORISED'
    await until('the refusal', isRefused)
    await allow('User:scrim', [[TOPIC, topic, READ]])
    await until('the batch', () => relay.batches.length > 0)
    expect(source.trouble()).toBeNull()
    await revoke('User:scrim', [[TOPIC, topic, READ]])
    await until('the next refusal', isRefused)
    // Nothing is fetched of it as long as it is held, so nobody would notice that it may be read again.
    source.hold(topic, 0, 1n)
    expect(source.trouble()).toBeNull()
    source.release(topic, 0)
    await until('it to be tried again', isRefused)
  })

  test('a topic that Kafka does not show for want of an ACL is not among those that are read, until it is shown', async () => {
    const kafka = kafkaClient(stack().internalBrokers)
    const [topic, hidden] = [freshPrefix(), freshPrefix()]
    for (const name of [topic, hidden]) {
      await createTopic(kafka, name)
      await produce(kafka, name, [{ key: 'k', value: 'v' }])
    }
    await allow('User:scrim', [
      [TOPIC, topic, READ],
      [TOPIC, topic, DESCRIBE_CONFIGS],
      [TOPIC, topic, WRITE],
      [TOPIC, topic, CREATE],
      [GROUP, topic, READ],
    ])
    const relay = relayOf(topic, { names: name => name === topic || name === hidden })
    await until('the batch', () => relay.batches.length > 0)
    expect(relay.source.topics()).toEqual([topic])
    expect(relay.source.trouble()).toBeNull()
    await allow('User:scrim', [
      [TOPIC, hidden, READ],
      [TOPIC, hidden, DESCRIBE_CONFIGS],
      [TOPIC, hidden, WRITE],
      [TOPIC, hidden, CREATE],
    ])
    await until('its batch', () => relay.batches.some(({ raw }) => raw.topic === hidden))
    expect(relay.source.topics()).toEqual([topic, hidden].sort())
  })

  describe('an output topic that may not be altered', () => {
    const { ALTER_CONFIGS } = AclOperationTypes
    async function outputTopic(name: string, value: string) {
      const kafka = kafkaClient(stack().internalBrokers)
      const topic = freshPrefix()
      await createTopic(kafka, topic)
      await createTopic(kafka, maskedName(topic), { configEntries: [{ name, value }] })
      await allow('User:scrim', [
        [TOPIC, topic, READ],
        [TOPIC, topic, DESCRIBE_CONFIGS],
      ])
      const log = keptLog()
      const client = createKafkaClient({ config: asUser('scram-sha-512'), log })
      const topics = createOutputTopics({ client, isInput: () => false, log })
      onTestFinished(() => client.close())
      await until('the rights', () => topics.facts(topic))
      return {
        topic,
        log,
        ensure: async () => {
          topics.forget(maskedName(topic))
          await topics.ensure({ topic, partition: 0, partitions: 1 }, maskedName(topic))
        },
      }
    }

    test('is used although it takes smaller records, which is told once; and raised as soon as it may be', async () => {
      const { topic, log, ensure } = await outputTopic('max.message.bytes', '100000')
      const told = () => log.entries.filter(({ level }) => level === 'warn')
      await ensure()
      await ensure()
      expect(told()).toMatchObject([
        {
          fields: { topic: maskedName(topic), setting: 'max.message.bytes' },
          message: expect.stringMatching(/smaller/),
        },
      ])
      await allow('User:scrim', [[TOPIC, maskedName(topic), ALTER_CONFIGS]])
      await until('the change', async () => {
        await ensure()
        return told().some(({ message }) => message === 'output topic altered')
      })
    })

    test('is not used where it would overwrite timestamps', async () => {
      const { topic, ensure } = await outputTopic('message.timestamp.type', 'LogAppendTime')
      await expect(ensure()).rejects.toMatchObject({
        code: 'OUTPUT_TOPIC_UNFIT',
        where: { topic: maskedName(topic), path: 'message.timestamp.type' },
      })
    })
  })

  test('a wrong password is told as such, without a word of the server', async () => {
    const log = keptLog()
    const client = createKafkaClient({ config: asUser('scram-sha-512', 'canary-password'), log })
    const status = createKafkaStatus({ client })
    expect(await status.ping()).toBe('KAFKA_NOT_AUTHORISED')
    await client.close()
    expect(JSON.stringify(log.entries)).not.toContain('canary')
  })
})
