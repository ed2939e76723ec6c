import { describe, expect, test } from 'vitest'
import { compilePolicies } from '../../src/policy/compile.ts'
import type { PolicyDocument } from '../../src/policy/document.ts'
import { readDocuments } from '../../src/policy/read-documents.ts'
import { runPolicyTests, testProblems } from '../../src/policy/run-tests.ts'
import { testKeys, testSettings } from '../support/policy-documents.ts'

const masks = [
  { field: 'id', maskType: 'none' },
  { field: 'email', maskType: 'email' },
  { field: 'aadhaar', maskType: 'partial', unmaskCharCount: 4 },
  { field: 'income', maskType: 'full', maskValue: -1 },
  { field: 'born', maskType: 'full', maskValue: '1970-01-01' },
  { field: 'notes', maskType: 'drop' },
  { field: 'tags', maskType: 'none' },
  { field: 'ok', maskType: 'none' },
]

function run(tests: readonly object[], more: object = {}, others: readonly PolicyDocument[] = []) {
  const read = readDocuments(
    { name: 'p', resources: { topic: 'raw.p' }, maskingPolicy: { maskingConditions: masks }, tests, ...more },
    'p',
  )
  expect(read.problems).toEqual([])
  const documents = [...read.documents, ...others]
  const { plan } = compilePolicies(documents, { keys: testKeys, settings: testSettings, now: 0 })
  if (plan === null) throw new Error('not compiled')
  return [...runPolicyTests(documents, plan)]
}

const row = { id: 7, email: 'asha@example.in', aadhaar: '234567890121' }
const asha = { id: 7, email: '****@example.in', aadhaar: '********0121' }

describe('a test of a policy that passes', () => {
  const cases: readonly (readonly [string, object])[] = [
    ['the columns that are named', { row, expect: { aadhaar: '********0121' } }],
    ['all of them, exactly', { row: { ...row, notes: 'x' }, expect: asha, exact: true }],
    ['a column that is left out', { row: { ...row, notes: 'x' }, expect: {}, absent: ['notes'] }],
    ['a null stays null', { row: { ...row, email: null }, expect: { email: null } }],
    ['a number by its look', { row: { income: 52_000 }, expect: { income: -1 } }],
    [
      'a type that the test names',
      {
        row: { born: 3650 },
        schema: { born: { type: 'int32', logical: 'io.debezium.time.Date' } },
        expect: { born: 0 },
      },
    ],
    [
      'an object is a JSON column, looked into',
      { row: { tags: { a: [1, { b: 'x' }] } }, expect: { 'tags.a[1].b': 'x', tags: { a: [1, { b: 'x' }] } } },
    ],
    ['an update', { row, before: { ...row, id: 6 }, op: 'update', expect: asha }],
    ['a delete, by what the row was', { row, op: 'delete', key: ['id'], expect: asha }],
    ['a delete', { row, op: 'delete', expect: { deleted: true } }],
    ['a tombstone', { record: { key: { id: 1 }, value: null }, expect: { deleted: true } }],
    [
      'a record as it lies in Kafka',
      {
        record: { value: { before: null, after: { id: 1, notes: 'x' }, source: {}, op: 'c' } },
        expect: { id: 1 },
        absent: ['notes'],
      },
    ],
    ['a record in base64', { record: { value: Buffer.from('{"id":1}').toString('base64') }, expect: { id: 1 } }],
    ['a column that nothing names', { row: { ...row, nickname: 'A' }, expect: { rejected: 'RECORD_UNKNOWN_COLUMN' } }],
    ['a mask that the key cannot take', { row, key: ['aadhaar'], expect: { rejected: 'SCHEMA_KEY_MASK' } }],
    [
      'a heartbeat',
      {
        record: {
          value: {
            schema: {
              type: 'struct',
              optional: false,
              name: 'io.debezium.connector.common.Heartbeat',
              fields: [{ type: 'int64', optional: false, field: 'ts_ms' }],
            },
            payload: { ts_ms: 1 },
          },
        },
        expect: { dropped: true },
      },
    ],
    ['a topic that nothing names', { topic: 'raw.x', row, expect: { rejected: 'RECORD_TOPIC_WITHOUT_POLICY' } }],
    ['one view', { view: 'public', row, expect: asha }],
  ]
  test.each(cases)('%s', (_, one) => {
    expect(run([one]).flatMap(({ failures }) => failures)).toEqual([])
  })

  test('a column may have the name of an outcome', () => {
    const conditions = [{ field: 'dropped', maskType: 'none' }]
    const more = { maskingPolicy: { maskingConditions: conditions } }
    expect(run([{ row: { dropped: true }, expect: { dropped: true } }], more)[0]?.passed).toBe(true)
  })

  test('types come from the table schema of the set', () => {
    const schema: PolicyDocument = {
      name: 'schema:raw.p',
      tableSchema: { topic: 'raw.p', columns: [{ name: 'born', type: 'int32', logical: 'io.debezium.time.Date' }] },
    }
    expect(run([{ row: { born: 1 }, expect: { born: 0 } }], {}, [schema])[0]?.passed).toBe(true)
  })

  test('a pattern stands for a topic that fits it', () => {
    expect(run([{ row, expect: asha }], { resources: { topic: 'raw.*' } })[0]?.passed).toBe(true)
  })

  test('tests of a disabled policy do not run', () => {
    const other: PolicyDocument = { name: 'o', resources: { topic: 'raw.p' }, maskingPolicy: { maskingConditions: [] } }
    expect(run([{ row, expect: { email: 'no' } }], { isEnabled: false }, [other])).toEqual([])
  })
})

