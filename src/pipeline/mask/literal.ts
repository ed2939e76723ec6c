import { fail, QUOTE } from '../decode/scanner.ts'
import type { ValueMask } from './mask-type.ts'

/** Writes text as a JSON string literal; returns the position after it. */
export function writeText(text: string, out: Buffer, at: number): number {
  return at + out.write(JSON.stringify(text), at, 'utf8')
}

/** Writes ready-made bytes. Constants are short, so a loop beats the call into native code. */
export function writeBytes(bytes: Uint8Array, out: Buffer, at: number): number {
  for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i] as number
  return at
}

/** A literal that is not a string, where the bound type says it must be one. */
export function requireString(src: Buffer, start: number): void {
  if (src[start] !== QUOTE) fail('RECORD_MASK_TYPE_MISMATCH', start)
}

/** A mask that writes the same bytes whatever comes in. */
export function constantMask(literal: Buffer): ValueMask {
  return { write: (_src, _start, _end, out, at) => writeBytes(literal, out, at), maxBytes: () => literal.length }
}

/** Leaves what comes in: for values that are only looked at. */
export const asItStands: ValueMask = {
  write: (src, start, end, out, at) => at + src.copy(out, at, start, end),
  maxBytes: length => length,
}
