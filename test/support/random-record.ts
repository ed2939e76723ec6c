import type { NaiveRecord } from './naive-engine.ts'
import type { Random } from './random.ts'
import {
  compact,
  type Draft,
  draftOf,
  mutate,
  object,
  randomDraft,
  randomWord,
  type Style,
  text,
  write,
} from './random-json.ts'
import type { RandomColumn, RandomTable } from './random-table.ts'

type Members = (readonly [string, Draft])[]

/** Writes records of one table. The schema blocks repeat from record to record, as they do at a real source. */
export interface RecordWriter {
  readonly next: () => NaiveRecord
}

export function createRecordWriter(table: RandomTable, random: Random): RecordWriter {
  const styles: readonly Style[] = [
    compact,
    compact,
    compact,
    { space: 0.1, escape: 0, shuffle: 0 },
    { space: 0, escape: 0.15, shuffle: 0.5 },
    { space: 0.2, escape: 0.2, shuffle: 1 },
  ]
  const blocks = new Map<string, string>()
  /** A block is spelled anew now and then. */
  const spelled = (id: string, block: () => Draft): string => {
    const known = blocks.get(id)
    if (known !== undefined && random.chance(0.93)) return known
    const made = write(distorted(block(), random), random.chance(0.7) ? compact : random.pick(styles), random).trim()
    blocks.set(id, made)
    return made
  }
  const wrap = (id: string, block: () => Draft, payload: Draft): Draft => {
    const schema = random.chance(0.01) ? 'null' : spelled(id, block)
    const members: Members = [
      ['schema', schema],
      ['payload', payload],
    ]
    if (random.chance(0.03)) members.reverse()
    if (random.chance(0.01))
      members.push(
        random.pick<readonly [string, Draft]>([
          ['schema', 'null'],
          ['payload', '{}'],
          ['extra', '1'],
        ]),
      )
    return { object: members }
  }
  const finish = (draft: Draft): Buffer => {
    const bytes = Buffer.from(writeRaw(draft, random.pick(styles), random))
    return random.chance(0.06) ? Buffer.from(mutate(bytes, random)) : bytes
  }

  const key = (typed: boolean): Buffer | null => {
    const columns = table.columns.filter(column => column.isKey)
    if (columns.length === 0 && random.chance(0.8)) return null
    const payload = row(columns, random)
    return finish(
      typed ? wrap('key', () => struct({ ...table, columns }, 'shop.public.people.Key', [], random), payload) : payload,
    )
  }

  return {
    next: () => {
      const typed = random.chance(0.6)
      const keyBytes = key(random.chance(0.15) ? !typed : typed)
      const headers = headersOf(table, typed, random)
      const form = random.below(100)
      if (form < 6) return { key: keyBytes, value: null, headers }
      if (form < 12)
        return { key: random.chance(0.5) ? null : keyBytes, value: finish(special(random, typed, spelled)), headers }
      if (form < 14) return { key: keyBytes, value: finish(randomDraft(random)), headers }
      const flat = form < 45
      const payload = flat ? flattened(table, random) : event(table, random)
      const block = (): Draft => (flat ? flatSchema(table, random) : envelopeSchema(table, random))
      return { key: keyBytes, value: finish(typed ? wrap(flat ? 'flat' : 'event', block, payload) : payload), headers }
    },
  }
}

/** Ready-made text (schema blocks) goes in as it is. */
function writeRaw(draft: Draft, style: Style, random: Random): string {
  const raws: string[] = []
  const marked = (one: Draft): Draft => {
    if (typeof one === 'string') {
      if (!one.startsWith('{')) return one
      raws.push(one)
      return `<<${raws.length - 1}>>`
    }
    if ('array' in one) return { array: one.array.map(marked) }
    return { object: one.object.map(([name, value]) => [name, marked(value)]) }
  }
  return write(marked(draft), style, random).replace(/<<(\d+)>>/g, (_, n) => raws[Number(n)] ?? '')
}

