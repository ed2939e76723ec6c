import { describe, expect, test, vi } from 'vitest'
import type { RecordLine } from '../../src/pipeline/record-line.ts'
import { compilePolicies } from '../../src/policy/compile.ts'
import { isMaskingPolicy, type PolicyDocument } from '../../src/policy/document.ts'
import { type DryRunOptions, type DryRunSet, dryRun } from '../../src/services/dry-run.ts'
import { createMemoryRawTail } from '../support/memory-raw-tail.ts'
import { testKeys, testSettings } from '../support/policy-documents.ts'
import { createCanaryBook, searchCanaries } from '../support/proof/canaries.ts'
import { canaryPolicies, createCanaryWriter, shapes } from '../support/proof/canary-records.ts'
import { aKey, aString, schemaRecord } from '../support/schema-records.ts'

const TOPIC = 'raw.a'

function setOf(documents: readonly PolicyDocument[], name = 'a set'): DryRunSet {
  const { plan, problems } = compilePolicies(documents, { keys: testKeys, settings: testSettings, now: 0 })
  if (plan === null) throw new Error(JSON.stringify(problems))
  return { name, documents, plan }
}

function policy(
  masks: Readonly<Record<string, string | object>>,
  more: object = {},
  topic: string = TOPIC,
): PolicyDocument {
  const maskingConditions = Object.entries(masks).map(([field, mask]) => ({
    field,
    ...(typeof mask === 'string' ? { maskType: mask } : { maskType: 'partial', ...mask }),
  }))
  return { name: `p-${topic}`, resources: { topic }, maskingPolicy: { maskingConditions, ...more } }
}

const record = (id: number, row: Record<string, unknown>, topic = TOPIC): RecordLine =>
  schemaRecord(topic, [aKey(), ...Object.keys(row).map(name => aString(name))], { id, ...row })

const run = (
  current: readonly PolicyDocument[],
  candidate: readonly PolicyDocument[],
  records: readonly RecordLine[],
  options: Partial<DryRunOptions> = {},
) =>
  dryRun({
    current: setOf(current),
    candidate: setOf(candidate),
    tail: createMemoryRawTail(records),
    topics: null,
    views: null,
    records: 10_000,
    timeLimitMs: 60_000,
    rest: 0,
    signal: new AbortController().signal,
    problems: [],
    ...options,
  })

const people = Array.from({ length: 120 }, (_, n) => record(n, { email: `u${n}@example.in`, city: 'Jaipur' }))

