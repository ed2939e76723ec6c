import { describe, expect, test } from 'vitest'
import { batchOfLines } from '../../src/pipeline/record-line.ts'
import { createValueReader, type RecordValue } from '../../src/pipeline/record-values.ts'
import type { Handling } from '../../src/policy/column-handling.ts'
import { compareValues } from '../../src/services/dry-run-compare.ts'

/** The values of an event with this row; a text is a whole value, so that numbers can be spelled as they like. */
function values(row: object | string | null, key: object | null = null): RecordValue[] | null {
  if (row === null) return null
  const text = typeof row === 'string' ? row : JSON.stringify(row)
  const value = Buffer.from(`{"before":null,"after":${text},"source":{"db":"w"},"op":"c"}`).toString('base64')
  const batch = batchOfLines([{ topic: 't', value, ...(key === null ? {} : { key: { ...key } }) }])
  return [...createValueReader()(batch, 0).values]
}

const handlings: Readonly<Record<string, Handling>> = { c: 'clear', k: 'constant', h: 'hidden' }

interface Case {
  readonly name: string
  readonly raw: object | string
  readonly current: object | string | null
  readonly candidate: object | string | null
  /** By column, for the current set and the candidate: c(lear), k (constant), h(idden); left out: hidden. */
  readonly rules?: Readonly<Record<string, string>>
  /** The current set rejects the record. */
  readonly isHeld?: boolean
  readonly clear?: readonly string[]
  readonly masked?: readonly string[]
  readonly dropped?: readonly string[]
  readonly added?: readonly string[]
}

const cases: readonly Case[] = [
  { name: 'nothing differs', raw: { a: 'Jaipur' }, current: { a: '****' }, candidate: { a: '****' } },
  { name: 'a mask is taken off', raw: { a: 'Asha' }, current: { a: '****' }, candidate: { a: 'Asha' }, clear: ['a'] },
  { name: 'a mask is put on', raw: { a: 'Asha' }, current: { a: 'Asha' }, candidate: { a: '****' }, masked: ['a'] },
  { name: 'another mask', raw: { a: 'Asha' }, current: { a: '****' }, candidate: { a: 'xxxx' } },
  {
    name: 'a column that was left out passes',
    raw: { a: 'Asha' },
    current: {},
    candidate: { a: 'Asha' },
    clear: ['a'],
    added: ['a'],
  },
  {
    name: 'a column that was left out comes masked',
    raw: { a: 'Asha' },
    current: {},
    candidate: { a: '****' },
    added: ['a'],
  },
  { name: 'a column is left out', raw: { a: 'Asha' }, current: { a: 'Asha' }, candidate: {}, dropped: ['a'] },
  { name: 'a null hides nothing', raw: { a: null }, current: {}, candidate: { a: null }, added: ['a'] },
  {
    name: 'the constant is the value by chance: it tells nothing',
    raw: { a: '****' },
    current: {},
    candidate: { a: '****' },
    rules: { a: 'hk' },
    added: ['a'],
  },
  {
    name: 'the constant was the value by chance: without it the value is clear all the same',
    raw: { a: 'NONE' },
    current: { a: 'NONE' },
    candidate: { a: 'NONE' },
    rules: { a: 'kc' },
    clear: ['a'],
  },
  {
    name: 'a mask that leaves a short value whole',
    raw: { a: '12' },
    current: { a: '**' },
    candidate: { a: '12' },
    rules: { a: 'hh' },
    clear: ['a'],
  },
  { name: 'a number spelled otherwise', raw: '{"a":1.50}', current: '{"a":0}', candidate: '{"a":1.5}', clear: ['a'] },
  { name: 'a number with an exponent', raw: '{"a":1500}', current: '{"a":0}', candidate: '{"a":15e2}', clear: ['a'] },
  { name: 'a number as text', raw: '{"a":1500}', current: '{"a":0}', candidate: '{"a":"1500"}', clear: ['a'] },
  {
    name: 'a number of more digits than a double has',
    raw: '{"a":9007199254740993}',
    current: '{"a":0}',
    candidate: '{"a":9007199254740992}',
  },
  {
    name: 'escapes spell the same text',
    raw: '{"a":"Asha"}',
    current: '{"a":"*"}',
    candidate: String.raw`{"a":"\u0041sha"}`,
    clear: ['a'],
  },
  {
    name: 'inside a JSON column',
    raw: { d: JSON.stringify({ pan: 'ABCDE1234F', city: 'Jaipur' }) },
    current: { d: JSON.stringify({ pan: '***', city: 'Jaipur' }) },
    candidate: { d: JSON.stringify({ pan: 'ABCDE1234F', city: 'Jaipur' }) },
    clear: ['d.pan'],
  },
  {
    name: 'inside a list, at another place',
    raw: { l: ['one-secret', 'two-secret'] },
    current: { l: ['***', '***'] },
    candidate: { l: ['two-secret'] },
    clear: ['l[*]'],
  },
  {
    name: 'a whole JSON column is replaced: masked, not left out',
    raw: { d: JSON.stringify({ pan: 'ABCDE1234F' }) },
    current: { d: JSON.stringify({ pan: 'ABCDE1234F' }) },
    candidate: { d: 'CONFIDENTIAL' },
    masked: ['d.pan'],
  },
  {
    name: 'a column comes back under another name',
    raw: { a: '234567890121', b: 'x' },
    current: { a: '****', b: 'x' },
    candidate: { b: 'x', number: '234567890121' },
    clear: ['a'],
    dropped: ['a'],
    added: ['number'],
  },
  {
    name: 'a short value comes back under another name',
    raw: { a: 'M', b: 'x' },
    current: { a: '*', b: 'x' },
    candidate: { a: '*', b: 'x', gender: 'M' },
    clear: ['a'],
    added: ['gender'],
  },
  {
    name: 'a value is a part of another column',
    raw: { first: 'Lakshmi', b: 'Smt.' },
    current: { first: '****', b: '*' },
    candidate: { first: '****', b: 'Smt. Lakshmi Rao' },
    clear: ['first'],
  },
  {
    name: 'a column goes clear whose value another column shows anyway',
    raw: { first: 'Lakshmi', name: 'Lakshmi Rao' },
    current: { first: '****', name: 'Lakshmi Rao' },
    candidate: { first: 'Lakshmi', name: 'Lakshmi Rao' },
    clear: ['first'],
  },
  {
    name: 'the constant of another column is the value by chance',
    raw: { a: 'CONFIDENTIAL', b: 'x' },
    current: { a: '*', b: '*' },
    candidate: { a: '*', b: 'CONFIDENTIAL' },
    rules: { b: 'hk' },
  },
  {
    name: 'a record is newly published',
    raw: { a: 'Asha' },
    current: null,
    candidate: { a: 'Asha' },
    rules: { a: 'cc' },
    clear: ['a'],
  },
  {
    name: 'a record was held: what the rules left clear is nothing new',
    raw: { a: 'Asha', b: 'Rao' },
    current: null,
    candidate: { a: 'Asha', b: 'Rao' },
    isHeld: true,
    rules: { a: 'cc', b: 'hc' },
    clear: ['b'],
  },
  { name: 'a record is newly published, masked', raw: { a: 'Asha' }, current: null, candidate: { a: '****' } },
  { name: 'a record is no longer published', raw: { a: 'Asha' }, current: { a: 'Asha' }, candidate: null },
]

