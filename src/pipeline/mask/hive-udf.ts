import { createHash } from 'node:crypto'
import { civilDate, dayNumber, isDay } from './civil-date.ts'

/**
 * Hive's mask functions with all their arguments, as Hive 4 computes them: also where that is wrong (integers wrap around,
 * letters without case stay readable, values shorter than what is shown are shown whole). For compatibility, not for safety.
 */
export const hiveFunctions = [
  'mask',
  'mask_first_n',
  'mask_last_n',
  'mask_show_first_n',
  'mask_show_last_n',
  'mask_hash',
] as const
export type HiveFunction = (typeof hiveFunctions)[number]

/** Constants of the call after the value; a missing one, NULL and an empty text mean the default. */
export type HiveArgument = string | number | bigint | null

/** The width of tinyint, smallint, int and bigint. */
export type IntegerBits = 8 | 16 | 32 | 64

/** A function with its arguments. All other types, and NULL, give NULL; the caller sees to that. */
export interface HiveMask {
  /** string, varchar, and char with its padding. */
  readonly text: (value: string) => string
  readonly integer: (value: bigint, bits: IntegerBits) => bigint | null
  /** By day number; null where the masked date does not exist (Hive fails there). */
  readonly date: (days: number) => number | null
}

/** Binds a function to its arguments; null where Hive refuses them. */
export function bindHiveMask(
  name: HiveFunction,
  args: readonly HiveArgument[],
  algorithm: 'sha256' | 'sha512' = 'sha256',
): HiveMask | null {
  if (name === 'mask_hash') {
    const text = (value: string): string => createHash(algorithm).update(value, 'utf8').digest('hex')
    return { text, integer: () => null, date: () => null }
  }
  const takesCount = name !== 'mask'
  const count = takesCount ? integerArgument(args[0], 4) : 0
  const replacements = readReplacements(takesCount ? args.slice(1) : args)
  if (count === null || replacements === null) return null
  const isMasked = ends[name](Math.max(0, count))
  return {
    text: value => maskText(value, isMasked, replacements),
    integer: (value, bits) => maskInteger(value, bits, isMasked, replacements.number),
    date: days => maskDate(days, replacements),
  }
}

/** Is the character masked that has so many before and so many behind it? */
type IsMasked = (before: number, behind: number) => boolean

const ends: Readonly<Record<Exclude<HiveFunction, 'mask_hash'>, (n: number) => IsMasked>> = {
  mask: () => () => true,
  mask_first_n: n => before => before < n,
  mask_last_n: n => (_before, behind) => behind < n,
  mask_show_first_n: n => before => before >= n,
  mask_show_last_n: n => (_before, behind) => behind >= n,
}

/** -1 keeps what is there. */
interface Replacements {
  readonly upper: string | -1
  readonly lower: string | -1
  readonly digit: string | -1
  readonly other: string | -1
  readonly number: bigint
  readonly day: number
  /** From 0. */
  readonly month: number
  readonly year: number
}

function readReplacements(args: readonly HiveArgument[]): Replacements | null {
  const upper = characterArgument(args[0], 'X')
  const lower = characterArgument(args[1], 'x')
  const digit = characterArgument(args[2], 'n')
  const other = characterArgument(args[3], -1)
  const number = integerArgument(args[4], 1)
  const day = integerArgument(args[5], 1)
  const month = integerArgument(args[6], 0)
  const year = integerArgument(args[7], 0)
  if (upper === null || lower === null || digit === null || other === null) return null
  if (number === null || day === null || month === null || year === null) return null
  return {
    upper,
    lower,
    digit,
    other,
    number: BigInt(number < 0 || number > 9 ? 1 : number),
    day: day === -1 || (day >= 1 && day <= 31) ? day : 1,
    month: month === -1 || (month >= 0 && month <= 11) ? month : 0,
    year,
  }
}

/** The first UTF-16 unit of a text; a number is a code point. */
function characterArgument(arg: HiveArgument | undefined, byDefault: string | -1): string | -1 | null {
  if (arg === undefined || arg === null || arg === '') return byDefault
  if (typeof arg === 'string') return arg.charAt(0)
  const codePoint = wholeNumber(arg)
  if (codePoint === null) return null
  if (codePoint === -1) return -1
  return codePoint < 0 || codePoint > 0x10ffff ? null : String.fromCodePoint(codePoint)
}

function integerArgument(arg: HiveArgument | undefined, byDefault: number): number | null {
  if (arg === undefined || arg === null || arg === '') return byDefault
  if (typeof arg !== 'string') return wholeNumber(arg)
  const number = /^[+-]?[0-9]{1,10}$/.test(arg) ? Number(arg) : Number.NaN
  return number >= -(2 ** 31) && number < 2 ** 31 ? number : null
}

/** A bigint is cut to an int. */
const wholeNumber = (arg: number | bigint): number | null =>
  typeof arg === 'number' && !Number.isInteger(arg) ? null : Number(BigInt.asIntN(32, BigInt(arg)))

function maskText(value: string, isMasked: IsMasked, replacements: Replacements): string {
  let masked = ''
  // By UTF-16 unit, as Java's charAt: half of a surrogate pair is a character of no class of its own.
  for (let i = 0; i < value.length; i++) {
    const unit = value.charAt(i)
    masked += isMasked(i, value.length - 1 - i) ? maskUnit(unit, replacements) : unit
  }
  return masked
}

const isUpper = /^\p{Lu}$/u
const isLower = /^\p{Ll}$/u
const isDigit = /^\p{Nd}$/u

function maskUnit(unit: string, { upper, lower, digit, other }: Replacements): string {
  const by = isLower.test(unit) ? lower : isDigit.test(unit) ? digit : isUpper.test(unit) ? upper : other
  return by === -1 ? unit : by
}

function maskInteger(value: bigint, bits: IntegerBits, isMasked: IsMasked, digit: bigint): bigint {
  // Zero counts as one digit that is kept as zero.
  if (value === 0n) return isMasked(0, 0) ? digit : 0n
  // The least value has no opposite and stays negative, so its digits come out negative below: Java's way.
  const rest = value < 0n ? BigInt.asIntN(bits, -value) : value
  const length = String(rest < 0n ? -rest : rest).length
  let masked = 0n
  let place = 1n
  let left = rest
  for (let behind = 0; left !== 0n; behind++) {
    masked += (isMasked(length - 1 - behind, behind) ? digit : left % 10n) * place
    left /= 10n
    place *= 10n
  }
  return BigInt.asIntN(bits, value < 0n ? -masked : masked)
}

/** Which end is shown makes no difference to a date. */
function maskDate(days: number, { day, month, year }: Replacements): number | null {
  const date = civilDate(days)
  const masked = {
    year: year === -1 ? date.year : year,
    month: month === -1 ? date.month : month + 1,
    day: day === -1 ? date.day : day,
  }
  const number = isDay(masked) ? dayNumber(masked) : null
  return number === null || number !== (number | 0) ? null : number
}