describe('a test of a policy that fails', () => {
  const cases: readonly (readonly [string, object, string, string])[] = [
    [
      'another value',
      { row, expect: { email: 'asha@example.in' } },
      'tests[0].expect.email',
      'expected text of 15 characters, it is text of 15 characters',
    ],
    [
      'a column that is left out',
      { row: { notes: 'x' }, expect: { notes: 'x' } },
      'tests[0].expect.notes',
      'it is not published',
    ],
    [
      'a number as text',
      { row: { id: 1 }, expect: { id: '1' } },
      'tests[0].expect.id',
      'expected text of 1 characters, it is another number',
    ],
    [
      'a column that should be left out',
      { row, expect: {}, absent: ['email'] },
      'tests[0].absent[0]',
      'email is published',
    ],
    [
      'one column too many',
      { row, expect: { id: 7, email: '****@example.in' }, exact: true },
      'tests[0].exact',
      'aadhaar is published, too',
    ],
    [
      'a record that is rejected',
      { row: { nickname: 'A' }, expect: {} },
      'tests[0].expect',
      'the record is rejected: RECORD_UNKNOWN_COLUMN at after.nickname',
    ],
    [
      'rejected for another reason',
      { row: { nickname: 'A' }, expect: { rejected: 'RECORD_MALFORMED' } },
      'tests[0].expect.rejected',
      'the record is rejected: RECORD_UNKNOWN_COLUMN at after.nickname',
    ],
    [
      'published, not dropped',
      { row, expect: { dropped: true } },
      'tests[0].expect.dropped',
      'the record is published',
    ],
    [
      'published, not deleted',
      { row, expect: { deleted: true } },
      'tests[0].expect.deleted',
      'the record is published as no delete',
    ],
    ['neither row nor record', { expect: {} }, 'tests[0]', 'needs either `row` or `record`'],
    ['a view that is not there', { view: 'others', row, expect: {} }, 'tests[0].view', 'the topic has no such view'],
    [
      'a topic that nothing names',
      { topic: 'raw.x', row, expect: {} },
      'tests[0].topic',
      'no policy names the topic raw.x',
    ],
    [
      'a record that is none',
      { record: { key: 'no base64!' }, expect: {} },
      'tests[0].record',
      'key must be base64, an object or null',
    ],
  ]
  test.each(cases)('%s', (_, one, path, detail) => {
    const [result] = run([one])
    expect(result).toMatchObject({ passed: false })
    expect(result?.failures[0]).toEqual({ path, detail })
  })

  test('names the policy, the place and the test, and no value that comes out', () => {
    const [problem] = testProblems(run([{ name: 'by hash', row, expect: { aadhaar: 'guess' } }]))
    expect(problem).toEqual({
      code: 'POLICY_TEST_FAILED',
      severity: 'error',
      where: { policy: 'p', path: 'tests[0].expect.aadhaar' },
      detail: 'by hash: expected text of 5 characters, it is text of 12 characters',
    })
  })

  test('what there is no time for has failed', () => {
    const document: PolicyDocument = {
      name: 'p',
      resources: { topic: 'raw.p' },
      maskingPolicy: { maskingConditions: masks },
      tests: [{ row, expect: {} }],
    }
    const { plan } = compilePolicies([document], { keys: testKeys, settings: testSettings, now: 0 })
    if (plan === null) throw new Error('not compiled')
    expect([...runPolicyTests([document], plan, { isLate: () => true })]).toMatchObject([{ passed: false }])
  })
})

test.each([
  ['more than a hundred tests', Array.from({ length: 101 }, () => ({ row: {}, expect: {} }))],
  ['an unknown member', [{ row: {}, expect: {}, more: 1 }]],
  ['no expectation', [{ row: {} }]],
  ['an unknown type', [{ row: { a: 1 }, schema: { a: 'integer' }, expect: {} }]],
])('%s is refused at load', (_, tests) => {
  const document = { name: 'p', resources: { topic: 'raw.p' }, maskingPolicy: { maskingConditions: [] }, tests }
  expect(readDocuments(document, 'p').problems[0]).toMatchObject({ code: 'POLICY_SHAPE', where: { policy: 'p' } })
})
