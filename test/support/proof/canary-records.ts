import type { PolicyDocument } from '../../../src/policy/document.ts'
import type { NaiveRecord } from '../naive-engine.ts'
import type { CanaryBook } from './canaries.ts'

/** A table whose every column but `id` holds a secret, in each type and under each mask. */
interface CanaryColumn {
  readonly name: string
  readonly type: string
  readonly more?: Readonly<Record<string, unknown>>
  readonly mask: Readonly<Record<string, unknown>>
  /** The value as JSON text. */
  readonly value: (book: CanaryBook, place: string) => string
}

const quoted = (kind: 'text' | 'devanagari' | 'decimal') => (book: CanaryBook, place: string) =>
  JSON.stringify(book[kind](place))
const logical = (name: string, parameters?: Readonly<Record<string, string>>) => ({
  name,
  version: 1,
  ...(parameters === undefined ? {} : { parameters }),
})

const columns: readonly CanaryColumn[] = [
  { name: 'ssn', type: 'string', mask: { maskType: 'hash' }, value: quoted('text') },
  { name: 'part', type: 'string', mask: { maskType: 'partial', unmaskCharCount: 4 }, value: quoted('text') },
  {
    name: 'mail',
    type: 'string',
    mask: { maskType: 'email' },
    value: (book, place) => JSON.stringify(`${book.text(place)}@example.in`),
  },
  { name: 'total', type: 'string', mask: { maskType: 'full', maskValue: 'CONFIDENTIAL' }, value: quoted('text') },
  { name: 'plainfull', type: 'string', mask: { maskType: 'full' }, value: quoted('text') },
  { name: 'nothing', type: 'string', mask: { maskType: 'null' }, value: quoted('text') },
  { name: 'gone', type: 'string', mask: { maskType: 'drop' }, value: quoted('text') },
  { name: 'hindi', type: 'string', mask: { maskType: 'partial', unmaskCharCount: 2 }, value: quoted('devanagari') },
  {
    name: 'number',
    type: 'int64',
    mask: { maskType: 'full', maskValue: -1 },
    value: (book, place) => book.int64(place),
  },
  { name: 'digest', type: 'int64', mask: { maskType: 'hash' }, value: (book, place) => book.int64(place) },
  {
    name: 'born',
    type: 'int32',
    more: logical('io.debezium.time.Date'),
    mask: { maskType: 'null' },
    value: (book, place) => book.day(place),
  },
  {
    name: 'income',
    type: 'bytes',
    more: logical('org.apache.kafka.connect.data.Decimal', { scale: '2', 'connect.decimal.precision': '30' }),
    mask: { maskType: 'full', maskValue: -1 },
    value: quoted('decimal'),
  },
  { name: 'score', type: 'double', mask: { maskType: 'null' }, value: (book, place) => book.double(place) },
  {
    name: 'document',
    type: 'string',
    more: logical('io.debezium.data.Json'),
    mask: { maskType: 'full', maskValue: '{}' },
    value: (book, place) => JSON.stringify(JSON.stringify({ pan: book.text(place), list: [book.text(place)] })),
  },
  {
    name: 'labels',
    type: 'array',
    more: { items: { type: 'string', optional: true } },
    mask: { maskType: 'null' },
    value: (book, place) => `[${JSON.stringify(book.text(place))},null]`,
  },
  {
    name: 'photo',
    type: 'bytes',
    mask: { maskType: 'null' },
    value: (book, place) => JSON.stringify(Buffer.from(book.text(place)).toString('base64')),
  },
]
const keyColumns = columns.filter(({ name }) => name === 'ssn')

