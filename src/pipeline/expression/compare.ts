import { type Bound, derived, refuse } from './bound.ts'
import { cast, type CastTarget } from './cast.ts'
import { compareDecimals, parseWhole } from './decimal.ts'
import type { Dialect } from './dialect.ts'
import type { CompareOperator } from './expression.ts'
import { kindNames, type TypeKind } from './expression-type.ts'
import { compareTexts } from './text.ts'
import type { Decimal, Value, Whole } from './values.ts'

/** What two values are compared as. */
export type CommonKind = 'boolean' | 'integer' | 'decimal' | 'double' | 'text' | 'bytes' | 'date' | 'time' | 'timestamp'

const isNumber = (kind: TypeKind): boolean => kind === 'integer' || kind === 'decimal' || kind === 'double'
const isMoment = (kind: TypeKind): boolean => kind === 'date' || kind === 'timestamp' || kind === 'timestamptz'

/** Whole numbers that are compared with a text stay exact, and the text may have digits behind the point. */
export const targetOf = (kind: CommonKind): CastTarget => {
  if (kind === 'integer') return { kind, min: null, max: null }
  if (kind === 'decimal') return { kind, precision: null, scale: null }
  return kind === 'text' ? { kind, length: null } : { kind }
}

/** The kind that both can be compared as; null where they cannot be compared at all. */
export function commonKind(a: TypeKind, b: TypeKind): CommonKind | null {
  if (a === 'null') return b === 'json' ? 'text' : ownKind(b)
  if (b === 'null') return a === 'json' ? 'text' : ownKind(a)
  if (a === b) return ownKind(a)
  if (a === 'json') return withText(b)
  if (b === 'json') return withText(a)
  if (isNumber(a) && isNumber(b)) return a === 'double' || b === 'double' ? 'double' : 'decimal'
  if (isMoment(a) && isMoment(b)) return 'timestamp'
  if (a === 'text') return withText(b)
  return b === 'text' ? withText(a) : null
}

/** Of two values of this kind; a bare NULL is compared as text. */
function ownKind(kind: TypeKind): CommonKind | null {
  if (kind === 'timestamptz') return 'timestamp'
  if (kind === 'null') return 'text'
  return kind === 'list' || kind === 'opaque' || kind === 'json' ? null : kind
}

/** A text beside a value of another kind is read as one; what cannot be read is NULL. */
function withText(kind: TypeKind): CommonKind | null {
  if (kind === 'integer') return 'decimal'
  return kind === 'bytes' ? null : ownKind(kind)
}

/** Both sides as one kind, or refused. */
export function paired(left: Bound, right: Bound, dialect: Dialect): { kind: CommonKind; left: Bound; right: Bound } {
  const kind = commonKind(left.type.kind, right.type.kind)
  if (kind === null) {
    const [a, b] = [left.type.kind, right.type.kind]
    if (a === 'json' && b === 'json') return refuse(right.at, 'both sides are values inside JSON: cast one of them')
    return refuse(right.at, `${kindNames[a]} cannot be compared with ${kindNames[b]}`)
  }
  // `count >= '80'`: whole numbers stay what they are, so that the row's value need not be made a decimal.
  const whole = kind === 'decimal' ? (wholeText(left, right) ?? wholeText(right, left)) : null
  if (whole !== null)
    return { kind: 'integer', left: as(left, 'integer', dialect), right: as(right, 'integer', dialect) }
  return { kind, left: as(left, kind, dialect), right: as(right, kind, dialect) }
}

/** A constant text that is a whole number, beside a whole number. */
const wholeText = (constant: Bound, other: Bound): Whole | null =>
  other.type.kind === 'integer' && constant.type.kind === 'text' && typeof constant.constant?.value === 'string'
    ? parseWhole(constant.constant.value)
    : null

const as = (input: Bound, kind: CommonKind, dialect: Dialect): Bound =>
  input.type.kind === kind || (kind === 'timestamp' && input.type.kind === 'timestamptz')
    ? input
    : cast(input, targetOf(kind), dialect)

type Order = (a: NonNullable<Value>, b: NonNullable<Value>) => number

/** NaN is equal to itself and above everything, as in Postgres: so the order is total. */
const compareDoubles = (a: number, b: number): number =>
  a < b ? -1 : a > b ? 1 : a === b ? 0 : Number.isNaN(a) ? (Number.isNaN(b) ? 0 : 1) : -1

export const orderOf = (kind: CommonKind): Order => {
  if (kind === 'decimal') return (a, b) => compareDecimals(a as Decimal, b as Decimal)
  if (kind === 'text') return (a, b) => compareTexts(a as string, b as string)
  if (kind === 'bytes') return (a, b) => (a as Buffer).compare(b as Buffer)
  if (kind === 'double') return (a, b) => compareDoubles(a as number, b as number)
  // A number and a bigint are compared exactly.
  return (a, b) => (a < b ? -1 : a > b ? 1 : 0)
}

/** Values of these kinds are equal exactly where `===` says so, so a Set can hold them. */
export const isIdentity = (kind: CommonKind): boolean => kind !== 'decimal' && kind !== 'bytes' && kind !== 'double'

export function equalOf(kind: CommonKind): (a: NonNullable<Value>, b: NonNullable<Value>) => boolean {
  if (isIdentity(kind)) return (a, b) => a === b
  const order = orderOf(kind)
  return (a, b) => order(a, b) === 0
}

const outcomes: Readonly<Record<CompareOperator, (order: number) => boolean>> = {
  '=': order => order === 0,
  '<>': order => order !== 0,
  '<': order => order < 0,
  '<=': order => order <= 0,
  '>': order => order > 0,
  '>=': order => order >= 0,
}

export function compare(at: number, operator: CompareOperator, a: Bound, b: Bound, dialect: Dialect): Bound {
  const { kind, left, right } = paired(a, b, dialect)
  const x = left.evaluate
  const y = right.evaluate
  const nullable = left.nullable || right.nullable
  const node = (evaluate: Bound['evaluate']): Bound =>
    derived(at, { kind: 'boolean' }, nullable, [left, right], evaluate)

  if (right.constant !== null && right.constant.value !== null && isIdentity(kind) && kind !== 'text') {
    return node(againstConstant(operator, x, right.constant.value))
  }
  if (isIdentity(kind) && (operator === '=' || operator === '<>')) {
    const wanted = operator === '='
    return node(row => {
      const v = x(row)
      if (v === null) return null
      const w = y(row)
      return w === null ? null : (v === w) === wanted
    })
  }
  const order = orderOf(kind)
  const outcome = outcomes[operator]
  return node(row => {
    const v = x(row)
    if (v === null) return null
    const w = y(row)
    return w === null ? null : outcome(order(v, w))
  })
}

/** The common filter, `column >= constant`, without a call between. */
function againstConstant(operator: CompareOperator, x: Bound['evaluate'], k: NonNullable<Value>): Bound['evaluate'] {
  switch (operator) {
    case '=':
      return row => {
        const v = x(row)
        return v === null ? null : v === k
      }
    case '<>':
      return row => {
        const v = x(row)
        return v === null ? null : v !== k
      }
    case '<':
      return row => {
        const v = x(row)
        return v === null ? null : v < k
      }
    case '<=':
      return row => {
        const v = x(row)
        return v === null ? null : v <= k
      }
    case '>':
      return row => {
        const v = x(row)
        return v === null ? null : v > k
      }
    case '>=':
      return row => {
        const v = x(row)
        return v === null ? null : v >= k
      }
  }
}
