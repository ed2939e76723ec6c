import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  fail,
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
} from './scanner.ts'

/** A JSON document with the place of each part: for schema blocks and other things that are read once and then cached. */
export interface Node {
  readonly kind: 'object' | 'array' | 'string' | 'other'
  readonly start: number
  readonly end: number
  readonly members: readonly Member[]
  readonly items: readonly Node[]
  /** Of a string: its text. Of a number or literal: the literal, cut at 16 bytes. */
  readonly text: string
}

export interface Member {
  readonly name: string
  /** Where the name's opening quote stands. */
  readonly start: number
  readonly value: Node
}

const none: readonly never[] = []

/** Reads [start, end) whole; a member name that occurs twice in one object is refused, also when the two are spelled differently. */
export function parseTree(b: Buffer, start: number, end: number): Node {
  const first = skipSpace(b, start)
  const node = readNode(b, first, end, 0)
  requireEnd(b, node.end, end)
  return node
}

function readNode(b: Buffer, i: number, end: number, depth: number): Node {
  const c = b[i]
  if (depth >= MAX_DEPTH && (c === OPEN_BRACE || c === OPEN_BRACKET)) return fail('RECORD_TOO_DEEP', i)
  if (c === OPEN_BRACE) return readObject(b, i, end, depth)
  if (c === OPEN_BRACKET) return readArray(b, i, end, depth)
  const after = skipValue(b, i, end, depth)
  if (c === QUOTE)
    return { kind: 'string', start: i, end: after, members: none, items: none, text: stringText(b, i, after) }
  return {
    kind: 'other',
    start: i,
    end: after,
    members: none,
    items: none,
    text: b.toString('latin1', i, Math.min(after, i + 16)),
  }
}

function readObject(b: Buffer, at: number, end: number, depth: number): Node {
  const members: Member[] = []
  const names = new Set<string>()
  let i = skipSpace(b, at + 1)
  if (b[i] === CLOSE_BRACE) return { kind: 'object', start: at, end: i + 1, members, items: none, text: '' }
  for (;;) {
    if (b[i] !== QUOTE) return fail('RECORD_MALFORMED', i)
    const start = i
    const nameEnd = skipString(b, i, end)
    const name = stringText(b, start, nameEnd)
    if (names.has(name)) return fail('RECORD_REPEATED_MEMBER', start)
    names.add(name)
    const value = readNode(b, skipColon(b, nameEnd), end, depth + 1)
    members.push({ name, start, value })
    i = skipSpace(b, value.end)
    if (b[i] === CLOSE_BRACE) return { kind: 'object', start: at, end: i + 1, members, items: none, text: '' }
    if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
    i = skipSpace(b, i + 1)
  }
}

function readArray(b: Buffer, at: number, end: number, depth: number): Node {
  const items: Node[] = []
  let i = skipSpace(b, at + 1)
  if (b[i] === CLOSE_BRACKET) return { kind: 'array', start: at, end: i + 1, members: none, items, text: '' }
  for (;;) {
    const value = readNode(b, i, end, depth + 1)
    items.push(value)
    i = skipSpace(b, value.end)
    if (b[i] === CLOSE_BRACKET) return { kind: 'array', start: at, end: i + 1, members: none, items, text: '' }
    if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
    i = skipSpace(b, i + 1)
  }
}

/** The member's value, or undefined. */
export function member(node: Node, name: string): Node | undefined {
  return node.members.find(m => m.name === name)?.value
}
