import { createSecretKey, randomBytes } from 'node:crypto'
import { afterEach, expect, test } from 'vitest'
import { bucketKey, unseal } from '../../src/pipeline/seal.ts'
import { createGround, type Ground, sealingKeyHex } from '../support/proof/ground.ts'
import { peopleMasks, peoplePolicy, personRecord } from '../support/proof/people.ts'
import type { Scrim } from '../support/proof/scrim.ts'
import { createTopic, produce, readTopic } from '../support/stack/kafka-clients.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

// A number in a text column: the mask refuses it, `null` does not look at it.
const unmaskable = { aadhaar: '123412341234' }
const auditKey = { SCRIM_AUDIT_KEY: '5'.repeat(64) }

describeWithStack('holds and dead letters', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())
  const make = async (options: Partial<Parameters<typeof createGround>[0]> = {}): Promise<Ground> =>
    (ground = await createGround({ brokers, postgres, partitions: 2, ...options }))

  const held = async (scrim: Scrim, code: string): Promise<object> =>
    until(`readiness to name ${code}`, async () => (await scrim.ready()).reasons.find(reason => reason.code === code))
  const isReady = (scrim: Scrim): Promise<unknown> =>
    until('readiness', async () => (await scrim.call('GET', '/health/ready')).status === 200)
  const offsetOf = async (here: Ground, partition: number): Promise<number> => {
    const admin = here.kafka.admin()
    await admin.connect()
    const [offsets] = await admin
      .fetchOffsets({ groupId: here.group, topics: [here.topic] })
      .finally(() => admin.disconnect())
    return Number(offsets?.partitions.find(one => one.partition === partition)?.offset ?? -1)
  }
  const masking = (here: Ground, column: string, mask: object | null) =>
    peoplePolicy(here.topic, { ...peopleMasks, [column]: mask ?? peopleMasks[column]! })
  const withNick = (here: Ground): object => {
    const policy = masking(here, 'note', null)
    const conditions = 'maskingPolicy' in policy ? policy.maskingPolicy.maskingConditions : []
    const nick = { field: 'after.nick', maskType: 'full', maskValue: 'nick' }
    return { ...policy, maskingPolicy: { maskingConditions: [...conditions, nick] } }
  }
  const put = async (scrim: Scrim, policy: object): Promise<void> => {
    const { status, text } = await scrim.call('PUT', '/v1/policies/people', policy, { 'if-match': '*' })
    expect({ status, text }).toMatchObject({ status: 200 })
  }
  const letters = async (scrim: Scrim, count: number) =>
    until('the letters to be listed', async () => {
      const { deadLetters } = (await scrim.call('GET', '/v1/dead-letters')).json<{
        deadLetters: { id: string; offset: string; state: string; code: string; path: string }[]
      }>()
      return deadLetters.length === count && deadLetters
    })
  const replay = (scrim: Scrim, body: object) => scrim.call('POST', '/v1/dead-letters/replay', body)
  const twenty = (partition: number, id = 0) => Array.from({ length: 20 }, (_, n) => ({ id: id + n, partition }))

  test('an added column holds its partition at that record; one call classifies it and all goes on in order', async () => {
    const here = await make()
    const scrim = await here.start()
    const added = { id: 5, partition: 1, raw: { nick: '"Ashu"' }, more: ['nick'] }
    await here.write([...twenty(1), added, ...twenty(1), added, ...twenty(0)])
    expect(await held(scrim, 'RECORD_UNKNOWN_COLUMN')).toMatchObject({
      where: { topic: here.topic, partition: 1, offset: '20', path: expect.stringMatching(/nick$/) },
    })
    await until('the other partition to go on', async () => (await offsetOf(here, 0)) === 20)
    await here.write(twenty(0, 30))
    await until('the other partition to go on', async () => (await offsetOf(here, 0)) === 40)
    expect(await offsetOf(here, 1)).toBe(20)

    await put(scrim, withNick(here))
    await here.caughtUp()
    await isReady(scrim)
    expect(await here.judge()).toMatchObject({ faults: [], repeated: 0, raw: 82, published: 82 })
  })

  test('a hold is told by the instance that has the partition, and by no other, through rebalances and after it is over', async () => {
    const here = await make()
    const added = (partition: number) => ({ id: 5, partition, raw: { nick: '"Ashu"' }, more: ['nick'] })
    await here.write([...twenty(0), added(0), ...twenty(1), added(1)])
    const first = await here.start()
    const told = async (scrim: Scrim): Promise<(number | undefined)[]> =>
      (await scrim.ready()).reasons
        .filter(({ code }) => code === 'RECORD_UNKNOWN_COLUMN')
        .map(({ where }) => where.partition)
        .sort()
    const tells = (scrim: Scrim, count: number) =>
      until(`${count} holds`, async () => {
        const partitions = await told(scrim)
        return partitions.length === count && partitions
      })
    expect(await tells(first, 2)).toEqual([0, 1])
    const second = await here.start()
    await until('each to tell its own', async () => {
      const [a, b] = [await told(first), await told(second)]
      return a.length === 1 && b.length === 1 && a[0] !== b[0]
    })

    // The second lets its partition go on; then the first has it, and nothing is said of it any more.
    await put(second, withNick(here))
    await here.caughtUp()
    for (const scrim of [first, second]) await isReady(scrim)
    await second.stop()
    await here.write([...twenty(0), ...twenty(1)])
    await here.caughtUp()
    await isReady(first)
    expect(await here.judge()).toMatchObject({ faults: [], raw: 82, published: 82 })
  })

  test('what policies name and Kafka does not show is named and keeps nobody waiting; it is read when it comes', async () => {
    const later = (topic: string): string => `${topic}.later`
    const here = await make({
      policies: topic => [
        peoplePolicy(topic),
        { ...peoplePolicy(later(topic)), name: 'later' },
        { ...peoplePolicy(`${topic}.none.*`), name: 'none' },
      ],
    })
    const scrim = await here.start()
    const notices = async (): Promise<string> => (await scrim.ready()).notices.join('\n')
    await until('the notice', async () => (await notices()).includes('KAFKA_TOPIC_MISSING'))
    expect(await notices()).toContain(`: ${later(here.topic)}, ${here.topic}.none.*`)
    await isReady(scrim)
    const told = (): number => scrim.log().match(/"code":"KAFKA_TOPIC_MISSING"/g)?.length ?? 0
    await until('the log to say so', () => told() > 0)
    await here.write(twenty(0))
    await here.caughtUp()
    await createTopic(here.kafka, later(here.topic))
    await until('the pattern alone', async () => (await notices()).endsWith(`: ${here.topic}.none.*`))
    expect(told()).toBe(1)
    await isReady(scrim)
  })

  test('without a sealing key an unmaskable record stops its partition; with one it is sealed, and its headers hold no value', async () => {
    const here = await make()
    const without = await here.start({ KAFKA_ENCRYPTION_KEY: '', ...auditKey })
    await here.write([...twenty(0), { id: 3, partition: 0, raw: unmaskable }, ...twenty(0), ...twenty(1)])
    expect(await held(without, 'SEALING_KEY_MISSING')).toMatchObject({ where: { partition: 0, offset: '20' } })
    await until('the other partition to go on', async () => (await offsetOf(here, 1)) === 20)
    expect(await offsetOf(here, 0)).toBe(20)
    expect(await without.stop()).toMatchObject({ code: 0 })

    const scrim = await here.start(auditKey)
    await here.caughtUp()
    await isReady(scrim)
    const [listed] = await letters(scrim, 1)
    expect(listed).toMatchObject({ offset: '20', code: 'RECORD_MASK_TYPE_MISMATCH', state: 'open' })
    const [letter] = await readTopic(here.kafka, here.deadLetterTopic)
    const headers = Object.fromEntries(
      Object.entries(letter?.headers ?? {}).map(([name, value]) => [name, String(value)]),
    )
    expect(headers).toMatchObject({
      'scrim.topic': here.topic,
      'scrim.partition': '0',
      'scrim.offset': '20',
      'scrim.code': 'RECORD_MASK_TYPE_MISMATCH',
    })
    expect(JSON.stringify(headers)).not.toMatch(/1234|Asha|98123|HIGH/)
    const key = bucketKey(createSecretKey(Buffer.from(sealingKeyHex, 'hex')), headers['scrim.bucket']!)
    const line = unseal(letter!.value!, key, here.topic, 0, 20n)
    const raw = (await readTopic(here.kafka, here.topic)).find(one => one.partition === 0 && one.offset === '20')
    expect(line).toMatchObject({ key: raw?.key?.toString('base64'), value: raw?.value?.toString('base64') })
    expect(await here.judge()).toMatchObject({ faults: [], rejected: 1 })
  })

  test('a letter is replayed, unless a newer record of its key is out; force does it all the same, and each call is kept', async () => {
    const here = await make()
    const scrim = await here.start()
    const broken = (id: number) => ({ id, partition: 0, raw: unmaskable })
    await here.write([broken(101), broken(102), broken(103), { id: 102, partition: 0 }, ...twenty(1)])
    await here.caughtUp()
    const [first, second, third] = await letters(scrim, 3)
    // Still unmaskable: refused with the reason.
    expect((await replay(scrim, { ids: [first!.id] })).status).toBe(422)
    await put(scrim, masking(here, 'aadhaar', { maskType: 'null' }))
    await until('the plan', async () => (await replay(scrim, { ids: [first!.id] })).status === 200)
    const refused = await replay(scrim, { ids: [second!.id] })
    expect(refused.status).toBe(409)
    expect(refused.json()).toMatchObject({ code: 'REPLAY_OVERTAKES' })
    expect((await replay(scrim, { ids: [second!.id], force: true })).json()).toMatchObject({
      results: [{ outcome: 'published' }],
    })
    expect((await replay(scrim, { all: true })).json()).toMatchObject({
      results: [{ id: third!.id, outcome: 'published' }],
    })
    expect((await replay(scrim, { ids: [first!.id] })).json()).toMatchObject({ results: [{ outcome: 'unchanged' }] })
    expect((await letters(scrim, 3)).map(({ state }) => state)).toEqual(['replayed', 'replayed', 'replayed'])

    const masked = (await readTopic(here.kafka, here.maskedTopic)).filter(({ partition }) => partition === 0)
    expect(masked.map(({ key }) => /"id":(\d+)/.exec(String(key))?.[1])).toEqual(['102', '101', '102', '103'])
    for (const { value } of masked.slice(1)) expect(String(value)).toContain('"aadhaar":null')
    const { rows: calls } = await (await here.db()).query<{ facts: Record<string, unknown> }>(
      `select facts from scrim_call where call = 'replay' and caller = 'proof' order by call_id`,
    )
    const told = calls.map(({ facts }) => facts).filter(({ offset }) => offset === '1')
    expect(told).toMatchObject([
      { force: false, overtakes: true },
      { force: true, overtakes: true },
    ])
    const { rows } = await (await here.db()).query(
      `select event_type from cdc_audit_effective where topic = $1 and topic_partition = 0 order by topic_offset`,
      [here.topic],
    )
    expect(rows.map(row => row.event_type)).toEqual(['mask', 'mask', 'mask', 'mask'])
  })

  test('a withheld letter has no payload, and its replay reads the raw record again', async () => {
    const here = await make()
    const scrim = await here.start({ SCRIM_DEAD_LETTER_PAYLOAD: 'withhold' })
    await here.write([{ id: 1, partition: 0, raw: unmaskable }])
    await here.caughtUp()
    const [letter] = await letters(scrim, 1)
    expect((await readTopic(here.kafka, here.deadLetterTopic))[0]?.value).toBeNull()
    await put(scrim, masking(here, 'aadhaar', { maskType: 'null' }))
    await until('the replay', async () => (await replay(scrim, { ids: [letter!.id] })).status === 200)
    expect(await readTopic(here.kafka, here.maskedTopic)).toHaveLength(1)
  })

  test('too many dead letters stop the partition; a reload lets it go on', async () => {
    const here = await make()
    const scrim = await here.start({ SCRIM_DEAD_LETTER_LIMIT: '3' })
    const broken = Array.from({ length: 5 }, (_, n) => ({ id: n, partition: 0, raw: unmaskable }))
    await here.write([...broken, ...twenty(0), ...twenty(1)])
    expect(await held(scrim, 'TOO_MANY_DEAD_LETTERS')).toMatchObject({ where: { partition: 0, offset: '3' } })
    await until('the other partition to go on', async () => (await offsetOf(here, 1)) === 20)
    expect(await offsetOf(here, 0)).toBe(3)
    expect((await scrim.call('POST', '/v1/policies/reload')).status).toBe(200)
    await here.caughtUp()
    expect(await here.judge()).toMatchObject({ faults: [], rejected: 5 })
  })

  test('a large record that cannot be masked is sealed, and replayed, although the dead-letter topic was made for small ones', async () => {
    const here = await make({ topicSettings: { 'max.message.bytes': '5000000' } })
    await createTopic(here.kafka, here.deadLetterTopic)
    const scrim = await here.start()
    const note = JSON.stringify(randomBytes(1_000_000).toString('hex'))
    await here.write([...twenty(0), { id: 1, partition: 0, raw: { ...unmaskable, note } }, ...twenty(1)])
    await here.caughtUp()
    await isReady(scrim)
    const [letter] = await letters(scrim, 1)
    await put(scrim, masking(here, 'aadhaar', { maskType: 'null' }))
    await until('the replay', async () => (await replay(scrim, { ids: [letter!.id], force: true })).status === 200)
    expect(await readTopic(here.kafka, here.maskedTopic)).toHaveLength(41)
  })

  test('a record whose timestamp cannot be kept becomes a dead letter, and the others go on', async () => {
    const here = await make({ topicSettings: { 'message.timestamp.after.max.ms': '9223372036854775807' } })
    const { key, value } = personRecord(here.topic, { id: 7, partition: 0, timestamp: 1 })
    const record = { key, value, partition: 0 }
    // One by one: kafkajs cannot write differences as large as that.
    for (const timestamp of ['1', '9223372036854775807', '2'])
      await produce(here.kafka, here.topic, [{ ...record, timestamp }])
    const scrim = await here.start()
    await here.caughtUp()
    await isReady(scrim)
    const [letter] = await letters(scrim, 1)
    expect(letter).toMatchObject({ offset: '1', code: 'RECORD_NOT_ACCEPTED' })
    expect((await readTopic(here.kafka, here.maskedTopic)).map(({ timestamp }) => timestamp)).toEqual(['1', '2'])
  })

  test('raw records that were deleted before they were masked hold the partition: nothing is skipped silently', async () => {
    const here = await make()
    const first = await here.start()
    await here.write([...twenty(0), ...twenty(1)])
    await here.caughtUp()
    await first.stop()
    await here.write([...twenty(0, 50), ...twenty(1, 50)])
    const admin = here.kafka.admin()
    await admin.connect()
    await admin.fetchTopicOffsets(here.topic) // without it kafkajs does not know the topic
    await admin.deleteTopicRecords({ topic: here.topic, partitions: [{ partition: 0, offset: '30' }] })
    await admin.disconnect()
    const second = await here.start()
    expect(await held(second, 'OFFSET_OUT_OF_RANGE')).toMatchObject({ where: { partition: 0, offset: '20' } })
    await until('the other partition to go on', async () => (await offsetOf(here, 1)) === 40)
    expect(await offsetOf(here, 0)).toBe(20)
    expect((await readTopic(here.kafka, here.maskedTopic)).filter(({ partition }) => partition === 0)).toHaveLength(20)

    // As the runbook says: Kafka lets nobody move the offsets of a group that has members.
    const move = async (): Promise<void> => {
      const mover = here.kafka.admin()
      await mover.connect()
      await mover
        .setOffsets({ groupId: here.group, topic: here.topic, partitions: [{ partition: 0, offset: '30' }] })
        .finally(() => mover.disconnect())
    }
    await expect(move()).rejects.toThrow()
    await second.stop()
    await move()
    const third = await here.start()
    await here.caughtUp()
    await isReady(third)
    expect((await readTopic(here.kafka, here.maskedTopic)).filter(({ partition }) => partition === 0)).toHaveLength(30)
  })
})
