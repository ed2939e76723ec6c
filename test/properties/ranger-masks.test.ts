import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Unreadable } from '../../src/pipeline/decode/scanner.ts'
import { civilDate, dayNumber, isDay } from '../../src/pipeline/mask/civil-date.ts'
import { decimalLiterals } from '../../src/pipeline/mask/constants.ts'
import { bindHiveMask, type IntegerBits } from '../../src/pipeline/mask/hive-udf.ts'
import { integerRange } from '../../src/pipeline/mask/value-types.ts'
import { columnType, maskedLiteral } from '../support/mask-samples.ts'
import { createRandom } from '../support/random.ts'
import { respell } from '../support/random-json.ts'
import { runs } from './runs.ts'

const names = ['MASK', 'MASK_SHOW_LAST_4', 'MASK_SHOW_FIRST_4', 'MASK_HASH', 'MASK_DATE_SHOW_YEAR'] as const
const dialects = ['strict', 'hive', 'trino', 'nestedstructure'] as const
const text = columnType('string')

/** The masked text; null where the value is rejected or the mask does not stand on text. */
function masked(name: string, dialect: string, literal: string, type = text): string | null {
  try {
    return JSON.parse(maskedLiteral(name, { dialect }, type, literal)) as string
  } catch (error) {
    if (error instanceof Unreadable || (error instanceof Error && error.message.startsWith('SCHEMA_MASK_TYPE')))
      return null
    throw error
  }
}

const dates = fc
  .tuple(fc.integer({ min: 0, max: 9999 }), fc.integer({ min: 0, max: 13 }), fc.integer({ min: 0, max: 32 }))
  .chain(([year, month, day]) =>
    fc
      .constantFrom('', 'T10:15', ' 10:15:30.5', 'T10:15:30Z', '+05:30', 'T10:15:30+05', 'T', ' x')
      .map(
        rest =>
          `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}${rest}`,
      ),
  )
const identifiers = fc.string({
  unit: fc.constantFrom('a', 'B', '7', '-', ' ', '+', '^', '\n', 'é', 'आ', 'ि', '१', '東', '😀', '\u200b', '\u0301'),
  maxLength: 12,
})
const texts = fc.oneof(
  identifiers,
  dates,
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme-ascii' }),
)
const length = (value: string): number => [...value].length

test('what comes out is text and depends on the text, not on its spelling', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...names),
      fc.constantFrom(...dialects),
      texts,
      fc.nat(),
      (name, dialect, value, seed) => {
        fc.pre(value.isWellFormed())
        const plain = masked(name, dialect, JSON.stringify(value))
        expect(plain === null || (typeof plain === 'string' && plain.isWellFormed())).toBe(true)
        expect(masked(name, dialect, respell(JSON.stringify(value), 0.5, createRandom(seed)))).toBe(plain)
      },
    ),
    { numRuns: runs(5_000) },
  )
})

test('what comes out is never longer than the column takes', () => {
  fc.assert(
    fc.property(fc.constantFrom(...names), fc.constantFrom(...dialects), texts, (name, dialect, value) => {
      const limit = Math.max(1, length(value))
      const type = columnType('string', { parameters: { '__debezium.source.column.length': String(limit) } })
      const hashed = name === 'MASK_HASH' && dialect !== 'trino' ? 64 : limit
      expect(length(masked(name, dialect, JSON.stringify(value), type) ?? '')).toBeLessThanOrEqual(hashed)
    }),
    { numRuns: runs(3_000) },
  )
})

