import { requireEnd, skipSpace, skipValue, Unreadable } from '../decode/scanner.ts'
import { integerRange } from '../mask/value-types.ts'
import { type ColumnType, columnLength } from '../schema.ts'
import { MAX_READ_DIGITS, rescale } from './decimal.ts'
import { scaleOf, typeOfColumn, VARIABLE_SCALE_DECIMAL } from './expression-type.ts'
import { timeUnit } from './read-value.ts'
import { dateText, floorDiv, timestampText, timeText } from './temporal.ts'
import { codePoints } from './text.ts'
import type { Decimal, Value, Whole } from './values.ts'

/** The JSON literal of a value in its column; null where it does not fit. */
export type ValueLiteral = (value: NonNullable<Value>) => string | null

/**
 * The spelling of a column's values. They must be of the kind that `typeOfColumn` says, and are spelled exactly: what would
 * lose digits, is out of range or too long does not fit. Null: there is none for such a column.
 */
export function valueLiteral(type: ColumnType): ValueLiteral | null {
  const { kind } = typeOfColumn(type)
  switch (kind) {
    case 'boolean':
      return value => String(value)
    case 'integer':
      return inRange(type, value => value as Whole)
    case 'double':
      return value => doubleLiteral(type.kind === 'float', value as number)
    case 'decimal':
      return type.logical === VARIABLE_SCALE_DECIMAL ? variableScaleLiteral : decimalLiteral(type)
    case 'text':
      return textLiteral(type)
    case 'bytes':
      return value => `"${(value as Buffer).toString('base64')}"`
    case 'date':
      return type.kind === 'string'
        ? isoText(value => dateText(value as number))
        : inRange(type, value => value as Whole)
    case 'time':
      return type.kind === 'string' ? isoText(value => timeText(value as number)) : inUnits(type)
    case 'timestamp':
    case 'timestamptz':
      return type.kind === 'string' ? isoText(value => timestampText(value as Whole, 'T')) : inUnits(type)
    default:
      return null
  }
}

function inRange(type: ColumnType, number: (value: NonNullable<Value>) => Whole): ValueLiteral {
  const range = integerRange(type.kind)
  if (range === null) return () => null
  const { min, max } = range
  return value => {
    const found = number(value)
    return found >= min && found <= max ? String(found) : null
  }
}

/** What is finer than the column's unit is cut off, as of a timestamp(3). */
function inUnits(type: ColumnType): ValueLiteral {
  const unit = timeUnit(type.logical)
  if (unit === 1n) return inRange(type, value => value as Whole)
  return inRange(type, value => (unit < 0n ? BigInt(value as Whole) * -unit : floorDiv(BigInt(value as Whole), unit)))
}

/** At UTC; years of five digits have no such form. */
const isoText =
  (text: (value: NonNullable<Value>) => string): ValueLiteral =>
  value => {
    const written = text(value)
    return /^\d{4}-|^\d\d:/.test(written) ? `"${written}Z"` : null
  }

function doubleLiteral(isFloat: boolean, value: number): string | null {
  if (!Number.isFinite(value)) return `"${value}"`
  return isFloat && !Number.isFinite(Math.fround(value)) ? null : JSON.stringify(value)
}

function decimalLiteral(type: ColumnType): ValueLiteral {
  const scale = scaleOf(type) ?? 0
  const precision = Number(type.parameters.get('connect.decimal.precision') ?? MAX_READ_DIGITS)
  const limit =
    Number.isInteger(precision) && precision > 0 && precision <= MAX_READ_DIGITS ? 10n ** BigInt(precision) : null
  return value => {
    const unscaled = exactly(value as Decimal, scale)
    if (unscaled === null || (limit !== null && (unscaled >= limit || unscaled <= -limit))) return null
    return `"${twosComplement(unscaled).toString('base64')}"`
  }
}

/** The unscaled number at another scale, where no digit is lost. */
function exactly(value: Decimal, scale: number): bigint | null {
  const rescaled = rescale(value, scale)
  if (rescaled === null) return null
  const back = scale < value.scale ? rescale(rescaled, value.scale) : value
  return back?.unscaled === value.unscaled ? rescaled.unscaled : null
}

const variableScaleLiteral: ValueLiteral = value => {
  const { unscaled, scale } = value as Decimal
  return `{"scale":${scale},"value":"${twosComplement(unscaled).toString('base64')}"}`
}

/** Shortest big-endian two's complement, as java.math.BigInteger.toByteArray gives it. */
function twosComplement(value: bigint): Buffer {
  // A bit for the sign; of a negative number the complement tells the length.
  const bits = (value < 0n ? ~value : value).toString(2).length + 1
  const bytes = value === 0n || value === -1n ? 1 : Math.ceil(bits / 8)
  const hex = BigInt.asUintN(bytes * 8, value).toString(16)
  return Buffer.from(hex.padStart(bytes * 2, '0'), 'hex')
}

const uuid = /^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/

function textLiteral(type: ColumnType): ValueLiteral | null {
  const limit = columnLength(type)
  const quoted: ValueLiteral = value => {
    const text = value as string
    return limit !== null && text.length > limit && codePoints(text) > limit ? null : JSON.stringify(text)
  }
  switch (type.logical) {
    case null:
      return quoted
    case 'io.debezium.data.Json':
      return value => (isJson(value as string) ? quoted(value) : null)
    case 'io.debezium.data.Uuid':
      return value => (uuid.test(value as string) ? quoted(value) : null)
    case 'io.debezium.data.Enum': {
      const allowed = new Set((type.parameters.get('allowed') ?? '').split(','))
      return value => (allowed.has(value as string) ? quoted(value) : null)
    }
    default:
      // Whether a text is one of XML, of a label tree ... cannot be told here.
      return null
  }
}

function isJson(text: string): boolean {
  const b = Buffer.from(text)
  try {
    requireEnd(b, skipValue(b, skipSpace(b, 0), b.length, 0), b.length)
    return true
  } catch (error) {
    if (error instanceof Unreadable) return false
    throw error
  }
}
