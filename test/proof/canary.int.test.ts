import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NaiveRecord } from '../support/naive-engine.ts'
import { createCanaryBook, type Output, searchCanaries } from '../support/proof/canaries.ts'
import { canaryPolicies, createCanaryWriter, shapes, strangeRecords } from '../support/proof/canary-records.ts'
import { createGround, type Ground } from '../support/proof/ground.ts'
import { createRawWriter } from '../support/proof/load.ts'
import { fileOutputs, logOutput, tableOutputs, topicOutputs } from '../support/proof/outputs.ts'
import { proofToken, type Scrim } from '../support/proof/scrim.ts'
import { createTopic } from '../support/stack/kafka-clients.ts'
import { describeWithStack } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

// Where a crashed Node process would leave a core or a report: its working directory, which is the root.
const crashFiles = (): string[] => readdirSync('/').filter(name => /^core|report\..*\.json$/.test(name))

describeWithStack('canaries', ({ brokers, postgres }) => {
  const book = createCanaryBook(20_261)
  const outputs: Output[] = []
  const crashFilesBefore = crashFiles()
  let ground: Ground
  let scrim: Scrim
  let records = new Map<string, NaiveRecord[]>()
  let rawTopics: string[] = []

  const said = async (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<number> => {
    const { status, text, headers: back } = await scrim.call(method, path, body, headers)
    outputs.push({
      channel: `http ${method} ${path.split('?')[0]} ${status}`,
      bytes: Buffer.from(`${[...back].join('\n')}\n${text}`),
    })
    return status
  }

  beforeAll(async () => {
    let policies: unknown[] = []
    ground = await createGround({
      brokers,
      postgres,
      partitions: 1,
      env: {
        SCRIM_COMPRESSION: 'zstd',
        SCRIM_LOG_LEVEL: 'trace',
        SCRIM_KEYS: JSON.stringify({ default: '7'.repeat(64) }),
      },
      policies: topic => {
        const topics = shapes.map(({ name }) => `${topic}.${name}`)
        const schemaless = shapes.filter(({ hasSchema }) => !hasSchema).map(({ name }) => `${topic}.${name}`)
        const unknown = ['hold', 'drop', 'null'].map(what => `${topic}.unknown-${what}`)
        policies = [
          // Some of the broken ones can be read as rows with unknown columns; they must not stop what comes behind.
          ...canaryPolicies([...topics, `${topic}.strange`], schemaless, { unknownColumns: 'drop' }),
          {
            name: 'signals',
            resources: { topic: `${topic}.debezium_signal` },
            maskingPolicy: { maskingConditions: [{ field: 'after.id', maskType: 'none' }] },
          },
          ...unknown.flatMap((name, n) =>
            canaryPolicies([name], [], { unknownColumns: ['hold', 'drop', 'null'][n] }, `unknown-${n}`),
          ),
        ]
        return policies as never
      },
    })
    const { topic } = ground
    const withSchema = shapes[0]!
    records = new Map<string, NaiveRecord[]>([
      ...shapes.map((shape): [string, NaiveRecord[]] => {
        const writer = createCanaryWriter(book, `${topic}.${shape.name}`, shape)
        return [`${topic}.${shape.name}`, [...writer.sound(), ...writer.broken(), ...writer.sound()]]
      }),
      ...['hold', 'drop', 'null'].map((what): [string, NaiveRecord[]] => {
        const writer = createCanaryWriter(book, `${topic}.unknown-${what}`, { ...withSchema, name: `unknown-${what}` })
        return [`${topic}.unknown-${what}`, [...writer.sound(), writer.unknown()]]
      }),
      [`${topic}.strange`, strangeRecords(book)],
      [
        `${topic}.debezium_signal`,
        [
          {
            key: Buffer.from(`{"id":"${book.text('key of a signal')}"}`),
            value: Buffer.from(`{"id":"1","type":"log","data":"${book.text('signal')}"}`),
            headers: [],
          },
        ],
      ],
    ])
    rawTopics = [...records.keys()]
    const writer = createRawWriter(brokers)
    for (const [name, some] of records) {
      await createTopic(ground.kafka, name)
      await writer.write(
        name,
        some.map((record, n) => ({ ...record, partition: 0, timestamp: Date.now() + n })),
      )
    }
    await writer.close()
    mkdirSync(join(ground.dir, 'tmp'))
    mkdirSync(join(ground.dir, 'cache'))
    scrim = await ground.start({ TMPDIR: join(ground.dir, 'tmp'), SCRIM_CACHE_DIR: join(ground.dir, 'cache') })
  })
  afterAll(() => ground?.release())

  test('every record goes its way: masked, dropped, sealed or held', async () => {
    const held = `${ground.topic}.unknown-hold`
    await until('all but the held one to be settled', async () => {
      for (const [name, some] of records) {
        const left = some.length - (await ground.committed(name))
        if (left > (name === held ? 1 : 0))
          throw new Error(`${left} of ${name}; ${JSON.stringify((await scrim.ready()).reasons)}`)
      }
      const { reasons } = await scrim.ready()
      return reasons.some(({ code, where }) => code === 'RECORD_UNKNOWN_COLUMN' && where.topic === held)
    })
    const { rows } = await (await ground.db()).query<{ event: string; n: number }>(
      'select event_type as event, count(*)::int as n from cdc_audit_effective group by 1',
    )
    const counts = Object.fromEntries(rows.map(({ event, n }) => [event, n]))
    // Each shape's sound records are there twice, the broken ones once: if a kind vanished, nothing would be searched for it.
    expect(counts.mask).toBeGreaterThan(70)
    expect(counts.error).toBeGreaterThan(90)
    expect(counts.drop).toBeGreaterThan(3)
  })

  test('HTTP is called in every way that could repeat something', async () => {
    const secret = (what: string): string => book.text(`HTTP, ${what}`)
    const lines = [...records].flatMap(([topic, some]) =>
      some.map(({ key, value, headers }) => ({
        topic,
        key: key?.toString('base64') ?? null,
        value: value?.toString('base64') ?? null,
        headers: headers.map(([name, one]) => [name, one?.toString('base64') ?? null]),
      })),
    )
    expect(await said('POST', '/v1/transform', { records: lines })).toBe(200)
    for (const line of lines.slice(0, 30)) await said('POST', '/v1/transform', { records: [line] })
    const [policy] = canaryPolicies([`${ground.topic}.event`], [])
    const refused: [method: string, path: string, body: unknown, headers?: Record<string, string>][] = [
      ['POST', '/v1/transform', `{"records":[{"topic":"x","value":"${secret('broken body')}`],
      ['POST', '/v1/transform', { records: [{ topic: 'x', value: `${secret('value is no base64')}!` }] }],
      ['POST', '/v1/transform', { records: [{ topic: [secret('topic is a list')], value: null }] }],
      ['POST', '/v1/transform', { records: secret('records are a text') }],
      ['POST', '/v1/transform', { [secret('name of a member')]: 1, records: [] }],
      ['POST', '/v1/transform', { records: [lines[0]], policies: [{ ...policy, policyPriority: secret('priority') }] }],
      [
        'PUT',
        '/v1/policies/canaries',
        `{"name":"canaries","maskingPolicy":"${secret('broken policy')}"`,
        { 'if-match': '*' },
      ],
      ['PUT', '/v1/policies/canaries', { ...policy, maskingPolicy: secret('policy is a text') }, { 'if-match': '*' }],
      [
        'PUT',
        '/v1/policies/canaries',
        {
          ...policy,
          maskingPolicy: {
            maskingConditions: [{ field: 'after.part', maskType: 'partial', unmaskCharCount: secret('parameter') }],
          },
        },
        { 'if-match': '*' },
      ],
      [
        'PUT',
        '/v1/policies/canaries',
        {
          ...policy,
          maskingPolicy: {
            maskingConditions: [{ field: 'after.number', maskType: 'full', maskValue: { a: secret('mask value') } }],
          },
        },
        { 'if-match': '*' },
      ],
      [
        'PUT',
        '/v1/policies',
        [policy, { ...policy, resources: { topic: 5, more: secret('resources') } }],
        { 'if-match': '*' },
      ],
      [
        'PATCH',
        '/v1/policies/canaries',
        [{ op: 'test', path: '/description', value: secret('patch test') }],
        { 'if-match': '*', 'content-type': 'application/json-patch+json' },
      ],
      [
        'PATCH',
        '/v1/policies/canaries',
        [{ op: secret('patch operation'), path: '/name' }],
        { 'if-match': '*', 'content-type': 'application/json-patch+json' },
      ],
      ['POST', '/v1/dry-run', { policies: [], topics: secret('topics are a text') }],
      ['POST', '/v1/dry-run', { policy: { ...policy, policyPriority: secret('priority of a candidate') } }],
      ['POST', '/v1/dry-run', { patch: [{ op: 'test', path: '/canaries/description', value: secret('candidate') }] }],
      ['POST', '/v1/explain', { record: { topic: 'x', value: `${secret('explained value is no base64')}!` } }],
      ['POST', '/v1/explain', { topic: 'x', partition: secret('partition is a text'), offset: 1 }],
      ['POST', '/v1/dead-letters/replay', { ids: [secret('id of a letter')] }],
      ['POST', '/v1/dead-letters/replay', { ids: secret('ids are a text') }],
      ['GET', `/v1/policies/${secret('path')}`, undefined],
      ['GET', `/v1/dead-letters/${secret('path of a letter')}`, undefined],
      ['GET', `/v1/dead-letters?limit=${secret('query')}`, undefined],
      ['GET', `/${secret('unknown route')}`, undefined],
      ['POST', '/v1/transform', secret('not JSON at all'), { 'content-type': 'text/plain' }],
      ['GET', '/v1/policies', undefined, { authorization: `Bearer ${secret('token')}` }],
      [
        'GET',
        '/v1/policies',
        undefined,
        { 'if-match': `"${secret('If-Match')}"`, 'x-request-id': secret('request id') },
      ],
      ['PUT', '/v1/policies/canaries', policy, { 'if-match': `"${secret('If-Match of a change')}"` }],
    ]
    for (const [method, path, body, headers] of refused) {
      const status = await said(method, path, body, headers)
      if (method !== 'GET')
        expect({
          method,
          path: path.slice(0, 20),
          status,
          at: refused.findIndex(one => one[2] === body),
        }).toMatchObject({ status: expect.toSatisfy((code: number) => code >= 400 && code < 500) })
    }
    // What the policies hide, a candidate shows: the report tells of it and shows nothing.
    const clear = rawTopics.map((topic, n) => ({
      name: `clear-${n}`,
      resources: { topic },
      maskingPolicy: {
        maskingConditions: canaryPolicies([topic], [])
          .flatMap(one => ('maskingPolicy' in one ? one.maskingPolicy.maskingConditions : []))
          .map(({ field }) => ({ field, maskType: 'none' })),
        unknownColumns: 'null',
      },
    }))
    expect(await said('POST', '/v1/dry-run', { policies: clear })).toBe(200)
    const report = JSON.parse(String(outputs.at(-1)?.bytes).split('\n').at(-1) ?? '')
    expect(report).toMatchObject({
      isComplete: true,
      findings: { 'newly-clear': expect.toSatisfy((n: number) => n > 30) },
    })
    for (const line of lines) await said('POST', '/v1/explain', { record: line })
    for (const topic of rawTopics) {
      await said('POST', '/v1/explain', { topic })
      for (const offset of [0, 1, 5]) await said('POST', '/v1/explain', { topic, partition: 0, offset })
    }
    // The letters again: those that are still broken are refused one by one.
    await said('POST', '/v1/dead-letters/replay', { all: true })
    for (const path of [
      '/health',
      '/health/live',
      '/health/ready',
      '/metrics',
      '/v1/policies',
      '/v1/policies/versions',
      '/v1/dead-letters?limit=500',
      '/v1/dead-letters/1',
      '/v1/mask-types',
      '/openapi.json',
    ])
      expect([200, 503]).toContain(await said('GET', path))
  })

  test('no output has any of it, in any spelling', async () => {
    outputs.push(logOutput(scrim))
    expect(await scrim.stop()).toMatchObject({ code: 0 })
    outputs.push({ ...logOutput(scrim), channel: 'log to the end' })
    const admin = ground.kafka.admin()
    await admin.connect()
    const topics = (await admin.listTopics().finally(() => admin.disconnect())).filter(name =>
      name.startsWith(ground.group),
    )
    const made = topics.filter(name => !rawTopics.includes(name) && name !== ground.topic)
    expect(made).toContain(ground.deadLetterTopic)
    outputs.push(...(await topicOutputs(ground.kafka, made)), ...(await tableOutputs(await ground.db())))
    outputs.push(...fileOutputs(ground.dir, path => path.endsWith('policies.json') && path.includes('/policies/')))
    expect(crashFiles()).toEqual(crashFilesBefore)
    expect(new Set(outputs.map(({ channel }) => channel.split(' ')[0]))).toEqual(
      new Set(['http', 'log', 'topic', 'table', 'pg_stat_activity', 'file']),
    )
    expect(outputs.find(({ channel }) => channel.includes(proofToken))).toBeUndefined()
    expect(searchCanaries(book.canaries, outputs)).toEqual([])
    // The search is not blind: the raw topics have them all.
    const raw = searchCanaries(book.canaries, await topicOutputs(ground.kafka, rawTopics))
    const places = new Set(raw.map(text => text.slice(text.indexOf(': ') + 2, text.lastIndexOf(' as '))))
    expect(
      book.canaries.map(({ place }) => place).filter(place => !place.startsWith('HTTP') && !places.has(place)),
    ).toEqual([])
  })
})