describe('a dry run', () => {
  test('tells per column what changes, with five samples', async () => {
    const { topics, findings, isComplete } = await run(
      [policy({ id: 'none', email: 'email', city: 'none' })],
      [policy({ id: 'none', email: 'none', city: 'full' })],
      people,
    )
    expect(isComplete).toBe(true)
    const view = topics[0]?.views[0]
    expect(topics).toMatchObject([{ topic: TOPIC, records: 120, partitions: 1, views: [{ view: 'public' }] }])
    expect(view).toMatchObject({ changed: 120, unchanged: 0, rejected: [] })
    expect(view?.columns).toMatchObject([
      { path: 'email', clearByRule: true, newlyClear: 120, newlyMasked: 0 },
      { path: 'city', clearByRule: false, newlyClear: 0, newlyMasked: 120 },
    ])
    expect(view?.columns[0]?.samples).toHaveLength(5)
    expect(view?.columns[0]?.samples[0]).toEqual({
      partition: 0,
      offset: '0',
      raw: 'text(13)',
      current: 'text(13), last 11 kept',
      candidate: 'text(13) as it is',
    })
    expect(findings).toMatchObject({ 'newly-clear': 1, 'newly-masked': 1, rejected: 0 })
  })

  test('of a row that leaves the filter the delete is compared, not the tombstone behind it', async () => {
    const leaves = record(1, { email: 'asha@example.in', city: 'Kota' })
    const value = leaves.value as { payload: Record<string, unknown> }
    const before = { id: 1, email: 'asha@example.in', city: 'Jaipur' }
    const update = { ...leaves, value: { ...value, payload: { ...value.payload, op: 'u', before } } }
    const rowFilter = { filterExpr: "city = 'Jaipur'", replicaIdentity: 'full' }
    const { findings } = await run(
      [policy({ id: 'none', email: 'hash', city: 'none' }, { rowFilter })],
      [policy({ id: 'none', email: { unmaskCharCount: 9 }, city: 'full' }, { rowFilter })],
      [update],
    )
    expect(findings).toMatchObject({ changed: 2 })
  })

  test('the same set makes no difference', async () => {
    const set = [policy({ id: 'none', email: 'hash', city: 'none' })]
    const { findings, topics } = await run(set, set, people)
    expect(Object.values(findings).every(number => number === 0)).toBe(true)
    expect(topics[0]?.views[0]).toMatchObject({ unchanged: 120, columns: [] })
  })

  test('a column that goes clear by rule is told though no record has a value', async () => {
    const empty = [record(1, { email: null, city: null })]
    const { findings, topics } = await run(
      [policy({ id: 'none', email: 'drop', city: 'full' })],
      [policy({ id: 'none', email: 'none', city: 'full' })],
      empty,
    )
    expect(topics[0]?.views[0]?.columns).toMatchObject([{ path: 'email', clearByRule: true, newlyClear: 0 }])
    expect(findings['newly-clear']).toBe(1)
  })

  test('without any record the rules alone speak', async () => {
    const none = createMemoryRawTail()
    none.records.set(TOPIC, [])
    const { findings } = await run([policy({ email: 'hash' })], [policy({ email: 'none' })], [], { tail: none })
    expect(findings['newly-clear']).toBe(1)
  })

  test('what the candidate rejects is counted by code and place; what the current set rejects too is not new', async () => {
    const current = [policy({ id: 'none', email: 'full' }, { unknownColumns: 'drop' })]
    const held = [policy({ id: 'none', email: 'full' })]
    const { topics, findings } = await run(current, held, people)
    expect(topics[0]?.views[0]).toMatchObject({
      noLongerPublished: 120,
      outcomes: [{ current: 'publish', candidate: 'reject RECORD_UNKNOWN_COLUMN', records: 120 }],
      rejected: [{ code: 'RECORD_UNKNOWN_COLUMN', path: 'after.city', current: 0, candidate: 120, newly: 120 }],
      problems: [{ code: 'RECORD_UNKNOWN_COLUMN', path: 'after.city', in: 'candidate' }],
    })
    expect(findings).toMatchObject({ rejected: 120, 'no-longer-published': 120 })
    expect((await run(held, held, people)).findings.rejected).toBe(0)
  })

  test('a topic that the candidate leaves is rejected; one that it adds was not there', async () => {
    const a = policy({ id: 'none', email: 'full', city: 'none' })
    const { topics } = await run([a], [policy({ id: 'none' }, {}, 'raw.b')], people)
    expect(topics[0]?.views[0]).toMatchObject({
      maskedTopic: { current: 'raw.a.masked', candidate: null },
      rejected: [{ code: 'RECORD_TOPIC_WITHOUT_POLICY', newly: 120 }],
    })
    const added = await run([policy({ id: 'none' }, {}, 'raw.b')], [a], people)
    expect(added.topics[0]?.views[0]).toMatchObject({
      maskedTopic: { current: null, candidate: 'raw.a.masked' },
      newlyPublished: 120,
      outcomes: [{ current: 'none', candidate: 'publish' }],
    })
    const paths = added.topics[0]?.views[0]?.columns.filter(({ newlyClear }) => newlyClear > 0)
    expect(paths?.map(({ path }) => path).sort()).toEqual(['city', 'id'])
  })

  test('types that do not fit are told by set', async () => {
    const { topics } = await run(
      [policy({ id: 'none', email: 'full', city: 'none' })],
      [policy({ id: 'full', email: 'full', city: 'none' })],
      people.slice(0, 1),
    )
    expect(topics[0]?.views[0]?.problems).toMatchObject([
      { code: 'SCHEMA_MASK_TYPE', path: 'after.id', in: 'candidate' },
      { code: 'SCHEMA_KEY_MASK', path: 'key.id', in: 'candidate' },
    ])
  })

  test('the newest records count, and only the topics and views that are asked for', async () => {
    const two = [policy({ id: 'none', email: 'full', city: 'none' }), policy({ id: 'none' }, {}, 'raw.b')]
    const records = [...people, record(1, {}, 'raw.b')]
    const { topics, notRead } = await run(two, two, records, { records: 7, topics: ['raw.a', 'raw.gone'] })
    expect(topics).toMatchObject([{ topic: 'raw.a', records: 7 }])
    expect(notRead).toEqual(['raw.gone'])
    const others = await run(two, two, records, { views: ['others'] })
    expect(others).toMatchObject({ topics: [{ views: [] }, { views: [] }], notRead: ['view others'] })
  })

  test('each view by itself; one that a set does not have is none of its', async () => {
    const shown = setOf([policy({ id: 'none', email: 'none', city: 'none' })])
    const masked = setOf([policy({ id: 'none', email: 'full', city: 'none' })])
    const candidate: DryRunSet = {
      ...masked,
      plan: {
        ...masked.plan,
        forTopic: (topic, facts) => ({
          topic,
          views: [masked, shown].flatMap(({ plan }, n) =>
            (plan.forTopic(topic, facts)?.views ?? []).map(view => ({ ...view, view: ['public', 'support'][n] ?? '' })),
          ),
        }),
      },
    }
    const { topics, findings } = await run([policy({ id: 'none', email: 'full', city: 'none' })], [], people, {
      candidate,
    })
    expect(topics[0]?.views).toMatchObject([
      { view: 'public', unchanged: 120, columns: [] },
      { view: 'support', newlyPublished: 120, outcomes: [{ current: 'none', candidate: 'publish' }] },
    ])
    expect(topics[0]?.views[1]?.columns.map(({ path }) => path).sort()).toEqual(['city', 'email', 'id'])
    expect(findings['newly-clear']).toBe(3)
    const only = await run([policy({ email: 'full' })], [], people, { candidate, views: ['public'] })
    expect(only.topics[0]?.views.map(({ view }) => view)).toEqual(['public'])
  })

  test('ends at the time limit and at the signal, and says so', async () => {
    const set = [policy({ id: 'none', email: 'full', city: 'none' })]
    const stop = new AbortController()
    const tail = createMemoryRawTail(people)
    tail.beforeBatch = vi.fn(async () => stop.abort())
    const cut = await run(set, set, people, { tail, signal: stop.signal })
    expect(cut).toMatchObject({ isComplete: false, topics: [{ records: 0 }] })
    expect(tail.beforeBatch).toHaveBeenCalledTimes(1)
    const late = createMemoryRawTail(people)
    late.beforeBatch = () => new Promise(resolve => AbortSignal.timeout(20).addEventListener('abort', () => resolve()))
    expect(await run(set, set, people, { tail: late, timeLimitMs: 10 })).toMatchObject({ isComplete: false })
  })

  test('a name that could be a value is not told, unless a policy names it', async () => {
    const odd = [record(1, { '234567890121': 'x', email: 'y@example.in' })]
    const current = [policy({ id: 'none', email: 'full' }, { unknownColumns: 'drop' })]
    const { topics } = await run(current, [policy({ id: 'none', email: 'full', '*': 'full' })], odd)
    expect(topics[0]?.views[0]?.columns.map(({ path }) => path)).toEqual(['?'])
  })
})