function row(columns: readonly RandomColumn[], random: Random): Draft {
  const members: Members = columns.filter(() => random.chance(0.97)).map(column => [column.name, column.value(random)])
  if (random.chance(0.02))
    members.push([
      random.pick([
        ...['stranger', 'नया', 'x'.repeat(70), '123456789', 'Asha Sharma', 'a2345-6789-0121', 'asha.sharma'],
        ...['fy_2024_25', 'a_2345_6789_0121', 'ABCDE1234F', 'n\u0430me', 'आधार_id', '-a', '_$#a', 'a-b'],
      ]),
      randomDraft(random, 1),
    ])
  if (random.chance(0.015) && members[0] !== undefined) members.push([members[0][0], randomDraft(random, 1)])
  return { object: members }
}

/** Nearly always. */
const aNumber = (number: string, random: Random): Draft =>
  random.chance(0.99) ? number : random.pick(['null', '-0', '1e3', text('Asha'), text('1'), 'true', '{}', '[]'])

/** As a transform may have written it, and texts that are nearly so. */
const aTime = (random: Random): Draft => {
  const whole = random.pick([
    '2026-01-05T10:00:00Z',
    '2026-01-05 10:00:00.123456789 +05:30',
    '2026-01-05',
    '2026-01-05T10:00-05',
  ])
  if (random.chance(0.5)) return text(whole)
  const at = random.below(whole.length + 1)
  return text(
    `${whole.slice(0, at)}${random.pick(['', '0', '9', ' ', ':', 'Z', 'a', '०'])}${whole.slice(at + random.below(3))}`,
  )
}

const source = (random: Random): Draft => {
  const members: Members = [
    ['version', text('3.7.0.Final')],
    ['connector', text('postgresql')],
    ['name', text('shop')],
    ['ts_ms', aNumber('1795174464069', random)],
    ['snapshot', text('false')],
    ['db', text('shop')],
    ['sequence', text('[null,"42759904"]')],
    ['ts_ns', '1795174464069352000'],
    ['lsn', aNumber('42759904', random)],
    ['xmin', aNumber('null', random)],
  ]
  if (random.chance(0.01))
    members.push(
      random.pick<readonly [string, Draft]>([
        ['query', text('INSERT')],
        ['db', text('twice')],
        ['gtid', text('g')],
        ['ssn', text('Asha')],
      ]),
    )
  if (random.chance(0.2))
    members.push([random.pick(['query', 'redo_sql']), random.chance(0.8) ? 'null' : text('INSERT')])
  return { object: members }
}

function event(table: RandomTable, random: Random): Draft {
  const op = random.pick([
    'c',
    'u',
    'd',
    'r',
    't',
    'c',
    'u',
    random.chance(0.1) ? 'm' : 'u',
    random.chance(0.1) ? '' : 'c',
  ])
  const image = (on: boolean): Draft => (on ? row(table.columns, random) : 'null')
  const members: Members = [
    ['before', op === 'u' || op === 'd' ? oldRow(table, random) : 'null'],
    ['after', image(op !== 'd' && op !== 't')],
    ['source', random.chance(0.98) ? source(random) : random.pick(['null', '1', '{}'])],
    [
      'transaction',
      random.chance(0.8)
        ? 'null'
        : object({ id: text('571'), total_order: aNumber('1', random), data_collection_order: '1' }),
    ],
    ['op', text(op)],
    ['ts_ms', aNumber('1795174464151', random)],
    ['ts_ns', '1795174464151772321'],
  ]
  const changed = members.filter(() => random.chance(0.995))
  if (random.chance(0.01))
    changed.push(
      random.pick<readonly [string, Draft]>([
        ['after', 'null'],
        ['after', row(table.columns, random)],
        ['op', text('c')],
        ['stranger', '1'],
        ['before', object({ x: '1' })],
      ]),
    )
  if (random.chance(0.1)) return { object: random.shuffle(changed) }
  return { object: changed }
}

