import type { ErrorCode } from '../../errors.ts'

/**
 * The strict JSON grammar (RFC 8259) as functions from a position to the position after it. They accept exactly what a
 * strict parser accepts and walk every byte, so nothing can be smuggled past a mask in a part that was only skipped.
 *
 * Bounds: strings stop at `end`; every other token is at most a few bytes or ends at the first foreign byte. A token may
 * therefore run past `end` by reading bytes of the next record, but then the position is past `end` too, and whoever asked
 * for the whole document compares the two (`requireEnd`).
 */

/** Thrown for bytes that cannot be read. Carries a code and a position, never a byte of the record. */
export class Unreadable extends Error {
  readonly code: ErrorCode
  readonly at: number

  constructor(code: ErrorCode, at: number) {
    super(code)
    this.code = code
    this.at = at
  }
}

/** Nesting that no Debezium record comes near; a bound against stack exhaustion. */
export const MAX_DEPTH = 100

export const QUOTE = 34
export const COMMA = 44
export const COLON = 58
export const OPEN_BRACKET = 91
export const BACKSLASH = 92
export const CLOSE_BRACKET = 93
export const LETTER_N = 110
export const OPEN_BRACE = 123
export const CLOSE_BRACE = 125

/** 1 for a byte that stands for itself inside a string: ASCII, no control character, no quote, no backslash. */
const plain = new Uint8Array(256)
plain.fill(1, 0x20, 0x80)
plain[QUOTE] = 0
plain[BACKSLASH] = 0

export function fail(code: ErrorCode, at: number): never {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  const error = new Unreadable(code, at)
  Error.stackTraceLimit = limit
  throw error
}

/** Position after white space. Debezium writes none, so one comparison settles the common case. */
export function skipSpace(b: Uint8Array, i: number): number {
  return (b[i] as number) > 32 ? i : skipSpaces(b, i)
}

function skipSpaces(b: Uint8Array, i: number): number {
  for (;;) {
    const c = b[i]
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) return i
    i++
  }
}

const isHex = (c: number | undefined): boolean =>
  c !== undefined && ((c >= 48 && c <= 57) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102))

function skipEscape(b: Uint8Array, i: number): number {
  switch (b[i + 1]) {
    case 34: // "
    case 92: // \
    case 47: // /
    case 98: // b
    case 102: // f
    case 110: // n
    case 114: // r
    case 116: // t
      return i + 2
    case 117: // u
      if (isHex(b[i + 2]) && isHex(b[i + 3]) && isHex(b[i + 4]) && isHex(b[i + 5])) return i + 6
  }
  return fail('RECORD_MALFORMED', i)
}

const isContinuation = (c: number | undefined): boolean => c !== undefined && (c & 0xc0) === 0x80

/** One character of two to four bytes; overlong forms, surrogates and code points past U+10FFFF are refused (RFC 3629). */
function skipMultiByte(b: Uint8Array, i: number): number {
  const c = b[i] as number
  const d = b[i + 1]
  if (c >= 0xc2 && c <= 0xdf) {
    if (isContinuation(d)) return i + 2
  } else if (c >= 0xe0 && c <= 0xef) {
    if (
      isContinuation(d) &&
      isContinuation(b[i + 2]) &&
      !(c === 0xe0 && (d as number) < 0xa0) &&
      !(c === 0xed && (d as number) > 0x9f)
    ) {
      return i + 3
    }
  } else if (c >= 0xf0 && c <= 0xf4) {
    if (
      isContinuation(d) &&
      isContinuation(b[i + 2]) &&
      isContinuation(b[i + 3]) &&
      !(c === 0xf0 && (d as number) < 0x90) &&
      !(c === 0xf4 && (d as number) > 0x8f)
    ) {
      return i + 4
    }
  }
  return fail('RECORD_INVALID_UTF8', i)
}

/** What is no plain byte inside a string: an escape, a character of several bytes; a control character fails. */
function skipSpecial(b: Uint8Array, i: number): number {
  const c = b[i] as number
  if (c === BACKSLASH) return skipEscape(b, i)
  return c >= 0x80 ? skipMultiByte(b, i) : fail('RECORD_MALFORMED', i)
}

/** From the opening quote to the position after the closing one. */
export function skipString(b: Uint8Array, i: number, end: number): number {
  i++
  while (i < end) {
    const c = b[i] as number
    if (plain[c] === 1) {
      i++
      continue
    }
    if (c === QUOTE) return i + 1
    i = skipSpecial(b, i)
  }
  return fail('RECORD_MALFORMED', i)
}

