import { readPattern } from '../../pipeline/mask/inside/i-regexp.ts'
import { jsonpath } from 'json-p3'
import {
  type Comparison,
  type Literal,
  namePick,
  type Operand,
  type Path,
  type Pick,
  type Query,
  type Step,
  type Test,
} from '../../pipeline/mask/inside/path.ts'
import { Unfit, unfit } from './unfit.ts'

const { selectors, expressions } = jsonpath

type Expression = InstanceType<typeof expressions.LogicalExpression>['expression']
type Segments = ReturnType<typeof jsonpath.compile>['segments']

/** Reads an RFC 9535 path. json-p3 is the grammar; what it takes and we do not offer is refused too, as `Unfit`. */
export function readJsonPath(text: string): Path {
  let segments: Segments
  try {
    ;({ segments } = jsonpath.compile(text))
  } catch (error) {
    // Its message quotes the path.
    const at = error instanceof jsonpath.JSONPathError ? error.token.index + 1 : null
    throw new Unfit('is no path of RFC 9535', at)
  }
  return segments.map(stepOf)
}

function stepOf(segment: Segments[number]): Step {
  // The class of a descendant segment is not exported; its canonical text begins with two dots.
  const kind = segment.toString().startsWith('..') ? 'descendant' : 'child'
  return { kind, picks: segment.selectors.map(pickOf) }
}

function pickOf(selector: Segments[number]['selectors'][number]): Pick {
  if (selector instanceof selectors.NameSelector) return namePick(selector.name)
  if (selector instanceof selectors.WildcardSelector) return { kind: 'any' }
  if (selector instanceof selectors.IndexSelector) return { kind: 'index', index: selector.index }
  if (selector instanceof selectors.SliceSelector) {
    const { start, stop, step } = selector
    return { kind: 'slice', start: start ?? null, stop: stop ?? null, step: step ?? 1 }
  }
  if (selector instanceof selectors.FilterSelector)
    return { kind: 'filter', test: testOf(selector.expression.expression) }
  return unfit('has a selector that is not of RFC 9535', selector.token.index + 1)
}

const comparisons: ReadonlySet<string> = new Set<Comparison>(['==', '!=', '<', '<=', '>', '>='])

function testOf(expression: Expression): Test {
  if (expression instanceof expressions.LogicalExpression) return testOf(expression.expression)
  if (expression instanceof expressions.PrefixExpression) return { kind: 'not', test: testOf(expression.right) }
  if (expression instanceof expressions.RelativeQuery || expression instanceof expressions.RootQuery)
    return { kind: 'exists', query: queryOf(expression) }
  if (expression instanceof expressions.FunctionExtension) return patternTest(expression)
  if (!(expression instanceof expressions.InfixExpression))
    return unfit(unsupported(expression), expression.token.index + 1)
  const { operator, left, right } = expression
  if (operator === '&&' || operator === '||')
    return { kind: operator === '&&' ? 'and' : 'or', left: testOf(left), right: testOf(right) }
  if (!comparisons.has(operator)) return unfit('has an operator that is not offered', expression.token.index + 1)
  return { kind: 'compare', by: operator as Comparison, left: operandOf(left), right: operandOf(right) }
}

function patternTest(expression: InstanceType<typeof expressions.FunctionExtension>): Test {
  const { name, args, token } = expression
  const [of, by] = args
  if ((name !== 'match' && name !== 'search') || of === undefined || by === undefined)
    return unfit('calls a function that is not offered', token.index + 1)
  const pattern = operandOf(by)
  const isKnown = pattern.kind === 'literal' && pattern.value.type === 'string'
  const known = isKnown && 'value' in pattern.value ? readPattern(String(pattern.value.value)) : null
  // By the RFC it would fit nothing, and so hide nothing.
  if (isKnown && known === null) return unfit('has a pattern that is no I-Regexp, or too large', token.index + 1)
  return { kind: name, of: operandOf(of), pattern, known }
}

function operandOf(expression: Expression): Operand {
  if (expression instanceof expressions.RelativeQuery || expression instanceof expressions.RootQuery)
    return { kind: 'query', query: queryOf(expression) }
  if (expression instanceof expressions.FunctionExtension) {
    const [argument] = expression.args
    if (argument === undefined) return unfit(unsupported(expression), expression.token.index + 1)
    if (expression.name === 'length') return { kind: 'length', of: operandOf(argument) }
    if (expression.name !== 'count' && expression.name !== 'value')
      return unfit(unsupported(expression), expression.token.index + 1)
    if (argument instanceof expressions.RelativeQuery || argument instanceof expressions.RootQuery)
      return { kind: expression.name, query: queryOf(argument) }
  }
  return { kind: 'literal', value: literalOf(expression) }
}

function literalOf(expression: Expression): Literal {
  if (expression instanceof expressions.NullLiteral) return { type: 'null' }
  if (expression instanceof expressions.BooleanLiteral) return { type: 'boolean', value: expression.value }
  if (expression instanceof expressions.StringLiteral) return { type: 'string', value: expression.value }
  // The token has all digits, where the value is a double.
  if (expression instanceof expressions.NumberLiteral) return { type: 'number', text: expression.token.value }
  return unfit(unsupported(expression), expression.token.index + 1)
}

function queryOf(
  expression: InstanceType<typeof expressions.RelativeQuery> | InstanceType<typeof expressions.RootQuery>,
): Query {
  const { path } = expression
  return {
    from: expression instanceof expressions.RootQuery ? 'root' : 'current',
    path: path.segments.map(stepOf),
    isSingular: path.singularQuery(),
  }
}

const unsupported = (expression: Expression): string =>
  expression instanceof expressions.FunctionExtension
    ? 'calls a function that is not offered'
    : 'has a filter that is not offered'
