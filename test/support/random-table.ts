import type { Random } from './random.ts'
import { jsonText } from './random-inside.ts'
import { type Draft, object, randomDraft, randomNumber, randomWord, text } from './random-json.ts'

/** A made-up table: what its schema block says and what its values look like. */
export interface RandomColumn {
  readonly name: string
  readonly type: string
  readonly logical: string | null
  readonly optional: boolean
  readonly parameters: Readonly<Record<string, string>>
  /** Members of the field in the schema block beside the type: default, doc, version, items ... */
  readonly extra: Readonly<Record<string, Draft>>
  readonly isKey: boolean
  readonly value: (random: Random) => Draft
}

export interface RandomTable {
  readonly topic: string
  readonly columns: readonly RandomColumn[]
  /** What the schema block says of the table as a whole: members of its structs, and of fields that are no columns. */
  readonly notes: readonly (readonly [name: 'doc' | 'parameters', value: Draft])[]
}

const names = [
  'id',
  'name',
  'email',
  'aadhaar',
  'phone',
  'आधार',
  'a',
  'ab',
  'b',
  'na"me',
  'back\\slash',
  'new\nline',
  '𝒜',
  'after',
  'op',
  'schema',
  'payload',
  'before',
  'source',
  '__op',
  '__table',
  'e mail',
  'constructor',
  '__proto__',
  'a.b',
  '',
  'data',
  'type',
  'Email',
  'citizen_1234567',
]
const topics = [
  'shop.public.people',
  'shop.public.people',
  'shop.public.people',
  'shop.public.dbz_signal',
  'shop.transaction',
  '__debezium-heartbeat.shop',
]

interface Kind {
  readonly type: string
  readonly logical?: string
  readonly parameters?: Record<string, string>
  readonly extra?: Record<string, Draft>
  readonly mayBeKey?: boolean
  readonly value: (random: Random) => Draft
}

const base64 = (random: Random): Draft => text(Buffer.from(randomWord(random)).toString('base64'))
const int =
  (bits: number) =>
  (random: Random): Draft =>
    random.pick([
      '0',
      '1',
      '-1',
      String(2n ** BigInt(bits - 1) - 1n),
      String(-(2n ** BigInt(bits - 1))),
      String(random.below(100)),
    ])

const address: Draft = {
  array: [
    object({ type: text('string'), optional: 'true', field: text('city') }),
    object({
      type: text('struct'),
      optional: 'true',
      fields: {
        array: [
          object({ type: text('double'), field: text('x') }),
          object({ type: text('array'), items: object({ type: text('string') }), field: text('e mail') }),
        ],
      },
      field: text('place'),
    }),
  ],
}
const addressValue = (random: Random): Draft =>
  object({
    city: text(randomWord(random)),
    place: random.chance(0.3) ? 'null' : object({ x: '1.5', 'e mail': { array: [text('a'), 'null'] } }),
  })

/** The same with something in it, at any depth, that its schema does not name or names once. */
function smuggling(value: Draft, random: Random): Draft {
  if (typeof value === 'string') return random.chance(0.5) ? randomDraft(random, 1) : value
  if ('array' in value) {
    const at = random.below(value.array.length + 1)
    if (at === value.array.length) return { array: [...value.array, randomDraft(random, 1)] }
    return { array: value.array.map((item, n) => (n === at ? smuggling(item, random) : item)) }
  }
  const at = random.below(value.object.length + 1)
  if (at < value.object.length)
    return { object: value.object.map(([name, one], n) => [name, n === at ? smuggling(one, random) : one]) }
  const name = random.pick(['stranger', 'Asha Sharma', 'city', 'place', 'x', value.object[0]?.[0] ?? ''])
  return { object: [...value.object, [name, randomDraft(random, 1)]] }
}

