import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readStruct } from '../../src/pipeline/decode/schema-block.ts'
import { parseTree } from '../../src/pipeline/decode/tree.ts'
import { scrubSchema, scrubType } from '../../src/policy/scrub-schema.ts'

const scrub = (schema: unknown): unknown =>
  JSON.parse(scrubSchema(Buffer.from(JSON.stringify(schema))).toString('utf8'))

test('defaults, comments and enum labels go at every depth; types and names stay', () => {
  const parameters = {
    scale: '2',
    length: '5',
    'connect.decimal.precision': '9',
    '__debezium.source.column.type': 'VARCHAR',
    '__debezium.source.column.length': '12',
    '__debezium.source.column.scale': '0',
    '__debezium.source.column.name': 'e mail',
    '__debezium.source.column.comment': 'secret',
    allowed: 'secret,other',
    custom: 'secret',
  }
  const column = {
    type: 'string',
    optional: true,
    name: 'io.debezium.data.Enum',
    version: 1,
    doc: 'secret',
    default: 'secret',
    parameters,
    field: 'e',
  }
  const list = {
    type: 'array',
    items: { ...column, field: undefined },
    optional: false,
    default: ['secret'],
    field: 'l',
  }
  const pairs = {
    type: 'map',
    keys: { type: 'string', optional: false, default: 'secret' },
    values: { type: 'struct', fields: [column], optional: true, default: { e: 'secret' } },
    optional: true,
    field: 'm',
  }
  const scrubbed = scrub({
    type: 'struct',
    fields: [column, list, pairs],
    optional: false,
    default: { e: 'secret' },
    name: 'T.Value',
  })
  const { custom: _c, allowed: _a, '__debezium.source.column.comment': _d, ...types } = parameters
  const kept = {
    type: 'string',
    optional: true,
    name: 'io.debezium.data.Enum',
    version: 1,
    parameters: types,
    field: 'e',
  }
  const { field: _f, ...element } = kept
  expect(scrubbed).toEqual({
    type: 'struct',
    fields: [
      kept,
      { type: 'array', items: element, optional: false, field: 'l' },
      {
        type: 'map',
        keys: { type: 'string', optional: false },
        values: { type: 'struct', fields: [kept], optional: true },
        optional: true,
        field: 'm',
      },
    ],
    optional: false,
    name: 'T.Value',
  })
})

test('null where Connect allows it, and members that are not of their type, leave nothing behind', () => {
  expect(scrub({ type: 'string', name: null, version: null, parameters: null, optional: 'secret', field: 5 })).toEqual({
    type: 'string',
    optional: false,
  })
})

test('a parameter that counts keeps numbers only', () => {
  const parameters = {
    scale: 'secret',
    length: '98765432101',
    'connect.decimal.precision': '',
    '__debezium.source.column.length': '1e9',
    '__debezium.source.column.scale': '-3',
  }
  const kept = { '__debezium.source.column.scale': '-3' }
  expect(scrub({ type: 'bytes', optional: true, parameters })).toEqual({
    type: 'bytes',
    optional: true,
    parameters: kept,
  })
  const type = {
    kind: 'bytes',
    logical: null,
    optional: true,
    parameters: new Map(Object.entries(parameters)),
  } as const
  expect(Object.fromEntries(scrubType(type).parameters)).toEqual(kept)
})

const names = fc.string({ minLength: 1, maxLength: 8 })
const { column: aColumn } = fc.letrec<{ column: object }>(tie => ({
  column: fc.oneof(
    { maxDepth: 3 },
    fc.record(
      {
        type: fc.constantFrom('string', 'int32', 'bytes', 'double'),
        optional: fc.boolean(),
        default: fc.anything(),
        doc: names,
        parameters: fc.dictionary(names, names),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('array'), items: tie('column'), optional: fc.boolean() }),
  ),
}))
const aSchema = fc.uniqueArray(fc.tuple(names, aColumn), { selector: ([name]) => name, maxLength: 6 }).map(columns => ({
  type: 'struct',
  optional: false,
  name: 'T.Value',
  fields: columns.map(([field, column]) => ({ ...column, field })),
}))

test('what is left is a schema of the same columns and kinds, and scrubbing it again changes nothing', () => {
  fc.assert(
    fc.property(aSchema, schema => {
      const bytes = Buffer.from(JSON.stringify(schema))
      const once = scrubSchema(bytes)
      expect(scrubSchema(once)).toEqual(once)
      const kinds = (block: Buffer) =>
        readStruct(parseTree(block, 0, block.length)).fields.map(({ name, type: { kind, optional } }) => ({
          name,
          kind,
          optional,
        }))
      expect(kinds(once)).toEqual(kinds(bytes))
    }),
  )
})
