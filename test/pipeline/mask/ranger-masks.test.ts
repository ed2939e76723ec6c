import { describe, expect, test } from 'vitest'
import { isMisfit } from '../../../src/pipeline/mask/mask-type.ts'
import { findMaskType, maskTypes } from '../../../src/pipeline/mask/mask-types.ts'
import type { ColumnType } from '../../../src/pipeline/schema.ts'
import { bindMask, columnType, maskedLiteral } from '../../support/mask-samples.ts'

const text = columnType('string')
const varchar = (length: number): ColumnType =>
  columnType('string', { parameters: { '__debezium.source.column.length': String(length) } })
const sourceType = (name: string): ColumnType =>
  columnType('string', { parameters: { '__debezium.source.column.type': name } })
const logical = (kind: ColumnType['kind'], name: string): ColumnType => columnType(kind, { logical: name })
const debezium = (kind: ColumnType['kind'], name: string): ColumnType => logical(kind, `io.debezium.${name}`)
const connect = (kind: ColumnType['kind'], name: string): ColumnType =>
  logical(kind, `org.apache.kafka.connect.data.${name}`)
const decimal = connect('bytes', 'Decimal')
const required = (type: ColumnType): ColumnType => ({ ...type, optional: false })

describe('names of Ranger', () => {
  test.each([
    ['MASK', 'mask'],
    ['MASK_SHOW_LAST_4', 'show_last_4'],
    ['MASK_SHOW_FIRST_4', 'show_first_4'],
    ['MASK_HASH', 'hash'],
    ['MASK_NULL', 'null'],
    ['MASK_NONE', 'none'],
    ['MASK_DATE_SHOW_YEAR', 'date_show_year'],
    ['mask_mask', 'mask'],
  ])('%s is %s in every dialect but that of a hash', (ranger, ours) => {
    expect(findMaskType(ranger)).toBe(maskTypes[ours])
    expect(findMaskType(ranger, { dialect: 'strict' })).toBe(maskTypes[ours])
    expect(findMaskType(ranger, { dialect: 'hive' })).toBe(maskTypes[ours === 'hash' ? 'plain_hash' : ours])
  })

  test('only a hash with a key may stand on keys', () => {
    const kept = Object.entries(maskTypes).filter(([, { uniqueness }]) => uniqueness === 'preserved')
    expect(kept.map(([name]) => name)).toEqual(['hash', 'none'])
  })
})

/** What comes out, or null where the mask does not stand on the type. */
type TypeCase = [
  why: string,
  type: ColumnType,
  input: string,
  mask: string | null,
  showLast4: string | null,
  year: string | null,
]