/** Whole, as replica identity full gives it, or what another one gives: nothing, or made-up values beside the key. */
function oldRow(table: RandomTable, random: Random): Draft {
  if (random.chance(0.7)) return row(table.columns, random)
  if (random.chance(0.4)) return 'null'
  const columns = table.columns.map(column => ({
    ...column,
    value: (r: Random) => (column.isKey ? column.value(r) : madeUp(column, r)),
  }))
  return row(columns, random)
}

function madeUp({ type, optional, extra }: RandomColumn, random: Random): Draft {
  if (extra.default !== undefined && random.chance(0.5)) return extra.default
  if (optional) return 'null'
  return type === 'string' || type === 'bytes' ? text('') : type === 'boolean' ? 'false' : '0'
}

function flattened(table: RandomTable, random: Random): Draft {
  const one = row(table.columns, random) as { readonly object: Members }
  const has = (name: string): boolean => table.columns.some(column => column.name === name)
  const extra: Members = [
    ['__deleted', text(random.pick(['true', 'false']))],
    ['__op', text(random.pick(['c', 'u', 'd', 't', 'zz']))],
    ['__source_ts_ms', random.chance(0.9) ? aNumber('1795174519294', random) : aTime(random)],
  ]
  return { object: [...one.object, ...extra.filter(([name]) => !has(name) && random.chance(0.6))] }
}

function field(column: RandomColumn): Draft {
  const { type, logical, optional, parameters, extra, name } = column
  const { version, doc, default: byDefault, ...rest } = extra
  const members: Members = [
    ['type', text(type)],
    ...Object.entries(rest),
    ['optional', String(optional)],
    ...(logical === null ? [] : ([['name', text(logical)]] as const)),
    ...(version === undefined ? [] : ([['version', version]] as const)),
    ...(doc === undefined ? [] : ([['doc', doc]] as const)),
    ...(Object.keys(parameters).length === 0 ? [] : ([['parameters', draftOf(parameters)]] as const)),
    ...(byDefault === undefined ? [] : ([['default', byDefault]] as const)),
    ['field', text(name)],
  ]
  return { object: members }
}

/** What a converter does not write; null: the member is missing. */
const oddMembers: readonly (readonly [name: string, value: Draft | null])[] = [
  ['stranger', '1'],
  ['type', text('string')],
  ['type', text('varchar')],
  ['type', null],
  ['optional', text('true')],
  ['optional', 'null'],
  ['name', '1'],
  ['name', 'null'],
  ['version', text('1')],
  ['version', text('Asha')],
  ['version', '123412341234'],
  ['version', '1.0'],
  ['version', '-1'],
  ['version', '1e3'],
  ['version', 'null'],
  ['doc', '1'],
  ['doc', object({ of: text('Asha') })],
  ['parameters', '123412341234'],
  ['parameters', text('Asha')],
  ['parameters', object({ length: '1' })],
  ['default', object({ aadhaar: text('1') })],
  ['default', { array: [text('1')] }],
  ['default', text('1')],
  ['field', text('Asha')],
  ['field', '1'],
  ['field', null],
  ['fields', { array: [text('Asha')] }],
  ['fields', { array: [] }],
  ['fields', 'null'],
  ['fields', null],
  ['items', object({ type: text('string') })],
  ['items', text('Asha')],
  ['items', null],
  ['keys', object({ type: text('string') })],
  ['values', null],
]

/** A schema of which any part, at any depth, is not what a converter writes; nearly always it is. */
function distorted(schema: Draft, random: Random): Draft {
  if (typeof schema === 'string' || 'array' in schema) return schema
  const members = schema.object.map(([name, value]): readonly [string, Draft] => {
    if (name === 'items' || name === 'keys' || name === 'values') return [name, distorted(value, random)]
    if (name !== 'fields' || typeof value === 'string' || 'object' in value) return [name, value]
    return [name, { array: value.array.map(one => distorted(one, random)) }]
  })
  if (!random.chance(0.002)) return { object: members }
  const [name, value] = random.pick(oddMembers)
  const others = random.chance(0.9) ? members.filter(([known]) => known !== name) : members
  return { object: value === null ? others : [...others, [name, value]] }
}

