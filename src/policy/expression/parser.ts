import type { ArithmeticOperator, CastType, Expression } from '../../pipeline/expression/expression.ts'
import { arityOf, functionName } from '../../pipeline/expression/functions/function-table.ts'
import { readCastType } from './cast-types.ts'
import { refuse } from './expression-fault.ts'
import { numberLiteral, temporalLiteral } from './literals.ts'
import type { ParseOptions } from './parse-options.ts'
import { PlaceholderValues } from './placeholders.ts'
import { compareOperators, foreignFunction, foreignWords, isReserved } from './reserved-words.ts'
import { TokenCursor } from './token-cursor.ts'
import type { Token } from './tokens.ts'
import { MAX_DEPTH, TreeMaker } from './tree-maker.ts'

/** Recursive descent over the grammar of the README; each method reads one rule and leaves the tokens behind it. */
export class Parser {
  private readonly tokens: TokenCursor
  private readonly values: PlaceholderValues
  private readonly rowName: string | null
  private readonly trees = new TreeMaker()

  constructor(tokens: readonly Token[], { values = [], rowName = null }: Omit<ParseOptions, 'dialect'>) {
    this.tokens = new TokenCursor(tokens)
    this.values = new PlaceholderValues(values)
    this.rowName = rowName
  }

  /** or := and (OR and)* */
  expression(): Expression {
    return this.trees.deeper(this.tokens.peek().at, () => this.chain('or', () => this.chain('and', () => this.not())))
  }

  end(): void {
    const token = this.tokens.peek()
    const foreign = token.kind === 'word' ? foreignWords.get(token.text) : undefined
    if (token.kind !== 'end') refuse(token.at, foreign ?? 'the expression should end here')
    this.values.end(token.at)
  }

  /** `as name`; a plain column needs none. */
  alias(expression: Expression): string {
    const { at } = this.tokens.peek()
    if (this.tokens.takeWord('as')) return this.name()
    const own = expression.kind === 'column' ? expression.path.at(-1) : undefined
    return own ?? refuse(at, 'an expression needs a name: ... as name')
  }

  private chain(kind: 'and' | 'or', read: () => Expression): Expression {
    const first = read()
    if (!this.tokens.isWord(kind)) return first
    const operands = [first]
    const { at } = this.tokens.peek()
    while (this.tokens.takeWord(kind)) operands.push(read())
    return this.trees.make(at, { kind, operands }, operands)
  }

  private not(): Expression {
    const { at } = this.tokens.peek()
    if (!this.tokens.takeWord('not')) return this.predicate()
    const operand = this.trees.deeper(at, () => this.not())
    return this.trees.make(at, { kind: 'not', operand }, [operand])
  }

  private predicate(): Expression {
    const left = this.sum()
    const token = this.tokens.peek()
    const operator = token.kind === 'sign' ? compareOperators.get(token.text) : undefined
    if (operator !== undefined) {
      this.tokens.skip()
      const right = this.sum()
      return this.trees.make(token.at, { kind: 'compare', operator, left, right }, [left, right])
    }
    if (this.tokens.takeWord('is')) return this.is(token.at, left)
    const negated = ['in', 'between', 'like'].some(word => this.tokens.isWord(word, 1)) && this.tokens.takeWord('not')
    if (this.tokens.takeWord('in')) return this.in(token.at, negated, left)
    if (this.tokens.takeWord('between')) {
      const low = this.sum()
      if (!this.tokens.takeWord('and')) refuse(this.tokens.peek().at, 'BETWEEN needs AND')
      const high = this.sum()
      return this.trees.make(token.at, { kind: 'between', negated, operand: left, low, high }, [left, low, high])
    }
    return this.tokens.takeWord('like') ? this.like(token.at, negated, left) : left
  }

  private is(at: number, operand: Expression): Expression {
    const negated = this.tokens.takeWord('not')
    for (const what of ['null', 'true', 'false'] as const) {
      if (this.tokens.takeWord(what)) return this.trees.make(at, { kind: 'is', negated, operand, what }, [operand])
    }
    return refuse(this.tokens.peek().at, 'IS takes [NOT] NULL, TRUE or FALSE')
  }

