import fc from 'fast-check'
import { JSONPath } from 'jsonpath-plus'
import { expect, test } from 'vitest'
import { JsonDocument } from '../../../src/pipeline/mask/inside/json-document.ts'
import { Search } from '../../../src/pipeline/mask/inside/resolve.ts'
import { readJsonPathPlus } from '../../../src/policy/selector/jsonpath-plus.ts'
import { runs } from '../../properties/runs.ts'

/** Our reading of the dialect against the library itself, with its safe evaluation: the same places in random documents. */

const name = fc.constantFrom('a', 'b', 'c', 'price', 'length', '0', '1', 'क')
const scalar = fc.constantFrom<unknown>(0, 1, 2, 2.5, -1, 10, '', 'x', '2', '10', 'home', true, false, null)
const { tree } = fc.letrec<{ tree: unknown }>(tie => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(name, tie('tree'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))

const member = name.map(one => (/^\d/.test(one) ? `['${one}']` : `.${one}`))
const inFilter = member.filter(one => !/\d/.test(one))
const operand = fc.oneof(
  inFilter.map(one => `@${one}`),
  inFilter.map(one => `@${one}`),
  fc.constantFrom('@', '@property', '1', '2', '-1', "'x'", '"home"', 'true', 'null', 'undefined', '2.50'),
)
const comparison = fc
  .tuple(operand, fc.constantFrom('==', '!=', '===', '!==', '<', '<=', '>', '>='), operand)
  .map(([left, by, right]) => `${left} ${by} ${right}`)
const filter = fc.oneof(
  comparison,
  comparison,
  inFilter.map(one => `@${one}`),
  inFilter.map(one => `!@${one}`),
  fc.tuple(comparison, fc.constantFrom('&&', '||'), comparison).map(([a, by, b]) => `${a} ${by} ${b}`),
  comparison.map(one => `!(${one})`),
)
const part = fc.oneof(
  { weight: 4, arbitrary: member },
  { weight: 2, arbitrary: name.map(one => `['${one}']`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      '[*]',
      '.*',
      '[0]',
      '[1]',
      '[0,1]',
      "['a','b']",
      '[a,b]',
      '[1:]',
      '[:-1]',
      '[::2]',
      '[-2:]',
    ),
  },
  { weight: 3, arbitrary: filter.map(one => `[?(${one})]`) },
  { weight: 2, arbitrary: name.map(one => `..${one}`) },
  { weight: 1, arbitrary: fc.constantFrom('..*', '..[0]', '^') },
)
const path = fc.array(part, { minLength: 1, maxLength: 4 }).map(parts => `$${parts.join('')}`)

test('selects the same places as the library', () => {
  let found = 0
  let compared = 0
  fc.assert(
    fc.property(
      path,
      fc.oneof(
        fc.array(tree, { minLength: 1, maxLength: 4 }),
        fc.dictionary(name, tree, { minKeys: 1, maxKeys: 4, noNullPrototype: true }),
      ),
      (expression, json) => {
        const theirs = places(expression, json)
        if (theirs === null) {
          // Where it fails on one element (a member of what has none), it is asked for the others.
          const others = places(expression, json, true) ?? new Set()
          const mine = ours(expression, json, true)
          for (const place of others) expect(mine).toContain(place)
          return
        }
        const mine = ours(expression, json, true)
        compared++
        found += theirs.size
        // An object in a comparison is turned into text there; here the answer is open, and what hides takes it for yes.
        if (isEqual(mine, ours(expression, json, false))) expect(mine).toEqual(theirs)
        else for (const place of theirs) expect(mine).toContain(place)
      },
    ),
    { numRuns: runs(3000) },
  )
  expect(compared).toBeGreaterThan(500)
  expect(found).toBeGreaterThan(500)
})

const isEqual = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every(one => b.has(one))

/**
 * Null: the library took what has no members for an error, or an object for text. Its places in a string (a character, its
 * length) and the length of an array are no values of the document; what it makes of their parents is not compared.
 */
function places(expression: string, json: object, ignoreEvalErrors = false): Set<string> | null {
  if (/@(?!\.|\[|property)/.test(expression) && holdsNested(json)) return null
  if (expression.includes('^') && /length|\d/.test(expression)) return null
  // Above the document it goes on with the document.
  if (expression.split('^').length > 2) return null
  try {
    const found = JSONPath({
      path: expression,
      json,
      resultType: 'pointer',
      eval: 'safe',
      wrap: true,
      ignoreEvalErrors,
    }) as unknown
    return new Set((Array.isArray(found) ? (found as string[]) : []).filter(pointer => isPlace(json, pointer)))
  } catch {
    return null
  }
}

function isPlace(json: unknown, pointer: string): boolean {
  let value = json
  for (const name of pointer.split('/').slice(1)) {
    if (typeof value !== 'object' || value === null || !Object.keys(value).includes(name)) return false
    value = (value as Record<string, unknown>)[name]
  }
  return true
}

const holdsNested = (json: object): boolean => Object.values(json).some(one => typeof one === 'object' && one !== null)

function ours(expression: string, json: object, doubt: boolean): Set<string> {
  const bytes = Buffer.from(JSON.stringify(json))
  const document = new JsonDocument()
  document.read(bytes, 0, bytes.length)
  const pointer = (node: number): string => {
    const parent = document.parent(node)
    if (parent < 0) return ''
    let index = 0
    for (let at = parent + 1; at < node; at = document.next(at)) index++
    return `${pointer(parent)}/${document.name(node) ?? index}`
  }
  return new Set(new Search(document, doubt).places(readJsonPathPlus(expression)).map(pointer))
}
