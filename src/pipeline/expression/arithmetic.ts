import { anyNullable, type Bound, derived, mapped, refuse } from './bound.ts'
import { cast } from './cast.ts'
import {
  addDecimals,
  divideDecimals,
  isKept,
  multiplyDecimals,
  negateDecimal,
  quotientScale,
  remainderOfDecimals,
} from './decimal.ts'
import type { Dialect } from './dialect.ts'
import type { ArithmeticOperator } from './expression.ts'
import { type ExpressionType, kindNames } from './expression-type.ts'
import { type Decimal, type Value, type Whole, whole } from './values.ts'

type NumberKind = 'integer' | 'decimal' | 'double'
type Binary = (a: never, b: never) => Value
type Sign = Exclude<ArithmeticOperator, '||'>

/** A number, or what is read as one: a value inside JSON, in Hive any text. */
export function asNumber(input: Bound, dialect: Dialect): Bound {
  const { kind } = input.type
  if (kind === 'integer' || kind === 'decimal' || kind === 'double') return input
  if (kind === 'json' || kind === 'null' || (kind === 'text' && dialect === 'hive')) {
    return cast(input, { kind: 'decimal', precision: null, scale: null }, dialect)
  }
  return refuse(input.at, `a number is needed, this is ${kindNames[kind]}`)
}

export const numberKind = (inputs: readonly Bound[]): NumberKind =>
  inputs.some(({ type }) => type.kind === 'double')
    ? 'double'
    : inputs.some(({ type }) => type.kind === 'decimal')
      ? 'decimal'
      : 'integer'

export function asNumberKind(input: Bound, kind: NumberKind, dialect: Dialect): Bound {
  if (input.type.kind === kind) return input
  if (kind === 'integer') return cast(input, { kind, min: null, max: null }, dialect)
  return cast(input, kind === 'double' ? { kind } : { kind, precision: null, scale: null }, dialect)
}

/** `/` of whole numbers gives a double in Hive, a whole number elsewhere; a division by zero is NULL. */
export function arithmetic(at: number, operator: Sign, a: Bound, b: Bound, dialect: Dialect): Bound {
  const numbers = [asNumber(a, dialect), asNumber(b, dialect)]
  const kind =
    operator === '/' && dialect === 'hive' && numberKind(numbers) === 'integer' ? 'double' : numberKind(numbers)
  const [left, right] = numbers.map(input => asNumberKind(input, kind, dialect)) as [Bound, Bound]
  const type: ExpressionType = kind === 'decimal' ? { kind, scale: scaleOf(operator, left.type, right.type) } : { kind }
  const divides = operator === '/' || operator === '%'
  const isSafe = divides && right.constant !== null && right.constant.value !== null && !isZero(right.constant.value)
  const calculate = operations[kind][operator] as (a: NonNullable<Value>, b: NonNullable<Value>) => Value
  const x = left.evaluate
  const y = right.evaluate
  return derived(at, type, anyNullable([left, right]) || (divides && !isSafe), [left, right], row => {
    const v = x(row)
    if (v === null) return null
    const w = y(row)
    return w === null ? null : calculate(v, w)
  })
}

const isZero = (value: NonNullable<Value>): boolean =>
  typeof value === 'object' && 'unscaled' in value ? value.unscaled === 0n : value === 0

function scaleOf(operator: Sign, a: ExpressionType, b: ExpressionType): number | null {
  const x = a.kind === 'decimal' ? a.scale : null
  const y = b.kind === 'decimal' ? b.scale : null
  if (x === null || y === null) return null
  if (operator === '*') return x + y
  return operator === '/' ? quotientScale(x, y) : Math.max(x, y)
}

export function negate(at: number, input: Bound, dialect: Dialect): Bound {
  const number = asNumber(input, dialect)
  const map =
    number.type.kind === 'decimal'
      ? (value: Value) => negateDecimal(value as Decimal)
      : number.type.kind === 'double'
        ? (value: Value) => -(value as number)
        : (value: Value) => negateWhole(value as Whole)
  return { ...mapped(number, number.type, map, false), at }
}

export const negateWhole = (value: Whole): Whole => (typeof value === 'bigint' ? whole(-value) : 0 - value)

const kept = (value: bigint): Whole | null => (isKept(value) ? whole(value) : null)

/** Numbers as long as the result is exact, else bigints. `+ 0` makes zero of the negative zero, which has no place here. */
const wholes = {
  '+': (a: Whole, b: Whole) => {
    const sum = typeof a === 'number' && typeof b === 'number' ? a + b : Number.NaN
    return Number.isSafeInteger(sum) ? sum : kept(BigInt(a) + BigInt(b))
  },
  '-': (a: Whole, b: Whole) => {
    const difference = typeof a === 'number' && typeof b === 'number' ? a - b : Number.NaN
    return Number.isSafeInteger(difference) ? difference : kept(BigInt(a) - BigInt(b))
  },
  '*': (a: Whole, b: Whole) => {
    const product = typeof a === 'number' && typeof b === 'number' ? a * b : Number.NaN
    return Number.isSafeInteger(product) ? product + 0 : kept(BigInt(a) * BigInt(b))
  },
  '/': (a: Whole, b: Whole) => {
    if (b === 0) return null
    if (typeof a === 'number' && typeof b === 'number') return (a - (a % b)) / b + 0
    return whole(BigInt(a) / BigInt(b))
  },
  '%': (a: Whole, b: Whole) => {
    if (b === 0) return null
    return typeof a === 'number' && typeof b === 'number' ? (a % b) + 0 : whole(BigInt(a) % BigInt(b))
  },
}

const doubles = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
  // What is no number stays so, also divided by zero.
  '/': (a: number, b: number) => (b === 0 && !Number.isNaN(a) ? null : a / b),
  '%': (a: number, b: number) => (b === 0 && !Number.isNaN(a) ? null : a % b),
}

const decimals = {
  '+': addDecimals,
  '-': (a: Decimal, b: Decimal) => addDecimals(a, negateDecimal(b)),
  '*': multiplyDecimals,
  '/': divideDecimals,
  '%': remainderOfDecimals,
}

const operations: Readonly<Record<NumberKind, Readonly<Record<Sign, Binary>>>> = {
  integer: wholes,
  decimal: decimals,
  double: doubles,
}
