import { asCondition } from '../logic.ts'
import { anyNullable, type Bound, derived } from '../bound.ts'
import { equalOf, orderOf, paired } from '../compare.ts'
import type { CommonKind } from '../compare.ts'
import { unified } from '../unify.ts'
import type { Value } from '../values.ts'
import type { FunctionContext, SqlFunction } from './sql-function.ts'
import { refuse } from '../bound.ts'
import { kindNames } from '../expression-type.ts'

const MANY = 100

function coalesce({ at, dialect }: FunctionContext, args: readonly Bound[]): Bound {
  const { type, inputs } = unified(args, dialect)
  const parts = inputs.map(({ evaluate }) => evaluate)
  return derived(
    at,
    type,
    inputs.every(({ nullable }) => nullable),
    inputs,
    row => {
      for (const part of parts) {
        const value = part(row)
        if (value !== null) return value
      }
      return null
    },
  )
}

/** NULL where one of them is NULL. */
function extreme({ at, dialect }: FunctionContext, args: readonly Bound[], sign: 1 | -1): Bound {
  const { type, inputs } = unified(args, dialect)
  const kind: CommonKind | null =
    type.kind === 'timestamptz'
      ? 'timestamp'
      : type.kind === 'json' || type.kind === 'null'
        ? 'text'
        : orderKind(type.kind)
  if (kind === null) return refuse(at, `${kindNames[type.kind]} has no order`)
  const order = orderOf(kind)
  const parts = inputs.map(({ evaluate }) => evaluate)
  return derived(at, type, anyNullable(inputs), inputs, row => {
    let best: Value = null
    for (const part of parts) {
      const value = part(row)
      if (value === null) return null
      if (best === null || order(value, best) * sign > 0) best = value
    }
    return best
  })
}

const orderKind = (kind: Bound['type']['kind']): CommonKind | null =>
  kind === 'list' || kind === 'opaque' || kind === 'null' || kind === 'json' || kind === 'timestamptz' ? null : kind

function nullif({ at, dialect }: FunctionContext, [a, b]: readonly [Bound, Bound]): Bound {
  const { kind, left, right } = paired(a, b, dialect)
  const equal = equalOf(kind)
  return derived(at, a.type, true, [a, left, right], row => {
    const value = a.evaluate(row)
    const x = left.evaluate(row)
    const y = right.evaluate(row)
    return x !== null && y !== null && equal(x, y) ? null : value
  })
}

function choose({ at, dialect }: FunctionContext, [when, ...args]: readonly [Bound, ...Bound[]]): Bound {
  const condition = asCondition(when, dialect)
  const { type, inputs } = unified(args, dialect)
  const [then, otherwise] = inputs.map(({ evaluate }) => evaluate)
  const nullable = inputs.length < 2 || anyNullable(inputs)
  return derived(at, type, nullable, [condition, ...inputs], row =>
    condition.evaluate(row) === true ? (then?.(row) ?? null) : (otherwise?.(row) ?? null),
  )
}

export const choiceFunctions: Readonly<Record<string, SqlFunction>> = {
  coalesce: {
    signature: 'value, ...',
    summary: 'The first that is not NULL.',
    least: 1,
    most: MANY,
    bind: coalesce,
    examples: [["coalesce(null, 'a', 'b')", "'a'"]],
  },
  nvl: {
    signature: 'value, value',
    summary: 'The second where the first is NULL.',
    least: 2,
    most: 2,
    bind: coalesce,
    examples: [['nvl(null, 0)', '0']],
  },
  if: {
    signature: 'condition, then[, else]',
    summary: 'One of two; the second where the condition is false or not known.',
    least: 2,
    most: 3,
    bind: (context, args) => choose(context, args as readonly [Bound, ...Bound[]]),
    examples: [
      ["if(1 < 2, 'a', 'b')", "'a'"],
      ["if(null, 'a', 'b')", "'b'"],
    ],
  },
  nullif: {
    signature: 'value, value',
    summary: 'NULL where both are equal, else the first.',
    least: 2,
    most: 2,
    bind: (context, args) => nullif(context, args as readonly [Bound, Bound]),
    examples: [
      ["nullif('', '')", 'null'],
      ['nullif(1, 2)', '1'],
    ],
  },
  greatest: {
    signature: 'value, ...',
    summary: 'The greatest; NULL where one is NULL.',
    least: 1,
    most: MANY,
    bind: (context, args) => extreme(context, args, 1),
    examples: [['greatest(1, 2.5, 2)', '2.5']],
  },
  least: {
    signature: 'value, ...',
    summary: 'The least; NULL where one is NULL.',
    least: 1,
    most: MANY,
    bind: (context, args) => extreme(context, args, -1),
    examples: [["least('b', 'a')", "'a'"]],
  },
}
