import { createSecretKey, randomBytes } from 'node:crypto'
import type { Admin } from 'kafkajs'
import { afterAll, expect, test } from 'vitest'
import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createDeadLetterTopic } from '../../../src/adapters/kafka/dead-letter-topic.ts'
import { describeTopic } from '../../../src/adapters/kafka/described-topic.ts'
import { createLetterReader, createRecordReader } from '../../../src/adapters/kafka/record-reader.ts'
import { KEY_END, KEY_START, VALUE_END, VALUE_START } from '../../../src/pipeline/batch.ts'
import { batchOfLines, rawLine } from '../../../src/pipeline/record-line.ts'
import { bucketKey, bucketOf, seal, unseal } from '../../../src/pipeline/seal.ts'
import type { DeadLetter } from '../../../src/services/ports/dead-letters.ts'
import { keptLog, plainSettings } from '../../support/kafka/relay.ts'
import { createTopic, kafkaClient, produce, readTopic } from '../../support/stack/kafka-clients.ts'
import { describeWithStack, freshPrefix } from '../../support/stack/require-stack.ts'

describeWithStack('dead letters and single records', ({ brokers }) => {
  const kafka = kafkaClient(brokers)
  const log = keptLog()
  const client = createKafkaClient({ config: plainSettings(brokers), log })
  const releases: (() => Promise<void>)[] = []
  afterAll(async () => {
    for (const release of releases) await release()
    await client.close()
  })
  const deadLetters = (topic: string, patienceMs = 10_000) => {
    const letters = createDeadLetterTopic({ client, topic, compression: 'zstd', patienceMs, log })
    releases.push(letters.close)
    return letters
  }
  const records = (group: string) => {
    const reader = createRecordReader({ client, group, timeoutMs: 10_000 })
    releases.push(reader.close)
    return reader
  }

  const master = createSecretKey(randomBytes(32))
  const bucket = bucketOf(Date.now())
  const raw = (topic: string) =>
    batchOfLines([
      {
        topic,
        partition: 2,
        offset: 41,
        key: { text: 'canary-key' },
        value: { text: 'canary-value' },
        timestamp: 1_700_000_000_000,
      },
    ])

  test('a letter holds the sealed bytes and names and numbers, and is found again at the place that was told', async () => {
    const topic = freshPrefix()
    const batch = raw('shop.orders')
    const sealed = seal(batch, 0, bucketKey(master, bucket), 'main', bucket, randomBytes(12))
    const letter: DeadLetter = {
      topic: 'shop.orders',
      partition: 2,
      offset: 41n,
      timestamp: 1_700_000_000_000,
      views: ['default', 'analysts'],
      code: 'RECORD_MALFORMED',
      path: 'value',
      policyVersion: 7,
      recordId: null,
      parkedBy: null,
      sealed,
    }
    const letters = deadLetters(topic)
    const places = await letters.put([letter, { ...letter, offset: 42n, sealed: null }])
    expect(places).toEqual([
      { partition: 0, offset: 0n },
      { partition: 0, offset: 1n },
    ])
    const written = await readTopic(kafka, topic)
    expect(written.map(({ key }) => String(key))).toEqual([
      'shop.orders/2/41/default+analysts',
      'shop.orders/2/42/default+analysts',
    ])
    expect(
      Object.fromEntries(Object.entries(written[0]?.headers ?? {}).map(([name, value]) => [name, String(value)])),
    ).toEqual({
      'scrim.topic': 'shop.orders',
      'scrim.partition': '2',
      'scrim.offset': '41',
      'scrim.timestamp': '1700000000000',
      'scrim.code': 'RECORD_MALFORMED',
      'scrim.place': 'value',
      'scrim.views': 'default,analysts',
      'scrim.policy.version': '7',
      'scrim.key.id': 'main',
      'scrim.bucket': bucket,
    })
    expect(written[1]?.value).toBeNull()
    expect(JSON.stringify(written)).not.toContain('canary')

    const reader = createLetterReader({ client, topic, timeoutMs: 10_000 })
    releases.push(reader.close)
    // The second has no payload, the third is not there.
    const found = await reader.read(0, [2n, 0n, 1n])
    expect([...found.keys()]).toEqual([0n])
    const bytes = found.get(0n)
    const line = bytes && unseal(bytes, bucketKey(master, bucket), 'shop.orders', 2, 41n)
    expect(line).toEqual(rawLine(batch, 0))
  })

  const sized = (bytes: number): DeadLetter => ({
    topic: 't',
    partition: 0,
    offset: 1n,
    timestamp: 0,
    views: ['default'],
    code: 'RECORD_MALFORMED',
    path: '',
    policyVersion: 1,
    recordId: null,
    parkedBy: null,
    sealed: {
      ...seal(raw('t'), 0, bucketKey(master, bucket), 'main', bucket, randomBytes(12)),
      bytes: randomBytes(bytes),
    },
  })
  const sizeOf = async (topic: string): Promise<string | undefined> => {
    const described = await client.admin(admin => describeTopic(admin, topic))
    return described?.settings.get('max.message.bytes')?.value
  }

  test.each([
    ['one that is made for them', null],
    ['one that was there, and takes less', '200'],
  ])('large letters are taken and found again, by %s', async (_name, size) => {
    const topic = freshPrefix()
    if (size !== null)
      await createTopic(kafka, topic, {
        configEntries: [
          { name: 'max.message.bytes', value: size },
          { name: 'retention.ms', value: '777777777' },
        ],
      })
    const letter = sized(15_000_000)
    const [place] = await deadLetters(topic).put([letter])
    expect(place).toEqual({ partition: 0, offset: 0n })
    expect(await sizeOf(topic)).toBe('33554432')
    const reader = createLetterReader({ client, topic, timeoutMs: 10_000 })
    releases.push(reader.close)
    expect((await reader.read(0, [0n])).get(0n)?.equals(letter.sealed!.bytes)).toBe(true)
  })

  test('a letter that no topic takes is refused, and the place says how large it is', async () => {
    const refused = deadLetters(freshPrefix()).put([sized(40_000_000)])
    await expect(refused).rejects.toMatchObject({
      code: 'DEAD_LETTER_REFUSED',
      where: { path: 'RECORD_TOO_LARGE: a letter of 40000000 bytes' },
    })
  })

  test('reads one record by its offset, null where it is gone', async () => {
    const topic = freshPrefix()
    await createTopic(kafka, topic, { configEntries: [{ name: 'compression.type', value: 'lz4' }] })
    await produce(
      kafka,
      topic,
      Array.from({ length: 50 }, (_, n) => ({ key: `k${n}`, value: `v${n}` })),
    )
    const reader = records(topic)
    const record = await reader.read(topic, 0, 31n)
    expect(record?.count).toBe(1)
    expect(record?.offsets[0]).toBe(31n)
    const text = (from: number, to: number) => record?.bytes.toString('utf8', record.spans[from], record.spans[to])
    expect([text(KEY_START, KEY_END), text(VALUE_START, VALUE_END)]).toEqual(['k31', 'v31'])
    const admin = kafka.admin()
    await admin.connect()
    await admin.fetchTopicOffsets(topic)
    await admin
      .deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '40' }] })
      .finally(() => admin.disconnect())
    expect(await reader.read(topic, 0, 31n)).toBeNull()
    expect(await reader.read(topic, 0, 50n)).toBeNull()
    expect(await reader.read(topic, 0, 45n)).not.toBeNull()
  })

  const places = async (work: (admin: Admin) => Promise<unknown>) => {
    const admin = kafka.admin()
    await admin.connect()
    await work(admin).finally(() => admin.disconnect())
  }
  /** A topic with these keys, of which a group has committed so many; with how to ask what came after. */
  const withKeys = async (keys: readonly string[], committed: number | null) => {
    const [topic, group] = [freshPrefix(), freshPrefix()]
    await createTopic(kafka, topic)
    await produce(
      kafka,
      topic,
      keys.map(key => ({ key, value: '1' })),
    )
    const partitions = [{ partition: 0, offset: String(committed) }]
    if (committed !== null) await places(admin => admin.setOffsets({ groupId: group, topic, partitions }))
    const reader = records(group)
    return {
      topic,
      newer: (offset: bigint, key: string, compacted = false) =>
        reader.newer({ topic, partition: 0, offset, row: Buffer.from(key), compacted }),
    }
  }

  test('finds a newer record of the same key, also one that the group has not committed yet', async () => {
    const { newer } = await withKeys(['a', 'b', 'a', 'c', 'b', 'ab'], 2)
    expect(await newer(0n, 'a')).toBe('some')
    expect(await newer(1n, 'b')).toBe('some')
    expect(await newer(2n, 'a')).toBe('none')
    expect(await newer(2n, 'a', true)).toBe('none')
    expect(await newer(5n, 'ab')).toBe('none')
    const block = (type: string, id: number) => `{"schema":{"type":"${type}"},"payload":{"id":${id}}}`
    const changed = await withKeys([block('int32', 1), block('int32', 2), block('int64', 1)], 3)
    expect(await changed.newer(0n, '{"id":1}')).toBe('some')
    expect(await changed.newer(1n, '{"id":2}')).toBe('none')
  })

  test('without an offset of the group, or with one that does not fit, newer records cannot be ruled out', async () => {
    const never = await withKeys(['a', 'b', 'a'], null)
    expect(await never.newer(1n, 'b')).toBe('unknown')
    expect(await never.newer(0n, 'a')).toBe('some')
    expect(await (await withKeys(['a', 'b'], 9)).newer(1n, 'b')).toBe('unknown')
  })

  test('a topic that has another record in its place, or ends before it, is not the one that the letter is of', async () => {
    const { newer } = await withKeys(['a', 'b'], 2)
    expect(await newer(0n, 'z')).toBe('unknown')
    expect(await newer(2n, 'z')).toBe('unknown')
    expect(await newer(7n, 'z')).toBe('unknown')
  })

  test('where the record itself is gone from a compacted topic, so may be a tombstone after it', async () => {
    const { topic, newer } = await withKeys(['a', 'b', 'c', 'd', 'c'], 5)
    await places(async admin => {
      await admin.fetchTopicOffsets(topic)
      await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
    })
    // All that came after is there where nothing is compacted.
    expect(await newer(1n, 'b', false)).toBe('none')
    expect(await newer(1n, 'b', true)).toBe('unknown')
    expect(await newer(3n, 'd', true)).toBe('none')
    // What was deleted between may have had the key.
    expect(await newer(0n, 'a', false)).toBe('unknown')
  })
})
