import { describe, expect, test } from 'vitest'
import { compile, type RecordLine, transform } from '../../../src/engine.ts'
import type { Plan } from '../../../src/pipeline/plan.ts'
import { exampleKey } from '../../support/agreement.ts'
import { aString, type Field, schemaRecord } from '../../support/schema-records.ts'

const topic = 'shop.public.people'
const fields: readonly Field[] = [
  { type: 'int64', optional: false, field: 'id' },
  aString('email', { name: 'x', version: 1, doc: 'x', parameters: { length: '9' }, default: 'x' }),
  aString('state', { name: 'io.debezium.data.Enum', version: 1, parameters: { allowed: 'a,b' } }),
  { type: 'int32', optional: true, name: 'io.debezium.time.Date', version: 1, field: 'born' },
  { type: 'array', items: { type: 'string', optional: true }, optional: true, field: 'list' },
  {
    type: 'map',
    keys: { type: 'string', optional: false },
    values: { type: 'array', items: { type: 'string', optional: true }, optional: true },
    optional: true,
    field: 'map',
  },
  {
    type: 'struct',
    fields: [{ type: 'bytes', optional: false, field: 'value' }],
    optional: true,
    name: 'io.debezium.data.VariableScaleDecimal',
    field: 'worth',
  },
]
const keys: readonly Field[] = [{ type: 'int64', optional: false, field: 'id' }]
const event = schemaRecord(topic, fields, { id: 1, email: null })
const flat: RecordLine = {
  topic,
  key: { schema: { type: 'struct', fields: keys, optional: false }, payload: { id: 1 } },
  value: {
    schema: { type: 'struct', fields: [...fields, aString('__op')], optional: false, name: `${topic}.Value` },
    payload: { id: 1, __op: 'c' },
  },
}

function planOf(masks: Readonly<Record<string, object>>): Plan {
  const maskingConditions = Object.entries(masks).map(([field, mask]) => ({ field, ...mask }))
  const documents = [{ name: 'p', resources: { topic }, maskingPolicy: { maskingConditions } }]
  return compile(documents, { keys: { default: exampleKey } }).plan as Plan
}
const hidden = {
  id: { maskType: 'hash' },
  email: { maskType: 'null' },
  state: { maskType: 'full', maskValue: 'a' },
  born: { maskType: 'null' },
  list: { maskType: 'null' },
  map: { maskType: 'null' },
  worth: { maskType: 'null' },
}

type Schema = Record<string, unknown>
const part = (record: RecordLine, name: 'key' | 'value'): { schema: Schema } => record[name] as { schema: Schema }

/** Every type of a block, by its place: `value`, `value.after.email`, `value.after.map.values.items`, `key.id` ... */
function typesOf(schema: Schema, place: string): [place: string, type: Schema][] {
  const inner = ['items', 'keys', 'values'].flatMap(name =>
    name in schema ? typesOf(schema[name] as Schema, `${place}.${name}`) : [],
  )
  const below = ((schema.fields ?? []) as Field[]).flatMap(one => typesOf(one, `${place}.${one.field}`))
  return [[place, schema], ...inner, ...below]
}

const secret = 'of 123412341234'
const forms: readonly unknown[] = [secret, 123412341234, { [secret]: secret }, [secret], { type: secret }]
const members = 'type items keys values fields optional name version doc parameters default field other'.split(' ')
const parameters = ['owner', 'allowed', 'scale', 'length', 'connect.decimal.precision'].concat(
  ['type', 'length', 'scale', 'name', 'comment'].map(name => `__debezium.source.column.${name}`),
)
/** What is put into a type, and where it then stands. */
const additions: readonly (readonly [what: string, change: (type: Schema) => void])[] = [
  ...members.flatMap(name => forms.map(form => [name, (type: Schema): void => void (type[name] = form)] as const)),
  ...parameters.map(
    name => [`parameters.${name}`, (type: Schema): void => void (type.parameters = { [name]: secret })] as const,
  ),
]

