import type { ErrorCode } from '../../../errors.ts'
import { fail, OPEN_BRACE, OPEN_BRACKET, QUOTE, Unreadable } from '../../decode/scanner.ts'
import { OutputBuffer } from '../../serialize/output-buffer.ts'
import type { ValueMask } from '../mask-type.ts'
import { type BoundRule, type InsideEdit, insideEdits } from './inside-edits.ts'
import { JsonDocument } from './json-document.ts'
import { escapeInto, OuterCursor, unescapeInto } from './json-text.ts'

/** A few masks on a large array could write more than memory holds; no topic takes a record of this size. */
const MAX_BYTES = 32 << 20
/** What is kept from value to value. */
const KEPT_BYTES = 1 << 20

/** Lent from value to value: a mask is asked for its size and written before the next one is asked. */
const document = new JsonDocument()
let inner = new OutputBuffer(1024)
let masked = new OutputBuffer(1024)
let result = new OutputBuffer(1024)
let pending: { readonly mask: ValueMask; readonly src: Buffer; readonly start: number } | null = null

/**
 * Masks parts of one value and leaves every other byte as it stands. `text`: the value is a string that holds JSON;
 * `native`: it is an object or array itself; `either`: by its first byte. What is no strict JSON fails with
 * RECORD_INNER_JSON.
 */
export function insideMask(rules: readonly BoundRule[], form: 'text' | 'native' | 'either'): ValueMask {
  const made = (src: Buffer, start: number, end: number): void => {
    const isText = src[start] === QUOTE
    const isNative = src[start] === OPEN_BRACE || src[start] === OPEN_BRACKET
    result = emptied(result)
    try {
      if (isText && form !== 'native') rewriteText(src, start, end, rules)
      else if (isNative && form !== 'text') rewriteNative(src, start, end, rules)
      // A single value where nobody said what to expect has nothing inside it.
      else if (isText || isNative || form !== 'either') fail('RECORD_MASK_TYPE_MISMATCH', start)
      else copyOf(src, start, end)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      fail(ownCodes.has(error.code) ? error.code : 'RECORD_INNER_JSON', start)
    }
  }
  const mask: ValueMask = {
    maxBytes: (length, src, start) => {
      pending = null
      made(src, start, start + length)
      pending = { mask, src, start }
      return result.at
    },
    write: (src, start, end, out, at) => {
      if (pending?.mask !== mask || pending.src !== src || pending.start !== start) made(src, start, end)
      pending = null
      return at + result.bytes.copy(out, at, 0, result.at)
    },
  }
  return mask
}

/** All other codes tell that the text is no JSON. */
const ownCodes: ReadonlySet<ErrorCode> = new Set(['RECORD_MASK_TYPE_MISMATCH', 'RECORD_SELECTOR_LIMIT'])

function emptied(buffer: OutputBuffer): OutputBuffer {
  if (buffer.bytes.length > KEPT_BYTES) return new OutputBuffer(1024)
  buffer.reset()
  return buffer
}

function rewriteText(src: Buffer, start: number, end: number, rules: readonly BoundRule[]): void {
  inner = emptied(inner)
  unescapeInto(src, start, end, inner)
  // What the buffer holds from a longer text before must not go on with a number at the end of this one.
  inner.reserve(1)
  inner.bytes[inner.at] = 0
  const outer = new OuterCursor(src, start)
  let from = start
  for (const edit of editsOf(inner.bytes, 0, inner.at, rules)) {
    copyOf(src, from, outer.seek(edit.start))
    if (edit.mask !== null) {
      writeMasked(inner.bytes, edit)
      escapeInto(masked.bytes, masked.at, result)
    }
    from = outer.seek(edit.end)
  }
  copyOf(src, from, end)
}

function rewriteNative(src: Buffer, start: number, end: number, rules: readonly BoundRule[]): void {
  let from = start
  for (const edit of editsOf(src, start, end, rules)) {
    copyOf(src, from, edit.start)
    if (edit.mask !== null) {
      writeMasked(src, edit)
      result.copy(masked.bytes, 0, masked.at)
    }
    from = edit.end
  }
  copyOf(src, from, end)
}

function editsOf(b: Buffer, start: number, end: number, rules: readonly BoundRule[]): readonly InsideEdit[] {
  document.read(b, start, end)
  return insideEdits(document, rules)
}

function writeMasked(src: Buffer, { start, end, mask }: InsideEdit): void {
  masked = emptied(masked)
  masked.reserve(mask?.maxBytes(end - start, src, start) ?? 0)
  masked.at = mask?.write(src, start, end, masked.bytes, 0) ?? 0
  if (result.at + masked.at > MAX_BYTES) fail('RECORD_SELECTOR_LIMIT', start)
}

function copyOf(src: Buffer, start: number, end: number): void {
  result.copy(src, start, end)
}
