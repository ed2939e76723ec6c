import { describe, expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'
import { bindColumn } from '../../src/pipeline/project/bind-column.ts'
import type { ColumnType } from '../../src/pipeline/schema.ts'
import { inspectTopic } from '../../src/policy/inspect-topic.ts'
import { exampleKeys } from '../support/mask-samples.ts'

type Condition = Record<string, unknown>

const policy = (conditions: readonly Condition[], more: Record<string, unknown> = {}): Record<string, unknown> => ({
  name: 'p',
  resources: { topic: 't' },
  maskingPolicy: { maskingConditions: conditions },
  ...more,
})
const declared = (column: Record<string, unknown>): Record<string, unknown> => ({
  name: 's',
  tableSchema: { topic: 't', columns: [{ name: 'doc', optional: true, ...column }] },
})
const json = { type: 'string', logical: 'io.debezium.data.Json' }
const codes = (...documents: unknown[]): string[] => compile(documents).problems.map(({ code }) => code)

describe('at load', () => {
  const cases: [why: string, column: Record<string, unknown>, condition: Condition, code: string | null][] = [
    ['a column of JSON', json, { field: 'doc.a', maskType: 'full' }, null],
    ['a text, which may be JSON', { type: 'string' }, { field: 'doc.a', maskType: 'full' }, null],
    ['an array', { type: 'array' }, { field: '$.doc[0]', maskType: 'full' }, null],
    ['a number has no parts', { type: 'int32' }, { field: 'doc.a', maskType: 'full' }, 'SCHEMA_SELECTOR'],
    [
      'nor has a UUID',
      { type: 'string', logical: 'io.debezium.data.Uuid' },
      { field: 'doc.a', maskType: 'full' },
      'SCHEMA_SELECTOR',
    ],
    [
      'a text of a limited length might grow too long',
      { type: 'string', parameters: { '__debezium.source.column.length': '20' } },
      { field: 'doc.a', maskType: 'full' },
      'SCHEMA_MASK_LENGTH',
    ],
    ['a rule of every column passes numbers by', { type: 'int32' }, { field: '$..a', maskType: 'full' }, null],
    ['and texts', { type: 'string' }, { field: '$.after.*.a', maskType: 'full' }, null],
    ['a wildcard clears nothing', json, { field: '$..a', maskType: 'none' }, 'POLICY_WILDCARD_CLEARS'],
    ['an invalid path', json, { field: '$.doc[?@.a = 1]', maskType: 'full' }, 'POLICY_SELECTOR'],
    ['an unknown dialect', json, { field: '$.doc.a', selectorDialect: 'jayway', maskType: 'full' }, 'POLICY_SHAPE'],
    [
      'the dialect is no parameter of the mask',
      json,
      { field: '$.doc.a^.b', selectorDialect: 'jsonpath-plus', maskType: 'full' },
      'POLICY_SELECTOR',
    ],
    ['in its dialect', json, { field: '$.doc.a.b^.c', selectorDialect: 'jsonpath-plus', maskType: 'full' }, null],
  ]
  test.each(cases)('%s', (_why, column, condition, code) => {
    const found = codes(policy([{ field: 'doc', maskType: 'none' }, condition]), declared(column))
    // A path that begins at the row names a column too.
    if (code === null) expect(found.filter(one => one !== 'POLICY_COLUMN_UNMET')).toEqual([])
    else expect(found).toContain(code)
  })

  test('a CUSTOM mask may not read what a rule on a part of its column hides', () => {
    const part = policy([{ field: 'doc.city', maskType: 'null' }])
    const whole = (readsRaw: boolean) => ({
      ...policy([{ field: 'doc', maskType: 'custom', valueExpr: '{col}', readsRaw }]),
      name: 'whole',
    })
    const schema = declared({ name: 'doc', ...json, optional: true })
    expect(codes(schema, part, whole(false))).toContain('SCHEMA_READS_HIDDEN')
    expect(codes(schema, part, whole(true))).not.toContain('SCHEMA_READS_HIDDEN')
  })

  test('a rule under a hidden column is a warning, whichever comes first', () => {
    const hidden = { field: 'doc', maskType: 'drop' }
    const part = { field: 'doc.a', maskType: 'full' }
    for (const conditions of [
      [hidden, part],
      [part, hidden],
    ]) {
      const { plan, problems } = compile([policy(conditions)])
      expect(plan).not.toBeNull()
      expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['POLICY_COVERED', 'warning']])
    }
    expect(codes(policy([{ field: 'doc', maskType: 'none' }, part]))).toEqual([])
  })
})

