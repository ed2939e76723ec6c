import { ctxFunctions, ctxProperties, macros, methods, roots } from './names.ts'
import type { BinaryOperator, Node, Statement } from './tree.ts'
import { type Word, wordsOf } from './words.ts'

/** A text that is no condition of ours, and where it stops being one. */
export interface ScriptFault {
  readonly at: number
  readonly what: string
}

/** Longer ones are no conditions that a person wrote. */
const MAX_LENGTH = 20_000
const MAX_DEPTH = 100
const MAX_WORDS = 2000

/** Reads statements: conditions are one expression, or set `ctx.result`. */
export function parseScript(
  source: string,
): { readonly script: readonly Statement[] } | { readonly fault: ScriptFault } {
  const words = source.length > MAX_LENGTH ? null : wordsOf(source)
  if (words === null) return { fault: { at: 0, what: 'it has characters that no condition has' } }
  if (words.length > MAX_WORDS) return { fault: { at: words[MAX_WORDS]?.at ?? 0, what: 'it is too long' } }
  const parser = new Parser(words, source.length)
  try {
    return { script: parser.program() }
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return { fault: { at: error.at, what: error.what } }
  }
}

class Unreadable extends Error {
  readonly at: number
  readonly what: string

  constructor(at: number, what: string) {
    super(what)
    this.at = at
    this.what = what
  }
}

/** Weakest first; those of a row bind alike, from the left. */
const levels: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['==', '===', '!=', '!=='],
  ['<', '<=', '>', '>='],
  ['+', '-'],
  ['*', '/', '%'],
]

class Parser {
  private readonly words: readonly Word[]
  private readonly end: number
  private readonly locals = new Set<string>()
  private at = 0
  private depth = 0

  constructor(words: readonly Word[], end: number) {
    this.words = words
    this.end = end
  }

  program(): readonly Statement[] {
    const body: Statement[] = []
    while (this.at < this.words.length) if (!this.take(';')) body.push(this.statement())
    return body.length > 0 ? body : this.fail('it is empty')
  }

  private statement(): Statement {
    return this.within(() => {
      if (this.take('{')) {
        const body: Statement[] = []
        while (!this.take('}')) if (!this.take(';')) body.push(this.statement())
        return { kind: 'block', body }
      }
      if (this.takeName('if')) return this.choice()
      if (this.takeName('var') || this.takeName('let') || this.takeName('const')) {
        const name = this.name()
        if (roots.has(name) || Object.hasOwn(macros, name)) this.fail('it gives a name of ours another meaning')
        this.need('=')
        const value = this.expression()
        this.locals.add(name)
        return this.ended({ kind: 'let', name, value })
      }
      if (this.isAhead('ctx', '.', 'result', '=')) {
        this.at += 4
        return this.ended({ kind: 'result', value: this.expression() })
      }
      return this.ended({ kind: 'expression', value: this.expression() })
    })
  }

  private choice(): Statement {
    this.need('(')
    const test = this.expression()
    this.need(')')
    const then = this.statement()
    while (this.isAhead(';') && this.words[this.at + 1]?.text === 'else') this.at++
    return { kind: 'if', test, then, otherwise: this.takeName('else') ? this.statement() : null }
  }

  private ended(statement: Statement): Statement {
    // A line end will do where a sign cannot go on.
    this.take(';')
    return statement
  }

  private expression(): Node {
    return this.within(() => {
      const test = this.binary(0)
      if (!this.take('?')) return test
      const then = this.expression()
      this.need(':')
      return { kind: 'choice', test, then, otherwise: this.expression() }
    })
  }

  private binary(level: number): Node {
    const operators = levels[level]
    if (operators === undefined) return this.unary()
    let left = this.binary(level + 1)
    for (;;) {
      const word = this.words[this.at]
      const operator = operators.find(one => word?.kind === 'sign' && word.text === one)
      if (operator === undefined) return left
      this.at++
      left = { kind: 'binary', operator, left, right: this.binary(level + 1) }
    }
  }

  private unary(): Node {
    return this.within(() => {
      for (const operator of ['!', '-', '+'] as const)
        if (this.take(operator)) return { kind: 'unary', operator, of: this.unary() }
      return this.postfix(this.primary())
    })
  }

