import { fail } from '../decode/scanner.ts'
import { civilDate, dayNumber, isDay } from './civil-date.ts'
import { writeBytes } from './literal.ts'
import type { ValueMask } from './mask-type.ts'

const MINUS = 45
const PLUS = 43
const ZERO = 48
const COLON = 58

const isDigit = (c: number | undefined): boolean => c !== undefined && c >= ZERO && c <= 57

/** The first day of the year as a number of days. */
const firstOfYear = (days: number): number => dayNumber({ year: civilDate(days).year, month: 1, day: 1 })

const mismatch = (at: number): never => fail('RECORD_MASK_TYPE_MISMATCH', at)

/** Dates that are a number of days. */
export const daysMask: ValueMask = {
  maxBytes: length => length + 8,
  write: (src, start, end, out, at) => {
    const isNegative = src[start] === MINUS
    const size = readDigits(src, isNegative ? start + 1 : start, end, start)
    if (end - start > 11 || size > 2 ** 31 - (isNegative ? 0 : 1)) return mismatch(start)
    return writeInteger(firstOfYear(isNegative ? -size : size), out, at)
  },
}

/** Postgres' infinity and -infinity as its driver and Debezium write them: there is no year in them to show. */
const infinities = ['9223372036825200000', '-9223372036832400000'].map(text => Buffer.from(text))
const LEAST = Buffer.from(String(-(2n ** 63n)))

/**
 * Timestamps. A day has 864 followed by so many zeros of their units, so the number is divided without leaving the integers
 * that a double holds: the zeros are cut off as digits and put back as digits.
 */
export function timestampMask(zeros: 5 | 8 | 11): ValueMask {
  const largest = Number(2n ** 63n / 10n ** BigInt(zeros))
  return {
    maxBytes: length => length + 24,
    write: (src, start, end, out, at) => {
      for (const infinity of infinities)
        if (isText(infinity, src, start, end)) return at + src.copy(out, at, start, end)
      const isNegative = src[start] === MINUS
      const from = isNegative ? start + 1 : start
      if (end - from > 19) return mismatch(start)
      const cut = Math.max(from, end - zeros)
      const tail = readDigits(src, cut, end, start)
      const head = cut === from ? 0 : readDigits(src, from, cut, start)
      if (head > largest) return mismatch(start)
      const days = isNegative ? -Math.ceil((tail === 0 ? head : head + 0.5) / 864) : Math.floor(head / 864)
      const first = firstOfYear(days) * 864
      // The first of January may lie before the least number of the type; that one is in the same year.
      if (first < -largest) return at + LEAST.copy(out, at)
      at = writeInteger(first, out, at)
      if (first !== 0) for (let n = zeros; n > 0; n--) out[at++] = ZERO
      return at
    },
  }
}

function isText(text: Buffer, src: Buffer, start: number, end: number): boolean {
  if (end - start !== text.length) return false
  for (let i = 0; i < text.length; i++) if (src[start + i] !== text[i]) return false
  return true
}

/** At most 14 of them, so a double holds the number. */
function readDigits(src: Buffer, from: number, to: number, start: number): number {
  if (from >= to) return mismatch(start)
  let number = 0
  for (let i = from; i < to; i++) {
    if (!isDigit(src[i])) return mismatch(start)
    number = number * 10 + (src[i] as number) - ZERO
  }
  return number
}

function writeInteger(number: number, out: Buffer, at: number): number {
  if (number < 0) out[at++] = MINUS
  let rest = Math.abs(number)
  let length = 1
  for (let n = rest; n >= 10; n = Math.floor(n / 10)) length++
  for (let i = at + length - 1; i >= at; i--) {
    out[i] = ZERO + (rest % 10)
    rest = Math.floor(rest / 10)
  }
  return at + length
}

/**
 * Writes a date or timestamp of ISO 8601 (or as Postgres prints it, with a blank) as the first moment of its year, in the
 * same form: the time in zeros, no fraction, the offset as it was, for the year is the local one. The text is
 * src[from, to); -1 where it is no such text. `longYears`: more than four digits, or a sign.
 */
export function writeFirstOfYear(
  src: Buffer,
  from: number,
  to: number,
  longYears: boolean,
  out: Buffer,
  at: number,
): number {
  let i = from
  if (src[i] === MINUS || src[i] === PLUS) {
    if (!longYears) return -1
    i++
  }
  const yearFrom = i
  while (i < to && isDigit(src[i])) i++
  const yearDigits = i - yearFrom
  if (yearDigits < 4 || yearDigits > (longYears ? 9 : 4)) return -1
  const year = digitsAt(src, yearFrom, i)
  if (to - i < 6 || src[i] !== MINUS || src[i + 3] !== MINUS) return -1
  const month = digitsAt(src, i + 1, i + 3)
  const day = digitsAt(src, i + 4, i + 6)
  if (!isDay({ year: src[from] === MINUS ? -year : year, month, day })) return -1
  for (let n = from; n < i; n++) out[at++] = src[n] as number
  at = writeBytes(JANUARY_1, out, at)
  i += 6
  if (src[i] === LETTER_T || src[i] === BLANK) {
    if (i >= to) return -1
    out[at++] = src[i++] as number
    const time = timeEnd(src, i, to)
    if (time === -1) return -1
    for (; i < time; i++) out[at++] = src[i] === COLON ? COLON : ZERO
    if ((src[i] === DOT || src[i] === COMMA) && i < to) {
      const fraction = ++i
      while (i < to && isDigit(src[i])) i++
      if (i === fraction) return -1
    }
  }
  if (!isOffset(src, i, to)) return -1
  for (; i < to; i++) out[at++] = src[i] as number
  return at
}

const JANUARY_1 = Buffer.from('-01-01')
const LETTER_T = 84
const LETTER_Z = 90
const BLANK = 32
const DOT = 46
const COMMA = 44

/** NaN where one is no digit. */
function digitsAt(src: Buffer, from: number, to: number): number {
  let number = 0
  for (let i = from; i < to; i++) number = isDigit(src[i]) ? number * 10 + (src[i] as number) - ZERO : Number.NaN
  return number
}

/** Behind `10:15` or `10:15:30`; -1 where there is none. */
function timeEnd(src: Buffer, i: number, to: number): number {
  if (to - i < 5 || !isPair(src, i) || src[i + 2] !== COLON || !isPair(src, i + 3)) return -1
  if (i + 5 >= to || src[i + 5] !== COLON) return i + 5
  return to - i >= 8 && isPair(src, i + 6) ? i + 8 : -1
}

const isPair = (src: Buffer, i: number): boolean => isDigit(src[i]) && isDigit(src[i + 1])

/** Nothing, `Z`, `+05`, `+0530`, `+05:30`, `+05:30:00`. */
function isOffset(src: Buffer, from: number, to: number): boolean {
  if (from === to) return true
  if (src[from] === LETTER_Z) return from + 1 === to
  if ((src[from] !== PLUS && src[from] !== MINUS) || to - from < 3 || !isPair(src, from + 1)) return false
  let i = from + 3
  for (let pairs = 1; i < to && pairs < 3; pairs++) {
    if (src[i] === COLON) i++
    if (to - i < 2 || !isPair(src, i)) return false
    i += 2
  }
  return i === to
}
