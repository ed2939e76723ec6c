/** Where a text stops being strict JSON. Made of positions and constant words: it never quotes the text. */
export interface JsonFault {
  readonly line: number
  readonly column: number
  readonly what:
    | 'not JSON'
    | 'a repeated member'
    | 'nested too deeply'
    | 'a forbidden member name'
    | 'a number with more digits than can be kept'
    | 'text after the end'
}

/** Names that reach an object's prototype; no policy has a use for them. */
export const forbiddenNames: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])

const MAX_DEPTH = 64

/**
 * Parses what people write: stricter than JSON.parse (a repeated member would silently hide a rule, a 64-bit id would
 * become another one, `__proto__` has no place in data), and a fault tells its line, where the error of JSON.parse
 * quotes the text.
 */
export function parseStrictJson(text: string): { readonly value: unknown } | { readonly fault: JsonFault } {
  const reader = new Reader(text)
  try {
    return { value: reader.document() }
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    const before = text.slice(0, error.at).split('\n')
    return { fault: { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, what: error.what } }
  }
}

class Fault extends Error {
  readonly at: number
  readonly what: JsonFault['what']

  constructor(at: number, what: JsonFault['what']) {
    super(what)
    this.at = at
    this.what = what
  }
}

const space = /[ \t\n\r]*/y
// Written so that a long string without escapes is one run: an alternative per character would use up the stack.
const stringLiteral = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y
const numberLiteral = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
const wordLiteral = /true|false|null/y

class Reader {
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  document(): unknown {
    const value = this.value(0)
    this.skip()
    if (this.at < this.text.length) throw new Fault(this.at, 'text after the end')
    return value
  }

  private value(depth: number): unknown {
    this.skip()
    if (depth > MAX_DEPTH) throw new Fault(this.at, 'nested too deeply')
    switch (this.text[this.at]) {
      case '{':
        return this.object(depth)
      case '[':
        return this.array(depth)
      case '"':
        return this.string()
      default:
        return this.plain()
    }
  }

  private plain(): unknown {
    const start = this.at
    const number = this.literal(numberLiteral)
    // Both literals are plain JSON by now, so JSON.parse has nothing to complain of.
    if (number === null) return JSON.parse(this.literal(wordLiteral) ?? this.fail())
    if (!isKept(number)) throw new Fault(start, 'a number with more digits than can be kept')
    return JSON.parse(number)
  }

  private object(depth: number): Record<string, unknown> {
    const object: Record<string, unknown> = {}
    this.at++
    if (this.take('}')) return object
    do {
      this.skip()
      const start = this.at
      const name = this.string()
      if (forbiddenNames.has(name)) throw new Fault(start, 'a forbidden member name')
      if (Object.hasOwn(object, name)) throw new Fault(start, 'a repeated member')
      if (!this.take(':')) this.fail()
      object[name] = this.value(depth + 1)
    } while (this.take(','))
    if (!this.take('}')) this.fail()
    return object
  }

  private array(depth: number): unknown[] {
    const array: unknown[] = []
    this.at++
    if (this.take(']')) return array
    do array.push(this.value(depth + 1))
    while (this.take(','))
    if (!this.take(']')) this.fail()
    return array
  }

  private string(): string {
    const literal = this.literal(stringLiteral) ?? this.fail()
    return literal.includes('\\') ? (JSON.parse(literal) as string) : literal.slice(1, -1)
  }

  private take(sign: string): boolean {
    this.skip()
    if (this.text[this.at] !== sign) return false
    this.at++
    return true
  }

  private literal(pattern: RegExp): string | null {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) return null
    this.at += found.length
    return found
  }

  private skip(): void {
    space.lastIndex = this.at
    this.at += space.exec(this.text)?.[0].length ?? 0
  }

  private fail(): never {
    throw new Fault(this.at, 'not JSON')
  }
}

/** Does the number that this text is read as have the same decimal value? */
function isKept(text: string): boolean {
  if (text.length <= 15 && !/e/i.test(text)) return true
  const number = Number(text)
  return Number.isFinite(number) && decimal(text) === decimal(String(number))
}

/** One spelling for each value: its digits as a whole number, without zeros around them, and the power of ten. */
function decimal(text: string): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return '0'
  return `${sign}${significant}e${BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length)}`
}