function skipNumber(b: Uint8Array, i: number): number {
  let c = b[i] as number
  if (c === 45) c = b[++i] as number
  if (c === 48) c = b[++i] as number
  else if (c >= 49 && c <= 57) {
    do c = b[++i] as number
    while (c >= 48 && c <= 57)
  } else return fail('RECORD_MALFORMED', i)
  if (c === 46) {
    c = b[++i] as number
    if (!(c >= 48 && c <= 57)) return fail('RECORD_MALFORMED', i)
    do c = b[++i] as number
    while (c >= 48 && c <= 57)
  }
  if (c === 101 || c === 69) {
    c = b[++i] as number
    if (c === 43 || c === 45) c = b[++i] as number
    if (!(c >= 48 && c <= 57)) return fail('RECORD_MALFORMED', i)
    do c = b[++i] as number
    while (c >= 48 && c <= 57)
  }
  return i
}

/** Any value. `depth` counts the objects and arrays around it. */
export function skipValue(b: Uint8Array, i: number, end: number, depth: number): number {
  const c = b[i]
  if (c === QUOTE) return skipString(b, i, end)
  if (c === LETTER_N) {
    if (b[i + 1] === 117 && b[i + 2] === 108 && b[i + 3] === 108) return i + 4
    return fail('RECORD_MALFORMED', i)
  }
  if (c === OPEN_BRACE) return skipObject(b, i, end, depth + 1)
  if (c === OPEN_BRACKET) return skipArray(b, i, end, depth + 1)
  if (c === 116) {
    if (b[i + 1] === 114 && b[i + 2] === 117 && b[i + 3] === 101) return i + 4
    return fail('RECORD_MALFORMED', i)
  }
  if (c === 102) {
    if (b[i + 1] === 97 && b[i + 2] === 108 && b[i + 3] === 115 && b[i + 4] === 101) return i + 5
    return fail('RECORD_MALFORMED', i)
  }
  return skipNumber(b, i)
}

function skipObject(b: Uint8Array, i: number, end: number, depth: number): number {
  if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
  i = skipSpace(b, i + 1)
  if (b[i] === CLOSE_BRACE) return i + 1
  for (;;) {
    if (b[i] !== QUOTE) return fail('RECORD_MALFORMED', i)
    i = skipColon(b, skipString(b, i, end))
    i = skipSpace(b, skipValue(b, i, end, depth))
    const c = b[i]
    if (c === CLOSE_BRACE) return i + 1
    if (c !== COMMA) return fail('RECORD_MALFORMED', i)
    i = skipSpace(b, i + 1)
  }
}

function skipArray(b: Uint8Array, i: number, end: number, depth: number): number {
  if (depth > MAX_DEPTH) return fail('RECORD_TOO_DEEP', i)
  i = skipSpace(b, i + 1)
  if (b[i] === CLOSE_BRACKET) return i + 1
  for (;;) {
    i = skipSpace(b, skipValue(b, i, end, depth))
    const c = b[i]
    if (c === CLOSE_BRACKET) return i + 1
    if (c !== COMMA) return fail('RECORD_MALFORMED', i)
    i = skipSpace(b, i + 1)
  }
}

/** From the end of a member name to the start of its value. */
export function skipColon(b: Uint8Array, i: number): number {
  if (b[i] === COLON && (b[i + 1] as number) > 32) return i + 1
  i = skipSpace(b, i)
  if (b[i] !== COLON) return fail('RECORD_MALFORMED', i)
  return skipSpace(b, i + 1)
}

/** The document must end exactly at `end`, white space aside. */
export function requireEnd(b: Uint8Array, i: number, end: number): void {
  if (i === end) return
  if (i > end) fail('RECORD_MALFORMED', end)
  while (i < end) {
    const c = b[i]
    if (c !== 32 && c !== 10 && c !== 13 && c !== 9) fail('RECORD_TRAILING_BYTES', i)
    i++
  }
}

/** The text of the string literal at [start, end), quotes included in the range. */
export function stringText(b: Buffer, start: number, end: number): string {
  for (let i = start + 1; i < end - 1; i++) {
    if (plain[b[i] as number] !== 1) return JSON.parse(b.toString('utf8', start, end)) as string
  }
  return b.toString('latin1', start + 1, end - 1)
}

/** True where the literal at [start, end) is ASCII without escapes, so its bytes are its characters. */
export function isPlainString(b: Uint8Array, start: number, end: number): boolean {
  for (let i = start + 1; i < end - 1; i++) if (plain[b[i] as number] !== 1) return false
  return true
}
