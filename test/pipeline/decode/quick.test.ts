import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { buildScan } from '../../../.ci/build-scan.ts'
import { columns, makeValues, policy, tableSchema, topic } from '../../../bench/records.ts'
import { compile } from '../../../src/engine.ts'
import { Edits } from '../../../src/pipeline/decode/edits.ts'
import { QuickScanner } from '../../../src/pipeline/decode/quick/quick-scanner.ts'
import { Unreadable } from '../../../src/pipeline/decode/scanner.ts'
import { decodeValue } from '../../../src/pipeline/decode/value.ts'
import { Walker } from '../../../src/pipeline/decode/walk.ts'
import type { ViewPlan } from '../../../src/pipeline/plan.ts'
import { createRandom } from '../../support/random.ts'

/** A filter that reads every other column, and lets all rows pass. */
const everything = columns
  .flatMap((name, n) => (n % 2 === 0 ? [`${name} is null`] : []))
  .concat('true')
  .join(' or ')

const source = 'src/pipeline/decode/quick/scan.wasm.ts'

/** What decoding one value amounts to, in a form that can be compared. */
function outcomeOf(value: Buffer, plan: ViewPlan, walker: Walker, quick: QuickScanner | null): unknown {
  walker.begin('value', value.length)
  quick?.load(value, 0, value.length)
  try {
    const shape = decodeValue(value, 0, value.length, plan, walker)
    const { starts, ends, masks, columns, count } = walker.edits
    return {
      shape,
      operation: walker.operation,
      edits: Array.from({ length: count }, (_, n) => [starts[n], ends[n], masks[n], columns[n]?.name]),
    }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { code: error.code, at: error.at, path: walker.path(error.at, error.code) }
  }
}

function planFor(changes: Record<string, unknown> = {}): ViewPlan {
  const { plan } = compile([{ ...policy, maskingPolicy: { ...policy.maskingPolicy, ...changes } }, tableSchema])
  return plan!.forTopic(topic, { compacted: false })!.views[0]!
}

/** Rows with structs, arrays and maps in them, and the plan that lets them pass. */
function nestedRows(): { readonly plan: ViewPlan; readonly values: readonly Buffer[] } {
  const place = {
    type: 'struct',
    fields: [
      { type: 'double', field: 'x' },
      { type: 'array', items: { type: 'string' }, field: 'marks' },
    ],
  }
  const home = {
    type: 'struct',
    fields: [
      { type: 'string', field: 'city' },
      { ...place, field: 'place' },
    ],
  }
  const fields = [
    { type: 'int32', field: 'id' },
    { ...home, field: 'home' },
    { type: 'array', items: home, field: 'homes' },
    { type: 'map', keys: { type: 'string' }, values: home, field: 'by_name' },
    { type: 'array', items: { type: 'int32' }, field: 'numbers' },
    { type: 'string', field: 'aadhaar' },
  ]
  const columns = fields.map(({ field }) => ({ field, maskType: field === 'aadhaar' ? 'full' : 'none' }))
  const { plan } = compile([{ name: 'nested', resources: { topic }, maskingPolicy: { maskingConditions: columns } }])
  const one = { city: 'x', place: { x: 1.5, marks: ['a', null] } }
  const rows = [
    { id: 1, home: one, homes: [one, null, one], by_name: { a: one, b: null }, numbers: [1, 2], aadhaar: '1' },
    { id: 2, home: null, homes: [], by_name: {}, numbers: null, aadhaar: null },
    { id: 3, home: { city: 'x', place: null }, homes: null, by_name: null, numbers: [], aadhaar: '3' },
  ]
  const schema = { type: 'struct', fields, name: 'Value' }
  return {
    plan: plan!.forTopic(topic, { compacted: false })!.views[0]!,
    values: rows.map(payload => Buffer.from(JSON.stringify({ schema, payload }))),
  }
}

const pieces = [
  ' ',
  '\n',
  '"',
  '\\',
  '\\u0041',
  '\\x',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  'null',
  '-',
  '0',
  '1e5',
  '.',
  '1.',
  '\u0001',
  'é',
  'आ',
  '😀',
  '"__debezium_unavailable_value"',
  '"after":{},',
  '"email":"x",',
  '[1,2,{"a":null}]',
  'tru',
  'true',
  'nul',
  '\u00c0',
  '"SMUGGLED":1,',
  '"city":"y",',
  '{"city":"y"}',
  '[[]]',
].map(text => Buffer.from(text))
const bytes = [0x80, 0xc0, 0xc1, 0xed, 0xa0, 0xf5, 0xff, 0x00, 0x1f, 0x7f].map(byte => Buffer.from([byte]))

function mutate(value: Buffer, random: (below: number) => number): Buffer {
  const at = random(value.length)
  const piece = [...pieces, ...bytes][random(pieces.length + bytes.length)]!
  switch (random(4)) {
    case 0:
      return Buffer.concat([value.subarray(0, at), piece, value.subarray(at)])
    case 1:
      return Buffer.concat([value.subarray(0, at), piece, value.subarray(at + piece.length)])
    case 2:
      return value.subarray(0, at)
    default:
      return Buffer.concat([value.subarray(0, at), value.subarray(at + 1 + random(8))])
  }
}

