import {
  CLOSE_BRACE,
  COMMA,
  isPlainString,
  LETTER_N,
  OPEN_BRACE,
  QUOTE,
  requireEnd,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  stringText,
  Unreadable,
} from '../decode/scanner.ts'

/**
 * The value at a path of names inside a JSON text: a string's text, the spelling of anything else; null for JSON's null,
 * for a place that is not there and for a text that is not JSON. Of a repeated member the last counts, as in Postgres.
 */
export function jsonPath(path: readonly string[]): (text: string) => string | null {
  const names = path.map(name => ({ name, literal: Buffer.from(JSON.stringify(name)) }))
  return text => inside(Buffer.from(text), names)
}

interface Name {
  readonly name: string
  readonly literal: Buffer
}

function inside(b: Buffer, path: readonly Name[]): string | null {
  try {
    let at = skipSpace(b, 0)
    requireEnd(b, skipValue(b, at, b.length, 0), b.length)
    for (const name of path) {
      const found = memberOf(b, at, name)
      if (found < 0) return null
      at = found
    }
    if (b[at] === LETTER_N) return null
    const end = skipValue(b, at, b.length, 0)
    return b[at] === QUOTE ? stringText(b, at, end) : b.toString('utf8', at, end)
  } catch (error) {
    if (error instanceof Unreadable) return null
    throw error
  }
}

/** Where the member's value begins; -1 where there is none. The bytes are known to be JSON. */
function memberOf(b: Buffer, at: number, { name, literal }: Name): number {
  if (b[at] !== OPEN_BRACE) return -1
  let found = -1
  let i = skipSpace(b, at + 1)
  while (b[i] !== CLOSE_BRACE) {
    const nameEnd = skipString(b, i, b.length)
    const value = skipColon(b, nameEnd)
    if (b.compare(literal, 0, literal.length, i, nameEnd) === 0) found = value
    // The same name may be spelled with other escapes.
    else if (!isPlainString(b, i, nameEnd) && stringText(b, i, nameEnd) === name) found = value
    i = skipSpace(b, skipValue(b, value, b.length, 0))
    if (b[i] === COMMA) i = skipSpace(b, i + 1)
  }
  return found
}
