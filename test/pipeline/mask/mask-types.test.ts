import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { isMisfit } from '../../../src/pipeline/mask/mask-type.ts'
import { findMaskType, maskTypes } from '../../../src/pipeline/mask/mask-types.ts'
import type { ColumnType } from '../../../src/pipeline/schema.ts'
import { bindMask, columnType, maskedLiteral } from '../../support/mask-samples.ts'

const examples = Object.entries(maskTypes).flatMap(([name, maskType]) =>
  maskType.examples.map(example => ({ name, maskType, ...example })),
)

test.each(examples)(
  'example of $name: $params turns $input into $output',
  ({ name, maskType, params, type, input, output }) => {
    expect([...Value.Errors(maskType.params, params)]).toEqual([])
    const masked =
      maskType.effect === 'keep'
        ? JSON.stringify(input)
        : maskedLiteral(name, params, columnType(type), JSON.stringify(input))
    expect(JSON.parse(masked)).toEqual(output)
  },
)

test('every mask that writes has an example', () => {
  // The examples of an expression are those of the expression language.
  for (const [name, maskType] of Object.entries(maskTypes))
    if (maskType.effect === 'rewrite' && name !== 'custom') expect(maskType.examples.length, name).toBeGreaterThan(0)
})

test.each([
  ['partial', 'partial'],
  ['PARTIAL', 'partial'],
  ['MASK_NULL', 'null'],
  ['mask_hash', 'hash'],
  ['MASK_NONE', 'none'],
  ['Full', 'full'],
  ['__proto__', null],
  ['constructor', null],
  ['mask_', null],
  ['', null],
  ['MASK_MASK_NULL', null],
])('the name %s finds %s', (name, found) => {
  expect(findMaskType(name)).toBe(found === null ? undefined : maskTypes[found])
})

const text = columnType('string')
const varchar = (length: number): ColumnType =>
  columnType('string', { parameters: { '__debezium.source.column.length': String(length) } })

