import { type Decimal, type Whole, whole } from './values.ts'

/** Beyond this a result is NULL: a bound against expressions that make ever longer numbers. */
const MAX_DIGITS = 4000
const LIMIT = 10n ** BigInt(MAX_DIGITS)
/** The longest text that is read as a number, and the largest scale of a number that is read. */
export const MAX_READ_DIGITS = 1000

const powers: bigint[] = Array.from({ length: 64 }, (_, n) => 10n ** BigInt(n))
const power = (n: number): bigint => powers[n] ?? 10n ** BigInt(n)

export const isKept = (value: bigint): boolean => value < LIMIT && value > -LIMIT

const kept = (unscaled: bigint, scale: number): Decimal | null =>
  isKept(unscaled) && scale <= MAX_DIGITS ? { unscaled, scale } : null

export const decimalOf = (value: Whole): Decimal => ({ unscaled: BigInt(value), scale: 0 })

export function compareDecimals(a: Decimal, b: Decimal): number {
  const [x, y] =
    a.scale === b.scale
      ? [a.unscaled, b.unscaled]
      : a.scale < b.scale
        ? [a.unscaled * power(b.scale - a.scale), b.unscaled]
        : [a.unscaled, b.unscaled * power(a.scale - b.scale)]
  return x < y ? -1 : x > y ? 1 : 0
}

export function addDecimals(a: Decimal, b: Decimal): Decimal | null {
  const scale = Math.max(a.scale, b.scale)
  return kept(a.unscaled * power(scale - a.scale) + b.unscaled * power(scale - b.scale), scale)
}

export const negateDecimal = ({ unscaled, scale }: Decimal): Decimal => ({ unscaled: -unscaled, scale })

export const multiplyDecimals = (a: Decimal, b: Decimal): Decimal | null =>
  kept(a.unscaled * b.unscaled, a.scale + b.scale)

/** A quotient has at least so many digits behind the point. */
export const quotientScale = (a: number, b: number): number => Math.max(16, a, b)

/** Rounded half away from zero; null for a division by zero. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal | null {
  if (b.unscaled === 0n) return null
  const scale = quotientScale(a.scale, b.scale)
  return kept(divideRounded(a.unscaled * power(scale - a.scale + b.scale), b.unscaled), scale)
}

/** The remainder has the sign of the dividend; null for a division by zero. */
export function remainderOfDecimals(a: Decimal, b: Decimal): Decimal | null {
  if (b.unscaled === 0n) return null
  const scale = Math.max(a.scale, b.scale)
  return kept((a.unscaled * power(scale - a.scale)) % (b.unscaled * power(scale - b.scale)), scale)
}

/** Half away from zero. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const rest = dividend % divisor
  const twice = rest < 0n ? -2n * rest : 2n * rest
  if (twice < (divisor < 0n ? -divisor : divisor)) return quotient
  return dividend < 0n === divisor < 0n ? quotient + 1n : quotient - 1n
}

/** The same number with another scale, rounded half away from zero where digits are lost; null where it gets too long. */
export function rescale(value: Decimal, scale: number): Decimal | null {
  if (scale === value.scale) return value
  if (scale > value.scale) return kept(value.unscaled * power(scale - value.scale), scale)
  return { unscaled: divideRounded(value.unscaled, power(value.scale - scale)), scale }
}

/** `round(value, digits)`; negative digits round before the point and leave the scale at zero. */
export function roundDecimal(value: Decimal, digits: number): Decimal | null {
  if (digits >= 0) return rescale(value, digits)
  if (-digits > MAX_DIGITS) return { unscaled: 0n, scale: 0 }
  const unit = power(-digits)
  return kept(divideRounded(value.unscaled, power(value.scale) * unit) * unit, 0)
}

export const truncateDecimal = ({ unscaled, scale }: Decimal): Whole => whole(unscaled / power(scale))

export function floorDecimal({ unscaled, scale }: Decimal): Whole {
  const unit = power(scale)
  const quotient = unscaled / unit
  return whole(unscaled < 0n && quotient * unit !== unscaled ? quotient - 1n : quotient)
}

export const ceilDecimal = (value: Decimal): Whole => {
  const floor = floorDecimal(negateDecimal(value))
  return typeof floor === 'bigint' ? whole(-floor) : 0 - floor
}

export function decimalText({ unscaled, scale }: Decimal): string {
  if (scale === 0) return unscaled.toString()
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0')
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`
}

export const decimalToDouble = (value: Decimal): number =>
  value.scale === 0 ? Number(value.unscaled) : Number(decimalText(value))

const decimalForm = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?\s*$/

/** `12`, `-1.50`, `.5`, `1e3`, blanks around; null for any other text and for a very long number. */
export function parseDecimal(text: string): Decimal | null {
  if (text.length > MAX_READ_DIGITS) return null
  const match = decimalForm.exec(text)
  if (match === null) return null
  const [, sign = '', integral = '', fraction = '', exponent = '0'] = match
  if (integral === '' && fraction === '') return null
  const unscaled = BigInt(`${integral}${fraction}`) * (sign === '-' ? -1n : 1n)
  const scale = fraction.length - Number(exponent)
  if (Math.abs(scale) > MAX_READ_DIGITS) return null
  return scale >= 0 ? { unscaled, scale } : { unscaled: unscaled * power(-scale), scale: 0 }
}

/** The shortest decimal that reads back as this double; null for NaN and the infinities. */
export const decimalOfDouble = (value: number): Decimal | null =>
  Number.isFinite(value) ? parseDecimal(String(value)) : null

const integerForm = /^\s*[+-]?\d+\s*$/

export function parseWhole(text: string): Whole | null {
  if (text.length > MAX_READ_DIGITS || !integerForm.test(text)) return null
  const digits = text.trim()
  return digits.length <= 15 ? Number(digits) + 0 : whole(BigInt(digits.startsWith('+') ? digits.slice(1) : digits))
}

const doubleForm = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/
const doubleWords: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['-infinity', Number.NEGATIVE_INFINITY],
])

export function parseDouble(text: string): number | null {
  if (text.length > MAX_READ_DIGITS) return null
  if (doubleForm.test(text)) return Number(text)
  return doubleWords.get(text.trim().toLowerCase()) ?? null
}