/** The policy of the table, for these topics; `more` goes beside the conditions. */
export function canaryPolicies(
  topics: readonly string[],
  schemaless: readonly string[],
  more: object = {},
  name = 'canaries',
): PolicyDocument[] {
  const conditions = columns.map(({ name: column, mask }) => ({ field: `after.${column}`, ...mask }))
  return [
    {
      name,
      resources: { topic: [...topics] },
      maskingPolicy: { maskingConditions: [{ field: 'after.id', maskType: 'none' }, ...conditions], ...more },
    } as unknown as PolicyDocument,
    ...schemaless.map(
      (topic): PolicyDocument => ({
        name: `schema:${topic}`,
        tableSchema: {
          topic,
          columns: [
            { name: 'id', type: 'int64' },
            ...columns.map(({ name: column, type, more: extra = {} }) => ({
              name: column,
              type,
              optional: true,
              ...(typeof extra.name === 'string' ? { logical: extra.name } : {}),
              ...(extra.parameters === undefined ? {} : { parameters: extra.parameters as Record<string, string> }),
            })),
          ],
        },
      }),
    ),
  ]
}

/** How a connector writes its records. */
export interface Shape {
  readonly name: string
  readonly hasSchema: boolean
  readonly isFlat: boolean
}

export const shapes: readonly Shape[] = [
  { name: 'event-with-schema', hasSchema: true, isFlat: false },
  { name: 'event', hasSchema: false, isFlat: false },
  { name: 'row-with-schema', hasSchema: true, isFlat: true },
  { name: 'row', hasSchema: false, isFlat: true },
]

export interface CanaryWriter {
  /** Records as they should be: every operation, tombstones, key headers in both encodings, headers of others. */
  readonly sound: () => NaiveRecord[]
  /** Records that cannot be masked, each broken in a way of its own around the same secrets. */
  readonly broken: () => NaiveRecord[]
  /** A record with a column that no policy names. */
  readonly unknown: () => NaiveRecord
}