describe('the quick scanner', () => {
  test('is what its source compiles to', async () => {
    expect(readFileSync(source, 'utf8')).toBe(await buildScan())
  })

  test.each([
    ['masks', {}],
    [
      'removals',
      {
        maskingConditions: policy.maskingPolicy.maskingConditions.map((one, n) =>
          n % 3 === 0 ? { field: one.field, maskType: 'drop' } : one,
        ),
      },
    ],
    [
      'unknown columns that become null',
      { unknownColumns: 'null', maskingConditions: policy.maskingPolicy.maskingConditions.slice(4, 20) },
    ],
    [
      'what filters and projections look at',
      {
        maskingConditions: policy.maskingPolicy.maskingConditions.map((one, n) =>
          n % 3 === 0 ? { field: one.field, maskType: 'drop' } : one,
        ),
        rowFilter: { filterExpr: everything },
        projection: { rename: { income_band: 'band' }, columns: { origin: "'shop'", seen: "source('ts_ms')" } },
      },
    ],
  ])('takes whole records off the walker, and finds the same: %s', (_name, changes) => {
    const plan = planFor(changes)
    const quick = new QuickScanner(plan.toastMarkers)
    let taken = 0
    for (const value of [...makeValues(300, false), ...makeValues(50, true)]) {
      const slow = outcomeOf(value, plan, new Walker(new Edits(), plan.toastMarkers), null)
      expect(outcomeOf(value, plan, new Walker(new Edits(), plan.toastMarkers, quick), quick)).toEqual(slow)
      const start = value.lastIndexOf('{"before":')
      const { event } = plan.schemaless
      if (quick.walk(value, start, value.length, event, 1, new Edits()) >= 0) taken++
    }
    expect(taken).toBeGreaterThan(_name === 'unknown columns that become null' ? -1 : 340)
  })

  test('takes what is inside columns off the walker where it is as the schema says, and only there', () => {
    const { plan, values } = nestedRows()
    const quick = new QuickScanner(plan.toastMarkers)
    const walkQuickly = (value: Buffer): number => {
      outcomeOf(value, plan, new Walker(new Edits(), plan.toastMarkers, quick), quick)
      const start = value.indexOf('{"id":')
      const { layout } = plan.valueSchemas.all()[0]!.plan
      return quick.walk(value, start, value.length, layout, 2, new Edits())
    }
    for (const value of values) expect(walkQuickly(value)).toBe(value.length - 1)
    for (const [was, is] of [
      ['"city":"x"', '"city":"x","SMUGGLED":"raw"'],
      ['"city":"x"', '"city":"x","city":"y"'],
      ['"city":"x"', '"city":{"SMUGGLED":"raw"}'],
      ['"marks":["a"', '"marks":[{"SMUGGLED":"raw"}'],
      ['"marks":["a",null]', '"marks":{"SMUGGLED":"raw"}'],
      ['"numbers":[1,2]', '"numbers":[1,[2]]'],
      ['"numbers":[1,2]', '"numbers":"raw"'],
      ['"b":null', '"b":"raw"'],
      ['"b":null', '"b":{"SMUGGLED":"raw"}'],
    ] as const) {
      const value = Buffer.from(values[0]!.toString().replace(was, is))
      expect(value.equals(values[0]!)).toBe(false)
      expect([is, walkQuickly(value)]).toEqual([is, -1])
      const slow = new Walker(new Edits(), plan.toastMarkers)
      expect(outcomeOf(value, plan, slow, null)).toHaveProperty('code')
    }
  })

  test('agrees with the walker on damaged records', () => {
    const random = createRandom(Number(process.env.SCRIM_SEED ?? 20_261_120)).below
    const looked = { rowFilter: { filterExpr: everything }, projection: { columns: { origin: "'shop'" } } }
    const plans = [
      planFor(),
      planFor({ unknownColumns: 'drop', toast: 'keep' }),
      nestedRows().plan,
      planFor({ toast: 'keep', ...looked }),
    ]
    const scanners = plans.map(plan => new QuickScanner(plan.toastMarkers))
    const nested = nestedRows().values
    const rows = [...makeValues(40, false), ...makeValues(10, true)]
    for (let n = 0; n < Number(process.env.SCRIM_PROPERTY_RUNS ?? 20_000); n++) {
      const plan = plans[n % 4]!
      const values = n % 4 === 2 ? nested : rows
      let value = values[random(values.length)]!
      for (let damage = random(3); damage >= 0; damage--) if (value.length > 0) value = mutate(value, random)
      const quick = scanners[n % 4]!
      const slow = outcomeOf(value, plan, new Walker(new Edits(), plan.toastMarkers), null)
      const fast = outcomeOf(value, plan, new Walker(new Edits(), plan.toastMarkers, quick), quick)
      if (JSON.stringify(fast) !== JSON.stringify(slow))
        expect({ value: value.toString('base64'), ...(fast as object) }).toEqual(slow)
    }
  })
})
