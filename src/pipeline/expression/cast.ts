import { type Bound, mapped, refuse } from './bound.ts'
import {
  decimalOf,
  decimalOfDouble,
  decimalText,
  decimalToDouble,
  divideRounded,
  parseDecimal,
  parseDouble,
  parseWhole,
  rescale,
  truncateDecimal,
} from './decimal.ts'
import type { Dialect } from './dialect.ts'
import { type ExpressionType, type IntegerBits, kindNames, type TypeKind } from './expression-type.ts'
import {
  dateText,
  daysOfMicros,
  keptDays,
  microsOfDay,
  microsOfDays,
  MICROS_PER_DAY,
  parseDate,
  parseTime,
  parseTimestamp,
  timestampText,
  timeText,
} from './temporal.ts'
import { codePoints, firstCharacters } from './text.ts'
import { type Decimal, type Value, type Whole, whole } from './values.ts'

/** What a value is to become. */
export type CastTarget =
  | { readonly kind: 'boolean' | 'double' | 'date' | 'time' | 'timestamp' | 'timestamptz' | 'bytes' }
  /** null: any size. */
  | { readonly kind: 'integer'; readonly min: bigint | null; readonly max: bigint | null; readonly bits?: IntegerBits }
  | { readonly kind: 'decimal'; readonly precision: number | null; readonly scale: number | null }
  | { readonly kind: 'text'; readonly length: number | null }

type Convert = (value: NonNullable<Value>) => Value

/** `fails`: some values become NULL. */
interface Conversion {
  readonly convert: Convert
  readonly fails: boolean
}

const always = (convert: Convert): Conversion => ({ convert, fails: false })
const sometimes = (convert: Convert): Conversion => ({ convert, fails: true })
const same = always(value => value)

/** CAST: a value that cannot become the type is NULL, a type that never can is refused. */
export function cast(input: Bound, target: CastTarget, dialect: Dialect): Bound {
  const type = targetType(target, input.type)
  if (input.type.kind === 'null') return mapped(input, type, value => value, false)
  const conversion = conversionOf(input.type.kind, target, dialect)
  if (conversion === null) {
    return refuse(input.at, `${kindNames[input.type.kind]} cannot be cast to ${castNames[target.kind]}`)
  }
  return mapped(input, type, conversion.convert, conversion.fails)
}

const castNames: Readonly<Record<CastTarget['kind'], string>> = { ...kindNames, integer: 'a whole number' }

function targetType(target: CastTarget, from: ExpressionType): ExpressionType {
  if (target.kind === 'text') {
    const known = from.kind === 'text' ? from.length : null
    return { kind: 'text', length: target.length === null ? known : Math.min(target.length, known ?? target.length) }
  }
  if (target.kind === 'integer')
    return target.bits === undefined ? { kind: 'integer' } : { kind: 'integer', bits: target.bits }
  if (target.kind !== 'decimal') return { kind: target.kind }
  return {
    kind: 'decimal',
    scale: target.scale ?? (from.kind === 'decimal' ? from.scale : from.kind === 'integer' ? 0 : null),
  }
}

function conversionOf(from: TypeKind, target: CastTarget, dialect: Dialect): Conversion | null {
  switch (target.kind) {
    case 'boolean':
      return toBoolean(from)
    case 'integer':
      return inRange(toWhole(from, dialect), target.min, target.max)
    case 'double':
      return toDouble(from)
    case 'decimal':
      return withPrecision(toDecimal(from), target.precision, target.scale)
    case 'text':
      return withLength(toText(from), target.length)
    case 'bytes':
      return from === 'bytes' ? same : null
    case 'date':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return toTemporal(from, target.kind)
  }
}

const isTextual = (kind: TypeKind): boolean => kind === 'text' || kind === 'json'

const booleanWords: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['t', true],
  ['false', false],
  ['f', false],
])

function toBoolean(from: TypeKind): Conversion | null {
  if (from === 'boolean') return same
  if (from === 'integer') return always(value => value !== 0)
  if (!isTextual(from)) return null
  return sometimes(value =>
    String(value).length > 16 ? null : (booleanWords.get(String(value).trim().toLowerCase()) ?? null),
  )
}