/** A field of the envelope that is something else altogether. */
function retyped(field: Draft, random: Random): Draft {
  const name = (field as { readonly object: Members }).object.filter(([one]) => one === 'field')
  const type = random.pick<Members>([
    [['type', text('string')]],
    [
      ['type', text('string')],
      ['default', text('Asha')],
    ],
    [
      ['type', text('struct')],
      ['fields', { array: [simple('a', 'string', [], random)] }],
    ],
    [
      ['type', text('array')],
      ['items', object({ type: text('string') })],
    ],
  ])
  return { object: [...type, ['optional', 'true'], ...name] }
}

function struct(
  { columns, notes }: Pick<RandomTable, 'columns' | 'notes'>,
  name: string | null,
  more: readonly (readonly [string, Draft])[],
  random: Random,
): Draft {
  const present = columns.filter(() => random.chance(0.985))
  return {
    object: [
      ['type', text('struct')],
      ['fields', { array: present.map(field) }],
      ['optional', 'true'],
      ...(name === null ? [] : ([['name', text(name)]] as const)),
      ...(random.chance(0.7) ? notes : []),
      ...(random.chance(0.01) ? ([['default', object({ aadhaar: text('1') })]] as const) : []),
      ...more,
    ],
  }
}

/** A field that is no column. */
const simple = (name: string, type: string, notes: RandomTable['notes'], random: Random): Draft => ({
  object: [
    ['type', text(type)],
    ['optional', 'true'],
    ...(random.chance(0.1) ? notes : []),
    ...(random.chance(0.1) ? ([['default', text('false')]] as const) : []),
    ['field', text(name)],
  ],
})

function flatSchema(table: RandomTable, random: Random): Draft {
  const columns = struct(table, 'shop.public.people.Value', [], random) as { readonly object: Members }
  const has = (name: string): boolean => table.columns.some(column => column.name === name)
  const extra = ['__deleted', '__op', '__source_ts_ms']
    .filter(name => !has(name))
    .map(name => simple(name, name === '__source_ts_ms' ? 'int64' : 'string', table.notes, random))
  return {
    object: columns.object.map(([name, value]) =>
      name === 'fields' && typeof value !== 'string' && 'array' in value
        ? [name, { array: [...value.array, ...extra] }]
        : [name, value],
    ),
  }
}

function envelopeSchema(table: RandomTable, random: Random): Draft {
  const { notes } = table
  const numbers = new Set(random.chance(0.8) ? ['ts_ms', 'ts_ns', 'lsn', 'xmin', 'total_order'] : [])
  const member = (name: string, type: string): Draft => simple(name, type, notes, random)
  const noted = random.chance(0.3) ? notes : []
  const sourceFields = [
    'version',
    'connector',
    'name',
    'ts_ms',
    'snapshot',
    'db',
    'sequence',
    'ts_ns',
    'lsn',
    'xmin',
  ].filter(() => random.chance(0.995))
  if (random.chance(0.2)) sourceFields.push('query', 'redo_sql')
  const named = (one: Draft, name: string): Draft => ({
    object: [...(one as { readonly object: Members }).object, ['field', text(name)]],
  })
  const fields: Draft[] = [
    named(struct(table, 'shop.public.people.Value', [], random), 'before'),
    named(struct(table, 'shop.public.people.Value', [], random), 'after'),
    object({
      type: text('struct'),
      fields: { array: sourceFields.map(name => member(name, numbers.has(name) ? 'int64' : 'string')) },
      optional: 'false',
      name: text('io.debezium.connector.postgresql.Source'),
      ...Object.fromEntries(noted),
      field: text('source'),
    }),
    object({
      type: text('struct'),
      fields: {
        array: ['id', 'total_order', 'data_collection_order'].map(name =>
          member(name, numbers.has(name) ? 'int64' : 'string'),
        ),
      },
      optional: 'true',
      name: text('event.block'),
      ...Object.fromEntries(noted),
      field: text('transaction'),
    }),
    member('op', 'string'),
    member('ts_ms', 'int64'),
    member('ts_ns', 'int64'),
    ...(random.chance(0.01) ? [member('stranger', 'string')] : []),
  ]
    .filter(() => random.chance(0.997))
    .map(one => (random.chance(0.003) ? retyped(one, random) : one))
  return {
    object: [
      ['type', text('struct')],
      ['fields', { array: fields }],
      ['optional', 'false'],
      ...(random.chance(0.95) ? ([['name', text('shop.public.people.Envelope')]] as const) : []),
      ['version', '2'],
      ...noted,
    ],
  }
}

