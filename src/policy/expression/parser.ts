import { parseDecimal } from '../../pipeline/expression/decimal.ts'
import type {
  ArithmeticOperator,
  CastType,
  CompareOperator,
  Expression,
  Placeholder,
  PlaceholderValue,
} from '../../pipeline/expression/expression.ts'
import { arityOf, functionName } from '../../pipeline/expression/functions/function-table.ts'
import { parseDate, parseTimestamp } from '../../pipeline/expression/temporal.ts'
import { readCastType } from './cast-types.ts'
import { refuse } from './expression-fault.ts'
import { foreignFunction, foreignWords, isReserved } from './reserved-words.ts'
import type { Token } from './tokens.ts'

/** How deep a tree may be, and how many nodes it may have. */
export const MAX_DEPTH = 100
export const MAX_NODES = 10_000

const compareOperators: ReadonlyMap<string, CompareOperator> = new Map([
  ['=', '='],
  ['==', '='],
  ['<>', '<>'],
  ['!=', '<>'],
  ['<', '<'],
  ['<=', '<='],
  ['>', '>'],
  ['>=', '>='],
])

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never
type NewNode = DistributiveOmit<Expression, 'at'>

/** Recursive descent over the grammar of the README; each method reads one rule and leaves `next` behind it. */
export class Parser {
  private readonly tokens: readonly Token[]
  private readonly values: readonly PlaceholderValue[]
  private next = 0
  private placeholders = 0
  private nodes = 0
  private nesting = 0
  /** How deep the tree under a node is. */
  private readonly depths = new WeakMap<Expression, number>()

  constructor(tokens: readonly Token[], values: readonly PlaceholderValue[]) {
    this.tokens = tokens
    this.values = values
  }

  /** or := and (OR and)* */
  expression(): Expression {
    this.nesting++
    if (this.nesting > MAX_DEPTH) refuse(this.peek().at, `nested more than ${MAX_DEPTH} deep`)
    const read = this.chain('or', () => this.chain('and', () => this.not()))
    this.nesting--
    return read
  }

  end(): void {
    const token = this.peek()
    if (token.kind === 'end') {
      if (this.placeholders < this.values.length) refuse(token.at, 'more values are given than there are placeholders')
      return
    }
    if (token.kind === 'word') refuse(token.at, foreignWords.get(token.text) ?? 'the expression should end here')
    refuse(token.at, 'the expression should end here')
  }

  /** `as name`; a plain column needs none. */
  alias(expression: Expression): string {
    const { at } = this.peek()
    if (this.takeWord('as')) return this.name()
    const own = expression.kind === 'column' ? expression.path.at(-1) : undefined
    return own ?? refuse(at, 'an expression needs a name: ... as name')
  }

  private chain(kind: 'and' | 'or', read: () => Expression): Expression {
    const first = read()
    if (!this.isWord(kind)) return first
    const operands = [first]
    const { at } = this.peek()
    while (this.takeWord(kind)) operands.push(read())
    return this.make(at, { kind, operands }, operands)
  }

  private not(): Expression {
    const { at } = this.peek()
    if (!this.takeWord('not')) return this.predicate()
    this.nesting++
    if (this.nesting > MAX_DEPTH) refuse(at, `nested more than ${MAX_DEPTH} deep`)
    const operand = this.not()
    this.nesting--
    return this.make(at, { kind: 'not', operand }, [operand])
  }

  private predicate(): Expression {
    const left = this.sum()
    const token = this.peek()
    const operator = token.kind === 'sign' ? compareOperators.get(token.text) : undefined
    if (operator !== undefined) {
      this.next++
      const right = this.sum()
      return this.make(token.at, { kind: 'compare', operator, left, right }, [left, right])
    }
    if (this.takeWord('is')) return this.is(token.at, left)
    const negated = this.isWord('not') && this.isWord('in', 'between', 'like', 1) ? this.takeWord('not') : false
    if (this.takeWord('in')) return this.in(token.at, negated, left)
    if (this.takeWord('between')) {
      const low = this.sum()
      if (!this.takeWord('and')) refuse(this.peek().at, 'BETWEEN needs AND')
      const high = this.sum()
      return this.make(token.at, { kind: 'between', negated, operand: left, low, high }, [left, low, high])
    }
    return this.takeWord('like') ? this.like(token.at, negated, left) : left
  }

