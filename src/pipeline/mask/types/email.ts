import Type from 'typebox'
import { stringText } from '../../decode/scanner.ts'
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
    return writeText(rewrite(stringText(src, start, end)), out, at)
  },
}

/** Never longer than the value, so it fits wherever the value did. */
function rewrite(text: string): string {
  const split = text.lastIndexOf('@')
  const rest = text.slice(split + 1)
  if (split < 0 || !domain.test(rest)) return MASK.slice(0, text.length)
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
