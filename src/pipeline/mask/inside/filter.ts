import { compareNumbers } from './decimal-order.ts'
import { fitsPattern, type Pattern } from './i-regexp.ts'
import { ARRAY, BOOLEAN, NULL, NUMBER, OBJECT, STRING } from './json-document.ts'
import type { Comparison, Literal, Operand, Query, Test } from './path.ts'
import type { Search } from './resolve.ts'

/** What an operand comes to. */
type Value = Literal | { readonly type: 'nothing' } | { readonly type: 'nested'; readonly node: number }

/** A member is repeated, so that the filter has more than one answer. */
class Undecided extends Error {}

/** Does the node pass the filter? Where a repeated member leaves that open, what the search was told to do in doubt. */
export function holds(test: Test, node: number, search: Search): boolean {
  try {
    return decide(test, node, search)
  } catch (error) {
    if (!(error instanceof Undecided)) throw error
    return search.doubt
  }
}

function decide(test: Test, node: number, search: Search): boolean {
  switch (test.kind) {
    case 'and':
      return decide(test.left, node, search) && decide(test.right, node, search)
    case 'or':
      return decide(test.left, node, search) || decide(test.right, node, search)
    case 'not':
      return !decide(test.test, node, search)
    case 'exists':
      return search.finds(test.query.from === 'root' ? 0 : node, test.query.path)
    case 'match':
    case 'search':
      return fits(test, node, search)
    case 'truthy':
      return isTruthy(operandValue(test.of, node, search))
    case 'compare':
      return compare(test.by, operandValue(test.left, node, search), operandValue(test.right, node, search), search)
  }
}

function fits(
  { kind, of, pattern, known }: Extract<Test, { readonly kind: 'match' | 'search' }>,
  node: number,
  search: Search,
): boolean {
  const text = operandValue(of, node, search)
  const expression = known ?? patternOf(operandValue(pattern, node, search), search)
  if (text.type !== 'string' || expression === null) return false
  return fitsPattern(expression, text.value, kind, steps => search.spend(steps))
}

/** RFC 9535: what is no I-Regexp fits nothing. */
const patternOf = (value: Value, search: Search): Pattern | null =>
  value.type === 'string' ? search.pattern(value.value) : null

const nodesOf = ({ from, path }: Query, node: number, search: Search): readonly number[] =>
  search.from(from === 'root' ? 0 : node, path)

const nothing: Value = { type: 'nothing' }

function operandValue(operand: Operand, node: number, search: Search): Value {
  switch (operand.kind) {
    case 'literal':
      return operand.value
    case 'query':
    case 'value':
      return single(operand.query, node, search)
    case 'count':
      return aNumber(nodesOf(operand.query, node, search).length)
    case 'length':
      return lengthOf(operandValue(operand.of, node, search), search)
    case 'script-length':
      return scriptLength(single(operand.query, node, search), search)
    case 'property':
      return propertyOf(node, search)
  }
}

const aNumber = (value: number): Value => ({ type: 'number', text: String(value) })

function single(query: Query, node: number, search: Search): Value {
  const [first, second] = nodesOf(query, node, search)
  if (first === undefined) return nothing
  if (second === undefined) return read(first, search)
  if (query.isSingular) throw new Undecided()
  return nothing
}

function read(node: number, search: Search): Value {
  switch (search.document.kind(node)) {
    case STRING:
      return { type: 'string', value: search.text(node) }
    case NUMBER:
      return { type: 'number', text: search.text(node) }
    case BOOLEAN:
      return { type: 'boolean', value: search.text(node) === 'true' }
    case NULL:
      return { type: 'null' }
    default:
      return { type: 'nested', node }
  }
}

function lengthOf(value: Value, search: Search): Value {
  if (value.type === 'nested') return aNumber(search.children(value.node).length)
  if (value.type !== 'string') return nothing
  search.spend(value.value.length >> 4)
  return aNumber([...value.value].length)
}

function scriptLength(value: Value, search: Search): Value {
  if (value.type === 'string') return aNumber(value.value.length)
  if (value.type !== 'nested') return nothing
  const children = search.children(value.node)
  if (search.document.kind(value.node) === ARRAY) return aNumber(children.length)
  const [first, second] = children.filter(child => search.document.name(child) === 'length')
  if (second !== undefined) throw new Undecided()
  return first === undefined ? nothing : read(first, search)
}

function propertyOf(node: number, search: Search): Value {
  const name = search.document.name(node)
  if (name !== null) return { type: 'string', value: name }
  return aNumber(search.children(search.document.parent(node)).indexOf(node))
}

