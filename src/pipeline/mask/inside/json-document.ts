import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  fail,
  LETTER_N,
  MAX_DEPTH,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  requireEnd,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  stringText,
} from '../../decode/scanner.ts'

export const OBJECT = 0
export const ARRAY = 1
export const STRING = 2
export const NUMBER = 3
export const BOOLEAN = 4
export const NULL = 5

/** A document with more values than this is refused, not kept waiting for. */
const MAX_NODES = 1 << 20
/** What is kept from document to document; larger arrays are let go. */
const KEPT_NODES = 1 << 14

const WIDTH = 6

/**
 * A JSON document as a table of its values in document order, so that all that is inside a value lies between it and
 * `next`. Repeated names are kept, each with its value. Reused from document to document.
 */
export class JsonDocument {
  bytes: Buffer = Buffer.alloc(0)
  count = 0
  private table = new Int32Array(256 * WIDTH)
  private kindOf = new Uint8Array(256)

  /** Reads b[start, end) to its end; anything that a strict parser refuses fails as `Unreadable`. */
  read(b: Buffer, start: number, end: number): void {
    this.bytes = b
    this.count = 0
    if (this.kindOf.length > KEPT_NODES) {
      this.table = new Int32Array(256 * WIDTH)
      this.kindOf = new Uint8Array(256)
    }
    const after = this.value(b, skipSpace(b, start), end, -1, -1, -1, 0)
    requireEnd(b, after, end)
  }

  kind(node: number): number {
    return this.kindOf[node] as number
  }

  isNested(node: number): boolean {
    return (this.kindOf[node] as number) <= ARRAY
  }

  start(node: number): number {
    return this.table[node * WIDTH] as number
  }

  end(node: number): number {
    return this.table[node * WIDTH + 1] as number
  }

  /** The first node behind all that is inside this one. */
  next(node: number): number {
    return this.table[node * WIDTH + 2] as number
  }

  /** -1 for the root. */
  parent(node: number): number {
    return this.table[node * WIDTH + 3] as number
  }

  /** Where the member's name begins, or the value where it is no member. */
  memberStart(node: number): number {
    const at = this.table[node * WIDTH + 4] as number
    return at < 0 ? this.start(node) : at
  }

  /** Null where it is no member of an object. */
  name(node: number): string | null {
    const at = this.table[node * WIDTH + 4] as number
    return at < 0 ? null : stringText(this.bytes, at, this.table[node * WIDTH + 5] as number)
  }

  /** Is the member called so? `literal` is the name as it is spelled nearly always; another spelling is decoded. */
  isNamed(node: number, name: string, literal: Buffer): boolean {
    const start = this.table[node * WIDTH + 4] as number
    if (start < 0) return false
    const end = this.table[node * WIDTH + 5] as number
    const { bytes } = this
    let isSame = end - start === literal.length
    for (let i = start; i < end; i++) {
      if (bytes[i] === BACKSLASH) return this.name(node) === name
      isSame &&= bytes[i] === literal[i - start]
    }
    return isSame
  }

  /** Of a string: what it says. Of anything else: the literal. */
  text(node: number): string {
    const start = this.start(node)
    const end = this.end(node)
    return this.kind(node) === STRING ? stringText(this.bytes, start, end) : this.bytes.toString('latin1', start, end)
  }

  private value(
    b: Buffer,
    i: number,
    end: number,
    parent: number,
    nameStart: number,
    nameEnd: number,
    depth: number,
  ): number {
    const node = this.add(parent, i, nameStart, nameEnd)
    const first = b[i]
    let after: number
    if (first === OPEN_BRACE) after = this.object(b, i, end, node, depth + 1)
    else if (first === OPEN_BRACKET) after = this.array(b, i, end, node, depth + 1)
    else after = skipValue(b, i, end, depth)
    this.kindOf[node] = kindBy(first)
    this.table[node * WIDTH + 1] = after
    this.table[node * WIDTH + 2] = this.count
    return after
  }

  private object(b: Buffer, i: number, end: number, node: number, depth: number): number {
    if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
    i = skipSpace(b, i + 1)
    if (b[i] === CLOSE_BRACE) return i + 1
    for (;;) {
      if (b[i] !== QUOTE) return fail('RECORD_MALFORMED', i)
      const nameEnd = skipString(b, i, end)
      i = skipSpace(b, this.value(b, skipColon(b, nameEnd), end, node, i, nameEnd, depth))
      if (b[i] === CLOSE_BRACE) return i + 1
      if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
      i = skipSpace(b, i + 1)
    }
  }

  private array(b: Buffer, i: number, end: number, node: number, depth: number): number {
    if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
    i = skipSpace(b, i + 1)
    if (b[i] === CLOSE_BRACKET) return i + 1
    for (;;) {
      i = skipSpace(b, this.value(b, i, end, node, -1, -1, depth))
      if (b[i] === CLOSE_BRACKET) return i + 1
      if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
      i = skipSpace(b, i + 1)
    }
  }

  private add(parent: number, start: number, nameStart: number, nameEnd: number): number {
    const node = this.count++
    if (node === this.kindOf.length) this.grow(start)
    const at = node * WIDTH
    const { table } = this
    table[at] = start
    table[at + 3] = parent
    table[at + 4] = nameStart
    table[at + 5] = nameEnd
    return node
  }

  private grow(at: number): void {
    const size = this.kindOf.length * 2
    if (size > MAX_NODES) fail('RECORD_SELECTOR_LIMIT', at)
    const table = new Int32Array(size * WIDTH)
    const kindOf = new Uint8Array(size)
    table.set(this.table)
    kindOf.set(this.kindOf)
    this.table = table
    this.kindOf = kindOf
  }
}

function kindBy(first: number | undefined): number {
  switch (first) {
    case OPEN_BRACE:
      return OBJECT
    case OPEN_BRACKET:
      return ARRAY
    case QUOTE:
      return STRING
    case LETTER_N:
      return NULL
    case 116: // t
    case 102: // f
      return BOOLEAN
    default:
      return NUMBER
  }
}
