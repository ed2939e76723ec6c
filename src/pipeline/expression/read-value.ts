import { fail, LETTER_N, OPEN_BRACE, QUOTE, stringText } from '../decode/scanner.ts'
import type { ColumnType } from '../schema.ts'
import { isKept, MAX_READ_DIGITS, parseDecimal, rescale } from './decimal.ts'
import { DECIMAL, scaleOf, typeOfColumn, VARIABLE_SCALE_DECIMAL } from './expression-type.ts'
import { jsonPath } from './json-path.ts'
import { floorDiv, keptDays, MICROS_PER_DAY, parseDate, parseTime, parseTimestamp } from './temporal.ts'
import { type Decimal, type Value, type Whole, whole } from './values.ts'

/** Reads the JSON value in b[start, end). */
export type ValueReader = (b: Buffer, start: number, end: number) => Value

/**
 * The reader of a column's values. A value that is not of the column's type fails with RECORD_MASK_TYPE_MISMATCH (an
 * Unreadable, as all of decode throws). TOAST placeholders are the caller's to find first: here they are text like any other.
 */
export function valueReader(type: ColumnType): ValueReader {
  const read = presentReader(type)
  return (b, start, end) => (b[start] === LETTER_N ? null : read(b, start, end))
}

export const readValue = (b: Buffer, start: number, end: number, type: ColumnType): Value =>
  valueReader(type)(b, start, end)

const mismatch = (at: number): never => fail('RECORD_MASK_TYPE_MISMATCH', at)

function presentReader(type: ColumnType): ValueReader {
  const { logical } = type
  if (logical === DECIMAL) return decimalReader(scaleOf(type))
  if (logical === VARIABLE_SCALE_DECIMAL) return readVariableScale
  const unit = logical === null ? undefined : units.get(logical)
  switch (typeOfColumn(type).kind) {
    case 'boolean':
      return readBoolean
    case 'integer':
      return readWhole
    case 'double':
      return readDouble
    case 'bytes':
      return (b, start, end) => Buffer.from(readText(b, start, end), 'base64')
    case 'text':
      return readText
    case 'date':
      return type.kind === 'string' ? readIsoDate : readDays
    case 'time':
      return type.kind === 'string' ? readTimeText : inMicros(unit ?? 1n)
    case 'timestamp':
    case 'timestamptz':
      return type.kind === 'string' ? readTimestampText : inMicros(unit ?? 1n)
    default:
      // The text, for a path that goes on inside; of the rest only whether it is there.
      return (b, start, end) => (b[start] === OPEN_BRACE ? b.toString('utf8', start, end) : true)
  }
}

/** How many microseconds one unit has; negative: how many units one microsecond has. */
const units: ReadonlyMap<string, bigint> = new Map([
  ['io.debezium.time.Time', 1000n],
  ['org.apache.kafka.connect.data.Time', 1000n],
  ['io.debezium.time.MicroTime', 1n],
  ['io.debezium.time.NanoTime', -1000n],
  ['io.debezium.time.Timestamp', 1000n],
  ['org.apache.kafka.connect.data.Timestamp', 1000n],
  ['io.debezium.time.MicroTimestamp', 1n],
  ['io.debezium.time.NanoTimestamp', -1000n],
])

/** The unit of a numeric time type, for the writer. */
export const timeUnit = (logical: string | null): bigint => (logical === null ? 1n : (units.get(logical) ?? 1n))

function readBoolean(b: Buffer, start: number): boolean {
  if (b[start] === 116) return true
  return b[start] === 102 ? false : mismatch(start)
}

const MINUS = 45
const ZERO = 48
const NINE = 57

function readWhole(b: Buffer, start: number, end: number): Whole {
  const from = b[start] === MINUS ? start + 1 : start
  if (from === end || end - from > MAX_READ_DIGITS) mismatch(start)
  let value = 0
  for (let i = from; i < end; i++) {
    const digit = b[i] as number
    if (digit < ZERO || digit > NINE) mismatch(start)
    value = value * 10 + (digit - ZERO)
  }
  // Sixteen digits are exact up to 2^53: microseconds of our times have so many.
  if (value > Number.MAX_SAFE_INTEGER) return whole(BigInt(b.toString('latin1', start, end)))
  return from === start ? value : 0 - value
}

function readText(b: Buffer, start: number, end: number): string {
  return b[start] === QUOTE ? stringText(b, start, end) : mismatch(start)
}

const doubleWords: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
])

function readDouble(b: Buffer, start: number, end: number): number {
  if (b[start] === QUOTE) return doubleWords.get(stringText(b, start, end)) ?? mismatch(start)
  const value = Number(b.toString('latin1', start, end))
  return Number.isNaN(value) ? mismatch(start) : value
}

/** JsonConverter writes base64 of the unscaled number or, with `decimal.format=NUMERIC`, a number. */
function decimalReader(scale: number | null): ValueReader {
  return (b, start, end) => {
    if (scale === null) return true
    if (b[start] === QUOTE) return { unscaled: unscaledOf(readText(b, start, end), start), scale }
    const number = parseDecimal(b.toString('latin1', start, end)) ?? mismatch(start)
    if (number.scale > scale) return mismatch(start)
    return rescale(number, scale) ?? mismatch(start)
  }
}

/** Big-endian two's complement. */
function unscaledOf(base64: string, at: number): bigint {
  const bytes = Buffer.from(base64, 'base64')
  // Longer than any number that is kept.
  if (bytes.length === 0 || bytes.length > 2048) return mismatch(at)
  if (bytes.length <= 6) return BigInt(bytes.readIntBE(0, bytes.length))
  const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  return isKept(unscaled) ? unscaled : mismatch(at)
}

const scaleMember = jsonPath(['scale'])
const valueMember = jsonPath(['value'])

function readVariableScale(b: Buffer, start: number, end: number): Decimal {
  const text = b.toString('utf8', start, end)
  const scale = Number(scaleMember(text) ?? Number.NaN)
  const value = valueMember(text)
  if (!Number.isInteger(scale) || Math.abs(scale) > MAX_READ_DIGITS || value === null) return mismatch(start)
  const unscaled = unscaledOf(value, start)
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * 10n ** BigInt(-scale), scale: 0 }
}

function readDays(b: Buffer, start: number, end: number): number {
  const days = readWhole(b, start, end)
  return (typeof days === 'number' ? keptDays(days) : null) ?? mismatch(start)
}

const readIsoDate: ValueReader = (b, start, end) => parseDate(readText(b, start, end)) ?? mismatch(start)

const readTimestampText: ValueReader = (b, start, end) =>
  parseTimestamp(readText(b, start, end))?.micros ?? mismatch(start)

const readTimeText: ValueReader = (b, start, end) => {
  const { micros } = parseTime(readText(b, start, end)) ?? mismatch(start)
  return (((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY) + 0
}

/** What is finer than a microsecond is cut off. */
function inMicros(unit: bigint): ValueReader {
  if (unit === 1n) return readWhole
  if (unit < 0n) return (b, start, end) => whole(floorDiv(BigInt(readWhole(b, start, end)), -unit))
  const factor = Number(unit)
  return (b, start, end) => {
    const value = readWhole(b, start, end)
    const micros = typeof value === 'number' ? value * factor : Number.NaN
    return Number.isSafeInteger(micros) ? micros : whole(BigInt(value) * unit)
  }
}
