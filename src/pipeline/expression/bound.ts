import type { BindFault } from './bound-expression.ts'
import type { ExpressionType } from './expression-type.ts'
import type { Row } from './row.ts'
import type { Value } from './values.ts'

export type Evaluate = (row: Row) => Value

/** A node while binding: what its parents have to know of it. */
export interface Bound {
  readonly at: number
  readonly type: ExpressionType
  readonly nullable: boolean
  readonly constant: { readonly value: Value } | null
  /** A plain column, whole. */
  readonly slot: number | null
  /** Of type `list` only. */
  readonly list: readonly string[]
  readonly evaluate: Evaluate
}

/** Thrown while binding, and caught by `bindExpression` only. */
export class BindError extends Error {
  readonly fault: BindFault

  constructor(at: number, detail: string) {
    super(detail)
    this.fault = { code: 'SCHEMA_EXPRESSION', at, detail }
  }
}

export const refuse = (at: number, detail: string): never => {
  throw new BindError(at, detail)
}

export const constantOf = (at: number, type: ExpressionType, value: Value): Bound => ({
  at,
  type,
  nullable: value === null,
  constant: { value },
  slot: null,
  list: [],
  evaluate: () => value,
})

/** A node made of others. Where all of them are constant, so is it: it is evaluated here, once. */
export function derived(
  at: number,
  type: ExpressionType,
  nullable: boolean,
  inputs: readonly Bound[],
  evaluate: Evaluate,
): Bound {
  if (inputs.every(({ constant }) => constant !== null)) return constantOf(at, type, evaluate(noRow))
  return { at, type, nullable, constant: null, slot: null, list: [], evaluate }
}

/** NULL in, NULL out. `fails`: NULL may come out of a value too. */
export function mapped(
  input: Bound,
  type: ExpressionType,
  map: (value: NonNullable<Value>) => Value,
  fails: boolean,
): Bound {
  const inner = input.evaluate
  return derived(input.at, type, input.nullable || fails, [input], row => {
    const value = inner(row)
    return value === null ? null : map(value)
  })
}

export const anyNullable = (inputs: readonly Bound[]): boolean => inputs.some(({ nullable }) => nullable)

const nothing = (): never => {
  throw new Error('a constant reads no row')
}

/** What constants are evaluated with. */
const noRow: Row = { value: nothing, changed: nothing, op: nothing, source: nothing, now: nothing }