describe('literals', () => {
  const cases: [
    why: string,
    mask: string,
    params: Record<string, unknown>,
    type: ColumnType,
    input: string,
    output: string,
  ][] = [
    [
      'the last four of an Aadhaar number',
      'partial',
      { maskCharCount: 8, unmaskCharCount: 4 },
      text,
      '"123456789012"',
      '"********9012"',
    ],
    ['no more characters than would stay readable', 'partial', { unmaskCharCount: 4 }, text, '"9012"', '"****"'],
    ['nothing at all', 'partial', { unmaskCharCount: 4 }, text, '""', '""'],
    ['nothing at all, at fixed length', 'partial', { maskCharCount: 8 }, text, '""', '"********"'],
    ['no character stays', 'partial', { unmaskCharCount: 0 }, text, '"abc"', '"***"'],
    ['the left end', 'partial', { unmaskCharCount: 2, unmaskCharPosition: 'left' }, text, '"abcdef"', '"ab****"'],
    ['graphemes, not code points', 'partial', { unmaskCharCount: 1 }, text, '"क्षत्रिय"', '"**य"'],
    ['a family counts once', 'partial', { unmaskCharCount: 1 }, text, '"ab👩‍👩‍👧"', '"**👩‍👩‍👧"'],
    ['escapes are characters too', 'partial', { unmaskCharCount: 1 }, text, '"\\u0061\\u0062\\u0063"', '"**c"'],
    ['a line break stays escaped', 'partial', { unmaskCharCount: 1 }, text, '"ab\\n"', '"**\\n"'],
    ['a quote as mask character', 'partial', { unmaskCharCount: 1, maskChar: '"' }, text, '"abc"', '"\\"\\"c"'],
    [
      'a visible end of many code points is cut where the column ends',
      'partial',
      { maskCharCount: 4, unmaskCharCount: 4 },
      varchar(12),
      '"अक्षत्रियक्ष"',
      '"****त्रियक्ष"',
    ],
    ['an e-mail address', 'email', {}, text, '"asha.sharma@example.in"', '"****@example.in"'],
    ['a short local part', 'email', {}, text, '"a@example.in"', '"*@example.in"'],
    ['no local part: nothing is kept', 'email', {}, text, '"@example.in"', '"****"'],
    ['two at signs', 'email', {}, text, '"a@b@example.in"', '"***@example.in"'],
    ['a phone number behind the at sign', 'email', {}, text, '"x@98765.43210"', '"****"'],
    ['a domain in Devanagari', 'email', {}, text, '"asha@उदाहरण.भारत"', '"****@उदाहरण.भारत"'],
    ['a space in the domain', 'email', {}, text, '"a@b.in aadhaar"', '"****"'],
    ['a constant', 'full', { maskValue: 'CONFIDENTIAL' }, text, '"5-10 LPA"', '"CONFIDENTIAL"'],
    ['a constant whatever comes in', 'full', { maskValue: 'x' }, text, '{"a":[1]}', '"x"'],
    ['a constant that needs escapes', 'full', { maskValue: 'a"b\nc' }, text, '"v"', '"a\\"b\\nc"'],
    [
      'a decimal as base64',
      'full',
      { maskValue: '0.00' },
      columnType('bytes', { logical: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } }),
      '"MDk="',
      '"AA=="',
    ],
    [
      'a decimal as number',
      'full',
      { maskValue: '-1.5' },
      columnType('bytes', { logical: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } }),
      '123.45',
      '-1.50',
    ],
    [
      'a negative decimal',
      'full',
      { maskValue: '-0.01' },
      columnType('bytes', { logical: 'org.apache.kafka.connect.data.Decimal', parameters: { scale: '2' } }),
      '"MDk="',
      '"/w=="',
    ],
    [
      'a date',
      'full',
      { maskValue: '1970-01-02' },
      columnType('int32', { logical: 'io.debezium.time.Date' }),
      '5172',
      '1',
    ],
    [
      'a date before 1970',
      'full',
      { maskValue: '1969-12-31T12:00:00Z' },
      columnType('int32', { logical: 'io.debezium.time.Date' }),
      '5172',
      '-1',
    ],
    [
      'a timestamp in microseconds',
      'full',
      { maskValue: '1970-01-01T00:00:01Z' },
      columnType('int64', { logical: 'io.debezium.time.MicroTimestamp' }),
      '5',
      '1000000',
    ],
    ['an integer', 'full', { maskValue: 0 }, columnType('int64'), '9007199254740993', '0'],
    ['a boolean', 'full', { maskValue: false }, columnType('boolean'), 'true', 'false'],
    ['null', 'null', {}, text, '"v"', 'null'],
    ['null for a struct', 'null', {}, columnType('struct'), '{"x":1}', 'null'],
  ]
  test.each(cases)('%s: %s %j', (_why, mask, params, type, input, output) => {
    expect(maskedLiteral(mask, params, type, input)).toBe(output)
  })
})