/** The places where text goes out although every column is masked. */
function leaksOf(record: RecordLine): string[] {
  const found = new Set<string>()
  for (const name of ['key', 'value'] as const) {
    for (const [place] of typesOf(part(record, name).schema, name)) {
      const plan = planOf(hidden)
      for (const [what, change] of additions) {
        const changed = structuredClone(record)
        for (const [at, type] of typesOf(part(changed, name).schema, name)) if (at === place) change(type)
        const [outcome] = transform([changed], plan)
        if (outcome?.outcome !== 'publish') continue
        const out = [outcome.record.key, outcome.record.value].map(one => Buffer.from(one ?? '', 'base64').toString())
        if (out.join().includes('123412341234')) found.add(`${place} ${what}`)
      }
    }
  }
  return [...found]
}

describe.each([
  ['an event', event],
  ['a flattened row', flat],
])('with every column of %s masked', (_name, record) => {
  test('the record goes out', () => {
    expect(transform([record], planOf(hidden))).toMatchObject([{ outcome: 'publish' }])
  })

  const isMetadata = (place: string): boolean => /^value\.(?:op|source\..+|__op)$/.test(place)
  /** Names of types and columns are no data; Debezium's own fields are as free to say what they are as to be it. */
  const isName = (place: string, what: string): boolean =>
    what === 'name' ||
    (what === 'field' && place.endsWith('.worth.value')) ||
    /^parameters\.__debezium\.source\.column\.(?:type|name)$/.test(what)

  test('the schema block lets nothing through but names and what is Debezium’s own', () => {
    const leaks = leaksOf(record).filter(leak => {
      const [place = '', what = ''] = leak.split(' ')
      return !isName(place, what) && !(isMetadata(place) && (what === 'default' || what === 'parameters.allowed'))
    })
    expect(leaks).toEqual([])
  })
})

describe('what a block says beside its columns', () => {
  const noted = (record: RecordLine): RecordLine => {
    const changed = structuredClone(record)
    for (const name of ['key', 'value'] as const)
      for (const [, type] of typesOf(part(changed, name).schema, name))
        if (type.type === 'struct' && type.field !== 'worth')
          Object.assign(type, { doc: secret, parameters: { a: secret } })
    return changed
  }
  const clear = Object.fromEntries(Object.keys(hidden).map(name => [name, { maskType: 'none' }]))
  const cases: [name: string, masks: Readonly<Record<string, object>>, record: RecordLine, stays: boolean][] = [
    ['stays where every column of an event is clear', clear, event, true],
    ['stays where every column of a row is clear', clear, flat, true],
    ['leaves with a masked column', { ...clear, email: { maskType: 'null' } }, event, false],
    ['leaves with a removed column', { ...clear, email: { maskType: 'drop' } }, flat, false],
    ['leaves the key too, whichever column is hidden', { ...clear, born: { maskType: 'null' } }, event, false],
    ['leaves where a wildcard hides', { ...clear, '*': { maskType: 'drop' } }, event, false],
  ]
  test.each(cases)('%s', (_name, masks, record, stays) => {
    const [outcome] = transform([noted(record)], planOf(masks))
    if (outcome?.outcome !== 'publish') throw new Error(JSON.stringify(outcome))
    for (const one of [outcome.record.key, outcome.record.value])
      expect(
        Buffer.from(one ?? '', 'base64')
          .toString()
          .includes(secret),
      ).toBe(stays)
  })

  test.each(['drop', 'null'])('leaves with an unknown column that is hidden by unknownColumns %s', unknownColumns => {
    const maskingConditions = Object.keys(hidden).flatMap(field =>
      field === 'email' ? [] : [{ field, maskType: 'none' }],
    )
    const { plan } = compile([
      { name: 'p', resources: { topic }, maskingPolicy: { maskingConditions, unknownColumns } },
    ])
    const [outcome] = transform([noted(event)], plan as Plan)
    if (outcome?.outcome !== 'publish') throw new Error(JSON.stringify(outcome))
    expect(Buffer.from(outcome.record.value ?? '', 'base64').toString()).not.toContain(secret)
  })
})
