/**
 * A strict JSON reader for tests, independent of the scanner: it decodes the whole text first (no bytes, no spans), works
 * on characters, and keeps every literal's spelling and every stretch of white space, so that `print` gives the text back.
 */
export interface Space {
  /** White space in front of the thing and behind it. */
  before: string
  after: string
  /** Where the thing itself stands in the text that was read. */
  from?: number
  to?: number
}

export interface ObjectNode extends Space {
  readonly kind: 'object'
  members: MemberNode[]
  /** White space of an object without members. */
  readonly inner: string
}

export interface ArrayNode extends Space {
  readonly kind: 'array'
  items: JsonNode[]
  readonly inner: string
}

/** Strings, numbers, true, false, null: the literal as it stood. */
export interface LiteralNode extends Space {
  readonly kind: 'string' | 'number' | 'boolean' | 'null'
  text: string
}

export type JsonNode = ObjectNode | ArrayNode | LiteralNode

export interface MemberNode {
  readonly name: string
  /** The name as it stood, quotes included, with its white space. */
  readonly spelled: LiteralNode
  value: JsonNode
  /** False where the text broke off inside the value: only a `fault` has such members. */
  complete: boolean
}

export type Fault = 'RECORD_MALFORMED' | 'RECORD_TRAILING_BYTES' | 'RECORD_INVALID_UTF8' | 'RECORD_TOO_DEEP'

export interface Reading {
  /** With a fault: as much as was read before it. Null where nothing was. */
  readonly root: JsonNode | null
  /** More than one where the text breaks two rules at once and their order is a matter of taste. */
  readonly faults: readonly Fault[]
}

export const MAX_LEVELS = 100

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

class Broken extends Error {
  readonly fault: Fault
  constructor(fault: Fault) {
    super(fault)
    this.fault = fault
  }
}

/** Reads bytes as one document. */
export function readJson(bytes: Uint8Array): Reading {
  let text: string
  const faults: Fault[] = []
  try {
    text = utf8.decode(bytes)
  } catch {
    faults.push('RECORD_INVALID_UTF8')
    // Read on with the broken characters replaced: they are only legal inside strings, so elsewhere the text is broken twice.
    text = Buffer.from(bytes).toString('utf8')
  }
  const reader = new Reader(text)
  try {
    const root = reader.document()
    return { root, faults }
  } catch (error) {
    if (!(error instanceof Broken)) throw error
    // `1.` is a number with something behind it, or no number.
    if (error.fault === 'RECORD_TRAILING_BYTES' && reader.root?.kind === 'number') faults.push('RECORD_MALFORMED')
    return { root: reader.root, faults: [...faults, error.fault] }
  }
}

const escapes: Record<string, string> = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
const numberForm = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const spaceForm = /[ \t\n\r]*/y

class Reader {
  root: JsonNode | null = null
  private readonly text: string
  private at = 0

  constructor(text: string) {
    this.text = text
  }

  document(): JsonNode {
    const root = this.value(0, node => {
      this.root = node
    })
    if (this.at < this.text.length) throw new Broken('RECORD_TRAILING_BYTES')
    return root
  }

  /** `place` is told the node before its inside is read, so that a fault leaves what came before it. */
  private value(level: number, place: (node: JsonNode) => void): JsonNode {
    const before = this.space()
    const c = this.text[this.at]
    const from = this.at
    let node: JsonNode
    if (c === '{') node = this.object(level + 1, before, place)
    else if (c === '[') node = this.array(level + 1, before, place)
    else {
      node = this.literal(before)
      place(node)
    }
    node.from = from
    node.to = this.at
    node.after = this.space()
    return node
  }

