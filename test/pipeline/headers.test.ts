import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeHeaders, type Header, readHeaders } from '../../src/pipeline/headers.ts'
import { createHeaderRule } from '../../src/pipeline/mask/header-rules.ts'

test.each<[why: string, headers: Header[], bytes: number[]]>([
  ['none is no bytes', [], []],
  ['a name and a value', [{ name: 'a', value: Buffer.from('b') }], [2, 2, 97, 2, 98]],
  [
    'null is told apart from empty',
    [
      { name: 'a', value: null },
      { name: 'b', value: Buffer.alloc(0) },
    ],
    [4, 2, 97, 1, 2, 98, 0],
  ],
  [
    '64 bytes need a second byte of length',
    [{ name: 'a', value: Buffer.alloc(64, 120) }],
    [2, 2, 97, 128, 1, ...Buffer.alloc(64, 120)],
  ],
])('%s', (_why, headers, bytes) => {
  expect([...encodeHeaders(headers)]).toEqual(bytes)
  expect(readHeaders(Buffer.from(bytes), 0, bytes.length)).toEqual(headers)
})

test('what is written is read, order and repeats kept', () => {
  const header = fc.record({
    name: fc.string({ unit: 'grapheme' }),
    value: fc.option(fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))),
  })
  fc.assert(
    fc.property(fc.array(header, { maxLength: 80 }), headers => {
      const bytes = Buffer.concat([Buffer.from('xx'), encodeHeaders(headers), Buffer.from('yy')])
      expect(readHeaders(bytes, 2, bytes.length - 2)).toEqual(headers)
    }),
  )
})

describe('which headers may pass', () => {
  const rule = createHeaderRule({ headers: ['x-team', 'x-trace-*'] })
  test.each([
    ['__debezium.context.taskId', true],
    ['__op', true],
    ['__source_ts_ms', true],
    ['traceparent', true],
    ['x-team', true],
    ['x-trace-1', true],
    ['x-teams', false],
    ['X-Team', false],
    ['email', false],
    ['__email', false],
    ['__debezium.contextual', false],
    ['__connect.errors.exception.message', false],
    ['', false],
  ])('%s: %s', (name, passes) => {
    expect(rule(name)).toBe(passes)
  })
})