/** Writes records of one topic in one shape. */
export function createCanaryWriter(book: CanaryBook, topic: string, shape: Shape): CanaryWriter {
  const { hasSchema, isFlat } = shape
  let id = 0
  const at = (what: string): string => `${shape.name}, ${what}`
  const field = (column: CanaryColumn): object => ({
    type: column.type,
    optional: true,
    ...column.more,
    // What is said of a column may quote its values.
    doc: book.text(at(`doc of ${column.name}`)),
    parameters: {
      ...(column.more?.parameters as object | undefined),
      '__debezium.source.column.comment': book.text(at(`comment of ${column.name}`)),
      ...(column.type === 'string' && column.more === undefined
        ? { allowed: book.text(at(`labels of ${column.name}`)) }
        : {}),
    },
    ...(column.type === 'array' || column.type === 'bytes'
      ? {}
      : { default: JSON.parse(column.value(book, at(`default of ${column.name}`))) }),
    field: column.name,
  })
  // What is said of a table may quote a row.
  const notes = (what: string): object => ({
    doc: book.text(at(`doc of ${what}`)),
    parameters: { owner: book.text(at(`parameter of ${what}`)) },
  })
  const idField = { type: 'int64', optional: false, field: 'id' }
  const rowFields = (more: readonly object[]): object[] => [idField, ...columns.map(field), ...more]
  const image = (name: string, more: readonly object[]): object => ({
    type: 'struct',
    fields: rowFields(more),
    optional: true,
    name: `${topic}.Value`,
    ...notes(name),
    field: name,
  })
  const valueSchema = (more: readonly object[] = []): string =>
    JSON.stringify(
      isFlat
        ? {
            type: 'struct',
            fields: [...rowFields(more), { type: 'string', optional: true, field: '__deleted' }],
            optional: false,
            name: `${topic}.Value`,
            ...notes('the row'),
          }
        : {
            type: 'struct',
            optional: false,
            name: `${topic}.Envelope`,
            ...notes('the envelope'),
            fields: [
              image('before', more),
              image('after', more),
              {
                type: 'struct',
                fields: [{ type: 'string', optional: true, field: 'db' }],
                optional: false,
                name: 'io.debezium.connector.postgresql.Source',
                ...notes('source'),
                field: 'source',
              },
              { type: 'string', optional: false, ...notes('op'), field: 'op' },
              { type: 'int64', optional: true, field: 'ts_ms' },
            ],
          },
    )
  const known = hasSchema ? valueSchema() : ''
  const extended = !hasSchema ? '' : valueSchema([{ type: 'string', optional: true, field: 'brand_new' }])
  const keySchema = !hasSchema
    ? ''
    : JSON.stringify({
        type: 'struct',
        fields: keyColumns.map(field),
        optional: false,
        name: `${topic}.Key`,
        ...notes('the key'),
      })
  const wrapped = (schema: string, payload: string): string =>
    hasSchema ? `{"schema":${schema},"payload":${payload}}` : payload

  const row = (what: string, more = ''): string =>
    `{"id":${++id},${columns.map(column => `${JSON.stringify(column.name)}:${column.value(book, at(`${what} ${column.name}`))}`).join(',')}${more}}`
  const keyRow = (what: string): string =>
    `{${keyColumns.map(column => `${JSON.stringify(column.name)}:${column.value(book, at(`${what} ${column.name}`))}`).join(',')}}`
  const key = (what = 'key'): Buffer => Buffer.from(wrapped(keySchema, keyRow(what)))
  const event = (op: string, before: string, after: string): string =>
    `{"before":${before},"after":${after},"source":{"db":"w"},"op":"${op}","ts_ms":1}`
  const flat = (after: string, deleted: boolean): string => `${after.slice(0, -1)},"__deleted":"${deleted}"}`
  const text = (payload: string, schema = known): string => wrapped(schema, payload)
  const create = (what = 'after', more = ''): string =>
    isFlat ? flat(row(what, more), false) : event('c', 'null', row(what, more))
  const record = (value: Buffer | string | null, headers: NaiveRecord['headers'] = [], of = key()): NaiveRecord => ({
    key: of,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers,
  })
  const secret = (what: string): string => book.text(at(what))

  const structHeader = (what: string): Buffer => Buffer.from(`Struct{ssn=${secret(what)}}`)
  const jsonHeader = (what: string): Buffer =>
    Buffer.from(hasSchema ? `{"schema":${keySchema},"payload":${keyRow(what)}}` : keyRow(what))

  return {
    sound: () => [
      record(text(create())),
      ...(isFlat
        ? [record(text(flat(row('deleted row'), true)))]
        : ['r', 'u', 'd'].map(op =>
            record(
              text(
                event(op, op === 'r' ? 'null' : row(`before of ${op}`), op === 'd' ? 'null' : row(`after of ${op}`)),
              ),
            ),
          )),
      record(null),
      record(null, [['__debezium.newkey', structHeader('new key, Struct')]]),
      record(text(create()), [['__debezium.oldkey', jsonHeader('old key, JSON')]]),
      record(text(create()), [
        ['__debezium.oldkey', structHeader('old key, Struct')],
        ['__debezium.newkey', jsonHeader('new key, JSON')],
      ]),
      record(text(create()), [
        ['x-user', Buffer.from(secret('header of others'))],
        ['x-user', Buffer.from(secret('header of others, again'))],
        [`x-${secret('name of a header')}`, null],
        ['x-json', Buffer.from(JSON.stringify({ pan: secret('JSON header of others') }))],
      ]),
    ],
    broken: () => {
      const value = text(create('after of broken'))
      const inside = value.lastIndexOf('"id":')
      const put = (extra: string): string => value.slice(0, inside) + extra + value.slice(inside)
      const nested = `${'['.repeat(200)}"${secret('deep')}"${']'.repeat(200)}`
      return [
        record(value.slice(0, -30)),
        record(`${value}${secret('behind the end')}`),
        record(`${value} {"x":"${secret('second document')}"}`),
        record(Buffer.concat([Buffer.from(put(`"part":"${secret('not UTF-8')}`)), Buffer.from([0xff, 0x22])])),
        record(put(`"part":"${secret('repeated')}","part":"${secret('repeated again')}",`)),
        record(put(`"part":${secret('bare word')},`)),
        record(put(`"part":"${secret('control character')}\n",`)),
        record(value.replace(/"part":"[^"]*"/, () => `"part":{"pan":"${secret('object for text')}"}`)),
        record(value.replace(/"part":"[^"]*"(?!.*"part")/, () => `"part":${book.int64(at('number for text'))}`)),
        record(value.replace(/"number":\d+/, () => `"number":"${secret('text for number')}"`)),
        record(`{"extra":"${secret('unknown member')}",${value.slice(1)}`),
        record(
          `{"before":null,"after":${row('repeated after')},"after":${row('repeated after, second')},"source":{"db":"w"},"op":"u","ts_ms":1}`,
        ),
        record(`{"schema":"${secret('schema is text')}","payload":${create('after of broken schema')}}`),
        record(
          `{"schema":{"type":"${secret('type of a schema')}","fields":[]},"payload":${create('after of broken schema')}}`,
        ),
        ...(hasSchema
          ? [
              record(value.replace('"fields":', () => `"version":"${secret('version of a schema')}","fields":`)),
              record(value.replace('"optional":true', () => `"optional":"${secret('optional of a schema')}"`)),
            ]
          : []),
        record(JSON.stringify(secret('only a text'))),
        record(`["${secret('only a list')}"]`),
        record(book.int64(at('only a number'))),
        record(secret('no JSON at all')),
        record(Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(value)])),
        record(put(`"part":${nested},`)),
        record(value, [], Buffer.from(JSON.stringify(secret('key is text')))),
        record(value, [], Buffer.from(secret('key is no JSON'))),
        record(null, [], Buffer.from(secret('key of a tombstone is no JSON'))),
        record(value, [], Buffer.from(book.int64(at('key is a number')))),
        record(value, [], Buffer.from(`${wrapped(keySchema, keyRow('key with more'))}${secret('behind the key')}`)),
        record(value, [['__debezium.oldkey', Buffer.from(secret('unreadable old key'))]]),
        record(value, [['__debezium.oldkey', Buffer.from(`Struct{ssn=${secret('open Struct')}`)]]),
        record(value, [['__debezium.newkey', Buffer.from(`{"ssn":"${secret('broken JSON key header')}"`)]]),
      ]
    },
    unknown: () =>
      record(text(create('after with an unknown column', `,"brand_new":"${secret('unknown column')}"`), extended)),
  }
}

