import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Unreadable } from '../../../src/pipeline/decode/scanner.ts'
import { isBindFault } from '../../../src/pipeline/expression/bound-expression.ts'
import { type FittedExpression, fitNew, fitTo } from '../../../src/pipeline/expression/fit.ts'
import { readValue } from '../../../src/pipeline/expression/read-value.ts'
import { valueLiteral } from '../../../src/pipeline/expression/value-literal.ts'
import { whole } from '../../../src/pipeline/expression/values.ts'
import type { ColumnType } from '../../../src/pipeline/schema.ts'
import { OutputBuffer } from '../../../src/pipeline/serialize/output-buffer.ts'
import { type Asked, boundOf, columnType, rowOf } from '../../support/expressions.ts'
import { runs } from '../../properties/runs.ts'

const read = (json: string, type: ColumnType) => {
  const bytes = Buffer.from(`[${json}]`)
  return readValue(bytes, 1, bytes.length - 1, type)
}
const decimal = (scale: number, precision?: number) =>
  columnType('bytes', 'org.apache.kafka.connect.data.Decimal', {
    parameters: {
      scale: String(scale),
      ...(precision === undefined ? {} : { 'connect.decimal.precision': String(precision) }),
    },
  })
const debezium = (kind: ColumnType['kind'], name: string) => columnType(kind, `io.debezium.time.${name}`)
const connect = (kind: ColumnType['kind'], name: string) => columnType(kind, `org.apache.kafka.connect.data.${name}`)
const variableScale = columnType('struct', 'io.debezium.data.VariableScaleDecimal')

describe('values of columns', () => {
  const table: readonly (readonly [name: string, type: ColumnType, json: string, value: unknown])[] = [
    ['boolean', columnType('boolean'), 'true', true],
    ['int16', columnType('int16'), '-12', -12],
    ['int64', columnType('int64'), '9007199254740993', 9007199254740993n],
    ['the least int64', columnType('int64'), '-9223372036854775808', -9223372036854775808n],
    ['zero', columnType('int32'), '0', 0],
    ['double', columnType('double'), '-1.5', -1.5],
    ['NaN', columnType('double'), '"NaN"', Number.NaN],
    ['infinity', columnType('float'), '"-Infinity"', Number.NEGATIVE_INFINITY],
    ['string', columnType('string'), '"a\\"b🙂"', 'a"b🙂'],
    ['decimal', decimal(2), '"MDk="', { unscaled: 12345n, scale: 2 }],
    ['a negative decimal', decimal(2), '"/w=="', { unscaled: -1n, scale: 2 }],
    ['a long decimal', decimal(0), '"AIAAAAAAAAAA"', { unscaled: 2n ** 63n, scale: 0 }],
    ['VariableScaleDecimal', variableScale, '{"scale":3,"value":"Bdw="}', { unscaled: 1500n, scale: 3 }],
    ['Date', debezium('int32', 'Date'), '-1', -1],
    ["Connect's Date", connect('int32', 'Date'), '10957', 10957],
    ['Time', debezium('int32', 'Time'), '1500', 1_500_000],
    ['MicroTime', debezium('int64', 'MicroTime'), '1500', 1500],
    ['NanoTime', debezium('int64', 'NanoTime'), '1500000', 1500],
    ['Timestamp', debezium('int64', 'Timestamp'), '-1', -1000],
    ["Connect's Timestamp", connect('int64', 'Timestamp'), '1700000000000', 1_700_000_000_000_000],
    ['MicroTimestamp', debezium('int64', 'MicroTimestamp'), '1700000000000001', 1_700_000_000_000_001],
    ['its infinity', debezium('int64', 'MicroTimestamp'), '9223372036825200000', 9223372036825200000n],
    ['NanoTimestamp', debezium('int64', 'NanoTimestamp'), '1700000000000001000', 1_700_000_000_000_001],
    ['ZonedTimestamp', debezium('string', 'ZonedTimestamp'), '"2023-11-14T22:13:20.000001Z"', 1_700_000_000_000_001],
    ['ZonedTime', debezium('string', 'ZonedTime'), '"10:15:30Z"', 36_930_000_000],
    ['IsoDate', debezium('string', 'IsoDate'), '"2000-01-01Z"', 10957],
    ['IsoTimestamp', debezium('string', 'IsoTimestamp'), '"1970-01-01T00:00:01Z"', 1_000_000],
    [
      'Uuid',
      columnType('string', 'io.debezium.data.Uuid'),
      '"b68a35a7-17ad-35b3-af2a-ae46edb4545a"',
      'b68a35a7-17ad-35b3-af2a-ae46edb4545a',
    ],
    ['Json', columnType('string', 'io.debezium.data.Json'), '"{\\"a\\":1}"', '{"a":1}'],
    ['bytes', columnType('bytes'), '"AQI="', Buffer.from([1, 2])],
  ]
  test.each(table)('%s', (_name, type, json, value) => {
    expect(read(json, type)).toStrictEqual(value)
    expect(read('null', type)).toBeNull()
    // What is read is written the same, but for two spellings of a date.
    const literal = valueLiteral(type)?.(read(json, type) as never)
    expect(read(literal ?? 'null', type)).toStrictEqual(value)
  })

  test('a decimal with decimal.format=NUMERIC has its digits kept', () => {
    expect(read('1.50', decimal(2))).toEqual({ unscaled: 150n, scale: 2 })
    expect(read('1.5', decimal(2))).toEqual({ unscaled: 150n, scale: 2 })
    expect(() => read('1.505', decimal(2))).toThrow(Unreadable)
  })

  const mistaken: readonly (readonly [ColumnType, string])[] = [
    [columnType('int32'), '"1"'],
    [columnType('int32'), '1.5'],
    [columnType('int32'), 'true'],
    [columnType('boolean'), '1'],
    [columnType('string'), '1'],
    [columnType('string'), '{"a":1}'],
    [columnType('double'), '"1.5"'],
    [columnType('double'), '{}'],
    [decimal(2), '""'],
    [decimal(2), 'true'],
    [variableScale, '{"scale":1e9,"value":"AQ=="}'],
    [variableScale, '"AQ=="'],
    [debezium('int32', 'Date'), '"2020-01-01"'],
    [debezium('int32', 'Date'), '99999999999'],
    [debezium('string', 'ZonedTimestamp'), '"soon"'],
    [debezium('string', 'ZonedTimestamp'), '17'],
  ]
  test.each(mistaken)('%o: %s is not of the type', (type, json) => {
    expect(() => read(json, type)).toThrow(expect.objectContaining({ code: 'RECORD_MASK_TYPE_MISMATCH', at: 1 }))
  })

  test('whatever is whole or decimal survives writing and reading', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 300n), max: 2n ** 300n }), fc.nat(40), (unscaled, scale) => {
        const type = decimal(scale)
        expect(read(valueLiteral(type)?.({ unscaled, scale }) ?? '', type)).toEqual({ unscaled, scale })
        const int64 = columnType('int64')
        const number = whole(BigInt.asIntN(64, unscaled))
        expect(read(valueLiteral(int64)?.(number) ?? '', int64)).toBe(number)
      }),
      { numRuns: runs(300) },
    )
  })

  test('base64 of a decimal is the shortest that Java writes', () => {
    const literal = valueLiteral(decimal(0))
    const written = [0n, 127n, 128n, -128n, -129n, 255n, 2n ** 63n].map(unscaled => literal?.({ unscaled, scale: 0 }))
    expect(written).toEqual(['"AA=="', '"fw=="', '"AIA="', '"gA=="', '"/38="', '"AP8="', '"AIAAAAAAAAAA"'])
  })
})