  private in(at: number, negated: boolean, operand: Expression): Expression {
    this.tokens.requireSign('(', 'IN needs a list in parentheses')
    const list = this.list()
    if (list.length === 0) refuse(this.tokens.peek().at, 'IN needs at least one value')
    return this.trees.make(at, { kind: 'in', negated, operand, list }, [operand, ...list])
  }

  private like(at: number, negated: boolean, operand: Expression): Expression {
    const pattern = this.sum()
    const escapeSign = this.tokens.takeWord('escape') ? this.sum() : null
    const children = escapeSign === null ? [operand, pattern] : [operand, pattern, escapeSign]
    return this.trees.make(at, { kind: 'like', negated, operand, pattern, escape: escapeSign }, children)
  }

  private sum(): Expression {
    return this.binary(['+', '-', '||'], () => this.binary(['*', '/', '%'], () => this.unary()))
  }

  private binary(operators: readonly ArithmeticOperator[], read: () => Expression): Expression {
    let left = read()
    for (;;) {
      const token = this.tokens.peek()
      const operator = token.kind === 'sign' ? operators.find(known => known === token.text) : undefined
      if (operator === undefined) return left
      this.tokens.skip()
      const right = read()
      left = this.trees.make(token.at, { kind: 'arithmetic', operator, left, right }, [left, right])
    }
  }

  private unary(): Expression {
    const { at } = this.tokens.peek()
    if (!this.tokens.takeSign('-')) return this.atom()
    const operand = this.trees.deeper(at, () => this.unary())
    return this.trees.make(at, { kind: 'negate', operand }, [operand])
  }

