import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground, type GroundOptions } from '../support/proof/ground.ts'
import { createRawWriter } from '../support/proof/load.ts'
import { peoplePolicy, personRecord } from '../support/proof/people.ts'
import type { Scrim } from '../support/proof/scrim.ts'
import { aMaskPolicy, type FakeRangerAdmin, startRangerAdmin } from '../support/ranger-admin.ts'
import { createTopic, readTopic } from '../support/stack/kafka-clients.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const otherOf = (topic: string): string => `${topic}.other`
const authorization = `Basic ${Buffer.from('gate:ranger-password').toString('base64')}`

describeWithStack('the service with a Ranger Admin', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  let admin: FakeRangerAdmin | undefined
  afterEach(async () => {
    await ground?.release()
    await admin?.close()
  })

  /** Two topics with policies of files; what is said beside by Ranger Admin is up to the test. */
  async function make(options: Partial<GroundOptions> = {}): Promise<{ here: Ground; ranger: FakeRangerAdmin }> {
    const ranger = await startRangerAdmin()
    admin = ranger
    ranger.accounts.add(authorization)
    const here = await createGround({
      brokers,
      postgres,
      partitions: 2,
      policies: topic => [peoplePolicy(topic), { ...peoplePolicy(otherOf(topic)), name: 'other' }],
      ...options,
      env: {
        SCRIM_RANGER_URL: ranger.url,
        SCRIM_RANGER_SERVICES: 'cl1',
        SCRIM_RANGER_POLL_MS: '100',
        SCRIM_RANGER_USER: 'gate',
        SCRIM_RANGER_PASSWORD: 'ranger-password',
        ...options.env,
      },
    })
    ground = here
    await createTopic(here.kafka, otherOf(here.topic), { numPartitions: 2 })
    return { here, ranger }
  }

  let timestamp = Date.now() - 500_000
  async function writeOther(topic: string, count: number): Promise<void> {
    const writer = createRawWriter(brokers)
    const records = Array.from({ length: count }, (_, id) =>
      personRecord(otherOf(topic), { id, partition: id % 2, timestamp: timestamp++ }),
    )
    await writer.write(otherOf(topic), records).finally(() => writer.close())
  }
  const people = (count: number) => Array.from({ length: count }, (_, id) => ({ id, partition: id % 2 }))
  const codesOf = async (scrim: Scrim): Promise<string[]> => (await scrim.ready()).reasons.map(({ code }) => code)
  const ready = (scrim: Scrim): Promise<unknown> => until('readiness', async () => (await codesOf(scrim)).length === 0)
  const waitsWith = (scrim: Scrim, code: string, topic: string): Promise<unknown> =>
    until(`${topic} to wait with ${code}`, async () =>
      (await scrim.ready()).reasons.some(reason => reason.code === code && reason.where.topic === topic),
    )
  const versions = async (here: Ground): Promise<{ origin: string; author: string; reason: string }[]> =>
    (await (await here.db()).query('select origin, author, reason from scrim_policy_version order by version')).rows

  test('masks as Ranger Admin says, from the next poll on, a topic that nothing else names', async () => {
    const { here, ranger } = await make()
    const live = `${here.topic}.live`
    await createTopic(here.kafka, live, { numPartitions: 1 })
    const columns = ['name', 'aadhaar', 'mobile', 'email', 'income_band']
    const known = (masked: readonly string[]): object[] => [
      ...masked.map(column => aMaskPolicy(`hide ${column}`, live, 'MASK_NULL', column)),
      ...['id', 'note', ...columns]
        .filter(column => !masked.includes(column))
        .map(column => aMaskPolicy(`show ${column}`, live, 'MASK_NONE', column)),
    ]
    const writer = createRawWriter(brokers)
    const write = (id: number) =>
      writer.write(live, [
        personRecord(live, { id, partition: 0, timestamp: timestamp++, raw: { note: '"n"', email: '"a@b.in"' } }),
      ])
    const masked = async (count: number): Promise<Record<string, unknown>[]> =>
      until('the masked records', async () => {
        const records = await readTopic(here.kafka, `${live}.masked`).catch(() => [])
        if (records.length < count) return false
        return records.map(
          ({ value }) => (JSON.parse(String(value)) as { payload: { after: Record<string, unknown> } }).payload.after,
        )
      })
    ranger.put('cl1', known(columns), 1)
    await here.start({ SCRIM_RANGER_AUDIT: 'postgres' })
    await write(1)
    const [first] = await masked(1)
    expect(columns.map(column => first?.[column])).toEqual(columns.map(() => null))
    expect(first).toMatchObject({ id: 1, note: 'n' })

    ranger.put('cl1', known(columns.filter(column => column !== 'email')), 2)
    await until('the third version', async () => (await versions(here)).length === 3)
    await write(2)
    const [, second] = await masked(2)
    await writer.close()
    expect(second).toMatchObject({ id: 2, name: null, email: 'a@b.in' })
    // They are written behind what is published.
    const events = await until('both events', async () => {
      const { rows } = await (await here.db()).query<{ event: object }>(
        `select event from scrim_ranger_audit where event ->> 'resource' = $1 order by event -> 'seq_num'`,
        [`${live}/name`],
      )
      return rows.length === 2 && rows
    })
    const event = { repo: 'cl1', policy: 11, policy_version: 3, access: 'MASK_NULL', enforcer: 'ranger-acl' }
    expect(events.map(row => row.event)).toMatchObject([event, event])
  })

  test('waits for its policies, takes each change as a version, holds what a service governed that is gone, and goes on when it is back', async () => {
    const { here, ranger } = await make({ env: { SCRIM_RANGER_AUDIT: 'postgres' } })
    const other = otherOf(here.topic)
    await here.write(people(20))
    const scrim = await here.start()
    await waitsWith(scrim, 'RANGER_SERVICE_MISSING', here.topic)
    expect(await here.committed()).toBe(0)

    ranger.put('cl1', [aMaskPolicy('emails', here.topic, 'MASK', 'email')], 42)
    await here.caughtUp()
    await ready(scrim)
    expect(await versions(here)).toEqual([
      expect.objectContaining({ origin: 'files' }),
      { origin: 'ranger', author: 'ranger:cl1', reason: 'policy version 42' },
    ])
    expect((await scrim.call('GET', '/metrics')).text).toContain('scrim_ranger_policy_version{service="cl1"} 42')

    const refused = await scrim.call('DELETE', '/v1/policies/ranger:cl1', undefined, { 'if-match': '*' })
    expect([refused.status, refused.json()]).toMatchObject([409, { code: 'POLICY_RANGER_MASTER' }])

    ranger.services.clear()
    await until('the third version', async () => (await versions(here)).length === 3)
    await here.write(people(10))
    await writeOther(here.topic, 10)
    await waitsWith(scrim, 'RANGER_SERVICE_GONE', here.topic)
    await until('the other topic to go on', async () => (await here.committed(other)) === 10)
    expect(await here.committed()).toBe(20)

    ranger.put('cl1', [aMaskPolicy('emails', here.topic, 'MASK', 'email')], 43)
    await here.caughtUp()
    await ready(scrim)
    expect(await readTopic(here.kafka, here.maskedTopic)).toHaveLength(30)

    const { rows } = await (await here.db()).query<{ event: Record<string, unknown> }>(
      `select event from scrim_ranger_audit where event ->> 'resource' like $1 order by event -> 'seq_num'`,
      [`${here.topic}/%`],
    )
    const counts = new Map<unknown, number>()
    for (const { event } of rows)
      counts.set(event.resource, (counts.get(event.resource) ?? 0) + Number(event.event_count))
    expect(counts.get(`${here.topic}/email`)).toBe(30)
    expect(rows[0]?.event).toMatchObject({ logType: 'RangerAudit', action: 'consume', result: 1, sess: here.group })
    expect(await scrim.stop()).toMatchObject({ code: 0 })
    expect(scrim.log()).not.toContain('ranger-password')
  })

  test('without Ranger Admin starts with the stored version; a policy that is none stops its own topic alone', async () => {
    const { here, ranger } = await make()
    const other = otherOf(here.topic)
    const good = aMaskPolicy('good', here.topic)
    ranger.put('cl1', [good], 1)
    const first = await here.start()
    await until('the second version', async () => (await versions(here)).length === 2)
    await first.stop()

    ranger.fault = 'reset'
    await here.write(people(10))
    const copy = join(here.dir, 'ranger-audit', 'events.log')
    const scrim = await here.start({ SCRIM_RANGER_AUDIT: `file:${copy}` })
    await here.caughtUp()
    const notice = await until('the notice', async () =>
      (await scrim.ready()).notices.find(text => text.startsWith('RANGER_UNAVAILABLE: Ranger service cl1')),
    )
    expect(notice).toContain('policy version 1 is in force')
    expect(await codesOf(scrim)).toEqual([])
    await until('the metric', async () =>
      (await scrim.call('GET', '/metrics')).text.includes('scrim_dependency_up{dependency="ranger"} 0'),
    )

    ranger.put('cl1', [good, { ...aMaskPolicy('bad', other), dataMaskPolicyItems: [{}] }], 2)
    ranger.fault = null
    await until('the third version', async () => (await versions(here)).length === 3, 120_000)
    await writeOther(here.topic, 4)
    await here.write(people(10))
    await here.caughtUp()
    await waitsWith(scrim, 'POLICY_RANGER_INVALID', other)
    expect(await here.committed(other)).toBe(0)
    expect((await scrim.ready()).notices.join('\n')).toContain('POLICY_RANGER_INVALID: cl1:bad')

    ranger.put('cl1', [good, aMaskPolicy('bad', other)], 3)
    await until('the other topic to go on', async () => (await here.committed(other)) === 4)
    await ready(scrim)
    expect(await here.judge()).toMatchObject({ faults: [] })

    expect(await scrim.stop()).toMatchObject({ code: 0 })
    const events = (await readFile(copy, 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as { resource: string; event_count: number })
    const ofEmails = events.filter(({ resource }) => resource === `${here.topic}/email`)
    expect(ofEmails.reduce((sum, { event_count: count }) => sum + count, 0)).toBe(20)
  })
})
