import { describe, expect, test } from 'vitest'
import { sqlFunctions } from '../../../src/pipeline/expression/functions/function-table.ts'
import { evaluated, refusal } from '../../support/expressions.ts'

describe.each(Object.entries(sqlFunctions))('%s', (name, { examples, least, most, summary }) => {
  test.each(examples.map(([text, result, dialect = 'scrim']) => ({ text, result, dialect })))(
    '$text is $result',
    ({ text, result, dialect }) => {
      expect(evaluated(text, { dialect })).toStrictEqual(evaluated(result, { dialect }))
    },
  )

  test('says what it does, and takes no other number of arguments', () => {
    expect(summary).toMatch(/\.$/)
    const args = (count: number): string => Array(count).fill('null').join(', ')
    expect(refusal(`${name}(${args(most + 1)})`)).toMatchObject({ at: 0 })
    if (least > 0) expect(refusal(`${name}(${args(least - 1)})`)).toMatchObject({ at: 0 })
  })
})

const edges: readonly (readonly [string, string])[] = [
  ["substr('abc', 0, 2)", "'ab'"],
  ["substr('abc', -5)", "''"],
  ["substr('abc', 2, -1)", "''"],
  ["substr('a🙂b', 2, 1)", "'🙂'"],
  ["left('abc', -1)", "''"],
  ["left('abc', null)", 'null'],
  ['left(null, 1)', 'null'],
  ["substr('abc', null, 1)", 'null'],
  ["replace('a', 'a', null)", 'null'],
  ['upper(null)', 'null'],
  ["right('abc', 0)", "''"],
  ["right('a🙂', 1)", "'🙂'"],
  ["reverse('a🙂')", "'🙂a'"],
  ["lpad('abc', 2)", "'ab'"],
  ["lpad('abc', -2)", "''"],
  ["lpad('a', 4, 'xy')", "'xyxa'"],
  ["lpad('a', 4, '')", "'a'"],
  ["lpad('a', 100000000)", 'null'],
  ["split_part('a-b-c', '-', -1)", "'c'"],
  ["split_part('a-b-c', '-', 0)", 'null'],
  ["substring_index('a.b', '.', 0)", "''"],
  ["replace('aaa', '', 'x')", "'aaa'"],
  ["concat(1, 2.50, true, date '2020-01-02')", "'12.50true2020-01-02'"],
  ["concat_ws(null, 'a')", 'null'],
  ['round(2.5e0)', '3e0'],
  ['round(-2.5e0)', '-3e0'],
  ['round(1.005e0, 2)', '1.01e0'],
  ["round(cast('NaN' as double), 2)", "cast('NaN' as double)"],
  ['floor(-7)', '-7'],
  ['abs(-9223372036854775808)', '9223372036854775808'],
  ['mod(-9007199254740993, 10)', '-3'],
  ["date_trunc('week', date '2026-11-22')", "date '2026-11-16'"],
  ["date_trunc('quarter', date '2026-11-22')", "date '2026-10-01'"],
  ["date_trunc('second', timestamp '1969-12-31 23:59:58.5')", "timestamp '1969-12-31 23:59:58'"],
  ["date_add(date_add(date '2016-01-01', 2000000000), 2000000000)", 'null'],
  ["year('no date')", 'null'],
  ['greatest(1, null)', 'null'],
  ["least(date '2020-01-02', timestamp '2020-01-01 10:00:00')", "timestamp '2020-01-01 10:00:00'"],
  ["if(false, 'a')", 'null'],
  ["coalesce(born, '1970-01-01')", "date '1970-01-01'"],
  ["nullif('1', 1)", 'null'],
]

test.each(edges)('%s is %s', (text, result) => {
  expect(evaluated(text)).toStrictEqual(evaluated(result))
})