describe('what does not fit is refused when it is bound', () => {
  const decimal = columnType('bytes', {
    logical: 'org.apache.kafka.connect.data.Decimal',
    parameters: { scale: '2', 'connect.decimal.precision': '4' },
  })
  const cases: [why: string, mask: string, params: Record<string, unknown>, type: ColumnType | null, code: string][] = [
    ['partial on a number', 'partial', {}, columnType('int32'), 'SCHEMA_MASK_TYPE'],
    [
      'partial on a UUID',
      'partial',
      {},
      columnType('string', { logical: 'io.debezium.data.Uuid' }),
      'SCHEMA_MASK_TYPE',
    ],
    ['e-mail on bytes', 'email', {}, columnType('bytes'), 'SCHEMA_MASK_TYPE'],
    ['hash on a date', 'hash', {}, columnType('int32', { logical: 'io.debezium.time.Date' }), 'SCHEMA_MASK_TYPE'],
    ['hash on a double', 'hash', {}, columnType('double'), 'SCHEMA_MASK_TYPE'],
    ['hash with a key that is not there', 'hash', { keyId: 'other' }, text, 'POLICY_KEY_MISSING'],
    ['null on a required column', 'null', {}, columnType('string', { optional: false }), 'SCHEMA_MASK_NULLABLE'],
    ['a string constant on a number', 'full', { maskValue: 'x' }, columnType('int32'), 'SCHEMA_MASK_TYPE'],
    ['no constant on a number', 'full', {}, columnType('int32'), 'SCHEMA_MASK_TYPE'],
    ['a number too large for the type', 'full', { maskValue: 128 }, columnType('int8'), 'SCHEMA_MASK_TYPE'],
    ['a fraction on an integer', 'full', { maskValue: 1.5 }, columnType('int32'), 'SCHEMA_MASK_TYPE'],
    ['a double too large for a float', 'full', { maskValue: 1e39 }, columnType('float'), 'SCHEMA_MASK_TYPE'],
    ['a constant longer than the column', 'full', { maskValue: 'CONFIDENTIAL' }, varchar(4), 'SCHEMA_MASK_LENGTH'],
    ['a decimal with too many places', 'full', { maskValue: '0.001' }, decimal, 'SCHEMA_MASK_TYPE'],
    ['a decimal with too many digits', 'full', { maskValue: '100.00' }, decimal, 'SCHEMA_MASK_TYPE'],
    ['what is no decimal', 'full', { maskValue: 'XXXX' }, decimal, 'SCHEMA_MASK_TYPE'],
    [
      'what is no label',
      'full',
      { maskValue: 'X' },
      columnType('string', { logical: 'io.debezium.data.Enum', parameters: { allowed: 'F,M' } }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'what is no JSON',
      'full',
      { maskValue: 'CONFIDENTIAL' },
      columnType('string', { logical: 'io.debezium.data.Json' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'what is no UUID',
      'full',
      { maskValue: 'x' },
      columnType('string', { logical: 'io.debezium.data.Uuid' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'what is no timestamp',
      'full',
      { maskValue: 'x' },
      columnType('string', { logical: 'io.debezium.time.ZonedTimestamp' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'a timestamp without a zone',
      'full',
      { maskValue: '1970-01-01T00:00:00' },
      columnType('string', { logical: 'io.debezium.time.ZonedTimestamp' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'what is no time',
      'full',
      { maskValue: 'x' },
      columnType('string', { logical: 'io.debezium.time.ZonedTime' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'what is no ISO date',
      'full',
      { maskValue: 'x' },
      columnType('string', { logical: 'io.debezium.time.IsoDate' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'what is no interval',
      'full',
      { maskValue: 'x' },
      columnType('string', { logical: 'io.debezium.time.Interval' }),
      'SCHEMA_MASK_TYPE',
    ],
    [
      'a day that is not in the calendar',
      'full',
      { maskValue: '2026-02-30' },
      columnType('int32', { logical: 'io.debezium.time.Date' }),
      'SCHEMA_MASK_TYPE',
    ],
    ['what is no base64', 'full', { maskValue: '*' }, columnType('bytes'), 'SCHEMA_MASK_TYPE'],
    ['a constant on an array', 'full', { maskValue: 'x' }, columnType('array'), 'SCHEMA_MASK_TYPE'],
  ]
  test.each(cases)('%s', (_why, mask, params, type, code) => {
    const effect = bindMask(mask, params, type)
    expect(isMisfit(effect) ? effect.code : 'it fits').toBe(code)
  })
})

describe('hash', () => {
  const hash = (literal: string, type: ColumnType): string => maskedLiteral('hash', {}, type, literal)

  test('is the same for a number and its digits, and for every spelling of a string', () => {
    const digits = hash('"123456789012"', text)
    expect(hash('123456789012', columnType('int64'))).toBe(digits)
    expect(hash('"\\u0031\\u00323456789012"', text)).toBe(digits)
  })

  test('a shorter one is the beginning of the full one', () => {
    const full = JSON.parse(hash('"x"', text)) as string
    expect(JSON.parse(maskedLiteral('hash', { length: 32 }, text, '"x"'))).toBe(full.slice(0, 32))
  })

  test.each([
    ['a string in an integer column', '"42"', columnType('int64')],
    ['a number in a string column', '42', text],
    ['a fraction in an integer column', '4.2', columnType('int64')],
    ['an exponent in an integer column', '1e3', columnType('int64')],
    ['more digits than an integer has', '1'.repeat(65), columnType('int64')],
    ['half of a pair, of which there are many that UTF-8 cannot tell apart', '"\\ud800"', text],
    ['an object', '{"a":1}', text],
  ])('fails on %s', (_why, literal, type) => {
    expect(() => hash(literal, type)).toThrow(expect.objectContaining({ code: 'RECORD_MASK_TYPE_MISMATCH' }))
  })
})

test.each(['partial', 'email'])('%s fails on what is no string', mask => {
  expect(() => maskedLiteral(mask, {}, text, '42')).toThrow(
    expect.objectContaining({ code: 'RECORD_MASK_TYPE_MISMATCH' }),
  )
})