  private atom(): Expression {
    const token = this.tokens.peek()
    switch (token.kind) {
      case 'number':
        return this.literal(token.at, numberLiteral(token.at, token.text))
      case 'string':
        this.tokens.skip()
        return this.string(token)
      case 'placeholder':
        this.tokens.skip()
        return this.trees.make(
          token.at,
          { kind: 'placeholder', placeholder: this.values.take(token.at, token.written) },
          [],
        )
      case 'self':
        if (token.what === 'type') refuse(token.at, '{type} stands only in CAST')
        this.tokens.skip()
        return this.trees.make(token.at, { kind: 'self' }, [])
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
    this.tokens.skip()
    const token = this.tokens.peek()
    if (token.kind === 'word' && (token.text === 'select' || token.text === 'with')) {
      refuse(token.at, foreignWords.get('select') ?? '')
    }
    const inner = this.expression()
    if (this.tokens.isSign(',')) refuse(this.tokens.peek().at, 'a list stands only behind IN')
    this.tokens.requireSign(')', 'a closing parenthesis is missing')
    return inner
  }

  private word(token: Extract<Token, { kind: 'word' }>): Expression {
    const { at, text } = token
    if (text === 'null') return this.literal(at, { type: 'null' })
    if (text === 'true' || text === 'false') return this.literal(at, { type: 'boolean', value: text === 'true' })
    if (text === 'case') return this.case(at)
    const after = this.tokens.peek(1)
    if ((text === 'date' || text === 'timestamp') && after?.kind === 'string') return this.temporal(at, text)
    if (after?.kind === 'sign' && after.text === '(')
      return text === 'cast' ? this.cast(at) : this.call(at, token.written)
    if (text === 'current_date' || text === 'current_timestamp' || text === 'current_user') {
      this.tokens.skip()
      return this.trees.make(at, { kind: 'call', name: text, args: [] }, [])
    }
    const foreign = foreignWords.get(text)
    if (foreign !== undefined) refuse(at, foreign)
    if (isReserved(text)) refuse(at, 'a value is missing before this word (a column of this name needs quotes)')
    return this.column(at)
  }

  private literal(at: number, literal: Extract<Expression, { kind: 'literal' }>['literal']): Expression {
    this.tokens.skip()
    return this.trees.make(at, { kind: 'literal', literal }, [])
  }

  private string({ at, parts }: Extract<Token, { kind: 'string' }>): Expression {
    const [first] = parts
    if (parts.length === 1 && typeof first === 'string') {
      return this.trees.make(at, { kind: 'literal', literal: { type: 'text', value: first } }, [])
    }
    const read = parts.map(part => (typeof part === 'string' ? part : this.values.takeText(at, part.written)))
    return this.trees.make(at, { kind: 'template', parts: read }, [])
  }

  private temporal(at: number, type: 'date' | 'timestamp'): Expression {
    this.tokens.skip()
    return this.literal(at, temporalLiteral(type, this.tokens.peek()))
  }

  private call(at: number, written: string): Expression {
    const name = functionName(written) ?? refuse(at, foreignFunction(written))
    this.tokens.skip(2)
    const first = this.tokens.peek()
    if (first.kind === 'word' && first.text === 'distinct')
      refuse(first.at, 'aggregates need many rows: an expression sees one')
    const args = this.list()
    const after = this.tokens.peek()
    if (after.kind === 'word' && (after.text === 'over' || after.text === 'filter' || after.text === 'within')) {
      refuse(after.at, 'windows need many rows: an expression sees one')
    }
    const { least, most } = arityOf(name)
    if (args.length < least || args.length > most) refuse(at, `the function takes ${arityText(least, most)}`)
    return this.trees.make(at, { kind: 'call', name, args }, args)
  }

  /** The rest of a list behind its opening parenthesis. */
  private list(): Expression[] {
    const items: Expression[] = []
    if (this.tokens.takeSign(')')) return items
    do {
      const token = this.tokens.peek()
      if (token.kind === 'word' && token.text === 'select') refuse(token.at, foreignWords.get('select') ?? '')
      items.push(this.expression())
    } while (this.tokens.takeSign(','))
    this.tokens.requireSign(')', 'a comma or a closing parenthesis is missing')
    return items
  }

  private case(at: number): Expression {
    this.tokens.skip()
    const subject = this.tokens.isWord('when') ? null : this.expression()
    const branches: { readonly when: Expression; readonly result: Expression }[] = []
    while (this.tokens.takeWord('when')) {
      const when = this.expression()
      if (!this.tokens.takeWord('then')) refuse(this.tokens.peek().at, 'WHEN needs THEN')
      branches.push({ when, result: this.expression() })
    }
    if (branches.length === 0) refuse(this.tokens.peek().at, 'CASE needs WHEN')
    const otherwise = this.tokens.takeWord('else') ? this.expression() : null
    if (!this.tokens.takeWord('end')) refuse(this.tokens.peek().at, 'CASE needs END')
    const children = [subject, ...branches.flatMap(({ when, result }) => [when, result]), otherwise]
    return this.trees.make(
      at,
      { kind: 'case', subject, branches, otherwise },
      children.filter(child => child !== null),
    )
  }

  private cast(at: number): Expression {
    this.tokens.skip(2)
    const operand = this.expression()
    if (!this.tokens.takeWord('as')) refuse(this.tokens.peek().at, 'CAST needs AS')
    const type = this.castType()
    this.tokens.requireSign(')', 'a closing parenthesis is missing')
    return this.trees.make(at, { kind: 'cast', operand, type }, [operand])
  }

  private castType(): CastType {
    const [type, taken] = readCastType(this.tokens.ahead(8))
    this.tokens.skip(taken)
    return type
  }

  private column(at: number): Expression {
    const path = [this.name()]
    while (this.tokens.takeSign('.')) path.push(this.name())
    if (path.length > MAX_DEPTH) refuse(at, `a path of more than ${MAX_DEPTH} names`)
    if (this.tokens.isSign('(')) refuse(at, 'unknown function')
    const ofRow = path.length > 1 && path[0] === this.rowName ? path.slice(1) : path
    return this.trees.make(at, { kind: 'column', path: ofRow }, [])
  }

  private name(): string {
    const token = this.tokens.peek()
    if (token.kind !== 'name' && token.kind !== 'word') return refuse(token.at, 'a name is missing here')
    this.tokens.skip()
    return token.kind === 'name' ? token.text : token.written
  }
}

const arityText = (least: number, most: number): string => {
  const arguments_ = most === 1 ? 'argument' : 'arguments'
  return least === most ? `${least === 0 ? 'no' : least} ${arguments_}` : `${least} to ${most} ${arguments_}`
}
