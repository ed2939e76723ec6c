import Type from 'typebox'
import { isPlainString, QUOTE, stringText } from '../../decode/scanner.ts'
import { requireString, writeText } from '../literal.ts'
import type { MaskType, ValueMask } from '../mask-type.ts'
import { isFreeText, notFreeText } from '../value-types.ts'

const MASK = '****'
/** Labels of letters, digits and dashes, the last one without digits: a phone number after an @ is not a domain. */
const domain = /^(?:[\p{L}\p{M}\p{N}-]+\.)+[\p{L}\p{M}-]{2,}$/u

const mask: ValueMask = {
  maxBytes: length => 6 * length + MASK.length,
  write: (src, start, end, out, at) => {
    requireString(src, start)
    const split = plainSplit(src, start, end)
    if (split > start + 1) {
      out[at++] = QUOTE
      for (let n = Math.min(MASK.length, split - start - 1); n > 0; n--) out[at++] = STAR
      for (let i = split; i < end; i++) out[at++] = src[i] as number
      return at
    }
    return writeText(rewrite(stringText(src, start, end)), out, at)
  },
}

const STAR = 42
const AT = 64

/** 1 for letters, digits, dot and dash of ASCII: what the domain of nearly every address is made of. */
const domainByte = new Uint8Array(256)
for (const character of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-')
  domainByte[character.charCodeAt(0)] = 1

/**
 * Where the @ stands in an address whose domain can be told from its bytes: the quick way. Read from the end, so the
 * local part, which is not copied, may hold anything but an escape or a character of several bytes (it is counted).
 * -1: leave it to the slow way.
 */
function plainSplit(src: Buffer, start: number, end: number): number {
  if (!isPlainString(src, start, end)) return -1
  let i = end - 2
  let letters = 0
  while (i > start && isLetter(src[i] as number)) {
    i--
    letters++
  }
  if (letters < 2 || src[i] !== DOT || domainByte[src[i - 1] as number] !== 1 || src[i - 1] === DOT) return -1
  while (i > start && domainByte[src[i] as number] === 1) {
    if (src[i] === DOT && src[i - 1] === DOT) return -1
    i--
  }
  return src[i] === AT && src[i + 1] !== DOT ? i : -1
}

const DOT = 46
const isLetter = (c: number): boolean => (c >= 97 && c <= 122) || (c >= 65 && c <= 90)

/** Never longer than the value, so it fits wherever the value did. */
function rewrite(text: string): string {
  const split = text.lastIndexOf('@')
  const rest = text.slice(split + 1)
  if (split < 1 || !domain.test(rest)) return MASK.slice(0, text.length)
  return `${MASK.slice(0, split)}@${rest}`
}

/** Keeps the domain, hides who. */
export const email: MaskType = {
  summary: 'Keeps the domain of an e-mail address; anything else is masked whole.',
  effect: 'rewrite',
  params: Type.Object({}, { additionalProperties: false }),
  accepts: 'string without a logical type',
  produces: 'string',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: false,
  examples: [
    { params: {}, type: 'string', input: 'asha.sharma@example.in', output: '****@example.in' },
    { params: {}, type: 'string', input: 'not an address', output: '****' },
    { params: {}, type: 'string', input: 'asha@9876543210', output: '****' },
  ],
  bind: (_params, type) => {
    if (type !== null && !isFreeText(type)) return notFreeText(type)
    return { mask, becomes: null, maxCharacters: characters => characters, constant: null, writesNull: false }
  },
}