function compare(by: Comparison, left: Value, right: Value, search: Search): boolean {
  switch (by) {
    case '==':
      return equal(left, right, search)
    case '!=':
      return !equal(left, right, search)
    case '<':
      return isLess(left, right)
    case '>':
      return isLess(right, left)
    case '<=':
      return isLess(left, right) || equal(left, right, search)
    case '>=':
      return isLess(right, left) || equal(left, right, search)
    case 'same':
    case 'differs':
      return isSame(left, right) === (by === 'same')
    case 'alike':
    case 'unlike':
      return isAlike(left, right) === (by === 'alike')
    case 'below':
      return isBelow(left, right, order => order < 0)
    case 'up-to':
      return isBelow(left, right, order => order <= 0)
    case 'above':
      return isBelow(left, right, order => order > 0)
    case 'from':
      return isBelow(left, right, order => order >= 0)
  }
}

/** RFC 9535, 2.3.5.2.2. */
function equal(left: Value, right: Value, search: Search): boolean {
  if (left.type === 'number' && right.type === 'number') return compareNumbers(left.text, right.text) === 0
  if (left.type === 'nested' && right.type === 'nested') return equalNodes(left.node, right.node, search)
  if ('value' in left && 'value' in right) return left.value === right.value
  return left.type === right.type
}

function isLess(left: Value, right: Value): boolean {
  if (left.type === 'number' && right.type === 'number') return compareNumbers(left.text, right.text) < 0
  return left.type === 'string' && right.type === 'string' && inCodePoints(left.value, right.value) < 0
}

/** By Unicode scalar values; code units would put what lies beyond the BMP too early. */
function inCodePoints(left: string, right: string): number {
  let at = 0
  while (at < left.length && left[at] === right[at]) at++
  const a = left.charCodeAt(at)
  const b = right.charCodeAt(at)
  if (Number.isNaN(a) || Number.isNaN(b)) return left.length - right.length
  const isHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff
  return isHalf(a) === isHalf(b) ? a - b : isHalf(a) ? 1 : -1
}

function equalNodes(left: number, right: number, search: Search): boolean {
  const { document } = search
  search.spend(1)
  if (left === right) return true
  if (document.kind(left) !== document.kind(right)) return false
  if (!document.isNested(left)) return equal(read(left, search), read(right, search), search)
  const mine = search.children(left)
  const others = search.children(right)
  if (document.kind(left) === OBJECT) return equalMembers(mine, others, search)
  return mine.length === others.length && mine.every((item, n) => equalNodes(item, others[n] as number, search))
}

function equalMembers(left: readonly number[], right: readonly number[], search: Search): boolean {
  const named = (nodes: readonly number[]): Map<string, number> => {
    const byName = new Map(nodes.map(node => [search.document.name(node) ?? '', node]))
    if (byName.size < nodes.length) throw new Undecided()
    return byName
  }
  const mine = named(left)
  const others = named(right)
  if (mine.size !== others.size) return false
  return [...mine].every(([name, node]) => {
    const other = others.get(name)
    return other !== undefined && equalNodes(node, other, search)
  })
}

/** What a script takes a value for. An object would be turned into text first: nobody means that. */
function primitive(value: Value): string | number | boolean | null | undefined {
  switch (value.type) {
    case 'nested':
      throw new Undecided()
    case 'nothing':
      return undefined
    case 'null':
      return null
    case 'number':
      return Number(value.text)
    default:
      return value.value
  }
}

const isTruthy = (value: Value): boolean => value.type === 'nested' || Boolean(primitive(value))

/** `===` */
function isSame(left: Value, right: Value): boolean {
  if (left.type === 'number' && right.type === 'number') return compareNumbers(left.text, right.text) === 0
  if (left.type === 'nested' || right.type === 'nested')
    return left.type === 'nested' && right.type === 'nested' && left.node === right.node
  return primitive(left) === primitive(right)
}

/** `==` */
function isAlike(left: Value, right: Value): boolean {
  if (left.type === right.type) return isSame(left, right)
  const isNone = ({ type }: Value): boolean => type === 'null' || type === 'nothing'
  if (isNone(left) || isNone(right)) return isNone(left) && isNone(right)
  const [a, b] = [primitive(left), primitive(right)]
  return Number(a) === Number(b)
}

/** `<` and its like: two strings by code units, all else as numbers. */
function isBelow(left: Value, right: Value, fits: (order: number) => boolean): boolean {
  if (left.type === 'number' && right.type === 'number') return fits(compareNumbers(left.text, right.text))
  const [a, b] = [primitive(left), primitive(right)]
  if (typeof a === 'string' && typeof b === 'string') return fits(a < b ? -1 : a > b ? 1 : 0)
  return fits(Number(a) - Number(b))
}
