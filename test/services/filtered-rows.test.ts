import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { UnwritableRecord } from '../../src/errors.ts'
import { type MaskedBatch, operationNames, SPANS_PER_RECORD, VALUE_START } from '../../src/pipeline/batch.ts'
import { batchOfLines, type RecordLine } from '../../src/pipeline/record-line.ts'
import { before as upTo, only, sourcesOf } from '../../src/pipeline/serialize/masked-batch.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { compile, transform } from '../../src/engine.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { compilePolicies } from '../../src/policy/compile.ts'
import type { MaskingPolicyDocument, PolicyDocument } from '../../src/policy/document.ts'
import { secretId } from '../../src/pipeline/seal.ts'
import { batchRows, recordRows } from '../../src/services/audit-rows.ts'
import { batchFacts } from '../../src/services/batch-facts.ts'
import { createMaskStream } from '../../src/services/mask-stream.ts'
import type { AuditRow } from '../../src/services/ports/audit.ts'
import type { DeadLetter } from '../../src/services/ports/dead-letters.ts'
import { createQuarantine } from '../../src/services/quarantine.ts'
import { testSealing, testSecret } from '../support/memory-dead-letters.ts'
import { testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'

/** One raw record that becomes two: a row that leaves its filter goes out as a delete and a tombstone. */
const topic = 'raw.people'
const policies: PolicyDocument[] = [
  {
    name: 'people',
    resources: { topic },
    maskingPolicy: {
      maskingConditions: ['id', 'region', 'note'].map(field => ({ field, maskType: 'none' })),
      rowFilter: { filterExpr: "region = 'EU'" },
    },
  },
  {
    name: 'schema:people',
    tableSchema: {
      topic,
      columns: [
        { name: 'id', type: 'int32' },
        { name: 'region', type: 'string', optional: true },
        { name: 'note', type: 'string', optional: true },
      ],
    },
  },
]
const plan = compilePolicies(policies, { keys: testKeys, settings: testSettings, version: 3, now: 0 }).plan!
const topicPlan = plan.forTopic(topic, { compacted: false })!

const row = (id: number, region: string) => ({ id, region, note: `note ${id}` })
const event = (offset: number, op: string, id: number, was: string | null, is: string | null): RecordLine => ({
  topic,
  partition: 0,
  offset,
  timestamp: 1000 + offset,
  key: { id },
  value: {
    before: was === null ? null : row(id, was),
    after: is === null ? null : row(id, is),
    source: {},
    op,
    ts_ms: 1,
  },
})
const lines = [
  event(10, 'c', 1, null, 'EU'),
  event(11, 'u', 1, 'EU', 'US'),
  event(12, 'c', 2, null, 'US'),
  event(13, 'u', 2, 'US', 'EU'),
  event(14, 'u', 3, null, 'US'),
]
const transformed = () => createTransform()(batchOfLines(lines), topicPlan)
const sourcesIn = ({ sources, count }: MaskedBatch): number[] => [...sources.subarray(0, count)]

describe('a batch in which a row leaves', () => {
  test('has two records of one source: the tombstone shares key, headers and timestamp with the delete', () => {
    const [masked] = transformed().masked
    expect(sourcesIn(masked!)).toEqual([0, 1, 1, 3, 4, 4])
    expect([...masked!.operations.subarray(0, masked!.count)].map(one => operationNames[one])).toEqual([
      'create',
      'delete',
      'tombstone',
      'create',
      'delete',
      'tombstone',
    ])
    expect([...masked!.timestamps.subarray(0, 6)]).toEqual([1010, 1011, 1011, 1013, 1014, 1014])
    expect(masked!.spans[2 * SPANS_PER_RECORD + VALUE_START]).toBe(-1)
  })

  test('is cut between raw records, never between the two', () => {
    const [masked] = transformed().masked
    expect(sourcesIn(upTo(masked!, 2))).toEqual([0, 1, 1])
    expect(sourcesIn(upTo(masked!, 1))).toEqual([0])
    const kept = only(masked!, n => masked!.sources[n] !== 1)
    expect([sourcesIn(kept), [...kept.operations].map(one => operationNames[one])]).toEqual([
      [0, 3, 4, 4],
      ['create', 'create', 'delete', 'tombstone'],
    ])
    expect(sourcesOf(masked!)).toBe(4)
  })

  test('has one audit row for each raw record, which says what went out', () => {
    const { masked, departures, operations } = transformed()
    const raw = batchOfLines(lines)
    const context = { raw, plan: topicPlan, policyVersion: 3, secret: createSecretKey(Buffer.alloc(32)) }
    const rows = recordRows(masked, departures, operations, context)
    expect(rows.map(({ offset, event: what, operation, reason }) => [Number(offset), what, operation, reason])).toEqual(
      [
        [10, 'mask', 'create', null],
        [11, 'mask', 'delete', null],
        [13, 'mask', 'create', null],
        [14, 'mask', 'delete', null],
        [12, 'drop', 'create', 'filtered'],
      ],
    )
    expect(batchRows(masked, departures, operations, context).map(({ records }) => records)).toEqual([4, 1])
  })

  test('is counted by its raw records', () => {
    const { masked, departures } = transformed()
    const [facts] = batchFacts(batchOfLines(lines), topicPlan, masked, departures, 1)
    expect(facts).toMatchObject({ published: 4, dropped: { filtered: 1 }, rejected: {} })
  })
})

test('a row that only time hides may have been visible: it is deleted, and so is its tombstone told', () => {
  const [people, schema] = policies as [(typeof policies)[0], (typeof policies)[1]]
  const until = (filterExpr: string): Plan =>
    compile([
      {
        ...people,
        maskingPolicy: { maskingConditions: [{ field: 'id', maskType: 'none' }], rowFilter: { filterExpr } },
      },
      { ...schema, tableSchema: { topic, columns: [{ name: 'id', type: 'int32' }] } },
    ]).plan!
  const year = Date.parse('2026-01-01')
  const record = (op: string, was: object | null, is: object | null): RecordLine => ({
    topic,
    key: { id: 1 },
    value: { before: was, after: is, source: {}, op },
  })
  const tombstone: RecordLine = { topic, key: { id: 1 }, value: null }
  const one = { id: 1 }
  const records = [record('c', null, one), record('u', one, one), record('d', one, null), tombstone]
  const seen = (filterExpr: string, at: number): string[] =>
    transform(records, until(filterExpr), () => at).map(line =>
      line.outcome === 'publish'
        ? line.record.value === null
          ? 'tombstone'
          : String(JSON.parse(Buffer.from(line.record.value, 'base64').toString()).op)
        : line.outcome,
    )
  const filter = "id = 1 and now() < timestamp '2026-06-01 00:00:00'"
  expect(seen(filter, year)).toEqual(['c', 'u', 'd', 'tombstone'])
  expect(seen(filter, Date.parse('2026-07-01'))).toEqual(['drop', 'd', 'tombstone', 'd', 'tombstone'])
  // Where the time was not asked for, nothing was ever shown.
  expect(seen("id = 2 and now() < timestamp '2026-06-01 00:00:00'", year)).toEqual(['drop', 'drop', 'drop', 'drop'])
})

test('a row that is hidden whatever the time comes in as a create', () => {
  const [people, schema] = policies as [(typeof policies)[0], (typeof policies)[1]]
  const filterExpr = "region = 'EU' and now() > timestamp '2020-01-01 00:00:00'"
  const timed = {
    ...people,
    maskingPolicy: { ...(people as MaskingPolicyDocument).maskingPolicy, rowFilter: { filterExpr } },
  }
  const [line] = transform([event(0, 'u', 2, 'US', 'EU')], compile([timed, schema]).plan!, () =>
    Date.parse('2026-01-01'),
  )
  expect(line?.outcome === 'publish' && JSON.parse(Buffer.from(line.record.value!, 'base64').toString())).toMatchObject(
    {
      op: 'c',
      before: null,
    },
  )
})

/** The stream over these records; `unwritable` names values that Kafka never takes: `source` and whether its tombstone. */
async function stream(unwritable: (source: number, isTombstone: boolean) => boolean) {
  const sent: [source: number, isTombstone: boolean][] = []
  const audited: AuditRow[] = []
  const letters: DeadLetter[] = []
  let committed = -1n
  const raw = batchOfLines(lines)
  const masking = createMaskStream({
    source: {
      setTopics: () => {},
      hold: () => {},
      release: () => {},
      assigned: () => [],
      run: onBatch =>
        onBatch({
          raw,
          facts: async () => ({ compacted: false }),
          nextOffset: 15n,
          highWatermark: 15n,
          assignment: {},
          isCurrent: () => true,
          commit: async offset => {
            committed = offset
          },
        }),
    },
    sink: {
      publish: async batch => {
        for (let n = 0; n < batch.count; n++) {
          const source = batch.sources[n]!
          const isTombstone = batch.spans[n * SPANS_PER_RECORD + VALUE_START]! < 0
          if (unwritable(source, isTombstone)) throw new UnwritableRecord('RECORD_TOO_LARGE', n, {})
          sent.push([source, isTombstone])
        }
      },
    },
    deadLetters: { put: async some => letters.push(...some) >= 0 },
    quarantine: createQuarantine({
      register: {
        takeOver: async place => ({ claim: { ...place, number: '1' }, keys: [] }),
      },
      secret: testSecret,
      limit: 100,
    }),
    audit: { write: async rows => void audited.push(...rows) },
    plans: { current: () => plan, onChange: () => {} },
    sealing: testSealing,
    auditSecret: testSecret,
    settings: { audit: 'record', deadLetterPayload: 'seal', deadLetterLimit: 10, deadLetterWindowMs: 1000 },
    metrics: { batch: () => {} },
    log: createQuietLog(),
  })
  await masking.run(new AbortController().signal)
  return { sent, audited, letters, committed }
}

describe('a record of which one half cannot be written', () => {
  test('the delete: its tombstone stays with it', async () => {
    const { sent, audited, letters, committed } = await stream((source, isTombstone) => source === 1 && !isTombstone)
    expect(sent).toEqual([
      [0, false],
      [3, false],
      [4, false],
      [4, true],
    ])
    expect(letters.map(({ offset }) => Number(offset))).toEqual([11])
    expect(audited.map(({ offset, event: what }) => [Number(offset), what])).toEqual([
      [10, 'mask'],
      [13, 'mask'],
      [14, 'mask'],
      [12, 'drop'],
      [11, 'error'],
    ])
    expect(committed).toBe(15n)
  })

  test('the tombstone: the record leaves, and what follows goes on behind it', async () => {
    const { sent, letters, audited } = await stream((source, isTombstone) => source === 1 && isTombstone)
    expect(sent).toEqual([
      [0, false],
      [1, false],
      [3, false],
      [4, false],
      [4, true],
    ])
    expect(letters.map(({ offset }) => Number(offset))).toEqual([11])
    expect(audited.filter(({ offset }) => offset === 11n).map(({ event: what }) => what)).toEqual(['error'])
  })
})

describe('the quarantine', () => {
  test('counts a record that would go out as two once', async () => {
    const raw = batchOfLines([event(20, 'u', 1, 'EU', 'US'), event(21, 'u', 1, 'EU', 'US')])
    const outcome = createTransform()(raw, topicPlan)
    const quarantine = (limit: number) =>
      createQuarantine({
        register: {
          takeOver: async place => ({
            claim: { ...place, number: '1' },
            keys: [{ view: 'public', recordId: ids[0]!, firstOffset: 5n, lastOffset: 5n, records: 1, parkedBy: by }],
          }),
        },
        secret: testSecret,
        limit,
      })
    const context = { raw, plan: topicPlan, policyVersion: 3, secret: testSecret }
    const ids = recordRows(outcome.masked, [], outcome.operations, context).map(({ recordId }) => recordId)
    const by = secretId(testSecret)
    const screened = (limit: number) => quarantine(limit).screen({ raw, assignment: {}, highWatermark: 99n }, outcome)
    const codes = async (limit: number) =>
      (await screened(limit)).departures.map(one => (one.kind === 'reject' ? one.code : one.reason))
    expect(await codes(3)).toEqual(['RECORD_BEHIND_QUARANTINED', 'RECORD_BEHIND_QUARANTINED'])
    expect(await codes(2)).toEqual(['RECORD_BEHIND_QUARANTINED', 'QUARANTINE_FULL'])
    expect((await screened(3)).masked[0]?.count).toBe(0)
  })
})
