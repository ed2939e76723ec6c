import { createHash } from 'node:crypto'
import { isDay, isLeapYear, weekdayOf } from './civil-date.ts'

/**
 * What Ranger's plugin for nested structures (JSON) gives for text. Null is a value to it: masks have their result for it
 * too, though no record of ours brings one.
 */

export const NESTED_NUMBER = -11_111
export const NESTED_BOOLEAN = false

/** Stars, at least five and at most thirty. */
export const nestedMask = (text: string | null): string => '*'.repeat(Math.min(30, Math.max(5, text?.length ?? 0)))

/** By UTF-16 unit; four or fewer stay as they are. */
export const nestedShowLast4 = (text: string | null): string | null =>
  text === null || text.length <= 4 ? text : 'x'.repeat(text.length - 4) + text.slice(-4)

export const nestedShowFirst4 = (text: string | null): string | null =>
  text === null || text.length <= 4 ? text : text.slice(0, 4) + 'x'.repeat(text.length - 4)

export const nestedHash = (text: string | null): string =>
  createHash('sha256')
    .update(text ?? 'null', 'utf8')
    .digest('hex')

/** The year of a date in any of the plugin's twelve forms; undefined where it is none. */
export function nestedYear(text: string | null): string | null | undefined {
  if (text === null || text === '') return text
  for (const read of [basicDate, isoDate, ordinalDate, weekDate, mailDate]) {
    const year = read(text)
    if (year !== null) return yearText(year)
  }
  return undefined
}

/** As java.time's `yyyy`: the year of the era, at least four digits, a sign where there are more. */
function yearText(year: number): string {
  const ofEra = year > 0 ? year : 1 - year
  return ofEra > 9999 ? `+${ofEra}` : String(ofEra).padStart(4, '0')
}

const two = '[0-9]{2}'
const year = '([0-9]{4}|-[0-9]{4}|[+-][0-9]{5,9})'
const offset = `(?:Z|[+-]${two}:${two}(?::${two})?)`
const time = `(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\\.[0-9]{0,9})?)?`
const zone = String.raw`\[[A-Za-z0-9/_+:~.-]+\]`

const basicForm = new RegExp(`^([0-9]{4})(${two})(${two})(?:Z|[+-]${two}${two}(?:${two})?)?$`, 'i')
const isoForm = new RegExp(`^${year}-(${two})-(${two})(?:${offset}|T${time}(?:${offset}(?:${zone})?|${zone})?)?$`, 'i')
const ordinalForm = new RegExp(`^${year}-([0-9]{3})${offset}?$`, 'i')
const weekForm = new RegExp(`^${year}-W(${two})-([1-7])${offset}?$`, 'i')

const existing = (year: number, month: number, day: number): number | null =>
  isDay({ year, month, day }) ? year : null

function basicDate(text: string): number | null {
  const match = basicForm.exec(text)
  return match === null ? null : existing(Number(match[1]), Number(match[2]), Number(match[3]))
}

function isoDate(text: string): number | null {
  const match = isoForm.exec(text)
  return match === null ? null : existing(Number(match[1]), Number(match[2]), Number(match[3]))
}

function ordinalDate(text: string): number | null {
  const match = ordinalForm.exec(text)
  if (match === null) return null
  const year = Number(match[1])
  const day = Number(match[2])
  return day >= 1 && day <= (isLeapYear(year) ? 366 : 365) ? year : null
}

/** A week belongs to the year of its Thursday, a day to its own. */
function weekDate(text: string): number | null {
  const match = weekForm.exec(text)
  if (match === null) return null
  const weekYear = Number(match[1])
  const week = Number(match[2])
  // Monday of week 1, counted from the first of January: -3 to 3.
  const january1 = weekdayOf({ year: weekYear, month: 1, day: 1 })
  const firstMonday = january1 <= 4 ? 1 - january1 : 8 - january1
  const dayOfYear = firstMonday + (week - 1) * 7 + Number(match[3]) - 1
  const length = isLeapYear(weekYear) ? 366 : 365
  const weeks = january1 === 4 || (january1 === 3 && isLeapYear(weekYear)) ? 53 : 52
  if (week < 1 || week > weeks) return null
  return dayOfYear < 0 ? weekYear - 1 : dayOfYear >= length ? weekYear + 1 : weekYear
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const mailForm = new RegExp(
  `^(?:([a-z]{3}), )?([0-9]{1,2}) ([a-z]{3}) ([0-9]{4}) (?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])? (?:GMT|[+-]${two}${two})$`,
  'i',
)

/** RFC 1123: `Tue, 3 Jun 2008 11:05:30 GMT`. */
function mailDate(text: string): number | null {
  const match = mailForm.exec(text)
  if (match === null) return null
  const [, weekday, day, month = '', year] = match
  const date = { year: Number(year), month: months.indexOf(month.toLowerCase()) + 1, day: Number(day) }
  if (!isDay(date)) return null
  return weekday === undefined || weekdays.indexOf(weekday.toLowerCase()) === weekdayOf(date) - 1 ? date.year : null
}