describe('strict, on every type that Debezium writes', () => {
  const cases: TypeCase[] = [
    ['text', text, '"2016-04-20"', '"nnnn-nn-nn"', '"xxxx-x4-20"', '"2016-01-01"'],
    ['smallint', columnType('int16'), '-23456', '-11111', '-13456', null],
    ['integer', columnType('int32'), '1234567890', '1111111111', '1111117890', null],
    ['bigint', columnType('int64'), '9223372036854775807', '1111111111111111111', '1111111111111115807', null],
    ['boolean', columnType('boolean'), 'true', 'null', null, null],
    ['required boolean', required(columnType('boolean')), 'true', 'false', null, null],
    ['real', columnType('float'), '1.5', null, null, null],
    ['double', columnType('double'), '"NaN"', null, null, null],
    ['numeric', connect('bytes', 'Decimal'), '"MDk="', '"K2c="', null, null],
    [
      'numeric without scale',
      debezium('struct', 'data.VariableScaleDecimal'),
      '{"scale":3,"value":"Bdw="}',
      null,
      null,
      null,
    ],
    ['numeric as text', sourceType('NUMERIC'), '"1.50"', null, null, null],
    ['inet', sourceType('INET'), '"10.0.0.1"', null, null, null],
    ['range', sourceType('INT4RANGE'), '"[1,2)"', null, null, null],
    ['date as text', sourceType('DATE'), '"2016-04-20"', null, null, '"2016-01-01"'],
    ['varchar that says so', sourceType('VARCHAR'), '"2016-04-20"', '"nnnn-nn-nn"', '"xxxx-x4-20"', '"2016-01-01"'],
    ['json', debezium('string', 'data.Json'), '"{}"', null, null, null],
    ['uuid', debezium('string', 'data.Uuid'), '"b68a35a7-17ad-35b3-af2a-ae46edb4545a"', null, null, null],
    ['xml', debezium('string', 'data.Xml'), '"<a/>"', null, null, null],
    ['ltree', debezium('string', 'data.Ltree'), '"a.b"', null, null, null],
    ['tsvector', debezium('string', 'data.Tsvector'), '"a"', null, null, null],
    ['enum', debezium('string', 'data.Enum'), '"F"', null, null, null],
    ['bytea', columnType('bytes'), '"AQI="', null, null, null],
    ['bit(n)', debezium('bytes', 'data.Bits'), '"AQ=="', null, null, null],
    ['date', debezium('int32', 'time.Date'), '16911', '0', null, '16801'],
    ['time(3)', debezium('int32', 'time.Time'), '1000', '0', null, null],
    ['time(6)', debezium('int64', 'time.MicroTime'), '1000', '0', null, null],
    ['time in nanoseconds', debezium('int64', 'time.NanoTime'), '1000', '0', null, null],
    ['timestamp(3)', debezium('int64', 'time.Timestamp'), '1461110400123', '0', null, '1451606400000'],
    ['timestamp(6)', debezium('int64', 'time.MicroTimestamp'), '1461110400123456', '0', null, '1451606400000000'],
    [
      'timestamp in nanoseconds',
      debezium('int64', 'time.NanoTimestamp'),
      '1461110400123456789',
      '0',
      null,
      '1451606400000000000',
    ],
    [
      'timestamptz',
      debezium('string', 'time.ZonedTimestamp'),
      '"2016-04-20T10:15:30.123456Z"',
      '"1970-01-01T00:00:00Z"',
      null,
      '"2016-01-01T00:00:00Z"',
    ],
    ['timetz', debezium('string', 'time.ZonedTime'), '"10:15:30Z"', '"00:00:00Z"', null, null],
    ['interval', debezium('int64', 'time.MicroDuration'), '1000', '0', null, null],
    ['interval in nanoseconds', debezium('int64', 'time.NanoDuration'), '1000', '0', null, null],
    ['interval as text', debezium('string', 'time.Interval'), '"P1Y2M3DT4H5M6.78S"', '"P0Y0M0DT0H0M0S"', null, null],
    ['year', debezium('int32', 'time.Year'), '2016', '1970', null, null],
    ['Connect date', connect('int32', 'Date'), '16911', '0', null, '16801'],
    ['Connect time', connect('int32', 'Time'), '1000', '0', null, null],
    ['Connect timestamp', connect('int64', 'Timestamp'), '1461110400123', '0', null, '1451606400000'],
    ['ISO date', debezium('string', 'time.IsoDate'), '"2016-04-20Z"', '"1970-01-01Z"', null, '"2016-01-01Z"'],
    ['ISO time', debezium('string', 'time.IsoTime'), '"10:15:30Z"', '"00:00:00Z"', null, null],
    [
      'ISO timestamp',
      debezium('string', 'time.IsoTimestamp'),
      '"2016-04-20T10:15:30Z"',
      '"1970-01-01T00:00:00Z"',
      null,
      '"2016-01-01T00:00:00Z"',
    ],
    ['structured date', debezium('struct', 'time.StructuredDate'), '{}', null, null, null],
    ['hstore as map', columnType('map'), '{}', null, null, null],
    ['point', debezium('struct', 'data.geometry.Point'), '{}', null, null, null],
    ['vector', debezium('array', 'data.DoubleVector'), '[]', null, null, null],
    ['array', columnType('array'), '[]', null, null, null],
    ['a date that is no number', debezium('string', 'time.Date'), '"x"', null, null, null],
    ['an integer of a type that is not known', logical('int32', 'com.example.Secret'), '5', null, null, null],
    ['a text of a type that is not known', logical('string', 'com.example.Secret'), '"x"', null, null, null],
  ]
  const outcome = (mask: string, type: ColumnType, input: string): string | null => {
    const effect = bindMask(mask, {}, type)
    if (isMisfit(effect)) expect(effect.code).toBe('SCHEMA_MASK_TYPE')
    return isMisfit(effect) ? null : maskedLiteral(mask, {}, type, input)
  }
  test.each(cases)('%s', (_why, type, input, mask, showLast4, year) => {
    expect(outcome('MASK', type, input)).toBe(mask)
    expect(outcome('MASK_SHOW_LAST_4', type, input)).toBe(showLast4)
    expect(outcome('MASK_DATE_SHOW_YEAR', type, input)).toBe(year)
    expect(outcome('MASK_SHOW_FIRST_4', type, input) === null).toBe(showLast4 === null)
  })
})

