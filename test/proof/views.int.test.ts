import { afterEach, expect, test } from 'vitest'
import type { PolicyDocument } from '../../src/policy/document.ts'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { peopleMasks, peoplePolicy } from '../support/proof/people.ts'
import { readTopic } from '../support/stack/kafka-clients.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

const view = (name: string, more: object = {}): PolicyDocument => ({
  name,
  outputTopic: `\${topic}.masked.${name}`,
  ...more,
})

/** Everybody sees stars; analysts see the income band, and a column that nobody else has been asked about. */
const policies = (topic: string): PolicyDocument[] => {
  const people = peoplePolicy(topic, peopleMasks)
  if (!('maskingPolicy' in people)) throw new Error('not a masking policy')
  const maskingConditions = [
    { field: 'income_band', maskType: 'none' },
    { field: 'nick', maskType: 'full', maskValue: 'nick' },
  ]
  return [
    { ...people, maskingPolicy: { ...people.maskingPolicy, unknownColumns: 'quarantine' } },
    {
      name: 'analysts',
      groups: ['analysts'],
      policyPriority: 1,
      resources: { topic },
      maskingPolicy: { maskingConditions },
    },
    view('all'),
    view('analytics', { groups: ['analysts'] }),
  ]
}

const patchHeaders = { 'if-match': '*', 'content-type': 'application/json-patch+json' }

describeWithStack('several views of one topic', ({ brokers, postgres }) => {
  let ground: Ground | undefined
  afterEach(() => ground?.release())

  /** Partition, id and income band of what a view has published, in order. */
  const published = async (here: Ground, name: string) =>
    (await readTopic(here.kafka, `${here.topic}.masked.${name}`)).map(({ partition, key, value }) => ({
      partition,
      id: Number(/"id":(\d+)/.exec(String(key))?.[1]),
      band: /"income_band":"(\w+)"/.exec(String(value))?.[1],
    }))

  test('one read makes them all; what one view cannot take waits for that view alone', async () => {
    const here = await createGround({ brokers, postgres, partitions: 1, policies })
    ground = here
    const scrim = await here.start()
    const nick = { raw: { nick: '"Ash"' }, more: ['nick'] }
    await here.write([
      { id: 1, partition: 0 },
      { id: 2, partition: 0, ...nick },
      { id: 3, partition: 0 },
    ])
    await here.caughtUp()
    expect(await published(here, 'all')).toEqual([
      { partition: 0, id: 1, band: 'CONFIDENTIAL' },
      { partition: 0, id: 3, band: 'CONFIDENTIAL' },
    ])
    const analysed = [1, 2, 3].map(id => ({ partition: 0, id, band: 'HIGH' }))
    expect(await published(here, 'analytics')).toEqual(analysed)

    const { deadLetters } = (await scrim.call('GET', '/v1/dead-letters?state=quarantined')).json<{
      deadLetters: { views: string[]; offset: string }[]
    }>()
    expect(deadLetters).toMatchObject([{ offset: '1', views: ['all'] }])
    const { rows } = await (await here.db()).query(
      `select topic_offset::int as "offset", view, event_type as event from cdc_audit_log order by 1, 2`,
    )
    expect(rows).toEqual([
      { offset: 0, view: 'all', event: 'mask' },
      { offset: 0, view: 'analytics', event: 'mask' },
      { offset: 1, view: 'all', event: 'error' },
      { offset: 1, view: 'analytics', event: 'mask' },
      { offset: 2, view: 'all', event: 'mask' },
      { offset: 2, view: 'analytics', event: 'mask' },
    ])

    const patch = [
      { op: 'add', path: '/maskingPolicy/maskingConditions/-', value: { field: 'nick', maskType: 'null' } },
    ]
    expect((await scrim.call('PATCH', '/v1/policies/people', patch, patchHeaders)).status).toBe(200)
    await until('the release', async () => {
      const answer = await scrim.call('POST', '/v1/dead-letters/release', { topic: here.topic })
      return answer
        .json<{ partitions: { outcome: string }[] }>()
        .partitions.every(({ outcome }) => outcome === 'released')
    })
    expect((await published(here, 'all')).map(({ id }) => id)).toEqual([1, 3, 2])
    expect(await published(here, 'analytics')).toEqual(analysed)
  })

  test('killed again and again, no view lacks a record', async () => {
    const here = await createGround({ brokers, postgres, partitions: 2, policies })
    ground = here
    await here.write(Array.from({ length: 400 }, (_, n) => ({ id: n, partition: n % 2 })))
    let scrim = await here.start({ SCRIM_AUDIT: 'batch' })
    for (let kills = 0; kills < 3; kills++) {
      await until('some to be settled', async () => (await here.committed()) > kills * 50)
      await scrim.kill()
      await here.write(Array.from({ length: 100 }, (_, n) => ({ id: 400 + kills * 100 + n, partition: n % 2 })))
      scrim = await here.start({ SCRIM_AUDIT: 'batch' })
    }
    await here.caughtUp()
    const ids = Array.from({ length: 700 }, (_, id) => id)
    for (const name of ['all', 'analytics']) {
      const found = await published(here, name)
      expect([...new Set(found.map(({ id }) => id))].sort((a, b) => a - b)).toEqual(ids)
      expect(found.every(({ band }) => band === (name === 'all' ? 'CONFIDENTIAL' : 'HIGH'))).toBe(true)
    }
  })
})
