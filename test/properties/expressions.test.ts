import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isBindFault } from '../../src/pipeline/expression/bound-expression.ts'
import { bindExpression } from '../../src/pipeline/expression/bind.ts'
import { type Dialect, dialects } from '../../src/pipeline/expression/dialect.ts'
import type { Expression, Literal, Placeholder } from '../../src/pipeline/expression/expression.ts'
import { sqlFunctions } from '../../src/pipeline/expression/functions/function-table.ts'
import { likeMatcher } from '../../src/pipeline/expression/like.ts'
import type { Value } from '../../src/pipeline/expression/values.ts'
import { parseExpression } from '../../src/policy/expression/parse.ts'
import { printExpression } from '../../src/policy/expression/print.ts'
import { columns, rowOf, scopeOf } from '../support/expressions.ts'
import { createRandom } from '../support/random.ts'
import { createExpressions, type RandomKind, randomColumns } from '../support/typed-expressions.ts'
import { runs } from './runs.ts'

/** Trees of any shape and sense, with names and texts that need quotes. */
function trees(): fc.Arbitrary<Expression> {
  const at = fc.constant(0)
  const nasty = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 8 }),
    fc.constantFrom("'", '\\', '\\%', '"', '`', '%', "it''s", '{USER'),
  )
  const words = nasty.filter(text => !text.includes('${{') && !/\{(USER|OWNER)\}/.test(text))
  const names = fc.oneof(
    fc.constantFrom('id', 'name', 'select', 'date', 'Name', 'and'),
    words.filter(text => text !== ''),
  )
  const literals: fc.Arbitrary<Literal> = fc.oneof(
    fc.constant({ type: 'null' } as const),
    fc.boolean().map(value => ({ type: 'boolean', value }) as const),
    fc.bigInt({ min: 0n, max: 2n ** 70n }).map(value => ({ type: 'integer', value }) as const),
    fc
      .tuple(fc.bigInt({ min: 0n, max: 2n ** 70n }), fc.integer({ min: 1, max: 20 }))
      .map(([unscaled, scale]) => ({ type: 'decimal', value: { unscaled, scale } }) as const),
    fc
      .double({ min: 0, noNaN: true, noDefaultInfinity: true })
      .map(value => ({ type: 'double', value: value + 0 }) as const),
    words.map(value => ({ type: 'text', value }) as const),
    fc.integer({ min: -700_000, max: 3_000_000 }).map(value => ({ type: 'date', value }) as const),
    fc
      .tuple(fc.bigInt({ min: -(10n ** 16n), max: 10n ** 18n }), fc.boolean())
      .map(([value, zoned]) => ({ type: 'timestamp', value, zoned }) as const),
  )
  const placeholder: fc.Arbitrary<Placeholder> = fc
    .constantFrom('${{USER.dept}}', '{USER}')
    .map(written => ({ written, value: 'v' }))
  const parts = fc
    .tuple(fc.constantFrom('', 'p-'), placeholder, fc.constantFrom('', '-s'))
    .map(list => list.filter(part => part !== ''))
  const functions = Object.entries(sqlFunctions)
  return fc.letrec<{ node: Expression }>(tie => {
    const node = tie('node')
    const leaf: fc.Arbitrary<Expression> = fc.oneof(
      fc.record({ at, kind: fc.constant('literal' as const), literal: literals }),
      fc.record({ at, kind: fc.constant('column' as const), path: fc.array(names, { minLength: 1, maxLength: 3 }) }),
      fc.record({ at, kind: fc.constant('placeholder' as const), placeholder }),
      fc.record({ at, kind: fc.constant('template' as const), parts }),
      fc.record({ at, kind: fc.constant('self' as const) }),
    )
    const negated = fc.boolean()
    const branch: fc.Arbitrary<Expression> = fc.oneof(
      fc.record({ at, kind: fc.constantFrom('negate' as const, 'not' as const), operand: node }),
      fc.record({
        at,
        kind: fc.constantFrom('and' as const, 'or' as const),
        operands: fc.array(node, { minLength: 2, maxLength: 4 }),
      }),
      fc.record({
        at,
        kind: fc.constant('arithmetic' as const),
        operator: fc.constantFrom('+' as const, '-' as const, '*' as const, '/' as const, '%' as const, '||' as const),
        left: node,
        right: node,
      }),
      fc.record({
        at,
        kind: fc.constant('compare' as const),
        operator: fc.constantFrom(
          '=' as const,
          '<>' as const,
          '<' as const,
          '<=' as const,
          '>' as const,
          '>=' as const,
        ),
        left: node,
        right: node,
      }),
      fc.record({
        at,
        kind: fc.constant('in' as const),
        negated,
        operand: node,
        list: fc.array(node, { minLength: 1, maxLength: 3 }),
      }),
      fc.record({ at, kind: fc.constant('between' as const), negated, operand: node, low: node, high: node }),
      fc.record({
        at,
        kind: fc.constant('like' as const),
        negated,
        operand: node,
        pattern: node,
        escape: fc.option(node),
      }),
      fc.record({
        at,
        kind: fc.constant('is' as const),
        negated,
        operand: node,
        what: fc.constantFrom('null' as const, 'true' as const, 'false' as const),
      }),
      fc.record({
        at,
        kind: fc.constant('case' as const),
        subject: fc.option(node),
        branches: fc.array(fc.record({ when: node, result: node }), { minLength: 1, maxLength: 2 }),
        otherwise: fc.option(node),
      }),
      fc.record({
        at,
        kind: fc.constant('cast' as const),
        operand: node,
        type: fc.oneof(
          fc
            .constantFrom(
              'boolean' as const,
              'double' as const,
              'date' as const,
              'time' as const,
              'timestamp' as const,
              'timestamptz' as const,
              'self' as const,
              'tinyint' as const,
              'bigint' as const,
            )
            .map(name => ({ name })),
          fc.constant({ name: 'decimal', precision: 10, scale: 2 } as const),
          fc.constant({ name: 'decimal', precision: null, scale: null } as const),
          fc.option(fc.integer({ min: 1, max: 99 })).map(length => ({ name: 'text', length }) as const),
        ),
      }),
      fc
        .constantFrom(...functions)
        .chain(([name, { least, most }]) =>
          fc
            .array(node, { minLength: least, maxLength: Math.min(most, least + 2) })
            .map(args => ({ at: 0, kind: 'call', name, args }) as const),
        ),
    )
    return {
      node: fc.oneof(
        { maxDepth: 5, depthIdentifier: 'tree' },
        { arbitrary: leaf, weight: 1 },
        { arbitrary: branch, weight: 4 },
      ),
    }
  }).node
}