type LiteralCase = [
  why: string,
  mask: string,
  params: Record<string, unknown>,
  type: ColumnType,
  input: string,
  output: string,
]

describe('strict', () => {
  const cases: LiteralCase[] = [
    [
      'every letter and digit of any script',
      'mask',
      {},
      text,
      '"José Ωδ Жж राम १२ 東京 ½"',
      '"Xxxx Xx Xx xxx nn xx n"',
    ],
    ['emoji and what is not named yet', 'mask', {}, text, '"a😀\u2603\ue000\u200b"', '"xxxxx"'],
    ['punctuation, blanks and currency stay', 'mask', {}, text, '"a@b.in, ₹5 (~$6)\\t।"', '"x@x.xx, ₹n (~$n)\\t।"'],
    ['halves of pairs', 'mask', {}, text, '"\\ud800b"', '"xx"'],
    ['escapes are characters', 'mask', {}, text, '"\\u0041\\u0062\\u0033\\""', '"Xxn\\""'],
    ['nothing', 'mask', {}, text, '""', '""'],
    ['zero', 'mask', {}, columnType('int8'), '0', '1'],
    ['the least number', 'mask', {}, columnType('int8'), '-128', '-111'],
    ['a decimal', 'mask', {}, decimal, '123.45', '111.11'],
    ['a decimal below one', 'mask', {}, decimal, '-0.05', '-0.01'],
    ['a decimal below one', 'mask', {}, decimal, '"+w=="', '"/w=="'],
    ['a decimal that is zero', 'mask', {}, decimal, '0.00', '0.01'],
    ['a decimal that is zero', 'mask', {}, decimal, '"AA=="', '"AQ=="'],
    ['a decimal with an exponent', 'mask', {}, decimal, '4.25E-10', '1.11E-10'],
    ['a short number', 'show_last_4', {}, columnType('int32'), '-1234', '-1111'],
    ['a number from its left', 'show_first_4', {}, columnType('int32'), '-12345', '-12341'],
    ['four characters', 'show_last_4', {}, text, '"9012"', '"xxxx"'],
    ['four characters behind punctuation', 'show_last_4', {}, text, '"+-9012"', '"+-xxxx"'],
    ['four characters before punctuation', 'show_first_4', {}, text, '"9012--"', '"xxxx--"'],
    ['four behind what cannot be seen', 'show_last_4', {}, text, '"\u200b9012"', '"xxxxx"'],
    ['five', 'show_last_4', {}, text, '"19012"', '"x9012"'],
    ['syllables, not code points', 'show_last_4', {}, text, '"क्षत्रिय क्षत्रिय"', '"xxxxxxxx क्षत्रिय"'],
    ['a family is one', 'show_first_4', {}, text, '"abc👩‍👩‍👧defg"', '"abc👩‍👩‍👧xxxx"'],
    ['days before 1970', 'date_show_year', {}, debezium('int32', 'time.Date'), '-1', '-365'],
    ['a moment before 1970', 'date_show_year', {}, debezium('int64', 'time.MicroTimestamp'), '-1', '-31536000000000'],
    ['zero', 'date_show_year', {}, debezium('int64', 'time.Timestamp'), '0', '0'],
    ['minus zero', 'date_show_year', {}, debezium('int64', 'time.Timestamp'), '-0', '0'],
    ['fewer digits than a day has zeros', 'date_show_year', {}, debezium('int64', 'time.NanoTimestamp'), '86399', '0'],
    [
      'Postgres’ infinity',
      'date_show_year',
      {},
      debezium('int64', 'time.MicroTimestamp'),
      '9223372036825200000',
      '9223372036825200000',
    ],
    [
      'Postgres’ -infinity',
      'date_show_year',
      {},
      debezium('int64', 'time.Timestamp'),
      '-9223372036832400000',
      '-9223372036832400000',
    ],
    [
      'a year that begins before the type',
      'date_show_year',
      {},
      debezium('int64', 'time.NanoTimestamp'),
      '-9223372036000000000',
      '-9223372036854775808',
    ],
    [
      'the greatest',
      'date_show_year',
      {},
      debezium('int64', 'time.NanoTimestamp'),
      '9223372036854775807',
      '9214646400000000000',
    ],
    [
      'the local year',
      'date_show_year',
      {},
      debezium('string', 'time.ZonedTimestamp'),
      '"2016-01-01T00:30:00.5+05:30"',
      '"2016-01-01T00:00:00+05:30"',
    ],
    [
      'a year before the common era',
      'date_show_year',
      {},
      debezium('string', 'time.ZonedTimestamp'),
      '"-0044-03-15T12:00:00Z"',
      '"-0044-01-01T00:00:00Z"',
    ],
    [
      'a year of five digits',
      'date_show_year',
      {},
      debezium('string', 'time.ZonedTimestamp'),
      '"+12024-02-29T12:00:00Z"',
      '"+12024-01-01T00:00:00Z"',
    ],
    [
      'as Postgres prints it',
      'date_show_year',
      {},
      text,
      '"2016-04-20 10:15:30.123456+05"',
      '"2016-01-01 00:00:00+05"',
    ],
    ['without seconds', 'date_show_year', {}, text, '"2016-04-20T10:15"', '"2016-01-01T00:00"'],
    ['spelled with escapes', 'date_show_year', {}, text, '"2016\\u002d04-20"', '"2016-01-01"'],
  ]
  test.each(cases)('%s: %s %j of %o', (_why, mask, params, type, input, output) => {
    expect(maskedLiteral(mask, params, type, input)).toBe(output)
  })

  const misfits: [why: string, mask: string, type: ColumnType, input: string][] = [
    ['a number where text should be', 'mask', text, '42'],
    ['text where a number should be', 'mask', columnType('int32'), '"42"'],
    ['a fraction', 'mask', columnType('int32'), '4.2'],
    ['an exponent', 'show_last_4', columnType('int64'), '1e9'],
    ['more digits than the type has', 'mask', columnType('int8'), '1000'],
    ['an object', 'mask', text, '{"a":1}'],
    ['an object for a decimal', 'mask', decimal, '{"a":1}'],
    ['true for a decimal', 'mask', decimal, 'true'],
    ['no bytes for a decimal', 'mask', decimal, '""'],
    ['base64 of nothing', 'mask', decimal, '"A"'],
    ['what is no base64', 'mask', decimal, '"12.34"'],
    ['text that is no date', 'date_show_year', text, '"Asha"'],
    ['an empty text', 'date_show_year', text, '""'],
    ['a day that is not in the calendar', 'date_show_year', text, '"2015-02-29"'],
    ['a date with a name behind it', 'date_show_year', text, '"2016-04-20 Asha"'],
    ['a date with a fraction of nothing', 'date_show_year', text, '"2016-04-20T10:15:30."'],
    ['an offset of one digit', 'date_show_year', text, '"2016-04-20T10:15:30+5"'],
    ['a date that has only begun', 'date_show_year', text, '"2016-04-2"'],
    ['a year of five digits in plain text', 'date_show_year', text, '"12016-04-20"'],
    ['a year with a sign in plain text', 'date_show_year', text, '"-2016-04-20"'],
    ['digits of another script', 'date_show_year', text, '"२०१६-०४-२०"'],
    ['a number for a date', 'date_show_year', text, '20160420'],
    ['a text for days', 'date_show_year', debezium('int32', 'time.Date'), '"16911"'],
    ['more days than 32 bits', 'date_show_year', debezium('int32', 'time.Date'), '2147483648'],
    ['a fraction of a day', 'date_show_year', debezium('int32', 'time.Date'), '1.5'],
    ['a fraction of a moment', 'date_show_year', debezium('int64', 'time.Timestamp'), '1461110400123.5'],
    ['more than 64 bits', 'date_show_year', debezium('int64', 'time.Timestamp'), '9300000000000000000'],
    ['nothing but a sign', 'date_show_year', debezium('int64', 'time.Timestamp'), '-'],
  ]
  test.each(misfits)('is not for %s (%s)', (_why, mask, type, input) => {
    expect(() => maskedLiteral(mask, {}, type, input)).toThrow(
      expect.objectContaining({ code: 'RECORD_MASK_TYPE_MISMATCH' }),
    )
  })
})

