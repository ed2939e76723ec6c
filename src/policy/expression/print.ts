import { decimalText } from '../../pipeline/expression/decimal.ts'
import type { Dialect } from '../../pipeline/expression/dialect.ts'
import type { CastType, Expression, Literal, Placeholder } from '../../pipeline/expression/expression.ts'
import { dateText, timestampText } from '../../pipeline/expression/temporal.ts'
import { whole } from '../../pipeline/expression/values.ts'
import { foreignWords, isReserved } from './reserved-words.ts'

/** How tightly a node holds together; a part that holds less tightly than its place asks for gets parentheses. */
const OR = 0
const AND = 1
const NOT = 2
const PREDICATE = 3
const SUM = 4
const PRODUCT = 5
const UNARY = 6
const ATOM = 7

/**
 * The text of an expression, for explain. Read again in the same dialect, with the same placeholders, it is the same tree.
 * (Texts that spell a placeholder cannot be written but in Hive, whose backslash takes it apart.)
 */
export function printExpression(expression: Expression, dialect: Dialect): string {
  return new Printer(dialect).print(expression, OR)
}

class Printer {
  private readonly dialect: Dialect

  constructor(dialect: Dialect) {
    this.dialect = dialect
  }

  print(node: Expression, place: number): string {
    const [text, own] = this.node(node)
    return own < place ? `(${text})` : text
  }

  private node(node: Expression): readonly [string, number] {
    switch (node.kind) {
      case 'literal':
        return [this.literal(node.literal), ATOM]
      case 'placeholder':
        return [node.placeholder.written, ATOM]
      case 'template':
        return [this.quoted(node.parts), ATOM]
      case 'column':
        return [node.path.map(name => this.name(name)).join('.'), ATOM]
      case 'self':
        return ['{col}', ATOM]
      case 'call':
        return [`${node.name}(${this.list(node.args)})`, ATOM]
      case 'negate':
        return [`-${this.print(node.operand, ATOM)}`, UNARY]
      case 'not':
        return [`NOT ${this.print(node.operand, NOT)}`, NOT]
      case 'and':
        return [node.operands.map(operand => this.print(operand, NOT)).join(' AND '), AND]
      case 'or':
        return [node.operands.map(operand => this.print(operand, AND)).join(' OR '), OR]
      case 'arithmetic': {
        const own = node.operator === '*' || node.operator === '/' || node.operator === '%' ? PRODUCT : SUM
        return [`${this.print(node.left, own)} ${node.operator} ${this.print(node.right, own + 1)}`, own]
      }
      case 'compare':
        return [`${this.print(node.left, SUM)} ${node.operator} ${this.print(node.right, SUM)}`, PREDICATE]
      case 'case':
        return [this.case(node), ATOM]
      case 'cast':
        return [`CAST(${this.print(node.operand, OR)} AS ${castText(node.type)})`, ATOM]
      default:
        return [this.predicate(node), PREDICATE]
    }
  }

  private predicate(node: Extract<Expression, { kind: 'in' | 'between' | 'like' | 'is' }>): string {
    const operand = this.print(node.operand, SUM)
    const not = node.negated ? 'NOT ' : ''
    switch (node.kind) {
      case 'in':
        return `${operand} ${not}IN (${this.list(node.list)})`
      case 'between':
        return `${operand} ${not}BETWEEN ${this.print(node.low, SUM)} AND ${this.print(node.high, SUM)}`
      case 'like': {
        const escaping = node.escape === null ? '' : ` ESCAPE ${this.print(node.escape, SUM)}`
        return `${operand} ${not}LIKE ${this.print(node.pattern, SUM)}${escaping}`
      }
      case 'is':
        return `${operand} IS ${not}${node.what.toUpperCase()}`
    }
  }

  private case(node: Extract<Expression, { kind: 'case' }>): string {
    const branches = node.branches.map(
      ({ when, result }) => `WHEN ${this.print(when, OR)} THEN ${this.print(result, OR)}`,
    )
    const subject = node.subject === null ? [] : [this.print(node.subject, OR)]
    const otherwise = node.otherwise === null ? [] : [`ELSE ${this.print(node.otherwise, OR)}`]
    return ['CASE', ...subject, ...branches, ...otherwise, 'END'].join(' ')
  }

  private list(nodes: readonly Expression[]): string {
    return nodes.map(node => this.print(node, OR)).join(', ')
  }

  private literal(literal: Literal): string {
    switch (literal.type) {
      case 'null':
        return 'NULL'
      case 'boolean':
        return literal.value ? 'TRUE' : 'FALSE'
      case 'integer':
        return literal.value.toString()
      case 'decimal':
        return decimalText(literal.value)
      case 'double':
        return exponential(literal.value)
      case 'text':
        return this.quoted([literal.value])
      case 'date':
        return `DATE '${dateText(literal.value)}'`
      case 'timestamp':
        return `TIMESTAMP '${timestampText(whole(literal.value))}${literal.zoned ? 'Z' : ''}'`
    }
  }

  private quoted(parts: readonly (string | Placeholder)[]): string {
    const escaped = parts.map(part => (typeof part === 'string' ? this.escaped(part) : part.written))
    return `'${escaped.join('')}'`
  }

  private escaped(text: string): string {
    const quoted = text.replaceAll("'", "''")
    if (this.dialect !== 'hive') return quoted
    return quoted
      .replace(/\\(?![%_])/g, '\\\\')
      .replaceAll('${{', '\\${{')
      .replace(/\{(?=USER\}|OWNER\})/g, '\\{')
  }

  private name(name: string): string {
    const isPlain = /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
    if (
      isPlain &&
      !isReserved(name.toLowerCase()) &&
      !words.has(name.toLowerCase()) &&
      !foreignWords.has(name.toLowerCase())
    )
      return name
    return this.dialect === 'hive' ? `\`${name.replaceAll('`', '``')}\`` : `"${name.replaceAll('"', '""')}"`
  }
}

/** Names that would be read as something else without quotes. */
const words: ReadonlySet<string> = new Set(['date', 'timestamp', 'current_date', 'current_timestamp', 'current_user'])

/** Always with an exponent, by which a double is told from a decimal. */
const exponential = (value: number): string => {
  const text = String(value)
  return text.includes('e') ? text : `${text}e0`
}

function castText(type: CastType): string {
  if (type.name === 'self') return '{type}'
  if (type.name === 'text') return type.length === null ? 'text' : `varchar(${type.length})`
  if (type.name === 'decimal') return type.precision === null ? 'decimal' : `decimal(${type.precision}, ${type.scale})`
  return type.name
}