describe('what two sets make of one record', () => {
  const none: readonly string[] = []
  test.each(cases.map(one => [one.name, one] as const))('%s', (_, one) => {
    const { raw, current, candidate, rules = {}, clear = none, masked = none, dropped = none, added = none } = one
    const handling = (side: 0 | 1) => (column: string) => handlings[rules[column]?.[side] ?? 'h'] ?? 'hidden'
    const changes = compareValues(
      values(raw) ?? [],
      { values: values(current), isHeld: one.isHeld ?? false, handling: handling(0) },
      { values: values(candidate), isHeld: false, handling: handling(1) },
      () => false,
    )
    const paths = (what: 'newlyClear' | 'newlyMasked' | 'newlyDropped' | 'newlyAdded') =>
      changes.filter(change => change[what]).map(({ path }) => path)
    expect({
      clear: paths('newlyClear'),
      masked: paths('newlyMasked'),
      dropped: paths('newlyDropped'),
      added: paths('newlyAdded'),
    }).toEqual({ clear, masked, dropped, added })
  })

  test('a short value comes out in the other image', () => {
    const images = (before: object, after: object) => {
      const value = Buffer.from(JSON.stringify({ before, after, source: {}, op: 'u' })).toString('base64')
      return [...createValueReader()(batchOfLines([{ topic: 't', value }]), 0).values]
    }
    const changes = compareValues(
      images({ a: 'F' }, { a: 'M' }),
      { values: images({ a: '*' }, { a: '*' }), isHeld: false, handling: () => 'hidden' },
      { values: images({ a: 'M' }, { a: '*' }), isHeld: false, handling: () => 'hidden' },
      () => false,
    )
    expect(changes).toMatchObject([{ path: 'a', newlyClear: true }])
  })

  test('a key column counts as the column', () => {
    const hidden = () => 'hidden' as const
    const [change] = compareValues(
      values({}, { id: '4711-0815' }) ?? [],
      { values: values({}, { id: 'f00d' }), isHeld: false, handling: hidden },
      { values: values({}, { id: '4711-0815' }), isHeld: false, handling: hidden },
      () => false,
    )
    expect(change).toMatchObject({ path: 'id', newlyClear: true, raw: 'text(9)', candidate: 'text(9) as it is' })
  })

  test('a placeholder of TOAST is no value', () => {
    const row = { a: '__debezium_unavailable_value' }
    const changes = compareValues(
      values(row) ?? [],
      { values: values({}), isHeld: false, handling: () => 'hidden' },
      { values: values(row), isHeld: false, handling: () => 'clear' },
      ({ text }) => text === '__debezium_unavailable_value',
    )
    expect(changes).toMatchObject([{ path: 'a', newlyClear: false, newlyAdded: true }])
  })

  test('a sample tells kinds, lengths and how much is left, nothing else', () => {
    const [change] = compareValues(
      values({ a: '234567890121' }) ?? [],
      { values: values({ a: '********0121' }), isHeld: false, handling: () => 'hidden' },
      { values: values({ a: '23******0121' }), isHeld: false, handling: () => 'hidden' },
      () => false,
    )
    expect(change).toMatchObject({
      raw: 'text(12)',
      current: 'text(12), last 4 kept',
      candidate: 'text(12), first 2 kept, last 4 kept',
    })
  })
})