  private is(at: number, operand: Expression): Expression {
    const negated = this.takeWord('not')
    for (const what of ['null', 'true', 'false'] as const) {
      if (this.takeWord(what)) return this.make(at, { kind: 'is', negated, operand, what }, [operand])
    }
    return refuse(this.peek().at, 'IS takes [NOT] NULL, TRUE or FALSE')
  }

  private in(at: number, negated: boolean, operand: Expression): Expression {
    this.sign('(', 'IN needs a list in parentheses')
    const list = this.list()
    if (list.length === 0) refuse(this.peek().at, 'IN needs at least one value')
    return this.make(at, { kind: 'in', negated, operand, list }, [operand, ...list])
  }

  private like(at: number, negated: boolean, operand: Expression): Expression {
    const pattern = this.sum()
    const escapeSign = this.takeWord('escape') ? this.sum() : null
    const children = escapeSign === null ? [operand, pattern] : [operand, pattern, escapeSign]
    return this.make(at, { kind: 'like', negated, operand, pattern, escape: escapeSign }, children)
  }

  private sum(): Expression {
    return this.binary(['+', '-', '||'], () => this.binary(['*', '/', '%'], () => this.unary()))
  }

  private binary(operators: readonly ArithmeticOperator[], read: () => Expression): Expression {
    let left = read()
    for (;;) {
      const token = this.peek()
      const operator = token.kind === 'sign' ? operators.find(known => known === token.text) : undefined
      if (operator === undefined) return left
      this.next++
      const right = read()
      left = this.make(token.at, { kind: 'arithmetic', operator, left, right }, [left, right])
    }
  }

  private unary(): Expression {
    const { at } = this.peek()
    if (!this.takeSign('-')) return this.atom()
    this.nesting++
    if (this.nesting > MAX_DEPTH) refuse(at, `nested more than ${MAX_DEPTH} deep`)
    const operand = this.unary()
    this.nesting--
    return this.make(at, { kind: 'negate', operand }, [operand])
  }

  private atom(): Expression {
    const token = this.peek()
    switch (token.kind) {
      case 'number':
        this.next++
        return this.number(token.at, token.text)
      case 'string':
        this.next++
        return this.string(token)
      case 'placeholder':
        this.next++
        return this.make(token.at, { kind: 'placeholder', placeholder: this.placeholder(token.at, token.written) }, [])
      case 'self':
        if (token.what === 'type') refuse(token.at, '{type} stands only in CAST')
        this.next++
        return this.make(token.at, { kind: 'self' }, [])
      case 'name':
        return this.column(token.at)
      case 'word':
        return this.word(token)
      case 'sign':
        if (token.text === '(') return this.parentheses()
        return refuse(token.at, 'a value is missing here')
      case 'end':
        return refuse(token.at, 'a value is missing at the end')
    }
  }

  private parentheses(): Expression {
    this.next++
    const token = this.peek()
    if (token.kind === 'word' && (token.text === 'select' || token.text === 'with')) {
      refuse(token.at, foreignWords.get('select') ?? '')
    }
    const inner = this.expression()
    if (this.isSign(',')) refuse(this.peek().at, 'a list stands only behind IN')
    this.sign(')', 'a closing parenthesis is missing')
    return inner
  }

