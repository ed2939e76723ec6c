import { describe, expect, test } from 'vitest'
import type { Dialect } from '../../../src/pipeline/expression/dialect.ts'
import type { PlaceholderValue } from '../../../src/pipeline/expression/expression.ts'
import { parseExpression, parseProjectionItem, placeholdersIn } from '../../../src/policy/expression/parse.ts'
import { printExpression } from '../../../src/policy/expression/print.ts'

const read = (text: string, dialect: Dialect = 'scrim', values: readonly PlaceholderValue[] = []) =>
  parseExpression(text, { dialect, values })

/** What the text means, every precedence made visible by parentheses that had to stand. */
function printed(text: string, dialect: Dialect = 'scrim', values: readonly PlaceholderValue[] = []): string {
  const found = read(text, dialect, values)
  return 'fault' in found
    ? `fault at ${found.fault.at}: ${found.fault.what}`
    : printExpression(found.expression, dialect)
}

describe('the forms that policies are seen to have', () => {
  const forms: readonly (readonly [text: string, dialect: Dialect, values?: readonly PlaceholderValue[]])[] = [
    ["region = 'EU'", 'hive'],
    ["dept='production'", 'hive'],
    ['country_code = "US"', 'hive'],
    ['1 == 1', 'hive'],
    ['dept_code == ${{USER.department}}', 'hive', ['17']],
    ['1 = 1', 'trino'],
    ["dept != 'hr'", 'hive'],
    ['key<20', 'hive'],
    ['totalprice > 1000', 'trino'],
    ["count >= '80'", 'hive'],
    ["created_time >= '2023-01-01' and created_time < '2024-01-01'", 'hive'],
    ["tenant = 'x' AND organization = 'y'", 'hive'],
    ["(string_col = '0' and id <= 0) or (string_col = '1' and bool_col = true and id > 90)", 'hive'],
    ["dept in ('a','b')", 'hive'],
    ["location_state IN (${{GET_UG_ATTR_Q('state')}})", 'hive', [['CA', 'NY']]],
    ['data_source in (${{USER.allowedSources}})', 'hive', [['a']]],
    ['nested_struct.a is not NULL', 'hive'],
    ['id % 2 = 0', 'hive'],
    ["username = replace(substring_index(current_user(),'@',1), char(39),'')", 'hive'],
    ["region='{USER}'", 'hive', ['ravi']],
    ["jsonAttr.address.state == 'CA'", 'scrim'],
    ['jsonAttr.total < 100', 'scrim'],
    [
      "CASE WHEN dept = '${{USER.dept}}' THEN {col} ELSE mask_show_last_n({col}, 4, 'x', 'x', 'x', -1, '1') END",
      'hive',
      ['health'],
    ],
    ["concat('xxx-xx-', substr({col},8,4))", 'hive'],
    ['initcap(reverse({col}))', 'hive'],
    ["'***'", 'hive'],
    ['0', 'hive'],
    ['{col}', 'hive'],
    ['cast({col} as {type})', 'hive'],
    ['cast({col} as {colType})', 'trino'],
  ]
  const cases = forms.map(([text, dialect, values = []]) => ({ text, dialect, values }))
  test.each(cases)('$text ($dialect)', ({ text, dialect, values }) => {
    expect(read(text, dialect, values)).toHaveProperty('expression')
  })
})

describe('how it is read', () => {
  const readings: readonly (readonly [string, string, Dialect?])[] = [
    ['a or b and not c', 'a OR b AND NOT c'],
    ['(a or b) and c', '(a OR b) AND c'],
    ['not a = 1 or b', 'NOT a = 1 OR b'],
    ['not (a and b)', 'NOT (a AND b)'],
    ['a - b - c * (d + e) = -f', 'a - b - c * (d + e) = -f'],
    ['a - (b - c)', 'a - (b - c)'],
    ['- - 1', '-(-1)'],
    ['a - -1', 'a - -1'],
    ['a || b || c', 'a || b || c'],
    ['x not between 1 and 2 and y', 'x NOT BETWEEN 1 AND 2 AND y'],
    ["x not like 'a!%' escape '!' or y is not true", "x NOT LIKE 'a!%' ESCAPE '!' OR y IS NOT TRUE"],
    ['x not in (1, 2.50, 3e2)', 'x NOT IN (1, 2.50, 300e0)'],
    ['case a when 1 then 2 end', 'CASE a WHEN 1 THEN 2 END'],
    [
      "date '2016-04-20' < timestamp '2016-04-20 10:15:30.5Z'",
      "DATE '2016-04-20' < TIMESTAMP '2016-04-20 10:15:30.5Z'",
    ],
    ['current_date', 'current_date()'],
    ["'it''s'", "'it''s'"],
    ['"e mail" = `b``c`', '"e mail" = "b`c"'],
    ['"it\\"s"', "'it\"s'", 'hive'],
    ["'a\\'b\\\\c\\u0041\\%'", "'a''b\\\\cA\\%'", 'hive'],
    ["'a\\b'", "'a\\b'", 'trino'],
    ['`select`.date', '`select`.`date`', 'hive'],
    ['CEILING(x)', 'ceil(x)'],
    ['cast(x as double precision)', 'CAST(x AS double)'],
    ['cast(x as timestamp with time zone)', 'CAST(x AS timestamptz)'],
    ['cast(x as decimal(10, 2))', 'CAST(x AS decimal(10, 2))'],
    ['cast(x as numeric(10))', 'CAST(x AS decimal(10, 0))'],
    ['cast(x as VARCHAR(5))', 'CAST(x AS varchar(5))'],
    ['नाम = 1', '"नाम" = 1'],
  ]
  const cases = readings.map(([text, meaning, dialect = 'scrim']) => ({ text, meaning, dialect }))
  test.each(cases)('$text', ({ text, meaning, dialect }) => {
    expect(printed(text, dialect)).toBe(meaning)
  })
})