describe('no canary is in a report', () => {
  const book = createCanaryBook(4_711)
  const none = (topic: string): PolicyDocument => {
    const fields = canaryPolicies([topic], [])
      .flatMap(document => (isMaskingPolicy(document) ? document.maskingPolicy.maskingConditions : []))
      .map(({ field }) => ({ field, maskType: 'none' }))
    return { name: 'clear', resources: { topic }, maskingPolicy: { maskingConditions: fields } }
  }
  const hidden = (topic: string, hasSchema: boolean): readonly PolicyDocument[] =>
    canaryPolicies([topic], hasSchema ? [] : [topic], { unknownColumns: 'drop' })

  test.each(shapes.map(shape => [shape.name, shape] as const))(
    '%s: hidden by either set, shown by the other',
    async (_, shape) => {
      const topic = `raw.${shape.name}`
      const writer = createCanaryWriter(book, topic, shape)
      const records = [...writer.sound(), ...writer.broken(), writer.unknown()].map(
        ({ key, value, headers }, offset): RecordLine => ({
          topic,
          offset,
          key: key?.toString('base64') ?? null,
          value: value?.toString('base64') ?? null,
          headers: headers.map(([name, one]) => [name, one?.toString('base64') ?? null]),
        }),
      )
      const mask = hidden(topic, shape.hasSchema)
      const clear = [none(topic), ...mask.slice(1)]
      const reports = [await run(mask, clear, records), await run(clear, mask, records), await run([], clear, records)]
      // The reports do tell of these columns: what is searched for could be there.
      expect(reports[0]?.findings['newly-clear']).toBeGreaterThan(10)
      expect(reports[1]?.findings['newly-masked']).toBeGreaterThan(10)
      const outputs = reports.map((report, n) => ({
        channel: `report ${n}`,
        bytes: Buffer.from(JSON.stringify(report)),
      }))
      expect(searchCanaries(book.canaries, outputs)).toEqual([])
    },
  )
})
