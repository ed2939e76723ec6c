import { expect, test } from 'vitest'
import { compile, transform } from '../../src/engine.ts'

const topic = 'raw.scores'
const schema = {
  name: 'schema',
  tableSchema: {
    topic,
    columns: [
      { name: 'id', type: 'int64' },
      { name: 'score', type: 'double', optional: true },
    ],
  },
}
const policy = (fields: string[], more: Record<string, unknown> = {}, topics: string | string[] = topic) => ({
  name: 'a',
  resources: { topic: topics },
  maskingPolicy: { maskingConditions: fields.map(field => ({ field, maskType: 'none' })), ...more },
})
const warned = (documents: object[]) =>
  compile(documents).problems.map(({ code, severity, where, detail }) => [code, severity, where.path, detail])

test('a column that the known schema does not have is told, and refuses nothing', () => {
  expect(warned([schema, policy(['id', 'score', 'scroe'])])).toEqual([
    ['POLICY_COLUMN_UNMET', 'warning', 'maskingPolicy.maskingConditions[2]', 'column scroe'],
  ])
  expect(warned([policy(['id', 'scroe'])])).toEqual([])
})

test('a policy for several topics need not fit each', () => {
  expect(warned([schema, policy(['id', 'other'], {}, ['raw.*'])])).toEqual([])
  expect(warned([schema, policy(['id', 'other'], {}, [topic, 'raw.others'])])).toEqual([])
})

test('columns of a projection may be listed as SQL lists them', () => {
  const projection = { columns: ['round(score, 1) as score', "'x' AS kind", 'id'] }
  const { plan, problems } = compile([
    schema,
    policy(['id', 'score'], { projection: { columns: projection.columns.slice(0, 2) } }),
  ])
  expect(problems).toEqual([])
  const value = { before: null, after: { id: 1, score: 2.34 }, source: {}, op: 'c', ts_ms: 1 }
  const [outcome] = transform([{ topic, offset: 1, key: null, value }], plan!)
  expect(outcome).toMatchObject({ outcome: 'publish' })
  const out = outcome?.outcome === 'publish' ? Buffer.from(outcome.record.value!, 'base64').toString() : ''
  expect(JSON.parse(out)).toMatchObject({ after: { id: 1, score: 2.3, kind: 'x' } })
})

test.each<[why: string, columns: string[], code: string, path: string]>([
  ['no name', ['round(score, 1)'], 'POLICY_EXPRESSION', 'maskingPolicy.projection.columns[0]'],
  ['a name twice', ['1 as a', '2 as a'], 'SCHEMA_PROJECTION', 'maskingPolicy.projection.columns[1]'],
  ['no expression', ['1 as a', 'select 1 as b'], 'POLICY_EXPRESSION', 'maskingPolicy.projection.columns[1]'],
])('a list is refused for %s', (_why, columns, code, path) => {
  expect(warned([policy(['id', 'score'], { projection: { columns } })])).toContainEqual([
    code,
    'error',
    path,
    expect.any(String),
  ])
})
