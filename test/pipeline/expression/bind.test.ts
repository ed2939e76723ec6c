import { describe, expect, test } from 'vitest'
import { isBindFault } from '../../../src/pipeline/expression/bound-expression.ts'
import { bindCondition } from '../../../src/pipeline/expression/bind.ts'
import {
  type Asked,
  boundOf,
  columns,
  columnType,
  identity,
  parsed,
  refusal,
  scopeOf,
} from '../../support/expressions.ts'

describe('what is refused when it meets the columns', () => {
  const refused: readonly (readonly [text: string, at: number, what: RegExp, asked?: Asked])[] = [
    ['unknown = 1', 0, /no column unknown/],
    ['id = 1 and Name = 2', 11, /no column Name/],
    ['ID = 1', 0, /no column ID/],
    ['id.x = 1', 0, /nothing lies inside/],
    ['name.x = 1', 0, /nothing lies inside/],
    ["active = date '2020-01-01'", 9, /cannot be compared/],
    ['born = 5', 7, /cannot be compared/],
    ['active = 1', 9, /cannot be compared/],
    ["photo = 'x'", 8, /cannot be compared/],
    ['tags = 1', 0, /only IS NULL/],
    ["lower(tags) = 'a'", 6, /only IS NULL/],
    ['name and active', 0, /condition is needed/],
    ['not id', 4, /condition is needed/],
    ['name + 1 > 0', 0, /number is needed/],
    ['active || active', 7, /write OR/],
    ['length(id) = 1', 7, /text is needed/],
    ["substr(name, 'x') = 'a'", 13, /whole number is needed/],
    ['round(score, id) = 1', 13, /constant/],
    ["date_trunc('age', born) = born", 11, /unit must be/],
    ["source('password') = 'x'", 7, /source\(\) takes one of/],
    ['source(name) = 1', 7, /source\(\) takes one of/],
    ["changed('id')", 8, /takes columns/],
    ['changed(address.a)', 8, /whole columns/],
    ['changed(nobody)', 8, /no column/],
    ['case when active then 1 else name end = 1', 29, /one type/],
    ["name like 'a\\'", 10, /escape/],
    ["name like 'a' escape 'xy'", 21, /one character/],
    ['{col} = 1', 0, /CUSTOM/],
    ['cast(name as {type}) = 1', 0, /CUSTOM/],
    ['cast(born as boolean)', 5, /cannot be cast/],
    ['current_user() = name', 0, /no profile/, { identity: null }],
    ['current_user() = name', 0, /no user/, { identity: { ...identity, user: null } }],
    ["current_attribute('x') = name", 18, /no attribute/],
    ['current_groups()', 0, /list stands only/],
    ['name = current_groups()', 7, /cannot be compared/],
  ]
  test.each(refused.map(([text, at, what, asked = {}]) => ({ text, at, what, asked })))(
    '$text',
    ({ text, at, what, asked }) => {
      expect(refusal(text, asked)).toEqual({ at, what: expect.stringMatching(what) })
    },
  )

  test('Hive and Trino do not mind letter case, but two columns that differ only there', () => {
    const both = [...columns, { name: 'NAME', type: columnType('string') }]
    for (const dialect of ['hive', 'trino'] as const) {
      expect(refusal("District = 'x'", { dialect })).toBeNull()
      expect(refusal("name = 'x'", { dialect, columns: both })).toEqual({
        at: 0,
        what: expect.stringMatching(/letter case/),
      })
    }
    expect(refusal("name = 'x'", { columns: both })).toBeNull()
  })

  test('nothing that is told quotes a literal or a placeholder', () => {
    const secret = 'x-marks-the-spot'
    for (const text of [
      `born = '${secret}' and nobody = 1`,
      `cast('${secret}' as int) + name`,
      `source('${secret}')`,
    ]) {
      expect(JSON.stringify(refusal(text))).not.toContain(secret)
    }
    expect(JSON.stringify(refusal('active + ${{a}}', { values: [secret] }))).not.toContain(secret)
  })
})

describe('what is known of a bound expression', () => {
  const known: readonly (readonly [text: string, facts: Readonly<Record<string, unknown>>])[] = [
    ['id', { type: { kind: 'integer', bits: 64 }, nullable: false, slots: [0], copies: 0, constant: null }],
    ['(name)', { copies: 2, nullable: true }],
    ['id + 0', { copies: null, nullable: false, type: { kind: 'integer' } }],
    ['id / 2', { nullable: false }],
    ['id / small', { nullable: true }],
    ["name = 'a' or changed(id, price)", { slots: [2], changedSlots: [0, 6] }],
    ['address.state', { slots: [10], copies: null, type: { kind: 'json' }, nullable: true }],
    ["upper('a') || 'b'", { constant: { value: 'Ab' }, nullable: false }],
    ["coalesce(name, 'x')", { nullable: false }],
    ['tags', { type: { kind: 'opaque' }, slots: [11], copies: 11 }],
    ['tags is null', { slots: [11], nullable: false }],
    ['now()', { constant: null, nullable: false, type: { kind: 'timestamptz' } }],
    ['price * 1.5', { type: { kind: 'decimal', scale: 3 } }],
    ['round(price, 1)', { type: { kind: 'decimal', scale: 1 } }],
    ['substr(district, 1, 5)', { type: { kind: 'text', length: 5 } }],
    ["concat(district, '-', district)", { type: { kind: 'text', length: 41 } }],
    ['case when active then price else 1 end', { type: { kind: 'decimal', scale: 2 } }],
    ['coalesce(born, created)', { type: { kind: 'timestamp' } }],
    ["op() = 'd'", { slots: [], constant: null }],
  ]
  test.each(known)('%s', (text, facts) => {
    expect(boundOf(text)).toMatchObject(facts)
  })

  test('a condition is of type boolean, or what is read as one', () => {
    const bind = (text: string) => bindCondition(parsed(text), scopeOf({}))
    expect(bind('id = 1')).toMatchObject({ type: { kind: 'boolean' } })
    expect(bind('address.flag')).toMatchObject({ type: { kind: 'boolean' } })
    expect(isBindFault(bind('name'))).toBe(true)
  })
})
