import { asNumber } from '../arithmetic.ts'
import { anyNullable, type Bound, derived, refuse } from '../bound.ts'
import { cast } from '../cast.ts'
import type { Dialect } from '../dialect.ts'
import { type ExpressionType, kindNames } from '../expression-type.ts'
import type { Identity } from '../scope.ts'
import type { Value } from '../values.ts'

/** What a function's binding may ask for beside its arguments. */
export interface FunctionContext {
  readonly at: number
  readonly dialect: Dialect
  readonly identity: Identity | null
}

/** Expression and result, both as text of the dialect `scrim` (or the one told): executed as tests, shown in documents. */
export type FunctionExample = readonly [expression: string, result: string, dialect?: Dialect]

/** A function is one entry of a table; parser, binder, tests and documents are made from it. */
export interface SqlFunction {
  /** The arguments as documents show them: `text, count[, fill]`. */
  readonly signature: string
  readonly summary: string
  readonly least: number
  readonly most: number
  /** The arguments are bound already; throws BindError (`refuse`) where they do not fit. */
  readonly bind: (context: FunctionContext, args: readonly Bound[]) => Bound
  readonly examples: readonly FunctionExample[]
}

export type ArgumentKind = 'text' | 'any text' | 'count' | 'date' | 'number'

/** A function of values: NULL where an argument is. */
export interface PlainFunction {
  readonly signature: string
  readonly summary: string
  readonly takes: readonly ArgumentKind[]
  /** How many of the last arguments may be left out. */
  readonly optional?: number
  readonly returns: ExpressionType | ((args: readonly Bound[]) => ExpressionType)
  /** NULL may come out although no argument is NULL. */
  readonly fails?: boolean
  /** A method, for only methods let an implementation name the types that `takes` promises. */
  call(...args: Value[]): Value
  readonly examples: readonly FunctionExample[]
}

export function plain(plainFunction: PlainFunction): SqlFunction {
  const { takes, optional = 0, returns, fails = false, call, signature, summary, examples } = plainFunction
  return {
    signature,
    summary,
    least: takes.length - optional,
    most: takes.length,
    examples,
    bind: ({ at, dialect }, args) => {
      const inputs = args.map((input, n) => argument(input, takes[n] as ArgumentKind, dialect))
      const type = typeof returns === 'function' ? returns(inputs) : returns
      return derived(at, type, fails || anyNullable(inputs), inputs, caller(inputs, call))
    },
  }
}

/** Few arguments need no list for each call. */
function caller(inputs: readonly Bound[], call: (...args: Value[]) => Value): Bound['evaluate'] {
  const [first, second] = inputs.map(({ evaluate }) => evaluate)
  if (first !== undefined && inputs.length === 1) {
    return row => {
      const a = first(row)
      return a === null ? null : call(a)
    }
  }
  if (first !== undefined && second !== undefined && inputs.length === 2) {
    return row => {
      const a = first(row)
      if (a === null) return null
      const b = second(row)
      return b === null ? null : call(a, b)
    }
  }
  return row => {
    const values: Value[] = []
    for (const { evaluate } of inputs) {
      const value = evaluate(row)
      if (value === null) return null
      values.push(value)
    }
    return call(...values)
  }
}

function argument(input: Bound, kind: ArgumentKind, dialect: Dialect): Bound {
  switch (kind) {
    case 'text':
      return asText(input, dialect)
    case 'any text':
      return asAnyText(input, dialect)
    case 'date':
      return asDate(input, dialect)
    case 'number':
      return asNumber(input, dialect)
    case 'count':
      return asCount(input, dialect)
  }
}

/** Hive takes a number for a text. */
export function asText(input: Bound, dialect: Dialect): Bound {
  const { kind } = input.type
  if (kind === 'text') return input
  if (kind === 'json' || kind === 'null' || dialect === 'hive') return asAnyText(input, dialect)
  return refuse(input.at, `text is needed, this is ${kindNames[kind]}: write cast(... as text)`)
}

export const asAnyText = (input: Bound, dialect: Dialect): Bound =>
  input.type.kind === 'text' ? input : cast(input, { kind: 'text', length: null }, dialect)

/** Also a timestamp, whose day counts, and a text that is one. */
export const asDate = (input: Bound, dialect: Dialect): Bound =>
  input.type.kind === 'date' ? input : cast(input, { kind: 'date' }, dialect)

const MAX_COUNT = 2n ** 31n

/** A whole number that fits into a `number`. */
function asCount(input: Bound, dialect: Dialect): Bound {
  const { kind } = input.type
  if (kind !== 'integer' && kind !== 'json' && kind !== 'null') {
    return refuse(input.at, `a whole number is needed, this is ${kindNames[kind]}`)
  }
  return cast(input, { kind: 'integer', min: -MAX_COUNT, max: MAX_COUNT }, dialect)
}

/** The constant of a count argument, for types that depend on it. */
export const constantCount = (input: Bound | undefined): number | null =>
  typeof input?.constant?.value === 'number' ? input.constant.value : null