test('more rules on parts than a set may have', () => {
  const many = Array.from({ length: 5_001 }, (_, n) => ({ field: `doc.a${n}`, maskType: 'null' }))
  expect(compile([policy(many)]).problems[0]?.detail).toBe('too many rules on parts of columns in one set')
  expect(compile([policy(many.slice(1))]).plan).not.toBeNull()
})

test('a rule on a part does not make the column known, and the problem says so', () => {
  const view = compile([policy([{ field: 'doc.a', maskType: 'full' }])]).plan!.forTopic('t', { compacted: false })!
    .views[0]!
  const type: ColumnType = { kind: 'string', logical: json.logical, optional: true, parameters: new Map() }
  expect(bindColumn('doc', type, 'row', view.rules, exampleKeys).problem).toEqual({
    code: 'RECORD_UNKNOWN_COLUMN',
    detail: 'rules on its parts do not make it known: name the column itself too, with `none`',
  })
  expect(bindColumn('other', type, 'row', view.rules, exampleKeys).problem?.detail).toBe('no policy names it')
})

test('values in which a rule found nothing are tallied once for each, and a tally is taken once', () => {
  const { plan } = compile([
    policy([
      { field: 'doc', maskType: 'none' },
      { field: 'doc.a', maskType: 'full' },
      { field: '$.doc.b[?@ > 1]', maskType: 'drop' },
      { field: '$.after.*.b', maskType: 'null' },
    ]),
    declared(json),
  ])
  const record = (doc: string | null) => ({ topic: 't', value: { before: null, after: { doc }, source: {}, op: 'c' } })
  transform([record('{"a":1}'), record('{"b":[1,2]}'), record('{"a":1,"b":[3]}'), record('{}'), record(null)], plan!)
  const [view] = plan!.forTopic('t', { compacted: false })!.views
  expect(view?.takeUnmatched()).toEqual([
    { policy: 'p', path: 'maskingPolicy.maskingConditions[1]', values: 2 },
    { policy: 'p', path: 'maskingPolicy.maskingConditions[2]', values: 2 },
  ])
  expect(view?.takeUnmatched()).toEqual([])
})

test('a column of which parts are masked is one of the masked columns', () => {
  const { plan } = compile([
    policy([
      { field: 'doc', maskType: 'none' },
      { field: 'doc.a', maskType: 'full' },
      { field: 'doc.b', maskType: 'full' },
      { field: 'clear.a', maskType: 'none' },
    ]),
  ])
  expect(plan!.forTopic('t', { compacted: false })!.views[0]?.maskedColumns).toEqual(['doc'])
})

test('the report of a topic tells the masks on parts', () => {
  const { plan } = compile([
    policy([
      { field: 'doc', maskType: 'none' },
      { field: 'doc.a', maskType: 'full' },
      { field: 'doc.b', maskType: 'drop' },
      { field: 'doc.c', maskType: 'full' },
    ]),
  ])
  const [view] = plan!.forTopic('t', { compacted: false })!.views
  const { columns } = inspectTopic(view!, { key: [], value: [], schemaless: { key: [], row: ['doc'] } })
  expect(columns.map(({ column, mask }) => [column, mask])).toEqual([['doc', 'none; full, drop on parts']])
})
