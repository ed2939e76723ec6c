import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { maskTypes } from '../../src/pipeline/mask/mask-types.ts'
import { exampleKey } from '../support/agreement.ts'
import { runs } from './runs.ts'

const keys = { default: exampleKey }

/** Documents that are nearly right: every part may be anything. */
const anything = fc.jsonValue({ maxDepth: 4 })
const nearly = <T>(right: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 9, arbitrary: right }, { weight: 1, arbitrary: anything })
const field = fc.oneof(
  fc.constantFrom(
    'a',
    'after.a',
    '$.after.a',
    'after.*',
    '*',
    '$..a',
    '$[?@.a]',
    '$.after[',
    '__proto__',
    '',
    'after.',
    '$',
  ),
  fc.string({ unit: 'binary' }),
  fc.string().map(text => `$${text}`),
)
const parameters = fc.dictionary(
  fc.constantFrom(
    'maskCharCount',
    'unmaskCharCount',
    'maskChar',
    'unmaskCharPosition',
    'maskValue',
    'keyId',
    'length',
    '__proto__',
    'constructor',
  ),
  anything,
  { maxKeys: 3 },
)
const condition = fc
  .tuple(nearly(field), nearly(fc.constantFrom(...Object.keys(maskTypes), 'MASK_NULL', 'toString')), parameters)
  .map(([one, maskType, more]) => ({ ...more, field: one, maskType }))
const topic = nearly(
  fc.oneof(fc.constantFrom('t', '*', 't.masked', 'a b', 't*?'), fc.array(fc.string(), { maxLength: 3 })),
)
const maskingPolicy = fc.record(
  {
    maskingConditions: nearly(fc.array(nearly(condition), { maxLength: 4 })),
    unknownColumns: nearly(fc.constantFrom('hold', 'drop', 'null')),
    toast: nearly(fc.constantFrom('omit', 'keep')),
  },
  { requiredKeys: ['maskingConditions'] },
)
const policyDocument = fc.record({
  name: nearly(fc.constantFrom('a', 'b')),
  resources: nearly(fc.record({ topic })),
  maskingPolicy: nearly(maskingPolicy),
})
const column = fc.record(
  {
    name: nearly(fc.constantFrom('a', '__proto__')),
    type: nearly(fc.constantFrom('string', 'int32', 'varchar')),
    optional: nearly(fc.boolean()),
    parameters: nearly(fc.dictionary(fc.string(), fc.string())),
  },
  { requiredKeys: ['name', 'type'] },
)
const schemaDocument = fc.record({
  name: nearly(fc.constant('s')),
  tableSchema: nearly(
    fc.record({ topic: nearly(fc.constant('t')), columns: nearly(fc.array(nearly(column), { maxLength: 3 })) }),
  ),
})

test('compile never throws, whatever JSON it is given', () => {
  fc.assert(
    fc.property(fc.array(nearly(fc.oneof(policyDocument, schemaDocument)), { maxLength: 4 }), documents => {
      // Through text, as they come: an own member __proto__ survives this way only.
      const { plan, problems } = compile(JSON.parse(JSON.stringify(documents)) as unknown[], { keys })
      expect(plan === null).toBe(problems.some(({ severity }) => severity === 'error'))
    }),
    { numRuns: runs(1_500) },
  )
})

const many = <T>(count: number, make: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n))
const policy = (name: string, topics: unknown, maskingConditions: unknown[]): unknown => ({
  name,
  resources: { topic: topics },
  maskingPolicy: { maskingConditions },
})
const clear = (n: number): unknown => ({ field: `c${n}`, maskType: 'none' })
const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let n = 0; n < depth; n++) value = [value]
  return value
}

/** Up to 10 MB of what costs most. The time is generous, for other tests run beside; the point is that nothing is quadratic. */
const large: [why: string, documents: () => unknown[]][] = [
  ['one policy with more conditions than allowed', () => [policy('a', 't', many(200_000, clear))]],
  [
    'as many conditions as allowed, over a thousand topics, twice',
    () =>
      many(2, k =>
        policy(
          `p${k}`,
          many(1_000, n => `t${n}`),
          many(10_000, clear),
        ),
      ),
  ],
  [
    'masks that do not exist',
    () =>
      many(18, k =>
        policy(
          `p${k}`,
          't',
          many(10_000, n => ({ field: `c${n}`, maskType: 'x' })),
        ),
      ),
  ],
  [
    'parameters that do not exist',
    () =>
      many(5, k =>
        policy(
          `p${k}`,
          't',
          many(10_000, n => ({ field: `c${n}`, maskType: 'none', x: 1 })),
        ),
      ),
  ],
  ['policies without end', () => many(60_000, k => policy(`p${k}`, `t${k}`, [clear(1)]))],
  [
    'policies that all disagree',
    () => many(10_000, k => policy(`p${k}`, 't', [{ field: 'x', maskType: k % 2 === 0 ? 'none' : 'drop' }])),
  ],
  [
    'topics that look like outputs',
    () =>
      many(20, k =>
        policy(
          `p${k}`,
          many(1_000, n => `t${k}x${n}.masked`),
          [],
        ),
      ),
  ],
  [
    'patterns without end',
    () =>
      many(20, k =>
        policy(
          `p${k}`,
          many(1_000, n => `*${k}x${n}*`),
          [],
        ),
      ),
  ],
  [
    'schemas without end',
    () => [
      policy('p', '*', many(1_000, clear)),
      ...many(9_000, k => ({
        name: `s${k}`,
        tableSchema: { topic: `t${k}`, columns: [{ name: 'c1', type: 'string' }] },
      })),
    ],
  ],
  [
    'long paths',
    () =>
      many(10, k =>
        policy(
          `p${k}`,
          `t${k}`,
          many(1_000, n => ({ field: `$.after["${'c'.repeat(900)}${n}"]`, maskType: 'none' })),
        ),
      ),
  ],
  [
    'brackets in paths',
    () =>
      many(3, k =>
        policy(
          `p${k}`,
          `t${k}`,
          many(1_000, () => ({ field: `$[?${'('.repeat(400)}@.a${')'.repeat(400)}]`, maskType: 'none' })),
        ),
      ),
  ],
  ['a deep document', () => [nested(100_000)]],
  ['a deep parameter', () => [policy('a', 't', [{ field: 'x', maskType: 'full', maskValue: nested(100_000) }])]],
]
test.each(large)('%s: compiled in no time, and without throwing', (_why, documents) => {
  const given = documents()
  const startedMs = performance.now()
  compile(given, { keys })
  expect(performance.now() - startedMs).toBeLessThan(4_000)
})