const withoutPlaces = (tree: unknown): unknown =>
  JSON.parse(JSON.stringify(tree, (key, value) => (key === 'at' ? 0 : typeof value === 'bigint' ? `${value}n` : value)))

function placeholdersOf(tree: unknown): number {
  return JSON.stringify(tree, (_key, value) => (typeof value === 'bigint' ? 0 : value)).split('"written"').length - 1
}

test.each(dialects)('what is printed is read as the same tree (%s)', (dialect: Dialect) => {
  fc.assert(
    fc.property(trees(), tree => {
      const text = printExpression(tree, dialect)
      const values = Array<string>(placeholdersOf(tree)).fill('v')
      const read = parseExpression(text, { dialect, values })
      expect('fault' in read ? [text, read.fault] : withoutPlaces(read.expression)).toEqual(withoutPlaces(tree))
    }),
    { numRuns: runs(1500) },
  )
})

const seeds = fc.nat({ max: 2 ** 31 - 1 })
const kinds: readonly RandomKind[] = ['boolean', 'integer', 'decimal', 'double', 'text', 'date', 'timestamp']

test('expressions of fitting types are bound, evaluate without throwing, and give a value of their type', () => {
  fc.assert(
    fc.property(seeds, seed => {
      const random = createRandom(seed)
      const expression = createExpressions(random).of(random.pick(kinds), 4)
      const dialect = random.pick(dialects)
      const bound = bindExpression(expression, scopeOf({ dialect, columns: randomColumns }))
      if (isBindFault(bound)) throw new Error(`${bound.detail}: ${printExpression(expression, dialect)}`)
      for (let n = 0; n < 5; n++) {
        const row = Object.fromEntries(
          randomColumns.map(({ name, value }) => [name, random.chance(0.2) ? null : JSON.parse(value(random)[0])]),
        )
        const result = bound.evaluate(rowOf({ columns: randomColumns, row }))
        expect(isOfKind(result, bound.type.kind), printExpression(expression, dialect)).toBe(true)
        if (!bound.nullable) expect(result, printExpression(expression, dialect)).not.toBeNull()
      }
    }),
    { numRuns: runs(1500) },
  )
})