  private object(level: number, before: string, place: (node: JsonNode) => void): ObjectNode {
    if (level > MAX_LEVELS) throw new Broken('RECORD_TOO_DEEP')
    this.at++
    const inner = this.space()
    const node: ObjectNode = { kind: 'object', members: [], inner, before, after: '' }
    place(node)
    if (this.text[this.at] === '}') {
      this.at++
      return node
    }
    for (let first = true; ; first = false) {
      const nameBefore = first ? inner : this.space()
      if (this.text[this.at] !== '"') throw new Broken('RECORD_MALFORMED')
      const start = this.at
      const name = this.string()
      const spelled: LiteralNode = {
        kind: 'string',
        text: this.text.slice(start, this.at),
        before: nameBefore,
        from: start,
        to: this.at,
        after: this.space(),
      }
      const member: MemberNode = {
        name,
        spelled,
        value: { kind: 'null', text: '', before: '', after: '' },
        complete: false,
      }
      node.members.push(member)
      this.expect(':')
      member.value = this.value(level, value => {
        member.value = value
      })
      member.complete = true
      const c = this.text[this.at++]
      if (c === '}') return node
      if (c !== ',') throw new Broken('RECORD_MALFORMED')
    }
  }

  private array(level: number, before: string, place: (node: JsonNode) => void): ArrayNode {
    if (level > MAX_LEVELS) throw new Broken('RECORD_TOO_DEEP')
    this.at++
    const from = this.at
    const inner = this.space()
    const node: ArrayNode = { kind: 'array', items: [], inner, before, after: '' }
    place(node)
    if (this.text[this.at] === ']') {
      this.at++
      return node
    }
    this.at = from
    for (;;) {
      const index = node.items.length
      this.value(level, item => {
        node.items[index] = item
      })
      const c = this.text[this.at++]
      if (c === ']') return node
      if (c !== ',') throw new Broken('RECORD_MALFORMED')
    }
  }

  private literal(before: string): LiteralNode {
    const start = this.at
    const done = (kind: LiteralNode['kind']): LiteralNode => ({
      kind,
      text: this.text.slice(start, this.at),
      before,
      after: '',
    })
    if (this.text[start] === '"') {
      this.string()
      return done('string')
    }
    for (const word of ['null', 'true', 'false']) {
      if (!this.text.startsWith(word, start)) continue
      this.at += word.length
      return done(word === 'null' ? 'null' : 'boolean')
    }
    numberForm.lastIndex = start
    const match = numberForm.exec(this.text)
    if (match === null) throw new Broken('RECORD_MALFORMED')
    this.at += match[0].length
    return done('number')
  }

  private string(): string {
    let value = ''
    this.at++
    for (;;) {
      const c = this.text[this.at++]
      if (c === undefined || c < ' ') throw new Broken('RECORD_MALFORMED')
      if (c === '"') return value
      if (c !== '\\') value += c
      else value += this.escape()
    }
  }

  private escape(): string {
    const c = this.text[this.at++] ?? ''
    if (c === 'u') {
      const digits = this.text.slice(this.at, this.at + 4)
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw new Broken('RECORD_MALFORMED')
      this.at += 4
      return String.fromCharCode(Number.parseInt(digits, 16))
    }
    const value = escapes[c]
    if (value === undefined) throw new Broken('RECORD_MALFORMED')
    return value
  }

  private space(): string {
    spaceForm.lastIndex = this.at
    const match = spaceForm.exec(this.text)?.[0] ?? ''
    this.at += match.length
    return match
  }

  private expect(c: string): void {
    if (this.text[this.at] !== c) throw new Broken('RECORD_MALFORMED')
    this.at++
  }
}

/** The text of a string literal. */
export function unquote(literal: string): string {
  return JSON.parse(literal) as string
}

/** The document as text, white space, order and spelling kept. */
export function printJson(node: JsonNode): string {
  return node.before + printInside(node) + node.after
}

export function printInside(node: JsonNode): string {
  switch (node.kind) {
    case 'object': {
      if (node.members.length === 0) return `{${node.inner}}`
      return `{${node.members.map(({ spelled, value }) => `${printJson(spelled)}:${printJson(value)}`).join(',')}}`
    }
    case 'array':
      return node.items.length === 0 ? `[${node.inner}]` : `[${node.items.map(printJson).join(',')}]`
    default:
      return node.text
  }
}

/** The member's value, or undefined; the first of that name. */
export function memberOf(node: JsonNode | undefined, name: string): JsonNode | undefined {
  return node?.kind === 'object' ? node.members.find(member => member.name === name)?.value : undefined
}
