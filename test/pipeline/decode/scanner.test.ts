import { describe, expect, test } from 'vitest'
import {
  MAX_DEPTH,
  requireEnd,
  skipSpace,
  skipValue,
  stringText,
  Unreadable,
} from '../../../src/pipeline/decode/scanner.ts'

function codeOf(bytes: Buffer): string {
  try {
    requireEnd(bytes, skipValue(bytes, skipSpace(bytes, 0), bytes.length, 0), bytes.length)
    return 'accepted'
  } catch (error) {
    if (error instanceof Unreadable) return error.code
    throw error
  }
}

describe('accepted', () => {
  test.each([
    '{}',
    '[]',
    '""',
    '0',
    '-0',
    '-0.0e-0',
    '1E+21',
    '1.0E21',
    'true',
    'false',
    'null',
    ' \t\r\n1 \n',
    '{"a":{"a":[{"a":null}]}}',
    '"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD800"',
    '"\u007f"',
    '"आशा 😀 \u2028"',
    '{"":1}',
    '{"a":1,"a":2}',
    `${'['.repeat(MAX_DEPTH)}${']'.repeat(MAX_DEPTH)}`,
  ])('%s', text => {
    expect(codeOf(Buffer.from(text))).toBe('accepted')
    expect(() => JSON.parse(text)).not.toThrow()
  })
})

describe('refused', () => {
  test.each([
    ['', 'RECORD_MALFORMED'],
    [' ', 'RECORD_MALFORMED'],
    ['{', 'RECORD_MALFORMED'],
    ['[1,]', 'RECORD_MALFORMED'],
    ['{"a":1,}', 'RECORD_MALFORMED'],
    ['{"a"}', 'RECORD_MALFORMED'],
    ['{a:1}', 'RECORD_MALFORMED'],
    ["{'a':1}", 'RECORD_MALFORMED'],
    ['[1 2]', 'RECORD_MALFORMED'],
    ['01', 'RECORD_TRAILING_BYTES'],
    ['-', 'RECORD_MALFORMED'],
    ['+1', 'RECORD_MALFORMED'],
    ['.5', 'RECORD_MALFORMED'],
    ['1.', 'RECORD_MALFORMED'],
    ['1e', 'RECORD_MALFORMED'],
    ['0x1', 'RECORD_TRAILING_BYTES'],
    ['NaN', 'RECORD_MALFORMED'],
    ['Infinity', 'RECORD_MALFORMED'],
    ['True', 'RECORD_MALFORMED'],
    ['nul', 'RECORD_MALFORMED'],
    ['undefined', 'RECORD_MALFORMED'],
    ['"a', 'RECORD_MALFORMED'],
    ['"\n"', 'RECORD_MALFORMED'],
    ['"\\x"', 'RECORD_MALFORMED'],
    ['"\\u12g4"', 'RECORD_MALFORMED'],
    ['"\\', 'RECORD_MALFORMED'],
    ['{} {}', 'RECORD_TRAILING_BYTES'],
    ['1\u0000', 'RECORD_TRAILING_BYTES'],
    ['1\u00a0', 'RECORD_TRAILING_BYTES'],
    ['\ufeff{}', 'RECORD_MALFORMED'],
    ['[/* c */]', 'RECORD_MALFORMED'],
    [`${'['.repeat(MAX_DEPTH + 1)}${']'.repeat(MAX_DEPTH + 1)}`, 'RECORD_TOO_DEEP'],
    ['{"a":'.repeat(100_000), 'RECORD_TOO_DEEP'],
  ])('%s', (text, code) => {
    expect(codeOf(Buffer.from(text))).toBe(code)
  })

  test.each([
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong slash of three', [0xe0, 0x80, 0xaf]],
    ['an overlong slash of four', [0xf0, 0x80, 0x80, 0xaf]],
    ['an overlong quote', [0xc0, 0xa2]],
    ['a high surrogate', [0xed, 0xa0, 0x80]],
    ['a low surrogate', [0xed, 0xbf, 0xbf]],
    ['past the last code point', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a lone continuation', [0x80]],
    ['a cut character', [0xe0, 0xa4]],
    ['0xff', [0xff]],
  ])('%s', (_why, codes) => {
    expect(codeOf(Buffer.from([34, ...codes, 34]))).toBe('RECORD_INVALID_UTF8')
  })

  test('tells where, never what', () => {
    try {
      skipValue(Buffer.from('{"secret":tru}'), 0, 14, 0)
      throw new Error('accepted')
    } catch (error) {
      expect(error).toMatchObject({ code: 'RECORD_MALFORMED', at: 10, message: 'RECORD_MALFORMED' })
    }
  })
})

test.each([
  ['"abc"', 'abc'],
  ['"\\u0061\\n"', 'a\n'],
  ['"आ"', 'आ'],
  ['""', ''],
  ['"\\ud83d\\ude00"', '😀'],
])('the text of %s', (literal, text) => {
  const bytes = Buffer.from(literal)
  expect(stringText(bytes, 0, bytes.length)).toBe(text)
})
