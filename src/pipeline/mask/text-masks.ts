import { isPlainString, QUOTE, stringText } from '../decode/scanner.ts'
import { requireString, writeText } from './literal.ts'
import type { ValueMask } from './mask-type.ts'

/** How many characters the masks that show an end leave readable. */
export const SHOWN = 4

interface TextRule {
  /** What becomes of a byte of ASCII. */
  readonly table: Uint8Array
  /** The same, and all the rest, for text of any characters. */
  readonly rewrite: (text: string) => string
}

// An escape of six bytes is one character at least; an empty text may become 30 stars.
const maxBytes = (length: number): number => 6 * length + 32

/** Rewrites each character by itself. */
export function wholeText({ table, rewrite }: TextRule): ValueMask {
  return {
    maxBytes,
    write: (src, start, end, out, at) => {
      requireString(src, start)
      if (!isPlainString(src, start, end)) return writeText(rewrite(stringText(src, start, end)), out, at)
      out[at++] = QUOTE
      at = writeMapped(table, src, start + 1, end - 1, out, at)
      out[at++] = QUOTE
      return at
    },
  }
}

/** Rewrites text of whatever characters by one function: for what needs no speed. */
export const slowText = (rewrite: (text: string, at: number) => string): ValueMask => ({
  maxBytes,
  write: (src, start, end, out, at) => {
    requireString(src, start)
    return writeText(rewrite(stringText(src, start, end), start), out, at)
  },
})

/**
 * Leaves the first or last four bytes of a text of ASCII. `content`: 1 for bytes with something to read; a text of no more
 * than four of these is masked whole. Null: a text of four characters or fewer stays.
 */
export function shownText(
  shows: 'first' | 'last',
  content: Uint8Array | null,
  { table, rewrite }: TextRule,
): ValueMask {
  return {
    maxBytes,
    write: (src, start, end, out, at) => {
      requireString(src, start)
      if (!isPlainString(src, start, end)) return writeText(rewrite(stringText(src, start, end)), out, at)
      const from = start + 1
      const to = end - 1
      const shown = content === null || hasMore(content, src, from, to) ? Math.min(SHOWN, to - from) : 0
      const split = shows === 'first' ? from + shown : to - shown
      out[at++] = QUOTE
      at = shows === 'first' ? writeBytesOf(src, from, split, out, at) : writeMapped(table, src, from, split, out, at)
      at = shows === 'first' ? writeMapped(table, src, split, to, out, at) : writeBytesOf(src, split, to, out, at)
      out[at++] = QUOTE
      return at
    },
  }
}

function hasMore(content: Uint8Array, src: Buffer, from: number, to: number): boolean {
  let count = 0
  for (let i = from; i < to; i++) count += content[src[i] as number] as number
  return count > SHOWN
}

function writeMapped(table: Uint8Array, src: Buffer, from: number, to: number, out: Buffer, at: number): number {
  for (let i = from; i < to; i++) out[at++] = table[src[i] as number] as number
  return at
}

function writeBytesOf(src: Buffer, from: number, to: number, out: Buffer, at: number): number {
  for (let i = from; i < to; i++) out[at++] = src[i] as number
  return at
}