describe('results go into columns', () => {
  const string20 = columnType('string', null, { parameters: { '__debezium.source.column.length': '20' } })
  const required = (type: ColumnType): ColumnType => ({ ...type, optional: false })

  function write(fitted: FittedExpression | { readonly detail: string }, asked: Asked = {}): string {
    if ('detail' in fitted) return `refused: ${fitted.detail}`
    const out = new OutputBuffer(1)
    try {
      fitted.write(rowOf(asked), out, 7)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      expect(out.at).toBe(0)
      return `${error.code} ${error.at}`
    }
    return out.bytes.toString('utf8', 0, out.at)
  }

  const row = {
    id: 300,
    name: 'आधार "x"',
    district: 'Kota',
    price: 'MDk=',
    born: 10_957,
    address: '{"n":5,"d":1.505}',
    score: 0.5,
  }
  const table: readonly (readonly [text: string, type: ColumnType, written: string | RegExp])[] = [
    ['name', columnType('string'), '"आधार \\"x\\""'],
    ["'***'", string20, '"***"'],
    ['0', string20, '"0"'],
    ['id', columnType('int64'), '300'],
    ['id', columnType('int8'), 'RECORD_EXPRESSION_MISFIT 7'],
    ['300', columnType('int8'), /refused: the constant does not fit/],
    ["'***'", columnType('int32'), /refused: the constant does not fit/],
    ["'17'", columnType('int32'), '17'],
    ['null', columnType('int32'), 'null'],
    ['null', required(columnType('int32')), /refused: the result may be NULL/],
    ['small', required(columnType('int16')), /refused: the result may be NULL/],
    ['coalesce(small, 0)', required(columnType('int16')), '0'],
    ['price', decimal(2), '"MDk="'],
    ['price', decimal(4), '"EtZE"'],
    ['price * 1.5', decimal(2), /refused: .*round\(\.\.\., 2\)/],
    ['round(price * 1.5, 2)', decimal(2), '"SFY="'],
    ['price', decimal(2, 4), 'RECORD_EXPRESSION_MISFIT 7'],
    ['price', columnType('double'), '123.45'],
    ['score', decimal(2), /refused: .*cast/],
    ['price', columnType('int32'), /refused: .*cast/],
    ['cast(price as int)', columnType('int32'), '123'],
    ['price', variableScale, '{"scale":2,"value":"MDk="}'],
    ['born', debezium('int32', 'Date'), '10957'],
    ["date '1970-01-01'", columnType('int32'), /refused: .*cast/],
    ["'1970-01-02'", debezium('int32', 'Date'), '1'],
    ['born', debezium('int64', 'Timestamp'), '946684800000'],
    ['born', debezium('int64', 'NanoTimestamp'), '946684800000000000'],
    ['born', debezium('string', 'ZonedTimestamp'), '"2000-01-01T00:00:00Z"'],
    ["timestamp '0001-01-01 00:00:00'", debezium('int64', 'NanoTimestamp'), /refused: the constant/],
    ["timestamp '1969-12-31 23:59:59.9999'", debezium('int64', 'Timestamp'), '-1'],
    ['concat(name, name, name)', string20, 'RECORD_EXPRESSION_MISFIT 7'],
    ["concat(district, 'x')", string20, /refused: the result may have 21 characters, the column takes 20/],
    ["substr(concat(district, 'x'), 1, 20)", string20, '"Kotax"'],
    [
      "'b68a35a7-17ad-35b3-af2a-ae46edb4545a'",
      columnType('string', 'io.debezium.data.Uuid'),
      '"b68a35a7-17ad-35b3-af2a-ae46edb4545a"',
    ],
    ["'x'", columnType('string', 'io.debezium.data.Uuid'), /refused: the constant/],
    ["'{}'", columnType('string', 'io.debezium.data.Json'), '"{}"'],
    ['name', columnType('string', 'io.debezium.data.Json'), 'RECORD_EXPRESSION_MISFIT 7'],
    ["'b'", columnType('string', 'io.debezium.data.Enum', { parameters: { allowed: 'a,b' } }), '"b"'],
    ["'c'", columnType('string', 'io.debezium.data.Enum', { parameters: { allowed: 'a,b' } }), /refused: the constant/],
    ["'<a/>'", columnType('string', 'io.debezium.data.Xml'), /refused: nothing can be written/],
    ["'x'", columnType('array'), /refused: nothing can be written/],
    ['null', columnType('array'), 'null'],
    ['tags', columnType('array'), /refused: nothing can be written/],
    ['address.n', columnType('int32'), '5'],
    ['address.m', columnType('int32'), 'null'],
    ['address.d', decimal(3), '"BeE="'],
    ['address.d', decimal(2), 'RECORD_EXPRESSION_MISFIT 7'],
    ['address.d', decimal(5), '"Akvk"'],
    ["cast('NaN' as double)", columnType('double'), '"NaN"'],
    ['1e300', columnType('float'), /refused: the constant/],
    ['active', columnType('string'), 'null'],
    ['active', columnType('int32'), /refused: .*cast/],
  ]
  test.each(table)('%s into %o is %s', (text, type, written) => {
    const found = write(fitTo(boundOf(text), type), { row })
    if (typeof written === 'string') expect(found).toBe(written)
    else expect(found).toMatch(written)
  })

  const added: readonly (readonly [
    text: string,
    kind: string,
    logical: string | null,
    optional: boolean,
    written: string,
  ])[] = [
    ['round(price, 1)', 'bytes', 'org.apache.kafka.connect.data.Decimal', true, '"BNM="'],
    ['id + 1', 'int64', null, false, '301'],
    ["coalesce(name, '')", 'string', null, false, '"आधार \\"x\\""'],
    ['date_add(born, 1)', 'int32', 'io.debezium.time.Date', true, '10958'],
    ['now()', 'string', 'io.debezium.time.ZonedTimestamp', false, '"2026-11-20T12:00:00Z"'],
    ['address.n', 'string', null, true, '"5"'],
    ['id > 5', 'boolean', null, false, 'true'],
  ]
  test.each(added)('%s makes a new column of %s %s', (text, kind, logical, optional, written) => {
    const fitted = fitNew(boundOf(text))
    if (isBindFault(fitted)) throw new Error(fitted.detail)
    expect(fitted.type).toMatchObject({ kind, logical, optional })
    expect(write(fitted, { row })).toBe(written)
  })

  test.each(['null', 'price / 3 * cast(name as decimal)'])('%s cannot be a new column without a cast', text => {
    expect(fitNew(boundOf(text))).toMatchObject({ code: 'SCHEMA_EXPRESSION', detail: expect.stringContaining('cast') })
  })
})
