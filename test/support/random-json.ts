import type { Random } from './random.ts'

/** JSON to be written: objects keep repeats, a string is a ready-made literal. */
export type Draft =
  | { readonly object: readonly (readonly [name: string, value: Draft])[] }
  | { readonly array: readonly Draft[] }
  | string

/** How a draft is written. Probabilities; all 0: as JsonConverter writes. */
export interface Style {
  readonly space: number
  readonly escape: number
  readonly shuffle: number
}

export const compact: Style = { space: 0, escape: 0, shuffle: 0 }

export const text = (value: string): Draft => JSON.stringify(value)
export const object = (members: Record<string, Draft>): Draft => ({ object: Object.entries(members) })

/** Any JSON value as a draft. */
export function draftOf(value: unknown): Draft {
  if (Array.isArray(value)) return { array: value.map(draftOf) }
  if (typeof value === 'object' && value !== null)
    return { object: Object.entries(value).map(([name, inner]) => [name, draftOf(inner)]) }
  return JSON.stringify(value)
}

export function write(draft: Draft, style: Style, random: Random): string {
  const space = (): string =>
    style.space > 0 && random.chance(style.space) ? random.pick([' ', '\n', '\t', '\r\n', '  ']) : ''
  const literal = (one: string): string =>
    style.escape > 0 && one.startsWith('"') ? respell(one, style.escape, random) : one
  const inner = (one: Draft): string => {
    if (typeof one === 'string') return literal(one)
    if ('array' in one)
      return `[${space()}${one.array.map(item => inner(item)).join(`${space()},${space()}`)}${space()}]`
    const members = style.shuffle > 0 && random.chance(style.shuffle) ? random.shuffle(one.object) : one.object
    const parts = members.map(([name, value]) => `${literal(JSON.stringify(name))}${space()}:${space()}${inner(value)}`)
    return `{${space()}${parts.join(`${space()},${space()}`)}${space()}}`
  }
  return space() + inner(draft) + space()
}

const short: Record<string, string> = {
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '/': '\\/',
  '"': '\\"',
  '\\': '\\\\',
}

/** The same text, some characters written as escapes. */
export function respell(literal: string, probability: number, random: Random): string {
  const value = JSON.parse(literal) as string
  let out = ''
  for (let i = 0; i < value.length; i++) {
    const c = value[i] as string
    const mustEscape = c < ' ' || c === '"' || c === '\\' || (c >= '\ud800' && c <= '\udfff' && !isPaired(value, i))
    const isHigh = c >= '\ud800' && c <= '\udbff' && isPaired(value, i)
    if (!mustEscape && !random.chance(probability)) out += isHigh ? c + value[++i] : c
    else if (short[c] !== undefined && random.chance(0.5)) out += short[c]
    else {
      const hex = c.charCodeAt(0).toString(16).padStart(4, '0')
      out += `\\u${random.chance(0.5) ? hex.toUpperCase() : hex}`
      // Half of a pair as an escape asks for the other half as one: raw it would be no UTF-8.
      if (isHigh) out += `\\u${value.charCodeAt(++i).toString(16)}`
    }
  }
  return `"${out}"`
}

function isPaired(value: string, i: number): boolean {
  const c = value.charCodeAt(i)
  if (c <= 0xdbff) return (value.charCodeAt(i + 1) & 0xfc00) === 0xdc00
  return i > 0 && (value.charCodeAt(i - 1) & 0xfc00) === 0xd800
}

const words = [
  'Asha',
  'आशा देवी',
  'जयपुर',
  'x',
  '',
  '123412341234',
  '+91-98765-43210',
  'a.b@example.in',
  '@',
  '👩‍👩‍👧',
  '𝒜',
  'line\nbreak',
  '"',
  '\\',
  '\u0000',
  '\u007f',
  '\ud800',
  ' ',
  'null',
  '****',
  'क्षत्रिय',
  'é',
  'e\u0301',
  '\u2028',
  '9007199254740993',
  '{"a":1}',
]

export const randomWord = (random: Random): string => {
  let word = random.pick(words)
  while (random.chance(0.3)) word += random.pick(words)
  return word
}

const numbers = [
  '0',
  '-0',
  '1',
  '42',
  '-7',
  '9007199254740993',
  '-9223372036854775808',
  '9223372036854775807',
  '1.0E21',
  '1e-7',
  '0.1',
  '1.50',
  '-0.0',
  '1E+3',
  '12345678901234567890123456789012345678901234567890123456789012345678901234567890',
]
export const randomNumber = (random: Random): string =>
  random.chance(0.7) ? random.pick(numbers) : String(random.below(1e9))