/** Of decimals and doubles Hive takes the part before the point, the others round. */
function toWhole(from: TypeKind, dialect: Dialect): Conversion | null {
  if (from === 'integer') return same
  if (from === 'boolean') return always(value => (value === true ? 1 : 0))
  if (isTextual(from)) return sometimes(value => parseWhole(value as string))
  const ofDecimal = (value: Decimal): Whole =>
    dialect === 'hive' ? truncateDecimal(value) : whole(divideRounded(value.unscaled, 10n ** BigInt(value.scale)))
  if (from === 'decimal') return always(value => ofDecimal(value as Decimal))
  if (from !== 'double') return null
  return sometimes(value => {
    const exact = decimalOfDouble(value as number)
    return exact === null ? null : ofDecimal(exact)
  })
}

function inRange(conversion: Conversion | null, min: bigint | null, max: bigint | null): Conversion | null {
  if (conversion === null || min === null || max === null) return conversion
  const { convert } = conversion
  return sometimes(value => {
    const converted = convert(value) as Whole | null
    return converted === null || converted < min || converted > max ? null : converted
  })
}

function toDouble(from: TypeKind): Conversion | null {
  if (from === 'double') return same
  if (from === 'integer') return always(value => Number(value))
  if (from === 'decimal') return always(value => decimalToDouble(value as Decimal))
  return isTextual(from) ? sometimes(value => parseDouble(value as string)) : null
}

function toDecimal(from: TypeKind): Conversion | null {
  if (from === 'decimal') return same
  if (from === 'integer') return always(value => decimalOf(value as Whole))
  if (from === 'double') return sometimes(value => decimalOfDouble(value as number))
  return isTextual(from) ? sometimes(value => parseDecimal(value as string)) : null
}

function withPrecision(
  conversion: Conversion | null,
  precision: number | null,
  scale: number | null,
): Conversion | null {
  if (conversion === null || scale === null) return conversion
  const { convert, fails } = conversion
  const limit = precision === null ? null : 10n ** BigInt(precision)
  const fitted: Convert = value => {
    const converted = convert(value) as Decimal | null
    const rounded = converted === null ? null : rescale(converted, scale)
    if (rounded === null || limit === null) return rounded
    return rounded.unscaled < limit && rounded.unscaled > -limit ? rounded : null
  }
  return { convert: fitted, fails: fails || precision !== null }
}

function toText(from: TypeKind): Conversion | null {
  switch (from) {
    case 'text':
    case 'json':
      return same
    case 'boolean':
    case 'integer':
    case 'double':
      return always(String)
    case 'decimal':
      return always(value => decimalText(value as Decimal))
    case 'date':
      return always(value => dateText(value as number))
    case 'time':
      return always(value => timeText(value as number))
    case 'timestamp':
      return always(value => timestampText(value as Whole))
    case 'timestamptz':
      return always(value => `${timestampText(value as Whole)}+00`)
    default:
      return null
  }
}

function withLength(conversion: Conversion | null, length: number | null): Conversion | null {
  if (conversion === null || length === null) return conversion
  const { convert, fails } = conversion
  return { convert: value => firstCharacters(convert(value) as string, length), fails }
}

type TemporalKind = 'date' | 'time' | 'timestamp' | 'timestamptz'

const isMoment = (kind: TypeKind): boolean => kind === 'timestamp' || kind === 'timestamptz'

/** All times are at UTC, so a timestamp and one with a zone are the same number. */
function toTemporal(from: TypeKind, to: TemporalKind): Conversion | null {
  if (from === to || (isMoment(from) && isMoment(to))) return same
  if (isTextual(from)) return sometimes(value => parseTemporal(value as string, to))
  if (isMoment(from) && to === 'date') {
    return sometimes(value => keptDays(daysOfMicros(value as Whole)))
  }
  if (isMoment(from) && to === 'time') return always(value => microsOfDay(value as Whole))
  return from === 'date' && isMoment(to) ? always(value => microsOfDays(value as number)) : null
}

function parseTemporal(text: string, to: TemporalKind): Value {
  if (to === 'date') return parseDate(text)
  if (to === 'time') {
    const time = parseTime(text)
    return time === null ? null : (((time.micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY) + 0
  }
  return parseTimestamp(text)?.micros ?? null
}

/** An upper bound of the characters of a value as text. */
export const lengthOf = (type: ExpressionType): number | null => (type.kind === 'text' ? type.length : null)

/** The length of a constant, as the type of text tells it. */
export const literalLength = (text: string): number => codePoints(text)
