import { afterEach, expect, test } from 'vitest'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { peoplePolicy } from '../support/proof/people.ts'
import type { Scrim } from '../support/proof/scrim.ts'
import { readTopic } from '../support/stack/kafka-clients.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const canary = 'Zq4711canary'

describeWithStack('the quarantine', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())
  const make = async (): Promise<Ground> => {
    const policies = (topic: string) => [withQuarantine(peoplePolicy(topic))]
    ground = await createGround({ brokers, postgres, partitions: 2, policies })
    return ground
  }
  const withQuarantine = (policy: ReturnType<typeof peoplePolicy>, conditions: readonly object[] = []) => {
    if (!('maskingPolicy' in policy)) throw new Error('not a masking policy')
    const maskingConditions = [...policy.maskingPolicy.maskingConditions, ...conditions]
    return {
      ...policy,
      maskingPolicy: { ...policy.maskingPolicy, unknownColumns: 'quarantine', maskingConditions },
    } as typeof policy
  }
  const classify = async (here: Ground, scrim: Scrim): Promise<void> => {
    const nick = { field: 'after.nick', maskType: 'full', maskValue: 'nick' }
    const policy = withQuarantine(peoplePolicy(here.topic), [nick])
    const { status, text } = await scrim.call('PUT', '/v1/policies/people', policy, { 'if-match': '*' })
    expect({ status, text }).toMatchObject({ status: 200 })
  }
  const added = (id: number, partition: number) => ({ id, partition, raw: { nick: `"${canary}"` }, more: ['nick'] })
  const some = (partition: number, ...ids: number[]) => ids.map(id => ({ id, partition }))
  const idsOf = async (here: Ground, partition: number): Promise<number[]> =>
    (await readTopic(here.kafka, here.maskedTopic))
      .filter(record => record.partition === partition)
      .map(({ key }) => Number(/"id":(\d+)/.exec(String(key))?.[1]))
  const release = async (scrim: Scrim, body: object = { all: true }) => {
    const answer = await scrim.call('POST', '/v1/dead-letters/release', body)
    return { status: answer.status, ...answer.json<{ partitions: { partition: number; outcome: string }[] }>() }
  }

  test('an added column parks its keys, the rest goes on; known and released they go out in order, at whichever instance it is asked', async () => {
    const here = await make()
    const scrim = await here.start()
    await here.write([...some(0, 1, 2), added(1, 0), ...some(0, 1, 2), ...some(1, 5), added(6, 1), ...some(1, 6, 5)])
    await here.caughtUp()
    expect([await idsOf(here, 0), await idsOf(here, 1)]).toEqual([
      [1, 2, 2],
      [5, 5],
    ])
    const { deadLetters } = (await scrim.call('GET', '/v1/dead-letters?state=quarantined')).json<{
      deadLetters: { partition: number; offset: string; code: string; recordId: string }[]
    }>()
    expect(deadLetters.map(({ partition, offset, code }) => [partition, Number(offset), code]).sort()).toEqual([
      [0, 2, 'RECORD_QUARANTINED'],
      [0, 3, 'RECORD_BEHIND_QUARANTINED'],
      [1, 1, 'RECORD_QUARANTINED'],
      [1, 2, 'RECORD_BEHIND_QUARANTINED'],
    ])
    expect((await scrim.call('GET', '/health/ready')).status).toBe(200)
    await until('the counts', async () =>
      (await scrim.call('GET', '/metrics')).text.includes('scrim_dead_letters{state="quarantined"} 4'),
    )
    // Nobody has named it yet.
    expect(await release(scrim)).toMatchObject({
      status: 200,
      partitions: [
        { partition: 0, outcome: 'waiting', released: 0, waiting: 2, error: { code: 'RECORD_QUARANTINED' } },
        { partition: 1, outcome: 'waiting', released: 0, waiting: 2 },
      ],
    })

    // A second instance takes over one of the partitions: it knows what is parked there.
    const other = await here.start()
    await until('each to have a partition', async () => {
      const texts = await Promise.all([scrim, other].map(async one => (await one.call('GET', '/metrics')).text))
      return texts.every(text => text.includes('scrim_lag_messages'))
    })
    await here.write([...some(0, 1, 3), ...some(1, 6, 7)])
    await here.caughtUp()
    expect([await idsOf(here, 0), await idsOf(here, 1)]).toEqual([
      [1, 2, 2, 3],
      [5, 5, 7],
    ])

    await classify(here, other)
    await until('both to be released', async () => {
      const { partitions } = await release(scrim, { topic: here.topic })
      return partitions.every(({ outcome }) => outcome === 'released')
    })
    expect([await idsOf(here, 0), await idsOf(here, 1)]).toEqual([
      [1, 2, 2, 3, 1, 1, 1],
      [5, 5, 7, 6, 6, 6],
    ])
    expect(await release(scrim)).toMatchObject({ partitions: [] })
    await here.write([...some(0, 1), added(1, 0), ...some(1, 6)])
    await here.caughtUp()
    expect(await here.judge('key')).toMatchObject({ faults: [], repeated: 0, rejected: 0, raw: 16, published: 16 })
    const { rows } = await (await here.db()).query(
      `select distinct facts->>'partition' as p from scrim_call where call = 'release' and caller = 'proof'`,
    )
    expect(rows.map(({ p }) => p).sort()).toEqual(['0', '1'])

    const everything = JSON.stringify([
      await readTopic(here.kafka, here.maskedTopic).then(all =>
        all.map(({ key, value }) => [String(key), String(value)]),
      ),
      await readTopic(here.kafka, here.deadLetterTopic).then(all =>
        all.map(({ key, value, headers }) => [String(key), String(value), JSON.stringify(headers)]),
      ),
      (await (await here.db()).query('select * from scrim_dead_letter')).rows,
      (await (await here.db()).query('select * from scrim_letter_request')).rows,
      deadLetters,
    ])
    expect(everything).not.toContain(canary)
  })

  test('a process that is killed while it parks and releases loses nothing and overtakes nothing', async () => {
    const here = await make()
    const records = Array.from({ length: 600 }, (_, n) =>
      n % 7 === 3 ? added(n % 40, n % 2) : { id: n % 40, partition: n % 2 },
    )
    await here.write(records)
    let scrim = await here.start()
    for (let kills = 0; kills < 3; kills++) {
      await until('some to be parked', async () => (await here.committed()) > kills * 100)
      await scrim.kill()
      scrim = await here.start()
    }
    await here.caughtUp()
    await classify(here, scrim)
    const asked = scrim.call('POST', '/v1/dead-letters/release', { all: true }).catch(() => null)
    await until('the release to have begun', async () => {
      const { rows } = await (await here.db()).query(`select from scrim_call where call = 'release'`)
      return rows.length > 0
    })
    await scrim.kill()
    await asked
    scrim = await here.start()
    await until('all to be released', async () =>
      (await release(scrim)).partitions.every(({ outcome }) => outcome === 'released'),
    )
    await here.caughtUp()
    expect(await here.judge('key')).toMatchObject({ faults: [], raw: 600, rejected: 0 })
  })
})
