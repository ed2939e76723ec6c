import { anyNullable, type Bound, constantOf, derived, refuse } from './bound.ts'
import { compare, equalOf, isIdentity, paired } from './compare.ts'
import type { Dialect } from './dialect.ts'
import { textOf } from './expression-type.ts'
import { asText } from './functions/sql-function.ts'
import { likeMatcher, type LikeMatcher } from './like.ts'
import { asCondition, junction } from './logic.ts'
import { codePoints } from './text.ts'
import { unified } from './unify.ts'
import type { Value } from './values.ts'

type Found = (value: NonNullable<Value>, row: Parameters<Bound['evaluate']>[0]) => boolean | null

/**
 * IN: true where one is equal, else NULL where one is NULL, else false. The items are compared one by one, each as it
 * would be with `=`; constants of one kind become a set. `negated` only decides whether an empty list is refused: NOT IN of
 * a profile without values would show everything.
 */
export function bindIn(at: number, operand: Bound, items: readonly Bound[], negated: boolean, dialect: Dialect): Bound {
  const list = items.flatMap(item => (item.type.kind === 'list' ? textsOf(item) : [item]))
  if (list.length === 0 && negated) return refuse(at, 'NOT IN of a list without values would be true for every row')
  const pairs = list.map(item => paired(operand, item, dialect))
  const nullable = operand.nullable || anyNullable(list)
  const found = setOf(pairs) ?? eachOf(pairs)
  if (found !== null) {
    // Pairs of one kind have one left side: the operand as that kind.
    const inner = pairs[0]?.left.evaluate ?? operand.evaluate
    return derived(at, { kind: 'boolean' }, nullable, [operand, ...list], row => {
      const value = inner(row)
      return value === null ? null : found(value, row)
    })
  }
  const equals = pairs.map(({ left, right }) => compare(at, '=', left, right, dialect))
  return equals.length === 0 ? constantOf(at, { kind: 'boolean' }, false) : junction(at, 'or', equals)
}

const textsOf = (item: Bound): Bound[] => item.list.map(text => constantOf(item.at, textOf(codePoints(text)), text))

type Pair = ReturnType<typeof paired>

/** All constants, compared as the same kind by identity. */
function setOf(pairs: readonly Pair[]): Found | null {
  const [first] = pairs
  if (first === undefined || !isIdentity(first.kind)) return null
  const known = new Set<Value>()
  let hasNull = false
  for (const { kind, right } of pairs) {
    if (right.constant === null || kind !== first.kind) return null
    if (right.constant.value === null) hasNull = true
    else known.add(right.constant.value)
  }
  return value => (known.has(value) ? true : hasNull ? null : false)
}

/** One after the other; those after the equal one are not evaluated. */
function eachOf(pairs: readonly Pair[]): Found | null {
  const [first] = pairs
  if (first === undefined || pairs.some(({ kind }) => kind !== first.kind)) return null
  const equal = equalOf(first.kind)
  const items = pairs.map(({ right }) => right.evaluate)
  return (value, row) => {
    let result: boolean | null = false
    for (const item of items) {
      const other = item(row)
      if (other === null) result = null
      else if (equal(value, other)) return true
    }
    return result
  }
}

export function bindBetween(at: number, operand: Bound, low: Bound, high: Bound, dialect: Dialect): Bound {
  return junction(at, 'and', [compare(at, '>=', operand, low, dialect), compare(at, '<=', operand, high, dialect)])
}

/** Longer patterns that are made of a row's own values match nothing. */
const MAX_PATTERN = 1000

/** Hive and Postgres escape with a backslash where nothing is said, Trino not at all. */
export function bindLike(at: number, operand: Bound, pattern: Bound, escaping: Bound | null, dialect: Dialect): Bound {
  const text = asText(operand, dialect)
  const patternText = asText(pattern, dialect)
  const escapeSign = escapeOf(escaping, dialect)
  const { constant } = patternText
  const nullable = anyNullable([text, patternText]) || constant === null
  if (constant !== null && constant.value !== null) {
    const matches =
      likeMatcher(constant.value as string, escapeSign) ??
      refuse(pattern.at, 'the pattern ends in its escape character')
    // One with `_` may be left undecided.
    const isCertain = !(constant.value as string).includes('_')
    return derived(at, { kind: 'boolean' }, text.nullable || !isCertain, [text], matching(text, matches))
  }
  return derived(at, { kind: 'boolean' }, nullable, [text, patternText], row => {
    const value = text.evaluate(row)
    const like = patternText.evaluate(row)
    if (value === null || like === null || (like as string).length > MAX_PATTERN) return null
    return likeMatcher(like as string, escapeSign)?.(value as string) ?? null
  })
}

const matching =
  (text: Bound, matches: LikeMatcher): Bound['evaluate'] =>
  row => {
    const value = text.evaluate(row)
    return value === null ? null : matches(value as string)
  }

function escapeOf(escaping: Bound | null, dialect: Dialect): string | null {
  if (escaping === null) return dialect === 'trino' ? null : '\\'
  const sign = escaping.constant?.value
  if (typeof sign !== 'string' || codePoints(sign) > 1)
    return refuse(escaping.at, 'the escape must be one character, a constant')
  return sign === '' ? null : sign
}

interface Branch {
  readonly when: Bound
  readonly result: Bound
}

/** The first WHEN that is true decides; with a subject, the first that is equal to it. */
export function bindCase(
  at: number,
  subject: Bound | null,
  branches: readonly Branch[],
  otherwise: Bound | null,
  dialect: Dialect,
): Bound {
  const conditions = branches.map(({ when }) =>
    subject === null ? asCondition(when, dialect) : compare(when.at, '=', subject, when, dialect),
  )
  const results = [...branches.map(({ result }) => result), ...(otherwise === null ? [] : [otherwise])]
  const { type, inputs } = unified(results, dialect)
  const whens = conditions.map(({ evaluate }) => evaluate)
  const thens = inputs.map(({ evaluate }) => evaluate)
  const last = otherwise === null ? null : (thens.at(-1) ?? null)
  return derived(at, type, otherwise === null || anyNullable(inputs), [...conditions, ...inputs], row => {
    for (let n = 0; n < whens.length; n++) {
      if (whens[n]?.(row) === true) return thens[n]?.(row) ?? null
    }
    return last === null ? null : last(row)
  })
}