/** Records that are no rows, with secrets in them. */
export function strangeRecords(book: CanaryBook): NaiveRecord[] {
  const record = (value: unknown): NaiveRecord => ({
    key: null,
    value: Buffer.from(JSON.stringify(value)),
    headers: [],
  })
  const secret = (what: string): string => book.text(`strange record, ${what}`)
  const schemaOf = (name: string, ...members: readonly (readonly [string, string])[]): object => ({
    type: 'struct',
    optional: false,
    name: `io.debezium.connector.common.${name}`,
    fields: members.map(([field, type]) => ({ type, optional: true, field })),
  })
  return [
    record({
      op: 'm',
      ts_ms: 1,
      source: { db: 'w' },
      transaction: null,
      message: { prefix: secret('prefix of a message'), content: Buffer.from(secret('message')).toString('base64') },
    }),
    record({
      schema: schemaOf('Heartbeat', ['ts_ms', 'int64'], ['more', 'string']),
      payload: { ts_ms: 1, more: secret('heartbeat') },
    }),
    record({
      schema: schemaOf('TransactionMetadataValue', ['status', 'string'], ['id', 'string']),
      payload: { status: 'BEGIN', id: secret('transaction') },
    }),
    record({ before: null, after: null, source: { db: 'w' }, op: 't', ts_ms: 1, query: secret('query of a truncate') }),
    record({
      before: null,
      after: { id: 1 },
      source: { db: 'w', query: `insert ${secret('query')}` },
      op: 'c',
      ts_ms: 1,
    }),
  ]
}
