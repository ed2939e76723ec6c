import { BACKSLASH, QUOTE } from '../../decode/scanner.ts'
import type { OutputBuffer } from '../../serialize/output-buffer.ts'

/**
 * JSON inside a JSON string: what the literal src[start, end) says, as UTF-8. The literal was scanned before, so its
 * escapes are whole. Half of a surrogate pair comes out as bytes that are no UTF-8, which the reader behind refuses.
 */
export function unescapeInto(src: Buffer, start: number, end: number, output: OutputBuffer): void {
  output.reserve(end - start)
  const out = output.bytes
  let { at } = output
  for (let i = start + 1; i < end - 1; ) {
    const c = src[i] as number
    if (c !== BACKSLASH) {
      out[at++] = c
      i++
    } else if (src[i + 1] !== LETTER_U) {
      out[at++] = plainEscapes[src[i + 1] as number] as number
      i += 2
    } else {
      const point = pointAt(src, i)
      at = writePoint(point, out, at)
      i += point > 0xffff ? 12 : 6
    }
  }
  output.at = at
}

/** Finds, from left to right, where a byte of the inner text stands in the literal. */
export class OuterCursor {
  private readonly src: Buffer
  private outer: number
  private inner = 0

  constructor(src: Buffer, start: number) {
    this.src = src
    this.outer = start + 1
  }

  /** `inner` must not be less than last time. */
  seek(inner: number): number {
    const { src } = this
    let i = this.outer
    let n = this.inner
    while (n < inner) {
      if (src[i] !== BACKSLASH) {
        i++
        n++
      } else if (src[i + 1] !== LETTER_U) {
        i += 2
        n++
      } else {
        const point = pointAt(src, i)
        n += point > 0xffff ? 4 : point > 0x7ff ? 3 : point > 0x7f ? 2 : 1
        i += point > 0xffff ? 12 : 6
      }
    }
    this.outer = i
    this.inner = n
    return i
  }
}

/** Writes b[0, length), a JSON literal, as it stands inside a JSON string. */
export function escapeInto(b: Buffer, length: number, output: OutputBuffer): void {
  output.reserve(length * 2)
  const out = output.bytes
  let { at } = output
  for (let i = 0; i < length; i++) {
    const c = b[i] as number
    if (c === QUOTE || c === BACKSLASH) out[at++] = BACKSLASH
    out[at++] = c
  }
  output.at = at
}

const LETTER_U = 117

const plainEscapes = new Uint8Array(256)
for (const [letter, meaning] of ['""', '\\\\', '//', 'b\b', 'f\f', 'n\n', 'r\r', 't\t'])
  plainEscapes[(letter as string).charCodeAt(0)] = (meaning as string).charCodeAt(0)

/** The code point of the escape `\uXXXX` at `i`, of two where they are a pair. */
function pointAt(src: Buffer, i: number): number {
  const unit = unitAt(src, i)
  if (unit < 0xd800 || unit > 0xdbff || src[i + 6] !== BACKSLASH || src[i + 7] !== LETTER_U) return unit
  const low = unitAt(src, i + 6)
  return low < 0xdc00 || low > 0xdfff ? unit : 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)
}

function unitAt(src: Buffer, i: number): number {
  let unit = 0
  for (let n = i + 2; n < i + 6; n++) {
    const c = src[n] as number
    unit = unit * 16 + (c <= 57 ? c - 48 : (c | 32) - 87)
  }
  return unit
}

function writePoint(point: number, out: Buffer, at: number): number {
  if (point <= 0x7f) out[at++] = point
  else if (point <= 0x7ff) {
    out[at++] = 0xc0 | (point >> 6)
    out[at++] = 0x80 | (point & 63)
  } else if (point <= 0xffff) {
    out[at++] = 0xe0 | (point >> 12)
    out[at++] = 0x80 | ((point >> 6) & 63)
    out[at++] = 0x80 | (point & 63)
  } else {
    out[at++] = 0xf0 | (point >> 18)
    out[at++] = 0x80 | ((point >> 12) & 63)
    out[at++] = 0x80 | ((point >> 6) & 63)
    out[at++] = 0x80 | (point & 63)
  }
  return at
}