  private postfix(start: Node): Node {
    let node = start
    for (;;) {
      if (this.take('.')) node = this.memberOrCall(node, this.name())
      else if (this.take('[')) {
        node = { kind: 'member', of: node, key: this.expression() }
        this.need(']')
      } else return node
    }
  }

  private memberOrCall(of: Node, name: string): Node {
    const isCtx = of.kind === 'name' && of.name === 'ctx'
    if (!this.take('(')) {
      if (isCtx && !ctxProperties.has(name)) this.fail(`ctx has no ${name} here`)
      return { kind: 'member', of, key: { kind: 'literal', value: name } }
    }
    if (!(isCtx ? Object.hasOwn(ctxFunctions, name) : methods.has(name)))
      this.fail(`the function ${name} is not supported`)
    return { kind: 'call', of, method: name, args: this.list(')') }
  }

  private primary(): Node {
    const word = this.words[this.at++]
    if (word === undefined) return this.fail('it ends too early')
    if (word.kind === 'text') return { kind: 'literal', value: word.text }
    if (word.kind === 'number') return { kind: 'literal', value: Number(word.text) }
    if (word.kind === 'name') return this.named(word.text)
    if (word.text === '(') {
      const inner = this.expression()
      this.need(')')
      return inner
    }
    if (word.text === '[') return this.isAhead('[') ? this.split() : { kind: 'array', items: this.list(']') }
    this.at--
    return this.fail(`${word.text} is not expected`)
  }

  /** `[[text]]` is split at commas, `[[text,'|']]` at what it says. */
  private split(): Node {
    this.need('[')
    const of = this.expression()
    const by = this.take(',') ? this.words[this.at++] : undefined
    if (by !== undefined && by.kind !== 'text') this.fail('a quoted sign is expected')
    this.need(']')
    this.need(']')
    return { kind: 'split', of, by: by?.text ?? ',' }
  }

  private named(name: string): Node {
    const constants: ReadonlyMap<string, true | false | null | undefined> = new Map([
      ['true', true],
      ['false', false],
      ['null', null],
      ['undefined', undefined],
    ])
    if (constants.has(name)) return { kind: 'literal', value: constants.get(name) }
    if (Object.hasOwn(macros, name)) return this.macro(name)
    if (roots.has(name) || this.locals.has(name)) return { kind: 'name', name }
    return this.fail(`the name ${name} is not known`)
  }

  private macro(name: string): Node {
    const { method = '', isNegated = false, takesArguments = false } = macros[name] ?? {}
    if (takesArguments) this.need('(')
    const args = takesArguments ? this.list(')') : []
    const call: Node = { kind: 'call', of: { kind: 'name', name: 'ctx' }, method, args }
    return isNegated ? { kind: 'unary', operator: '!', of: call } : call
  }

  private list(end: string): readonly Node[] {
    const items: Node[] = []
    if (this.take(end)) return items
    do items.push(this.expression())
    while (this.take(','))
    this.need(end)
    return items
  }

  private within<T>(read: () => T): T {
    if (++this.depth > MAX_DEPTH) this.fail('it is nested too deeply')
    const result = read()
    this.depth--
    return result
  }

  private isAhead(...texts: readonly string[]): boolean {
    return texts.every((text, ahead) => {
      const word = this.words[this.at + ahead]
      return word !== undefined && (word.kind === 'sign' || word.kind === 'name') && word.text === text
    })
  }

  private take(sign: string): boolean {
    const word = this.words[this.at]
    if (word?.kind !== 'sign' || word.text !== sign) return false
    this.at++
    return true
  }

  private takeName(name: string): boolean {
    const word = this.words[this.at]
    if (word?.kind !== 'name' || word.text !== name) return false
    this.at++
    return true
  }

  private name(): string {
    const word = this.words[this.at++]
    return word?.kind === 'name' ? word.text : this.fail('a name is expected')
  }

  private need(sign: string): void {
    if (!this.take(sign)) this.fail(`${sign} is expected`)
  }

  private fail(what: string): never {
    throw new Unreadable(this.words[this.at]?.at ?? this.end, what)
  }
}