function isOfKind(value: Value, kind: string): boolean {
  if (value === null) return true
  if (kind === 'integer' || kind === 'timestamp')
    return typeof value === 'bigint' ? !Number.isSafeInteger(Number(value)) : Number.isSafeInteger(value)
  if (kind === 'decimal') return typeof value === 'object' && 'unscaled' in value && typeof value.unscaled === 'bigint'
  if (kind === 'date') return Number.isInteger(value)
  return typeof value === { boolean: 'boolean', double: 'number', text: 'string' }[kind]
}

test('trees without any sense are bound or refused, and evaluate without throwing', () => {
  const address = JSON.stringify({ a: 1, state: 'x' })
  const rows = [
    {},
    { id: 1, name: 'x', active: true, score: 0.5, price: 'MDk=', born: 1, created: 1, address, tags: [1] },
  ]
  fc.assert(
    fc.property(trees(), fc.constantFrom(...dialects), (tree, dialect) => {
      const bound = bindExpression(tree, scopeOf({ dialect, self: 'name' }))
      if (isBindFault(bound)) {
        expect(bound).toMatchObject({ code: 'SCHEMA_EXPRESSION', at: 0 })
        return
      }
      for (const row of rows) bound.evaluate(rowOf({ columns, row }))
    }),
    { numRuns: runs(1500) },
  )
})

test('LIKE matches what a search that tries everything matches', () => {
  const signs = fc.constantFrom('%', '_', 'a', 'b', '\\', '🙂')
  const pattern = fc.array(signs, { maxLength: 7 }).map(list => list.join(''))
  const text = fc.array(fc.constantFrom('a', 'b', '%', '🙂', '_'), { maxLength: 8 }).map(list => list.join(''))
  fc.assert(
    fc.property(text, pattern, (value, like) => {
      const matcher = likeMatcher(like, '\\')
      expect(matcher === null ? 'no pattern' : matcher(value)).toBe(naive([...value], [...like]))
    }),
    { numRuns: runs(3000) },
  )
})

function naive(text: readonly string[], pattern: readonly string[]): boolean | 'no pattern' {
  const tokens: { readonly sign: string; readonly literal: boolean }[] = []
  for (let i = 0; i < pattern.length; i++) {
    const escaped = pattern[i] === '\\'
    if (escaped) i++
    const sign = pattern[i]
    if (sign === undefined) return 'no pattern'
    tokens.push({ sign, literal: escaped || (sign !== '%' && sign !== '_') })
  }
  const matches = (i: number, j: number): boolean => {
    const token = tokens[j]
    if (token === undefined) return i === text.length
    if (!token.literal && token.sign === '%') return matches(i, j + 1) || (i < text.length && matches(i + 1, j))
    return i < text.length && (!token.literal || text[i] === token.sign) && matches(i + 1, j + 1)
  }
  return matches(0, 0)
}

test('patterns and texts made to hurt are done within a second', () => {
  const long = 'a'.repeat(1_000_000)
  const patterns = [
    '%a'.repeat(400),
    `${'%a'.repeat(400)}b`,
    '%_'.repeat(300),
    `%${'_a'.repeat(300)}b%`,
    `%${'a'.repeat(900)}b%`,
    `%b${'a'.repeat(900)}%`,
  ]
  for (const pattern of patterns) {
    const before = performance.now()
    likeMatcher(pattern, '\\')?.(long)
    expect(performance.now() - before, pattern.slice(0, 10)).toBeLessThan(1000)
  }
})
