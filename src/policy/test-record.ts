import type { RecordLine } from '../pipeline/record-line.ts'
import type { ColumnType, ConnectKind, TableSchema } from '../pipeline/schema.ts'
import type { PolicyTest } from './policy-tests.ts'

/** The record that a test of a policy stands for. `declared`: the table schema of the set, if it has one of the topic. */
export function testRecord(test: PolicyTest, topic: string, declared: TableSchema | null): RecordLine {
  if (test.record !== undefined) {
    const { key = null, value = null, headers = [] } = test.record
    return { topic, key, value, headers }
  }
  const { row = {}, before = null, op = 'create', key = [] } = test
  const types = typesOf(test, declared)
  const fields = [...types].map(([name, type]) => fieldOf(name, type))
  const image = (field: string): object => ({ type: 'struct', fields, optional: true, name: `${topic}.Value`, field })
  const now = valuesOf(row, types)
  const was = before === null ? null : valuesOf(before, types)
  return {
    topic,
    key:
      key.length === 0
        ? null
        : {
            schema: {
              type: 'struct',
              fields: key.map(name => fieldOf(name, types.get(name) ?? plain('string'))),
              optional: false,
              name: `${topic}.Key`,
            },
            payload: Object.fromEntries(key.map(name => [name, now[name] ?? null])),
          },
    value: {
      schema: {
        type: 'struct',
        fields: [
          image('before'),
          image('after'),
          { type: 'struct', fields: sourceFields, optional: false, name: SOURCE, field: 'source' },
          { type: 'string', optional: false, field: 'op' },
          { type: 'int64', optional: true, field: 'ts_ms' },
        ],
        optional: false,
        name: `${topic}.Envelope`,
      },
      payload: {
        before: op === 'delete' ? now : was,
        after: op === 'delete' ? null : now,
        source: { version: '3', connector: 'postgresql', name: 'test', ts_ms: 0, db: 'test', table: 'test' },
        op: letters[op],
        ts_ms: 0,
      },
    },
  }
}

const letters = { create: 'c', read: 'r', update: 'u', delete: 'd' } as const
const SOURCE = 'io.debezium.connector.postgresql.Source'
const sourceFields = (
  [
    ['version', 'string'],
    ['connector', 'string'],
    ['name', 'string'],
    ['ts_ms', 'int64'],
    ['db', 'string'],
    ['table', 'string'],
  ] as const
).map(([field, type]) => ({ type, optional: true, field }))

const plain = (kind: ConnectKind, logical: string | null = null): ColumnType => ({
  kind,
  logical,
  optional: true,
  parameters: new Map(),
})

/** Of each column of the row: as the test says, else the table schema, else as the value looks. */
function typesOf({ row = {}, before = {}, schema = {}, key = [] }: PolicyTest, declared: TableSchema | null) {
  const names = [...new Set([...Object.keys(row), ...Object.keys(before), ...key])]
  const known = new Map(declared?.columns.map(({ name, type }) => [name, type]))
  return new Map(
    names.map((name): [string, ColumnType] => {
      const said = Object.hasOwn(schema, name) ? schema[name] : undefined
      if (typeof said === 'string') return [name, plain(said as ConnectKind)]
      if (said !== undefined) {
        const { type, logical = null, optional = true, parameters = {} } = said
        const kind = type as ConnectKind
        return [name, { kind, logical, optional, parameters: new Map(Object.entries(parameters)) }]
      }
      return [name, known.get(name) ?? typeByValue(row[name] ?? before[name])]
    }),
  )
}

function typeByValue(value: unknown): ColumnType {
  switch (typeof value) {
    case 'number':
      return plain(Number.isInteger(value) ? 'int64' : 'double')
    case 'boolean':
      return plain('boolean')
    case 'object':
      return value === null ? plain('string') : plain('string', 'io.debezium.data.Json')
    default:
      return plain('string')
  }
}

/** Debezium carries a JSON column as text. */
const valuesOf = (
  row: Readonly<Record<string, unknown>>,
  types: ReadonlyMap<string, ColumnType>,
): Record<string, unknown> =>
  Object.fromEntries(
    [...types.keys()].map(name => {
      const value = Object.hasOwn(row, name) ? row[name] : null
      return [name, typeof value === 'object' && value !== null ? JSON.stringify(value) : (value ?? null)]
    }),
  )

const fieldOf = (field: string, { kind, logical, optional, parameters }: ColumnType): object => ({
  type: kind,
  optional,
  ...(logical === null ? {} : { name: logical, version: 1 }),
  ...(parameters.size === 0 ? {} : { parameters: Object.fromEntries(parameters) }),
  field,
})