const kinds: readonly Kind[] = [
  { type: 'string', mayBeKey: true, value: random => text(randomWord(random)) },
  { type: 'string', mayBeKey: true, value: random => text(`${random.below(1e6)}${random.below(1e6)}`) },
  {
    type: 'string',
    parameters: {
      '__debezium.source.column.type': 'VARCHAR',
      '__debezium.source.column.length': '12',
      '__debezium.source.column.comment': 'who',
    },
    value: random => text(randomWord(random).slice(0, 12)),
  },
  {
    type: 'string',
    parameters: {
      length: 'as long as that of Asha',
      scale: '1',
      '__debezium.source.column.type': 'TEXT',
      '__debezium.source.column.length': '98765432101',
      '__debezium.source.column.scale': 'a',
    },
    value: random => text(randomWord(random)),
  },
  { type: 'int64', mayBeKey: true, value: int(64) },
  {
    type: 'int64',
    mayBeKey: true,
    parameters: { '__debezium.source.column.type': 'INT8', '__debezium.source.column.length': '19' },
    value: int(64),
  },
  { type: 'int32', mayBeKey: true, value: int(32) },
  { type: 'int16', value: int(16) },
  { type: 'int8', value: int(8) },
  { type: 'boolean', value: random => random.pick(['true', 'false']) },
  { type: 'double', value: random => random.pick(['1.0E21', '0.1', '-0.0', '"NaN"', '"Infinity"', '1e-7']) },
  { type: 'float', value: random => random.pick(['1.5', '3.4E38']) },
  { type: 'bytes', value: base64 },
  {
    type: 'bytes',
    logical: 'org.apache.kafka.connect.data.Decimal',
    parameters: { scale: '2', 'connect.decimal.precision': '10' },
    value: random => random.pick(['"MDk="', '"/w=="', '1.50', '12345.60']),
  },
  { type: 'int32', logical: 'io.debezium.time.Date', value: random => String(random.below(20_000)) },
  {
    type: 'int64',
    logical: 'io.debezium.time.MicroTimestamp',
    value: random => random.pick(['1795174464069352', '9223372036825200000', '-9223372036832400000']),
  },
  { type: 'string', logical: 'io.debezium.time.ZonedTimestamp', value: () => text('2026-01-05T10:00:00.123456Z') },
  {
    type: 'string',
    logical: 'io.debezium.data.Json',
    value: jsonText,
  },
  { type: 'string', logical: 'io.debezium.data.Json', value: jsonText },
  { type: 'string', logical: 'io.debezium.data.Json', value: jsonText },
  { type: 'string', logical: 'io.debezium.data.Json', value: jsonText },
  { type: 'string', logical: 'io.debezium.data.Uuid', value: () => text('11111111-2222-4333-8444-555555555555') },
  {
    type: 'string',
    logical: 'io.debezium.data.Enum',
    parameters: { allowed: 'F,M,T' },
    value: random => text(random.pick(['F', 'M', 'T'])),
  },
  {
    type: 'array',
    extra: { items: object({ type: text('string'), optional: 'true' }) },
    value: random => ({ array: [text(randomWord(random)), 'null'] }),
  },
  {
    type: 'map',
    extra: { keys: object({ type: text('string') }), values: object({ type: text('string'), optional: 'true' }) },
    value: random => ({
      object: [
        [randomWord(random), text('v')],
        ['a', '1'],
        ['a', '2'],
      ],
    }),
  },
  {
    type: 'struct',
    logical: 'io.debezium.data.VariableScaleDecimal',
    extra: {
      fields: {
        array: [
          object({ type: text('int32'), field: text('scale') }),
          object({ type: text('bytes'), default: text('AA=='), field: text('value') }),
        ],
      },
    },
    value: () => object({ scale: '3', value: text('Bdw=') }),
  },
  {
    type: 'array',
    extra: { items: object({ type: text('string'), name: text('io.debezium.data.Json'), optional: 'true' }) },
    value: random => ({ array: [jsonText(random), 'null'] }),
  },
  { type: 'struct', extra: { fields: address }, value: addressValue },
  {
    type: 'array',
    extra: { items: object({ type: text('struct'), fields: address, optional: 'true' }) },
    value: random => ({ array: [addressValue(random), 'null', addressValue(random)] }),
  },
  {
    type: 'map',
    extra: { keys: object({ type: text('string') }), values: object({ type: text('struct'), fields: address }) },
    value: random => object({ [randomWord(random)]: addressValue(random), home: addressValue(random) }),
  },
  {
    type: 'map',
    extra: { keys: object({ type: text('struct'), fields: address }), values: object({ type: text('int64') }) },
    value: random => ({ array: [{ array: [addressValue(random), '1'] }, { array: [addressValue(random), 'null'] }] }),
  },
  {
    type: 'array',
    extra: { items: object({ type: text('array'), items: object({ type: text('string') }) }) },
    value: random => ({ array: [{ array: [text(randomWord(random))] }, { array: [] }] }),
  },
]

export function randomTable(random: Random): RandomTable {
  const used = new Set<string>()
  const columns: RandomColumn[] = []
  for (let n = 1 + random.below(7); n > 0; n--) {
    const name = random.pick(names)
    if (used.has(name)) continue
    used.add(name)
    const kind = random.pick(kinds)
    const optional = random.chance(0.6)
    const isNested = kind.extra !== undefined
    const kindly = (r: Random): Draft => (isNested && r.chance(0.1) ? smuggling(kind.value(r), r) : kind.value(r))
    columns.push({
      name,
      type: kind.type,
      logical: kind.logical ?? null,
      optional,
      parameters: kind.parameters ?? {},
      extra: {
        ...kind.extra,
        ...(kind.logical === undefined ? {} : { version: '1' }),
        ...(random.chance(0.15) ? { doc: text('a comment') } : {}),
        ...(random.chance(0.25) ? { default: kindly(random) } : {}),
      },
      isKey: kind.mayBeKey === true && random.chance(0.4),
      value: r => (optional && r.chance(0.15) ? 'null' : r.chance(0.03) ? oddValue(r) : kindly(r)),
    })
  }
  const notes: RandomTable['notes'] = random.pick([
    [],
    [],
    [['doc', text('of Asha')]],
    [['parameters', object({ owner: text('Asha'), length: text('2'), allowed: text('a,b') })]],
    [
      ['doc', 'null'],
      ['parameters', 'null'],
    ],
  ])
  return { topic: random.pick(topics), columns, notes }
}

/** Placeholders, near misses of placeholders, and values of another type. */
const oddValue = (random: Random): Draft =>
  random.chance(0.7)
    ? random.pick<Draft>([
        text('__debezium_unavailable_value'),
        { array: [text('__debezium_unavailable_value')] },
        text('X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=='),
        text('5f5f646562657a69756d5f756e617661696c61626c655f76616c7565'),
        { array: [text('X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==')] },
        { array: [...Buffer.from('__debezium_unavailable_value')].map(String) },
        { array: [text('b68a35a7-17ad-35b3-af2a-ae46edb4545a')] },
        object({ __debezium_unavailable_value: text('__debezium_unavailable_value') }),
        text('{"__debezium_unavailable_value":"__debezium_unavailable_value"}'),
        text('__debezium_unavailable_value '),
        text('__debezium_unavailable_valu'),
        { array: [text('__debezium_unavailable_value'), text('__debezium_unavailable_value')] },
      ])
    : random.chance(0.3)
      ? randomNumber(random)
      : randomDraft(random, 2)