describe('what is refused, and where', () => {
  const refused: readonly (readonly [text: string, at: number, what: RegExp, dialect?: Dialect])[] = [
    ['', 0, /missing at the end/],
    ['a =', 3, /missing at the end/],
    ['a = 1;', 5, /semicolon/],
    ["a = 1 -- and b = 'x'", 6, /comment/],
    ['a = 1 /* or */ or 1 = 1', 6, /comment/],
    ['a = 1 # x', 6, /comment/],
    ['id in (select id from t)', 7, /subqueries/],
    ['id = (select min(id) from t)', 6, /subqueries/],
    ['exists (select 1)', 0, /subqueries/],
    ['region_code = current_user_region()', 14, /unknown function/],
    ['year = current_year()', 7, /unknown function/],
    ['reflect("java.lang.System", "exit", 1)', 0, /unknown function/, 'hive'],
    ['db.f(1)', 0, /unknown function/],
    ['a > sum(b)', 4, /aggregates/],
    ['count(*) > 1', 0, /aggregates/],
    ['lower(a) over (partition by b)', 9, /windows/],
    ['concat(distinct a)', 7, /aggregates/],
    ['rand() < 0.5', 0, /differ each time/],
    ["a rlike '.*'", 2, /regular expressions/],
    ["regexp_replace(a, 'b', 'c')", 0, /regular expressions/],
    ['lower(a, b)', 0, /takes 1 argument$/],
    ['substr(a)', 0, /takes 2 to 3 arguments/],
    ['now(1)', 0, /takes no arguments/],
    ['a = b = c', 6, /should end/],
    ['a b', 2, /should end/],
    ['a = 1 and', 9, /missing at the end/],
    ['(a = 1', 6, /closing parenthesis/],
    ['a = 1)', 5, /should end/],
    ["'abc", 0, /not closed/],
    ['"abc', 0, /not closed/],
    ["'abc\\", 0, /not closed/, 'hive'],
    ['""', 0, /cannot be empty/],
    ['a in ()', 7, /at least one/],
    ['a in 1', 5, /parentheses/],
    ['(a, b) in (1)', 2, /only behind IN/],
    ['a between 1', 11, /BETWEEN needs AND/],
    ['a is 5', 5, /IS takes/],
    ['case when a then 1', 18, /END/],
    ['case end', 5, /before this word/],
    ['case when a end', 12, /THEN/],
    ['cast(a)', 6, /AS/],
    ['cast(a as blob)', 10, /unknown type/],
    ['cast(a as decimal(2,3))', 10, /behind the point/],
    ['cast(a as varchar(0))', 10, /no length/],
    ["date '2016-02-30'", 5, /no date/],
    ["timestamp '2016-02-03 25:00:00'", 10, /no timestamp/],
    ['12abc', 2, /number/],
    ['1.2.3', 3, /number/],
    ['1e999', 0, /out of range/],
    ['a::int', 1, /cast/],
    ['a[0]', 1, /arrays/],
    ['a && b', 2, /AND/],
    ['!a', 0, /NOT/],
    ["a -> 'b'", 2, /dotted path/],
    ['a <=> b', 2, /IS NULL/],
    [':name = 1', 0, /parameters/],
    ['a = ?', 4, /parameters/],
    ['{colour}', 0, /braces/],
    ['{type}', 0, /CAST/],
    ['a = ${{USER.x', 4, /not closed/],
    ['a = ${{USER.x}}', 4, /stands for/],
    ['select', 0, /subqueries/],
    ['where a = 1', 0, /WHERE/],
    ['and', 0, /before this word/],
    ["interval '1' day", 0, /intervals/],
    ['a = \u0000', 4, /no meaning/],
    [Array(101).fill('1').join('+'), 199, /nested more than 100 deep/],
    [`${'('.repeat(101)}a`, 100, /nested more than 100 deep/],
    [`a in (${Array(10_000).fill('1').join(',')})`, 20_004, /more than 10000 parts/],
  ]
  const cases = refused.map(([text, at, what, dialect = 'scrim']) => ({ text, at, what, dialect }))
  test.each(cases)('$text', ({ text, at, what, dialect }) => {
    expect(read(text, dialect)).toMatchObject({ fault: { at, what: expect.stringMatching(what) } })
  })
})