/** Heartbeats, transaction markers, messages and signals. */
function special(random: Random, typed: boolean, spelled: (id: string, block: () => Draft) => string): Draft {
  const kind = random.below(5)
  const flat = (name: string, members: readonly string[]): Draft =>
    object({
      type: text('struct'),
      fields: { array: members.map(one => simple(one, 'string', [], random)) },
      optional: 'false',
      name: text(name),
    })
  const pair = (id: string, name: string, payload: Draft, members: readonly string[]): Draft =>
    typed
      ? {
          object: [
            ['schema', spelled(id, () => flat(name, members))],
            ['payload', payload],
          ],
        }
      : payload
  if (kind === 0) return pair('heartbeat', 'io.debezium.connector.common.Heartbeat', object({ ts_ms: '1' }), ['ts_ms'])
  if (kind === 1)
    return pair(
      'transaction',
      'io.debezium.connector.common.TransactionMetadataValue',
      object({ status: text('BEGIN'), id: text('1'), event_count: 'null', data_collections: 'null', ts_ms: '1' }),
      ['status', 'id', 'event_count', 'data_collections', 'ts_ms'],
    )
  if (kind === 2)
    return pair(
      'message',
      'io.debezium.connector.postgresql.MessageValue',
      object({
        op: text('m'),
        ts_ms: '1',
        source: '{}',
        transaction: 'null',
        message: object({ content: text('c2VjcmV0') }),
      }),
      ['op', 'ts_ms', 'source', 'transaction', 'message'],
    )
  if (kind === 3)
    return pair('change', 'io.debezium.connector.x.SchemaChangeValue', object({ ddl: text('CREATE') }), ['ddl'])
  return pair(
    'signal',
    'shop.public.dbz_signal.Value',
    object({ id: text('1'), type: text('log'), data: text('{}') }),
    ['id', 'type', 'data'],
  )
}

function headersOf(table: RandomTable, typed: boolean, random: Random): (readonly [string, Buffer | null])[] {
  const headers: (readonly [string, Buffer | null])[] = []
  if (random.chance(0.5))
    headers.push(
      ['__debezium.context.taskId', Buffer.from('0')],
      ['__debezium.context.connectorName', Buffer.from('postgresql')],
    )
  if (random.chance(0.12))
    headers.push([
      random.pick(['__op', 'traceparent', 'x-secret', '__db', 'x-allowed-one', '__debezium.context.']),
      random.chance(0.2) ? null : Buffer.from(randomWord(random)),
    ])
  if (random.chance(0.15)) {
    const keys = table.columns.filter(column => column.isKey)
    const payload = row(keys, random)
    const wrapped: Draft = {
      object: [
        ['schema', distorted(struct({ ...table, columns: keys }, 'shop.public.people.Key', [], random), random)],
        ['payload', payload],
      ],
    }
    const bytes = Buffer.from(
      write(
        typed && random.chance(0.5) ? wrapped : payload,
        random.chance(0.9) ? compact : { space: 0.3, escape: 0.1, shuffle: 1 },
        random,
      ),
    )
    headers.push([
      random.pick(['__debezium.oldkey', '__debezium.newkey']),
      random.chance(0.05) ? null : random.chance(0.05) ? mutate(bytes, random) : bytes,
    ])
  }
  return random.chance(0.2) ? random.shuffle(headers) : headers
}
