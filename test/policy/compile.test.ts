import { describe, expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import type { PlanSettings } from '../../src/pipeline/plan.ts'
import { exampleKey } from '../support/agreement.ts'

type Condition = Record<string, unknown>

const policy = (
  name: string,
  topic: string | string[],
  conditions: Condition[],
  more: Record<string, unknown> = {},
): Record<string, unknown> => ({
  name,
  resources: { topic },
  maskingPolicy: { maskingConditions: conditions },
  ...more,
})
const tableSchema = (topic: string, columns: Record<string, unknown>[]): Record<string, unknown> => ({
  name: `schema:${topic}`,
  tableSchema: { topic, columns },
})
const compiled = (documents: unknown[], settings: Partial<PlanSettings> = {}) =>
  compile(documents, { keys: { default: exampleKey }, settings })

describe('problems, each with its code and place', () => {
  const cases: [why: string, documents: unknown[], code: string, path: string | undefined][] = [
    ['no object', [42], 'POLICY_SHAPE', undefined],
    ['null', [null], 'POLICY_SHAPE', undefined],
    ['neither policy nor schema', [{ name: 'a' }], 'POLICY_SHAPE', undefined],
    ['a member that is none', [{ ...policy('a', 't', []), extra: 1 }], 'POLICY_SHAPE', ''],
    [
      'a member of the wrong type',
      [
        {
          name: 'a',
          resources: { topic: 't' },
          maskingPolicy: { maskingConditions: [{ field: 1, maskType: 'none' }] },
        },
      ],
      'POLICY_SHAPE',
      'maskingPolicy.maskingConditions[0].field',
    ],
    [
      'a type that Connect does not have',
      [tableSchema('t', [{ name: 'a', type: 'varchar' }])],
      'POLICY_SHAPE',
      'tableSchema.columns[0].type',
    ],
    [
      'a filter that is no expression',
      [policy('a', 't', [], { maskingPolicy: { maskingConditions: [], rowFilter: { filterExpr: 'id >' } } })],
      'POLICY_EXPRESSION',
      'maskingPolicy.rowFilter.filterExpr',
    ],
    [
      'a computed column that is no expression',
      [policy('a', 't', [], { maskingPolicy: { maskingConditions: [], projection: { columns: { x: '1 +' } } } })],
      'POLICY_EXPRESSION',
      'maskingPolicy.projection.columns.x',
    ],
    [
      'a CUSTOM mask that is no expression',
      [policy('a', 't', [{ field: 'x', maskType: 'custom', valueExpr: 'select 1' }])],
      'POLICY_EXPRESSION',
      'maskingPolicy.maskingConditions[0].valueExpr',
    ],
    [
      'two columns of one new name',
      [policy('a', 't', [], { maskingPolicy: { maskingConditions: [], projection: { rename: { x: 'z', y: 'z' } } } })],
      'SCHEMA_PROJECTION',
      'maskingPolicy.projection',
    ],
    [
      "a new name that is Debezium's own",
      [policy('a', 't', [], { maskingPolicy: { maskingConditions: [], projection: { rename: { x: '__deleted' } } } })],
      'SCHEMA_PROJECTION',
      'maskingPolicy.projection',
    ],
    [
      'a filter on a column that the declared schema lacks',
      [
        policy('a', 't', [], { maskingPolicy: { maskingConditions: [], rowFilter: { filterExpr: 'x = 1' } } }),
        tableSchema('t', [{ name: 'y', type: 'int32' }]),
      ],
      'SCHEMA_EXPRESSION',
      undefined,
    ],
    [
      'a new column that reads what another rule hides',
      [
        policy('a', 't', [], {
          maskingPolicy: {
            maskingConditions: [{ field: 'y', maskType: 'null' }],
            projection: { columns: { x: 'y + 1' } },
          },
        }),
        tableSchema('t', [{ name: 'y', type: 'int32', optional: true }]),
      ],
      'SCHEMA_READS_HIDDEN',
      'x',
    ],
    [
      'a mask that is none',
      [policy('a', 't', [{ field: 'x', maskType: 'scramble' }])],
      'POLICY_UNKNOWN_MASK',
      'maskingPolicy.maskingConditions[0].maskType',
    ],
    [
      'a name that every object has',
      [policy('a', 't', [{ field: 'x', maskType: 'constructor' }])],
      'POLICY_UNKNOWN_MASK',
      'maskingPolicy.maskingConditions[0].maskType',
    ],
    [
      'a parameter out of range',
      [policy('a', 't', [{ field: 'x', maskType: 'hash', length: 8 }])],
      'POLICY_MASK_PARAMETERS',
      'maskingPolicy.maskingConditions[0].length',
    ],
    [
      'a parameter that is none',
      [policy('a', 't', [{ field: 'x', maskType: 'none', maskValue: 'y' }])],
      'POLICY_MASK_PARAMETERS',
      'maskingPolicy.maskingConditions[0]',
    ],
    [
      'a path into a column',
      [policy('a', 't', [{ field: 'after[0:1].city', maskType: 'drop' }])],
      'POLICY_SELECTOR',
      'maskingPolicy.maskingConditions[0].field',
    ],
    [
      'no path at all',
      [policy('a', 't', [{ field: '$.after[', maskType: 'drop' }])],
      'POLICY_SELECTOR',
      'maskingPolicy.maskingConditions[0].field',
    ],
    ['two of one name', [policy('a', 't', []), policy('a', 'u', [])], 'POLICY_DUPLICATE_NAME', 'name'],
    [
      'a wildcard that clears',
      [policy('a', 't', [{ field: 'after.*', maskType: 'none' }])],
      'POLICY_WILDCARD_CLEARS',
      'maskingPolicy.maskingConditions[0].maskType',
    ],
    [
      'a key that is not in the ring',
      [policy('a', 't', [{ field: 'x', maskType: 'hash', keyId: 'other' }])],
      'POLICY_KEY_MISSING',
      'maskingPolicy.maskingConditions[0].keyId',
    ],
    ['an output as input', [policy('a', ['t', 't.masked'], [])], 'POLICY_TOPIC_LOOP', 'resources.topic'],
    [
      'an output of another policy',
      [policy('a', 'shop.*', []), policy('b', 'shop.x.masked', [])],
      'POLICY_TOPIC_LOOP',
      'resources.topic',
    ],
    ['a name that Kafka does not take', [policy('a', 'a b', [])], 'POLICY_TOPIC_NAME', 'resources.topic'],
    ['a name whose output is too long', [policy('a', 't'.repeat(245), [])], 'POLICY_TOPIC_NAME', 'resources.topic'],
    [
      'a mask that does not fit a declared type',
      [policy('a', 't', [{ field: 'x', maskType: 'partial' }]), tableSchema('t', [{ name: 'x', type: 'int32' }])],
      'SCHEMA_MASK_TYPE',
      'x',
    ],
    [
      'null into a declared required column',
      [policy('a', 't', [{ field: 'x', maskType: 'null' }]), tableSchema('t', [{ name: 'x', type: 'int32' }])],
      'SCHEMA_MASK_NULLABLE',
      'x',
    ],
    [
      'a hash longer than a declared column',
      [
        policy('a', 't', [{ field: 'x', maskType: 'hash' }]),
        tableSchema('t', [{ name: 'x', type: 'string', parameters: { '__debezium.source.column.length': '20' } }]),
      ],
      'SCHEMA_MASK_LENGTH',
      'x',
    ],
  ]
  test.each(cases)('%s: %j', (_why, documents, code, path) => {
    const { plan, problems } = compiled(documents)
    expect(plan).toBeNull()
    const found = problems.map(problem => [problem.code, problem.where.path])
    expect(found).toContainEqual([code, path === '' ? problems[0]?.where.path : path])
  })

  test('all at once', () => {
    const { problems } = compiled([
      policy('a', 't', [
        { field: 'x', maskType: 'scramble' },
        { field: 'a[0', maskType: 'none' },
        { field: 'y', maskType: 'hash', length: 8 },
      ]),
      policy('a', 'a b', []),
    ])
    expect(new Set(problems.map(({ code }) => code))).toEqual(
      new Set([
        'POLICY_DUPLICATE_NAME',
        'POLICY_UNKNOWN_MASK',
        'POLICY_SELECTOR',
        'POLICY_MASK_PARAMETERS',
        'POLICY_TOPIC_NAME',
      ]),
    )
  })

  test('a length told for a number does not bound the hash that makes text of it', () => {
    const column = { name: 'x', type: 'int64', parameters: { '__debezium.source.column.length': '19' } }
    expect(
      compiled([policy('a', 't', [{ field: 'x', maskType: 'hash' }]), tableSchema('t', [column])]).problems,
    ).toEqual([])
  })
})

describe('policies that meet on a topic', () => {
  const rule = (documents: unknown[], topic = 't'): string | undefined =>
    compiled(documents).plan?.forTopic(topic, { compacted: false })?.views[0]?.rules.byName.get('x')?.policy
  const x = (maskType: string, more: Condition = {}): Condition[] => [{ field: 'x', maskType, ...more }]
  const cases: [why: string, documents: unknown[], winner: string][] = [
    ['what hides goes before what clears', [policy('a', 't', x('none')), policy('b', 't', x('drop'))], 'b'],
    ['the first by name of two that hide', [policy('b', 't', x('drop')), policy('a', 't', x('full'))], 'a'],
    [
      'a higher priority goes first, whatever it says',
      [policy('a', 't', x('drop')), policy('b', 't', x('none'), { policyPriority: 1 })],
      'b',
    ],
    [
      'a disabled one says nothing',
      [policy('a', 't', x('drop'), { isEnabled: false }), policy('b', 't', x('none'))],
      'b',
    ],
    ['a pattern counts as a name does', [policy('a', '*', x('none')), policy('b', 't', x('drop'))], 'b'],
    ['in one policy too what hides goes first', [policy('a', 't', [...x('none'), ...x('drop')])], 'a'],
  ]
  test.each(cases)('%s', (_why, documents, winner) => {
    expect(rule(documents)).toBe(winner)
  })

  test('a pair that disagrees is told, but not refused', () => {
    const { plan, problems } = compiled([
      policy('a', 't', x('full', { maskValue: 'A' })),
      policy('b', 't', x('full', { maskValue: 'B' })),
    ])
    expect(plan).not.toBeNull()
    expect(problems.map(({ code, severity }) => [code, severity])).toEqual([['POLICY_DISAGREE', 'warning']])
  })

  test('the strictest word counts for unknown columns and TOAST values', () => {
    const documents = [
      {
        name: 'a',
        resources: { topic: 't' },
        maskingPolicy: { maskingConditions: [], unknownColumns: 'null', toast: 'keep' },
      },
      {
        name: 'b',
        resources: { topic: 't' },
        maskingPolicy: { maskingConditions: [], unknownColumns: 'hold', toast: 'reject' },
      },
    ]
    expect(compiled(documents).plan?.forTopic('t', { compacted: false })?.views[0]?.rules).toMatchObject({
      unknown: 'hold',
      toast: 'reject',
    })
  })

  test('the outputs of a pattern are not its inputs', () => {
    const { plan } = compiled([policy('a', '*', [])])
    expect(plan?.names('t')).toBe(true)
    expect(plan?.names('t.masked')).toBe(false)
    expect(plan?.forTopic('t.masked', { compacted: false })).toBeNull()
  })
})

describe('names and patterns that no topic fits', () => {
  const cases: [why: string, topics: string[], there: string[], unmatched: string[]][] = [
    ['all, where nothing is there', ['b', 'a', 'c.*'], [], ['a', 'b', 'c.*']],
    ['a name fits itself alone', ['a', 'a.b'], ['a.b', 'ab'], ['a']],
    ['a pattern needs one topic', ['c.*', 'd.?', 'e.?'], ['c.x', 'c.y', 'd.xy', 'e.z'], ['d.?']],
    ['a name is awaited although a pattern covers it', ['c.*', 'c.x'], ['c.y'], ['c.x']],
    ['none, where all is there', ['a', 'c.*'], ['a', 'c.x', 'other'], []],
  ]
  test.each(cases)('%s', (_why, topics, there, unmatched) => {
    const { plan } = compiled([policy('a', topics, []), policy('again', topics, [])])
    expect(plan?.unmatched(there)).toEqual(unmatched)
  })

  test('a policy that is switched off awaits nothing', () => {
    const { plan } = compiled([policy('a', 't', []), policy('b', 'u', [], { isEnabled: false })])
    expect(plan?.unmatched([])).toEqual(['t'])
  })
})

test('a table of traffic signals is no signal table, as soon as its own policy names what it has', () => {
  const isSignalTopic = (topics: string, field: string): boolean | undefined =>
    compiled([policy('a', topics, [{ field, maskType: 'none' }])]).plan?.forTopic('city.public.signals', {
      compacted: false,
    })?.views[0]?.isSignalTopic
  expect(isSignalTopic('city.public.signals', 'id')).toBe(true)
  expect(isSignalTopic('city.public.signals', 'colour')).toBe(false)
  expect(isSignalTopic('city.*', 'colour')).toBe(true)
})