describe('placeholders', () => {
  test('are found inside and outside of quotes, in the order in which the values are given', () => {
    const text = "a = ${{USER.x}} and b = 'p-${{USER.y}}-{USER}'"
    expect(placeholdersIn(text, 'hive')).toEqual({
      placeholders: [
        { at: 4, written: '${{USER.x}}' },
        { at: 24, written: '${{USER.y}}' },
        { at: 24, written: '{USER}' },
      ],
    })
    expect(printed(text, 'hive', ['1', '2', '3'])).toBe("a = ${{USER.x}} AND b = 'p-${{USER.y}}-{USER}'")
  })

  test('are values: nothing in them is read as text of the expression', () => {
    const found = read("a = '${{USER.x}}'", 'hive', ["' or 1 = 1 --"])
    expect(found).toMatchObject({
      expression: { kind: 'compare', right: { kind: 'template', parts: [{ value: "' or 1 = 1 --" }] } },
    })
  })

  test('a list stands in IN, not within quotes; a value too many is refused', () => {
    expect(printed("a = '${{USER.x}}'", 'hive', [['1', '2']])).toMatch(/fault at 4: a list/)
    expect(printed('a = 1', 'hive', ['1'])).toMatch(/fault at 5: more values/)
  })
})

describe('projections', () => {
  test.each([
    ['round(eligibility_score, 2) as eligibility_score', 'eligibility_score'],
    ['district', 'district'],
    ['address.state', 'state'],
    ['substr(explanation, 1, 500) AS "short text"', 'short text'],
  ])('%s', (text, name) => {
    expect(parseProjectionItem(text, { dialect: 'scrim' })).toMatchObject({ name })
  })

  test.each([
    ['round(a, 2)', 11, /needs a name/],
    ['a as', 4, /name is missing/],
    ['a as b, c', 6, /should end/],
  ])('%s is refused', (text, at, what) => {
    expect(parseProjectionItem(text, { dialect: 'scrim' })).toMatchObject({
      fault: { at, what: expect.stringMatching(what) },
    })
  })
})

describe('texts made to hurt are refused within a second', () => {
  const long = 10_000_000
  const attacks: readonly (readonly [string, string])[] = [
    ['10 MB of text', 'a'.repeat(long)],
    ['parentheses without end', '('.repeat(30_000)],
    ['minus signs', '- '.repeat(30_000)],
    ['NOT without end', 'not '.repeat(16_000)],
    ['calls in calls', 'lower('.repeat(10_000)],
    ['CASE in CASE', 'case when '.repeat(6_000)],
    ['CASE in THEN', 'case when a then '.repeat(3_000)],
    ['casts in casts', 'cast('.repeat(13_000)],
    ['many ORs', Array(100_000).fill('a').join(' or ')],
    ['many small ORs', Array(13_000).fill('a').join(' or ')],
    ['many sums', Array(30_000).fill('1').join('+')],
    ['a long list', `a in (${Array(30_000).fill('1').join(',')})`],
    ['a long number', '9'.repeat(60_000)],
    ['an open quote', `'${'a'.repeat(60_000)}`],
    ['quotes', "'".repeat(60_001)],
    ['open placeholders', "'${{".repeat(16_000)],
    ['dots', `a${'.a'.repeat(30_000)}`],
    ['blanks', ' '.repeat(60_000)],
  ]
  test.each(attacks)('%s', (_name, text) => {
    const before = performance.now()
    for (const dialect of ['hive', 'trino', 'scrim'] as const) expect(read(text, dialect)).toHaveProperty('fault')
    expect(performance.now() - before).toBeLessThan(1000)
  })

  test('names of prototypes are names like any other', () => {
    expect(printed('constructor.__proto__ = 1')).toBe('constructor.__proto__ = 1')
    expect(printed('toString(1)')).toMatch(/unknown function/)
    expect(printed('__proto__(1)')).toMatch(/unknown function/)
    expect(printed('cast(a as constructor)')).toMatch(/unknown type/)
  })
})
