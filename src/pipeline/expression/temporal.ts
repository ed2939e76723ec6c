import { type Whole, whole } from './values.ts'

/**
 * Dates as days and times as microseconds since 1970, in the proleptic Gregorian calendar at UTC. Not by way of `Date`,
 * which ends in the year 275760 and knows milliseconds only: Debezium's infinity lies beyond.
 */
export interface Civil {
  readonly year: number
  readonly month: number
  readonly day: number
}

export const MICROS_PER_DAY = 86_400_000_000
/** Days beyond these are no dates: a year has at most seven digits. */
const MAX_DAYS = 366 * 10_000_000

/** https://howardhinnant.github.io/date_algorithms.html, days_from_civil */
export function daysOfCivil({ year, month, day }: Civil): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

/** https://howardhinnant.github.io/date_algorithms.html, civil_from_days */
export function civilOfDays(days: number): Civil {
  const z = days + 719_468
  const era = Math.floor(z / 146_097)
  const dayOfEra = z - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const mp = Math.floor((5 * dayOfYear + 2) / 153)
  const month = mp < 10 ? mp + 3 : mp - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * mp + 2) / 5) + 1,
  }
}

/** Null where it is no date that we keep. */
export const keptDays = (days: number): number | null =>
  Number.isInteger(days) && Math.abs(days) <= MAX_DAYS ? days : null

/** Midnight of a day. */
export function microsOfDays(days: number): Whole {
  const micros = days * MICROS_PER_DAY
  return Number.isSafeInteger(micros) ? micros : whole(BigInt(days) * BigInt(MICROS_PER_DAY))
}

export const daysOfMicros = (micros: Whole): number =>
  typeof micros === 'number' ? Math.floor(micros / MICROS_PER_DAY) : Number(floorDiv(micros, BigInt(MICROS_PER_DAY)))

export function microsOfDay(micros: Whole): number {
  if (typeof micros === 'bigint')
    return Number(micros - floorDiv(micros, BigInt(MICROS_PER_DAY)) * BigInt(MICROS_PER_DAY))
  const rest = micros % MICROS_PER_DAY
  return rest < 0 ? rest + MICROS_PER_DAY : rest + 0
}

/** Rounded down, also before 1970. */
export function floorDiv(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient
}

const dateForm = /^\s*(-?\d{4,7})-(\d{1,2})-(\d{1,2})(?:([ T])(.*)|(Z?)\s*)$/s
const timeForm = /^(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?\s*$/
/** The longest text that can be one; keeps the patterns from running over long ones. */
const MAX_TEXT = 64

export interface Instant {
  readonly micros: Whole
  /** The text told an offset or Z. */
  readonly zoned: boolean
}

interface DateAndRest {
  readonly days: number
  /** The time behind the date; null where there is none. */
  readonly time: { readonly micros: number; readonly zoned: boolean } | null
  readonly zoned: boolean
}

function readDate(text: string): DateAndRest | null {
  const match = text.length > MAX_TEXT ? null : dateForm.exec(text)
  if (match === null) return null
  const [, year, month, day, separator, rest = '', zone = ''] = match
  const civil = { year: Number(year), month: Number(month), day: Number(day) }
  const days = daysOfCivil(civil)
  // The 30th of February is no day.
  const same = civilOfDays(days)
  if (same.month !== civil.month || same.day !== civil.day) return null
  if (separator !== 'T' && rest.trim() === '') return { days, time: null, zoned: zone !== '' }
  const time = parseTime(rest)
  return time === null ? null : { days, time, zoned: time.zoned }
}

/** The day of `2016-04-20`, also of a timestamp; null for any other text. */
export const parseDate = (text: string): number | null => readDate(text)?.days ?? null

/** A date with or without a time, a `T` or a blank between; what is finer than a microsecond is cut off. */
export function parseTimestamp(text: string): Instant | null {
  const read = readDate(text)
  if (read === null) return null
  const micros = BigInt(read.days) * BigInt(MICROS_PER_DAY) + BigInt(read.time?.micros ?? 0)
  return { micros: whole(micros), zoned: read.zoned }
}

/** Microseconds of the day, at UTC where an offset is told: so it may lie outside of the day. */
export function parseTime(text: string): { readonly micros: number; readonly zoned: boolean } | null {
  if (text.length > MAX_TEXT) return null
  const match = timeForm.exec(text.trimStart())
  if (match === null) return null
  const [, hour = '', minute = '', second = '0', fraction = '', zone] = match
  const [h, m, s] = [Number(hour), Number(minute), Number(second)]
  if (h > 23 || m > 59 || s > 59) return null
  const offset = zone === undefined ? 0 : parseOffset(zone)
  if (offset === null) return null
  const micros = ((h * 60 + m) * 60 + s) * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6))
  return { micros: micros - offset * 60_000_000, zoned: zone !== undefined }
}

/** In minutes. */
function parseOffset(zone: string): number | null {
  if (zone === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', '') || '0')
  if (hours > 18 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

const two = (n: number): string => String(n).padStart(2, '0')

export function dateText(days: number): string {
  const { year, month, day } = civilOfDays(days)
  return `${year < 0 ? '-' : ''}${String(Math.abs(year)).padStart(4, '0')}-${two(month)}-${two(day)}`
}

/** `10:15:30`, with as many digits behind the point as it has. */
export function timeText(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000)
  const fraction = String(micros % 1_000_000)
    .padStart(6, '0')
    .replace(/0+$/, '')
  const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
  return fraction === '' ? clock : `${clock}.${fraction}`
}

export const timestampText = (micros: Whole, between = ' '): string =>
  `${dateText(daysOfMicros(micros))}${between}${timeText(microsOfDay(micros))}`

export type TruncUnit = 'year' | 'quarter' | 'month' | 'week' | 'day' | 'hour' | 'minute' | 'second'

/** The first day of the unit that the day lies in; weeks begin on Mondays. */
export function truncateDays(days: number, unit: TruncUnit): number {
  const { year, month } = civilOfDays(days)
  if (unit === 'year') return daysOfCivil({ year, month: 1, day: 1 })
  if (unit === 'quarter') return daysOfCivil({ year, month: month - ((month - 1) % 3), day: 1 })
  if (unit === 'month') return daysOfCivil({ year, month, day: 1 })
  // 1970-01-01 was a Thursday.
  if (unit === 'week') return days - ((((days + 3) % 7) + 7) % 7)
  return days
}

export function truncateMicros(micros: Whole, unit: TruncUnit): Whole {
  const size = unit === 'hour' ? 3_600_000_000 : unit === 'minute' ? 60_000_000 : unit === 'second' ? 1_000_000 : null
  if (size === null) return microsOfDays(truncateDays(daysOfMicros(micros), unit))
  const rest = microsOfDay(micros) % size
  return typeof micros === 'number' ? micros - rest : whole(micros - BigInt(rest))
}