test('strict MASK leaves nothing but separators and its own letters, one for one', () => {
  fc.assert(
    fc.property(texts, value => {
      const once = masked('MASK', 'strict', JSON.stringify(value)) ?? ''
      expect(once).toMatch(/^[Xxn\p{P}\p{Z}\p{Sc}\s+<=>^`|~]*$/u)
      expect(length(once)).toBe(length(value))
      // What is masked already stays, but for the n, which is a letter too.
      expect(masked('MASK', 'strict', JSON.stringify(once))).toBe(once.replaceAll('n', 'x'))
    }),
    { numRuns: runs(3_000) },
  )
})

test('strict MASK_SHOW keeps four characters at one end, and never the value', () => {
  const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
  const split = (value: string): string[] => [...graphemes.segment(value)].map(({ segment }) => segment)
  const says = (character: string): boolean => /[\p{L}\p{N}]/u.test(character)
  fc.assert(
    fc.property(fc.constantFrom('FIRST', 'LAST'), texts, (end, value) => {
      const shown = masked(`MASK_SHOW_${end}_4`, 'strict', JSON.stringify(value)) ?? ''
      const characters = split(value)
      const kept = (end === 'FIRST' ? characters.slice(0, 4) : characters.slice(-4)).join('')
      const rest = (end === 'FIRST' ? characters.slice(4) : characters.slice(0, -4)).join('')
      const hidden = masked('MASK', 'strict', JSON.stringify(rest))?.replace(/[Xn]/g, 'x') ?? ''
      const whole = masked('MASK', 'strict', JSON.stringify(value))?.replace(/[Xn]/g, 'x')
      expect([end === 'FIRST' ? kept + hidden : hidden + kept, whole]).toContain(shown)
      if (characters.filter(says).length <= 4 && !/[\p{So}\p{Co}]/u.test(value)) expect(shown).toBe(whole)
      if (says(value) && !value.includes('x')) expect(shown).not.toBe(value)
    }),
    { numRuns: runs(3_000) },
  )
})

const integers = fc.constantFrom('int8', 'int16', 'int32', 'int64').chain(kind => {
  const { min, max } = integerRange(kind as 'int8') ?? { min: 0n, max: 0n }
  const values = fc.oneof(
    fc.bigInt({ min, max }),
    fc.constantFrom(min, max, 0n, -1n),
    fc.bigInt({ min: min / 1000n, max: max / 1000n }),
  )
  return values.map((value): ['int8' | 'int16' | 'int32' | 'int64', bigint] => [kind as 'int8', value])
})

const calls = {
  MASK: ['mask', []],
  MASK_SHOW_LAST_4: ['mask_show_last_n', [4, 'x', 'x', 'x', -1, '1']],
  MASK_SHOW_FIRST_4: ['mask_show_first_n', [4, 'x', 'x', 'x', -1, '1']],
} as const

test('numbers keep their range and their number of digits; in Hive’s dialect they are those of its functions', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(calls)), integers, (name, [kind, value]) => {
      const call = calls[name as keyof typeof calls]
      const strict = BigInt(maskedLiteral(name, {}, columnType(kind), String(value)))
      const { min, max } = integerRange(kind) ?? { min: 0n, max: 0n }
      expect(strict >= min && strict <= max).toBe(true)
      expect(String(strict)).toHaveLength(String(value).length)
      if (String(value).replace('-', '').length <= 4) expect(String(strict)).toMatch(/^-?1+$/)
      const hive = maskedLiteral(name, { dialect: 'hive' }, columnType(kind), String(value))
      const bits = Number(kind.slice(3)) as IntegerBits
      // The least value of a type has no opposite: Hive's digits of it are negative, ours are not.
      if (value !== min) expect(BigInt(hive)).toBe(bindHiveMask(call[0], call[1])?.integer(value, bits))
    }),
    { numRuns: runs(3_000) },
  )
})

test('a decimal keeps its sign, scale and number of digits, in both spellings the same', () => {
  const type = columnType('bytes', { logical: 'org.apache.kafka.connect.data.Decimal' })
  const decimals = fc.tuple(
    fc.bigInt({ min: -(2n ** 130n), max: 2n ** 130n }),
    fc.integer({ min: 0, max: 12 }),
    fc.nat(130),
  )
  fc.assert(
    fc.property(decimals, ([wide, scale, shift]) => {
      const unscaled = wide >> BigInt(shift)
      const spelt = (value: bigint): { base64: Buffer; numeric: Buffer } => {
        const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
        const cut = digits.length - scale
        const number = `${value < 0n ? '-' : ''}${digits.slice(0, cut)}${scale === 0 ? '' : `.${digits.slice(cut)}`}`
        return decimalLiterals(number, new Map([['scale', String(scale)]])) ?? fail()
      }
      const { base64, numeric } = spelt(unscaled)
      const expected = spelt(BigInt(String(unscaled).replace(/\d/g, '1')))
      expect(maskedLiteral('MASK', {}, type, String(base64))).toBe(String(expected.base64))
      expect(maskedLiteral('MASK', {}, type, String(numeric))).toBe(String(expected.numeric))
    }),
    { numRuns: runs(2_000) },
  )
})

const fail = (): never => {
  throw new Error('no decimal')
}

test('Hive’s dialect writes what its functions give for text', () => {
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(calls)), texts, (name, value) => {
      const call = calls[name as keyof typeof calls]
      expect(masked(name, 'hive', JSON.stringify(value))).toBe(bindHiveMask(call[0], call[1])?.text(value))
    }),
    { numRuns: runs(3_000) },
  )
})

const units = [
  ['int32', 'io.debezium.time.Date', 86_400_000_000_000n],
  ['int64', 'io.debezium.time.Timestamp', 1_000_000n],
  ['int64', 'org.apache.kafka.connect.data.Timestamp', 1_000_000n],
  ['int64', 'io.debezium.time.MicroTimestamp', 1_000n],
  ['int64', 'io.debezium.time.NanoTimestamp', 1n],
] as const

test('the first day of the year is that of the calendar, and its own first day', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...units),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      fc.integer({ min: 0, max: 40 }),
      ([kind, logical, nanos], wide, shift) => {
        // Date knows 271,821 years before and 275,760 after the epoch.
        const moment = wide >> BigInt(shift)
        const value = kind === 'int32' ? BigInt.asIntN(27, moment) : moment
        const ms = (value * nanos) / 1_000_000n
        fc.pre(ms > -8_000_000_000_000_000n && ms < 8_000_000_000_000_000n)
        const date = new Date(Number(ms - (value * nanos < ms * 1_000_000n ? 1n : 0n)))
        const year = Date.UTC(2000, 0, 1)
        const first = new Date(year)
        first.setUTCFullYear(date.getUTCFullYear())
        const expected = (BigInt(first.getTime()) * 1_000_000n) / nanos
        const least = -(2n ** 63n)
        const type = columnType(kind, { logical })
        const shown = maskedLiteral('MASK_DATE_SHOW_YEAR', {}, type, String(value))
        expect(BigInt(shown)).toBe(expected < least ? least : expected)
        expect(maskedLiteral('MASK_DATE_SHOW_YEAR', {}, type, shown)).toBe(shown)
      },
    ),
    { numRuns: runs(5_000) },
  )
})

test('a text is a date where the calendar has it, and tells only its year', () => {
  fc.assert(
    fc.property(dates, fc.boolean(), (value, isZoned) => {
      const type = isZoned ? columnType('string', { logical: 'io.debezium.time.ZonedTimestamp' }) : text
      const shown = masked('MASK_DATE_SHOW_YEAR', 'strict', JSON.stringify(value), type)
      const [year = 0, month = 0, day = 0] = value.slice(0, 10).split('-').map(Number)
      const isDate = isDay({ year, month, day }) && !/T$| x$/.test(value)
      expect(shown !== null).toBe(isDate)
      if (shown === null) return
      expect(shown.slice(0, 10)).toBe(`${value.slice(0, 4)}-01-01`)
      expect(shown.slice(10).replace(/Z|\+[\d:]+$/, '')).toMatch(/^(?:[T ]00:00(?::00)?)?$/)
      expect(masked('MASK_DATE_SHOW_YEAR', 'strict', JSON.stringify(shown), type)).toBe(shown)
    }),
    { numRuns: runs(2_000) },
  )
})

test('a day and its number belong together', () => {
  fc.assert(
    fc.property(fc.integer({ min: -200_000_000_000, max: 200_000_000_000 }), days => {
      const date = civilDate(days)
      expect(isDay(date)).toBe(true)
      expect(dayNumber(date)).toBe(days)
    }),
    { numRuns: runs(3_000) },
  )
})
