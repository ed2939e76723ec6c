import { arithmetic, asNumber, negateWhole } from '../arithmetic.ts'
import { type Bound, mapped, refuse } from '../bound.ts'
import {
  ceilDecimal,
  decimalOf,
  decimalOfDouble,
  decimalToDouble,
  floorDecimal,
  negateDecimal,
  roundDecimal,
} from '../decimal.ts'
import type { ExpressionType } from '../expression-type.ts'
import { type Decimal, type Value, type Whole, whole } from '../values.ts'
import { constantCount, type SqlFunction } from './sql-function.ts'

/** How far behind or before the point round() goes. */
const MAX_ROUND_DIGITS = 100

/** Half away from zero. A double is rounded as the decimal that it is written as. */
function round(value: Value, digits: number): Value {
  if (typeof value === 'object') return roundDecimal(value as Decimal, digits)
  const exact = decimalOfDouble(value as number)
  const rounded = exact === null ? null : roundDecimal(exact, digits)
  return exact === null ? value : rounded === null ? null : decimalToDouble(rounded)
}

function roundWhole(value: Whole, digits: number): Value {
  if (digits >= 0) return value
  const rounded = roundDecimal(decimalOf(value), digits)
  return rounded === null ? null : whole(rounded.unscaled)
}

function bindRound(at: number, input: Bound, count: Bound | undefined): Bound {
  const digits = count === undefined ? 0 : constantCount(count)
  if (digits === null || Math.abs(digits) > MAX_ROUND_DIGITS) {
    return refuse(
      count?.at ?? at,
      `the digits to round to must be a constant from -${MAX_ROUND_DIGITS} to ${MAX_ROUND_DIGITS}`,
    )
  }
  const type: ExpressionType =
    input.type.kind === 'decimal' ? { kind: 'decimal', scale: Math.max(digits, 0) } : input.type
  const map =
    type.kind === 'integer'
      ? (value: Value) => roundWhole(value as Whole, digits)
      : (value: Value) => round(value, digits)
  return { ...mapped(input, type, map, false), at }
}

function toward(
  at: number,
  input: Bound,
  ofDecimal: (value: Decimal) => Whole,
  ofDouble: (value: number) => number,
): Bound {
  if (input.type.kind === 'integer') return input
  const isDecimal = input.type.kind === 'decimal'
  const map = isDecimal ? (value: Value) => ofDecimal(value as Decimal) : (value: Value) => ofDouble(value as number)
  return { ...mapped(input, { kind: isDecimal ? 'integer' : 'double' }, map, false), at }
}

function abs(value: Value): Value {
  if (typeof value === 'number') return Math.abs(value)
  if (typeof value === 'bigint') return value < 0n ? negateWhole(value) : value
  return (value as Decimal).unscaled < 0n ? negateDecimal(value as Decimal) : value
}

export const numberFunctions: Readonly<Record<string, SqlFunction>> = {
  round: {
    signature: 'number[, digits]',
    summary: 'Rounded half away from zero; `digits` is a constant.',
    least: 1,
    most: 2,
    bind: ({ at, dialect }, [input, digits]) => bindRound(at, asNumber(input as Bound, dialect), digits),
    examples: [
      ['round(2.45, 1)', '2.5'],
      ['round(-0.125, 2)', '-0.13'],
      ['round(1250, -2)', '1300'],
    ],
  },
  floor: {
    signature: 'number',
    summary: 'The next whole number below.',
    least: 1,
    most: 1,
    bind: ({ at, dialect }, [input]) => toward(at, asNumber(input as Bound, dialect), floorDecimal, Math.floor),
    examples: [['floor(-1.5)', '-2']],
  },
  ceil: {
    signature: 'number',
    summary: 'The next whole number above.',
    least: 1,
    most: 1,
    bind: ({ at, dialect }, [input]) => toward(at, asNumber(input as Bound, dialect), ceilDecimal, Math.ceil),
    examples: [['ceil(-1.5)', '-1']],
  },
  abs: {
    signature: 'number',
    summary: 'Without its sign.',
    least: 1,
    most: 1,
    bind: ({ at, dialect }, [input]) => {
      const number = asNumber(input as Bound, dialect)
      return { ...mapped(number, number.type, abs, false), at }
    },
    examples: [['abs(-7)', '7']],
  },
  mod: {
    signature: 'number, divisor',
    summary: 'The remainder, with the sign of the number; NULL for a division by zero.',
    least: 2,
    most: 2,
    bind: ({ at, dialect }, [a, b]) => arithmetic(at, '%', a as Bound, b as Bound, dialect),
    examples: [
      ['mod(-7, 3)', '-1'],
      ['mod(7, 0)', 'null'],
    ],
  },
}