  private word(token: Extract<Token, { kind: 'word' }>): Expression {
    const { at, text } = token
    if (text === 'null') return this.literal(at, { type: 'null' })
    if (text === 'true' || text === 'false') return this.literal(at, { type: 'boolean', value: text === 'true' })
    if (text === 'case') return this.case(at)
    const after = this.tokens[this.next + 1]
    if ((text === 'date' || text === 'timestamp') && after?.kind === 'string') return this.temporal(at, text)
    if (after?.kind === 'sign' && after.text === '(')
      return text === 'cast' ? this.cast(at) : this.call(at, token.written)
    if (text === 'current_date' || text === 'current_timestamp' || text === 'current_user') {
      this.next++
      return this.make(at, { kind: 'call', name: text, args: [] }, [])
    }
    const foreign = foreignWords.get(text)
    if (foreign !== undefined) refuse(at, foreign)
    if (isReserved(text)) refuse(at, 'a value is missing before this word (a column of this name needs quotes)')
    return this.column(at)
  }

  private literal(at: number, literal: Extract<Expression, { kind: 'literal' }>['literal']): Expression {
    this.next++
    return this.make(at, { kind: 'literal', literal }, [])
  }

  private number(at: number, text: string): Expression {
    if (/[eE]/.test(text)) {
      const value = Number(text)
      if (!Number.isFinite(value)) refuse(at, 'the number is out of range')
      return this.make(at, { kind: 'literal', literal: { type: 'double', value } }, [])
    }
    const value = parseDecimal(text) ?? refuse(at, 'the number has too many digits')
    const literal = text.includes('.')
      ? ({ type: 'decimal', value } as const)
      : ({ type: 'integer', value: value.unscaled } as const)
    return this.make(at, { kind: 'literal', literal }, [])
  }

  private string({ at, parts }: Extract<Token, { kind: 'string' }>): Expression {
    const [first] = parts
    if (parts.length === 1 && typeof first === 'string') {
      return this.make(at, { kind: 'literal', literal: { type: 'text', value: first } }, [])
    }
    const read = parts.map(part => (typeof part === 'string' ? part : this.placeholder(at, part.written)))
    if (read.some(part => typeof part !== 'string' && typeof part.value !== 'string')) {
      refuse(at, 'a list of values cannot stand within quotes')
    }
    return this.make(at, { kind: 'template', parts: read }, [])
  }

  private placeholder(at: number, written: string): Placeholder {
    const value = this.values[this.placeholders++]
    return value === undefined ? refuse(at, 'nothing is known that this placeholder stands for') : { written, value }
  }

  private temporal(at: number, type: 'date' | 'timestamp'): Expression {
    this.next++
    const token = this.peek()
    const text = token.kind === 'string' && token.parts.length === 1 ? token.parts[0] : undefined
    if (typeof text !== 'string')
      return refuse(token.at, 'a constant is needed here: for a placeholder write cast(... as date)')
    if (type === 'date') {
      const value = parseDate(text) ?? refuse(token.at, 'this is no date: write 2016-04-20')
      return this.literal(at, { type, value })
    }
    const { micros, zoned } =
      parseTimestamp(text) ?? refuse(token.at, 'this is no timestamp: write 2016-04-20 10:15:30')
    return this.literal(at, { type, value: BigInt(micros), zoned })
  }

  private call(at: number, written: string): Expression {
    const name = functionName(written) ?? refuse(at, foreignFunction(written))
    this.next += 2
    const first = this.peek()
    if (first.kind === 'word' && first.text === 'distinct')
      refuse(first.at, 'aggregates need many rows: an expression sees one')
    const args = this.list()
    const after = this.peek()
    if (after.kind === 'word' && (after.text === 'over' || after.text === 'filter' || after.text === 'within')) {
      refuse(after.at, 'windows need many rows: an expression sees one')
    }
    const { least, most } = arityOf(name)
    if (args.length < least || args.length > most) refuse(at, `the function takes ${arityText(least, most)}`)
    return this.make(at, { kind: 'call', name, args }, args)
  }

