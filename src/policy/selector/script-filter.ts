import {
  type Literal,
  namePick,
  type Operand,
  type Path,
  type ScriptComparison,
  type Step,
  type Test,
} from '../../pipeline/mask/inside/path.ts'
import { unfit } from './unfit.ts'

/**
 * Reads what stands in `[?( ... )]` up to its closing parenthesis: comparisons, `&&`, `||`, `!` and parentheses over
 * members of `@`, `@.length`, `@property` and literals. A call, an assignment, a template or any other name is refused
 * here, so nothing is left that could run.
 */
export function readScriptFilter(text: string, at: number): { readonly test: Test; readonly end: number } {
  const reader = new Reader(text, at)
  const test = reader.either()
  return { test, end: reader.at }
}

const operators: ReadonlyMap<string, ScriptComparison> = new Map([
  ['===', 'same'],
  ['!==', 'differs'],
  ['==', 'alike'],
  ['!=', 'unlike'],
  ['<=', 'up-to'],
  ['>=', 'from'],
  ['<', 'below'],
  ['>', 'above'],
])

const space = /[ \t]*/y
const operator = /[=!]==?|[<>]=?/y
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w$.])/y
const string = /'[^'\\]*'|"[^"\\]*"/y
const word = /(?:true|false|null|undefined)(?![\w$])/y
const property = /@property(?![\w$])/y
// No indexes: of a string they are its characters, which are no values.
const member = /\.([\p{L}_$][\p{L}\p{M}\p{N}_$]*)(?!\()|\[(?:'(?!\d+')([^'\\]*)'|"(?!\d+")([^"\\]*)")\]/uy

const MAX_DEPTH = 32

class Reader {
  at: number
  private readonly text: string
  private depth = 0

  constructor(text: string, at: number) {
    this.text = text
    this.at = at
  }

  either(): Test {
    let left = this.both()
    while (this.take('||')) left = { kind: 'or', left, right: this.both() }
    return left
  }

  private both(): Test {
    let left = this.test()
    while (this.take('&&')) left = { kind: 'and', left, right: this.test() }
    return left
  }

  private test(): Test {
    if (++this.depth > MAX_DEPTH) return unfit('is nested too deeply', this.at + 1)
    const test = this.one()
    this.depth--
    return test
  }

  private one(): Test {
    if (this.take('!')) return { kind: 'not', test: this.negated() }
    if (this.take('(')) return this.group()
    const left = this.operand()
    this.literal(space)
    const by = operators.get(this.literal(operator) ?? '')
    if (by === undefined) return { kind: 'truthy', of: left }
    return { kind: 'compare', by, left, right: this.operand() }
  }

  /** It binds tighter than a comparison, so none follows it. */
  private negated(): Test {
    if (this.take('!')) return { kind: 'not', test: this.negated() }
    return this.take('(') ? this.group() : { kind: 'truthy', of: this.operand() }
  }

  private group(): Test {
    const test = this.either()
    return this.take(')') ? test : this.fail()
  }

  private operand(): Operand {
    this.literal(space)
    const text = this.literal(string)
    if (text !== null) return literal({ type: 'string', value: text.slice(1, -1) })
    const digits = this.literal(number)
    if (digits !== null) return literal({ type: 'number', text: digits })
    if (this.literal(property) !== null) return { kind: 'property' }
    const known = this.literal(word)
    if (known === 'null') return literal({ type: 'null' })
    if (known === 'undefined') return { kind: 'query', query: { from: 'current', path: nowhere, isSingular: true } }
    if (known !== null) return literal({ type: 'boolean', value: known === 'true' })
    return this.members()
  }

  /** `@.a['b'][0].length` */
  private members(): Operand {
    if (!this.take('@')) return this.fail()
    const path: Step[] = []
    for (;;) {
      member.lastIndex = this.at
      const found = member.exec(this.text)
      if (found === null) break
      this.at += found[0].length
      const [, name, quoted, doubled] = found
      // `__proto__` and `constructor` are members like any other: a document has no prototype.
      path.push({ kind: 'child', picks: [namePick(name ?? quoted ?? doubled ?? '')] })
    }
    const last = path.at(-1)
    const isLength = last?.kind === 'child' && last.picks[0]?.kind === 'name' && last.picks[0].name === 'length'
    return isLength
      ? { kind: 'script-length', query: { from: 'current', path: path.slice(0, -1), isSingular: true } }
      : { kind: 'query', query: { from: 'current', path, isSingular: true } }
  }

  private take(sign: string): boolean {
    this.literal(space)
    if (!this.text.startsWith(sign, this.at)) return false
    this.at += sign.length
    return true
  }

  private literal(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0] ?? null
    this.at += found?.length ?? 0
    return found
  }

  private fail(): never {
    return unfit('has a filter that is not offered in this dialect', this.at + 1)
  }
}

const literal = (value: Literal): Operand => ({ kind: 'literal', value })

/** Selects nothing anywhere. */
const nowhere: Path = [{ kind: 'child', picks: [] }]
