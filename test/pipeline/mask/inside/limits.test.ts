import { describe, expect, test } from 'vitest'
import { compile } from '../../../../src/engine.ts'
import { createTransform } from '../../../../src/pipeline/transform.ts'
import { outcomesOf, rawBatch } from '../../../support/raw-batch.ts'

/** Documents and selectors that were made to take long. Each ends, masked or rejected, in a bounded time. */

const nested = (depth: number): string => `${'{"a":['.repeat(depth)}1${']}'.repeat(depth)}`
const wide = (count: number, one: string): string => `[${`${one},`.repeat(count)}${one}]`

const cases: [why: string, field: string, mask: Record<string, unknown>, doc: () => string, code: string | null][] = [
  ['ten megabytes of zeros', '$.doc[0]', {}, () => wide(5_000_000, '0'), 'RECORD_SELECTOR_LIMIT'],
  ['ten megabytes of brackets', '$.doc..a', {}, () => '['.repeat(10_000_000), 'RECORD_INNER_JSON'],
  ['ten megabytes in one string', '$.doc.a', {}, () => `{"a":"${'\\\\u0041x'.repeat(1_200_000)}"}`, null],
  ['descendants of descendants', '$.doc..*..*..*..*', {}, () => wide(2_000, nested(40)), null],
  ['the same in a filter', '$.doc..[?@..*..*..a]', {}, () => wide(200, nested(45)), 'RECORD_SELECTOR_LIMIT'],
  [
    'counted, which needs every repeat',
    '$.doc..[?count(@..*..*..*) > 1]',
    {},
    () => wide(50, nested(45)),
    'RECORD_SELECTOR_LIMIT',
  ],
  ['filters in filters', '$.doc..[?@..[?@..[?@..b]]]', {}, () => wide(500, nested(45)), 'RECORD_SELECTOR_LIMIT'],
  [
    'patterns that go back and forth',
    '$.doc[?match(@, "(a*)*(a|a)*(.*a){20}b")]',
    {},
    () => wide(200, `"${'a'.repeat(5_000)}"`),
    'RECORD_SELECTOR_LIMIT',
  ],
  [
    'patterns in the document, each another',
    '$.doc[?match(@.a, @.p)]',
    {},
    () => `[${Array.from({ length: 20_000 }, (_, n) => `{"a":"x","p":"(a{1000}){3}${n}"}`).join()}]`,
    'RECORD_SELECTOR_LIMIT',
  ],
  [
    'members that are looked through again and again',
    '$.doc[?@.a == @.b && @.c == @.d]',
    {},
    () => wide(20_000, `{${'"x":1,'.repeat(40)}"a":1}`),
    null,
  ],
  ['a large array, from its end', '$.doc..[-1]', {}, () => wide(300_000, '[1]'), null],
  [
    'a long constant in many places',
    '$.doc[*]',
    { maskValue: 'x'.repeat(10_000) },
    () => wide(100_000, '0'),
    'RECORD_SELECTOR_LIMIT',
  ],
  [
    'a property of each of many',
    '$.doc[?(@property == 3)]',
    { selectorDialect: 'jsonpath-plus' },
    () => wide(100_000, '0'),
    'RECORD_SELECTOR_LIMIT',
  ],
]

describe('a bounded time', () => {
  test.each(cases)('%s: %s', (_why, field, mask, doc, code) => {
    const { plan, problems } = compile([
      {
        name: 'p',
        resources: { topic: 't' },
        maskingPolicy: {
          maskingConditions: [
            { field: 'doc', maskType: 'none' },
            { field, maskType: 'full', ...mask },
          ],
        },
      },
      {
        name: 's',
        tableSchema: { topic: 't', columns: [{ name: 'doc', type: 'string', logical: 'io.debezium.data.Json' }] },
      },
    ])
    expect(problems).toEqual([])
    const value = Buffer.from(`{"before":null,"after":{"doc":${JSON.stringify(doc())}},"source":{},"op":"c"}`)
    const started = process.cpuUsage()
    const [outcome] = outcomesOf(
      createTransform()(
        rawBatch([{ key: null, value, headers: [] }], { topic: 't' }),
        plan!.forTopic('t', { compacted: false })!,
      ),
      1,
    )
    expect(outcome?.kind === 'reject' ? outcome.code : null).toBe(code)
    // Measured at a tenth of this; what grows with the square takes minutes.
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10)
  })
})