  /** The rest of a list behind its opening parenthesis. */
  private list(): Expression[] {
    const items: Expression[] = []
    if (this.takeSign(')')) return items
    do {
      const token = this.peek()
      if (token.kind === 'word' && token.text === 'select') refuse(token.at, foreignWords.get('select') ?? '')
      items.push(this.expression())
    } while (this.takeSign(','))
    this.sign(')', 'a comma or a closing parenthesis is missing')
    return items
  }

  private case(at: number): Expression {
    this.next++
    const subject = this.isWord('when') ? null : this.expression()
    const branches: { readonly when: Expression; readonly result: Expression }[] = []
    while (this.takeWord('when')) {
      const when = this.expression()
      if (!this.takeWord('then')) refuse(this.peek().at, 'WHEN needs THEN')
      branches.push({ when, result: this.expression() })
    }
    if (branches.length === 0) refuse(this.peek().at, 'CASE needs WHEN')
    const otherwise = this.takeWord('else') ? this.expression() : null
    if (!this.takeWord('end')) refuse(this.peek().at, 'CASE needs END')
    const children = [subject, ...branches.flatMap(({ when, result }) => [when, result]), otherwise]
    return this.make(
      at,
      { kind: 'case', subject, branches, otherwise },
      children.filter(child => child !== null),
    )
  }

  private cast(at: number): Expression {
    this.next += 2
    const operand = this.expression()
    if (!this.takeWord('as')) refuse(this.peek().at, 'CAST needs AS')
    const type = this.castType()
    this.sign(')', 'a closing parenthesis is missing')
    return this.make(at, { kind: 'cast', operand, type }, [operand])
  }

  private castType(): CastType {
    const [type, taken] = readCastType(this.tokens.slice(this.next, this.next + 8))
    this.next += taken
    return type
  }

  private column(at: number): Expression {
    const path = [this.name()]
    while (this.takeSign('.')) path.push(this.name())
    if (this.isSign('(')) refuse(at, 'unknown function')
    return this.make(at, { kind: 'column', path }, [])
  }

  private name(): string {
    const token = this.peek()
    if (token.kind !== 'name' && token.kind !== 'word') return refuse(token.at, 'a name is missing here')
    this.next++
    return token.kind === 'name' ? token.text : token.written
  }

  private make(at: number, node: NewNode, children: readonly Expression[]): Expression {
    this.nodes++
    if (this.nodes > MAX_NODES) refuse(at, `the expression has more than ${MAX_NODES} parts`)
    let depth = 0
    for (const child of children) depth = Math.max(depth, this.depths.get(child) ?? 0)
    if (depth >= MAX_DEPTH) refuse(at, `nested more than ${MAX_DEPTH} deep`)
    const made: Expression = { ...node, at }
    this.depths.set(made, depth + 1)
    return made
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.next + ahead, this.tokens.length - 1)] as Token
  }

  /** One of the words; the last argument may say how far ahead. */
  private isWord(...words: readonly (string | number)[]): boolean {
    const last = words.at(-1)
    const token = this.peek(typeof last === 'number' ? last : 0)
    return token.kind === 'word' && words.includes(token.text)
  }

  private takeWord(word: string): boolean {
    if (!this.isWord(word)) return false
    this.next++
    return true
  }

  private isSign(text: string): boolean {
    const token = this.peek()
    return token.kind === 'sign' && token.text === text
  }

  private takeSign(text: string): boolean {
    if (!this.isSign(text)) return false
    this.next++
    return true
  }

  private sign(text: string, what: string): void {
    if (!this.takeSign(text)) refuse(this.peek().at, what)
  }
}

const arityText = (least: number, most: number): string => {
  const arguments_ = most === 1 ? 'argument' : 'arguments'
  return least === most ? `${least === 0 ? 'no' : least} ${arguments_}` : `${least} to ${most} ${arguments_}`
}
