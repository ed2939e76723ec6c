import { fail, QUOTE, stringText } from '../decode/scanner.ts'
import { twosComplement } from './constants.ts'
import { writeText } from './literal.ts'
import type { ValueMask } from './mask-type.ts'

const MINUS = 45
const DOT = 46
const ZERO = 48
const ONE = 49
const NINE = 57
const CAPITAL_E = 69
const SMALL_E = 101

/** More than the longest number of Postgres. */
const MAX_BYTES = 65_536

/**
 * A 1 for each digit from the first that is not zero; the scale stays, and the precision is never more than it was. Both
 * spellings of JsonConverter, base64 of the unscaled number and a number, come to the same: 0.50 becomes 0.11, zero becomes 0.01.
 */
export const decimalMask: ValueMask = {
  // The ones may take a byte more than the digits did, which is up to four characters.
  maxBytes: length => length + 6,
  write: (src, start, end, out, at) =>
    src[start] === QUOTE ? writeUnscaled(src, start, end, out, at) : writeNumber(src, start, end, out, at),
}

const base64 = /^[A-Za-z0-9+/]+={0,2}$/

function writeUnscaled(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
  const text = stringText(src, start, end)
  if (!base64.test(text) || text.length > MAX_BYTES * 2) return fail('RECORD_MASK_TYPE_MISMATCH', start)
  const bytes = Buffer.from(text, 'base64')
  if (bytes.length === 0) return fail('RECORD_MASK_TYPE_MISMATCH', start)
  const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(`0x${bytes.toString('hex')}`))
  const isNegative = unscaled < 0n
  const ones = '1'.repeat(String(unscaled).length - (isNegative ? 1 : 0))
  return writeText(twosComplement(BigInt(isNegative ? `-${ones}` : ones)).toString('base64'), out, at)
}

function writeNumber(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
  let lastDigit = at
  let isLeading = true
  let i = start
  for (; i < end; i++) {
    const c = src[i] as number
    if (c === CAPITAL_E || c === SMALL_E) break
    if (c < ZERO || c > NINE) {
      if (c !== MINUS && c !== DOT) return fail('RECORD_MASK_TYPE_MISMATCH', start)
      out[at++] = c
      continue
    }
    if (c !== ZERO) isLeading = false
    lastDigit = at
    out[at++] = isLeading ? ZERO : ONE
  }
  if (isLeading) out[lastDigit] = ONE
  // The exponent, where there is one, is of the scale.
  for (; i < end; i++) out[at++] = src[i] as number
  return at
}