/** Any JSON, nested a little. */
export function randomDraft(random: Random, depth = 3): Draft {
  const kind = random.below(depth > 0 ? 8 : 5)
  if (kind === 0) return 'null'
  if (kind === 1) return random.pick(['true', 'false'])
  if (kind === 2) return randomNumber(random)
  if (kind <= 4) return text(randomWord(random))
  const count = random.below(4)
  if (kind === 5) return { array: Array.from({ length: count }, () => randomDraft(random, depth - 1)) }
  return { object: Array.from({ length: count }, () => [randomWord(random), randomDraft(random, depth - 1)]) }
}

/** Breaks bytes the ways that bytes break, and the ways that somebody would break them. */
export function mutate(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1)
  const cut = (from: number, to: number, put: Uint8Array | string = ''): Buffer =>
    Buffer.concat([bytes.subarray(0, from), typeof put === 'string' ? Buffer.from(put) : put, bytes.subarray(to)])
  switch (random.below(14)) {
    case 0:
      return bytes.subarray(0, at)
    case 1: {
      const flipped = Buffer.from(bytes)
      if (at < flipped.length) flipped[at] = (flipped[at] as number) ^ (1 << random.below(8))
      return flipped
    }
    case 2:
      return cut(at, at, Buffer.from([random.below(256)]))
    case 3:
      return cut(at, Math.min(bytes.length, at + 1 + random.below(4)))
    case 4: {
      const from = random.below(at + 1)
      return cut(at, at, bytes.subarray(from, at))
    }
    case 5:
      return Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
    case 6:
      return Buffer.concat([
        bytes,
        Buffer.from(random.pick(['x', ' ', '\n\t ', '}', '{}', '\u0000', ',', ' 1', '\u00a0'])),
      ])
    case 7:
      return intoString(bytes, random, random.pick(badUtf8))
    case 8:
      return intoString(
        bytes,
        random,
        Buffer.from(random.pick(['\\', '\\u12', '\\x', '\u0001', '\t', '\\u00zz', '\\ud800', '"', '\\"'])),
      )
    case 9: {
      const levels = random.pick([90, 97, 98, 99, 100, 101, 102, 300])
      return replaceValue(
        bytes,
        random,
        random.chance(0.5)
          ? '['.repeat(levels) + ']'.repeat(levels)
          : `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`,
      )
    }
    case 10:
      return replaceValue(
        bytes,
        random,
        random.pick([
          '01',
          '-',
          '1.',
          '.5',
          '1e',
          '+1',
          'NaN',
          'Infinity',
          'tru',
          'nul',
          'TRUE',
          "'a'",
          '0x1',
          '1_0',
          '[1,]',
          '{"a":1,}',
          '{"a"}',
          '{a:1}',
          '[',
          '{',
          ']',
        ]),
      )
    case 11:
      return replaceValue(
        bytes,
        random,
        random.pick([
          'null',
          'true',
          '1',
          '"s"',
          '{}',
          '[]',
          '{"a":{"a":1,"a":2}}',
          '"__debezium_unavailable_value"',
          '["__debezium_unavailable_value"]',
          '"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="',
          '"\\u005f_debezium_unavailable_value"',
          '["__debezium_unavailable_value" ]',
        ]),
      )
    case 12:
      return cut(at, at, random.pick([',', ':', '"', '{', '}', '[', ']', ' ', '\n', '\\', '/', '/**/', '//']))
    default:
      return Buffer.alloc(0)
  }
}

/** Overlong forms, surrogates, lone continuation bytes, cut characters, code points past the last. */
const badUtf8 = [
  [0xc0, 0xaf],
  [0xc1, 0xbf],
  [0xe0, 0x80, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x80, 0x80, 0xaf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf8, 0x88, 0x80, 0x80, 0x80],
  [0x80],
  [0xbf, 0xbf],
  [0xe0, 0xa4],
  [0xf0, 0x9f, 0x98],
  [0xff],
  [0xfe],
].map(codes => Buffer.from(codes))

function intoString(bytes: Buffer, random: Random, put: Buffer): Buffer {
  const quotes = positions(bytes, 34)
  const at = quotes.length === 0 ? 0 : random.pick(quotes) + 1
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at)])
}

/** Puts something in place of what stands between a colon and the next comma. */
function replaceValue(bytes: Buffer, random: Random, put: string): Buffer {
  const colons = positions(bytes, 58)
  if (colons.length === 0) return Buffer.from(put)
  const from = random.pick(colons) + 1
  const ends = [44, 125].map(code => bytes.indexOf(code, from)).filter(end => end >= 0)
  const to = ends.length === 0 ? bytes.length : Math.min(...ends)
  return Buffer.concat([bytes.subarray(0, from), Buffer.from(put), bytes.subarray(to)])
}

function positions(bytes: Buffer, code: number): number[] {
  const found: number[] = []
  for (let at = bytes.indexOf(code); at >= 0; at = bytes.indexOf(code, at + 1)) found.push(at)
  return found
}