describe('the other dialects', () => {
  const hive = { dialect: 'hive' }
  const trino = { dialect: 'trino' }
  const nested = { dialect: 'nestedstructure' }
  const cases: LiteralCase[] = [
    ['no case: in clear', 'MASK', hive, text, '"राम कुमार"', '"राम कुमार"'],
    ['digits of any script', 'MASK', hive, text, '"आधार १२३४"', '"आधार nnnn"'],
    ['text', 'MASK_SHOW_LAST_4', hive, text, '"O\'Brien ñandú"', '"x\'xxxxx xandú"'],
    ['text', 'MASK_SHOW_FIRST_4', hive, text, '"José Ñandú"', '"José xxxxx"'],
    ['four or fewer: in clear', 'MASK_SHOW_LAST_4', hive, text, '"9012"', '"9012"'],
    ['zero', 'MASK', hive, columnType('int32'), '0', '1'],
    ['zero stays', 'MASK_SHOW_LAST_4', hive, columnType('int32'), '0', '0'],
    ['a short number stays', 'MASK_SHOW_FIRST_4', hive, columnType('int32'), '-42', '-42'],
    ['a number', 'MASK_SHOW_LAST_4', hive, columnType('int32'), '123456789', '111116789'],
    ['a date is in the year 0', 'MASK', hive, debezium('int32', 'time.Date'), '16911', '-719528'],
    ['a date is in the year 0', 'MASK_SHOW_FIRST_4', hive, connect('int32', 'Date'), '16911', '-719528'],
    ['other types are null', 'MASK', hive, debezium('int64', 'time.Timestamp'), '5', 'null'],
    ['other types are null', 'MASK_SHOW_LAST_4', hive, columnType('double'), '5.5', 'null'],
    ['other types are null', 'MASK_HASH', hive, columnType('int32'), '5', 'null'],
    ['structs are null', 'MASK', hive, columnType('struct'), '{"a":1}', 'null'],
    ['zoned timestamps are null', 'MASK', hive, debezium('string', 'time.ZonedTimestamp'), '"x"', 'null'],
    ['the year of a date', 'MASK_DATE_SHOW_YEAR', hive, debezium('int32', 'time.Date'), '16911', '16801'],
    ['no year of a text', 'MASK_DATE_SHOW_YEAR', hive, text, '"2016-Apr-२0"', '"xxxx-xxx-xx"'],
    ['no year of a number', 'MASK_DATE_SHOW_YEAR', hive, columnType('int32'), '20160420', '11111111'],
    ['no year of a timestamp', 'MASK_DATE_SHOW_YEAR', hive, debezium('int64', 'time.Timestamp'), '5', 'null'],
    ['letters of ASCII', 'MASK', trino, text, '"José 42 \\u0041"', '"Xxxé 00 X"'],
    ['all but four', 'MASK_SHOW_LAST_4', trino, text, '"a-😀bcde"', '"XXXbcde"'],
    ['only the last line', 'MASK_SHOW_LAST_4', trino, text, '"ab\\ncdefgh"', '"ab\\nXXefgh"'],
    ['a break at the end does not count', 'MASK_SHOW_LAST_4', trino, text, '"abcdef\\n"', '"XXcdef\\n"'],
    ['a short last line', 'MASK_SHOW_LAST_4', trino, text, '"abcdef\\nabc"', '"abcdef\\nabc"'],
    ['only the first line', 'MASK_SHOW_FIRST_4', trino, text, '"abcdef\\nabcdef"', '"abcdXX\\nabcdef"'],
    ['a short first line', 'MASK_SHOW_FIRST_4', trino, text, '"abc\\nabcdef"', '"abc\\nabcdef"'],
    ['hash in capitals, cut', 'MASK_HASH', trino, varchar(8), '"value1"', '"3C968301"'],
    [
      'a timestamp',
      'MASK_DATE_SHOW_YEAR',
      trino,
      debezium('int64', 'time.Timestamp'),
      '1461110400123',
      '1451606400000',
    ],
    ['thirty stars at most', 'MASK', nested, text, `"${'a'.repeat(40)}"`, `"${'*'.repeat(30)}"`],
    ['no more stars than fit', 'MASK', nested, varchar(3), '"ab"', '"***"'],
    ['a boolean', 'MASK', nested, columnType('boolean'), 'true', 'false'],
    ['a number', 'MASK', nested, columnType('int16'), '5', '-11111'],
    ['an x for each half of a pair', 'MASK_SHOW_LAST_4', nested, text, '"😀abcd"', '"xxabcd"'],
    ['no half of a pair is shown', 'MASK_SHOW_LAST_4', nested, text, '"😀abc"', '"xxabc"'],
    ['no half of a pair is shown', 'MASK_SHOW_FIRST_4', nested, text, '"abc😀d"', '"abcxxx"'],
    ['no more than fit', 'MASK_SHOW_LAST_4', nested, varchar(5), '"😀abcd"', '"xabcd"'],
    ['no more than fit', 'MASK_SHOW_FIRST_4', nested, varchar(5), '"abcd😀"', '"abcdx"'],
  ]
  test.each(cases)('%s: %s %j of %o', (_why, mask, params, type, input, output) => {
    expect(maskedLiteral(mask, params, type, input)).toBe(output)
  })

  const refusals: [why: string, mask: string, params: Record<string, unknown>, type: ColumnType, code?: string][] = [
    ['a required column that Hive makes null', 'MASK', hive, required(columnType('double'))],
    ['JSON, which is text to Hive', 'MASK', hive, debezium('string', 'data.Json')],
    ['JSON, which is text to Hive', 'MASK_HASH', hive, debezium('string', 'data.Json')],
    ['an address as text', 'MASK_SHOW_LAST_4', hive, sourceType('CIDR')],
    ['a number in Trino', 'MASK', trino, columnType('int32')],
    ['a number in Trino', 'MASK_HASH', trino, columnType('int32')],
    ['a text in Trino', 'MASK_DATE_SHOW_YEAR', trino, text],
    ['a number in nestedstructure', 'MASK_SHOW_FIRST_4', nested, columnType('int32')],
    ['a number in nestedstructure', 'MASK_DATE_SHOW_YEAR', nested, columnType('int32')],
    ['a date in nestedstructure', 'MASK', nested, debezium('int32', 'time.Date')],
    ['a type too small for -11111', 'MASK', nested, columnType('int8')],
    ['no type at all', 'MASK', hive, null as unknown as ColumnType, 'SCHEMA_UNDECLARED'],
    ['no type at all', 'MASK_HASH', hive, null as unknown as ColumnType, 'SCHEMA_UNDECLARED'],
  ]
  test.each(refusals)('refused: %s (%s %j)', (_why, mask, params, type, code = 'SCHEMA_MASK_TYPE') => {
    const maskType = findMaskType(mask, params)
    const effect = maskType?.bind(params, type, new Map())
    expect(effect !== undefined && isMisfit(effect) ? effect.code : 'it fits').toBe(code)
  })
})
