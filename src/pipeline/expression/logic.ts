import { anyNullable, type Bound, derived, refuse } from './bound.ts'
import { cast } from './cast.ts'
import type { Dialect } from './dialect.ts'
import { kindNames } from './expression-type.ts'

/** Three-valued logic: null is "not known". */

/** A condition, or what is read as one: a value inside JSON. */
export function asCondition(input: Bound, dialect: Dialect): Bound {
  const { kind } = input.type
  if (kind === 'boolean') return input
  if (kind === 'json' || kind === 'null') return cast(input, { kind: 'boolean' }, dialect)
  return refuse(input.at, `a condition is needed, this is ${kindNames[kind]}`)
}

/** AND: false as soon as one is false. OR: true as soon as one is true. What comes after is not evaluated. */
export function junction(at: number, kind: 'and' | 'or', conditions: readonly Bound[]): Bound {
  const decides = kind === 'or'
  const parts = conditions.map(({ evaluate }) => evaluate)
  const [left, right] = parts
  const type = { kind: 'boolean' } as const
  if (left !== undefined && right !== undefined && parts.length === 2) {
    return derived(at, type, anyNullable(conditions), conditions, row => {
      const a = left(row)
      if (a === decides) return a
      const b = right(row)
      return b === decides ? b : a === null ? null : b
    })
  }
  return derived(at, type, anyNullable(conditions), conditions, row => {
    let result: boolean | null = !decides
    for (const part of parts) {
      const value = part(row)
      if (value === decides) return value
      if (value === null) result = null
    }
    return result
  })
}

export function negation(at: number, condition: Bound): Bound {
  const inner = condition.evaluate
  return derived(at, { kind: 'boolean' }, condition.nullable, [condition], row => {
    const value = inner(row)
    return value === null ? null : value === false
  })
}

/** IS TRUE, IS FALSE, IS NULL: never NULL themselves. */
export function test(at: number, operand: Bound, what: 'null' | 'true' | 'false', negated: boolean): Bound {
  const wanted = what === 'null' ? null : what === 'true'
  const inner = operand.evaluate
  return derived(at, { kind: 'boolean' }, false, [operand], row => (inner(row) === wanted) !== negated)
}
