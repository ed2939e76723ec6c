import { createHmac, type KeyObject } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { fail, QUOTE, isPlainString, stringText } from '../../decode/scanner.ts'
import { typeText } from '../../schema.ts'
import type { MaskType, ValueMask } from '../mask-type.ts'
import { isFreeText, isPlainInteger } from '../value-types.ts'

const params = Type.Object(
  {
    keyId: Type.Optional(
      Type.String({ minLength: 1, maxLength: 100, default: 'default', description: 'Which key of the key ring.' }),
    ),
    dialect: Type.Optional(
      Type.Literal('strict', { description: 'Ours. In all other dialects the name leads to `plain_hash`.' }),
    ),
    length: Type.Optional(
      Type.Integer({ minimum: 32, maximum: 64, default: 64, description: 'Hexadecimal digits kept; 32 are 128 bits.' }),
    ),
  },
  { additionalProperties: false },
)

/**
 * HMAC-SHA-256 in hexadecimal. The same value gives the same result in every column, topic and instance that uses the
 * key, so joins survive; without the key a twelve-digit number cannot be found by trying them all, as with a plain hash.
 */
export const hash: MaskType = {
  summary:
    'Keyed hash (HMAC-SHA-256, hexadecimal): equal values stay equal, joins survive. Safe on key columns. Ranger’s MASK_HASH.',
  effect: 'rewrite',
  params,
  accepts: 'string without a logical type; integers (which become strings)',
  produces: 'string',
  uniqueness: 'preserved',
  needsKey: true,
  typeless: false,
  examples: [
    // With the examples' key: the bytes 0, 1, 2 ... 31.
    { params: { length: 32 }, type: 'string', input: '123456789012', output: '15e5b9b8ab2df6f5d9a217f3f36bdf87' },
  ],
  bind: (raw, type, keys) => {
    const isInteger = type !== null && isPlainInteger(type)
    if (type !== null && !isInteger && !isFreeText(type)) {
      return {
        code: 'SCHEMA_MASK_TYPE',
        detail: `needs a string or integer without a logical type, the column is ${typeText(type)}`,
      }
    }
    const { keyId = 'default', length = 64 } = raw as Static<typeof params>
    const key = keys.get(keyId)
    if (key === undefined) return { code: 'POLICY_KEY_MISSING', detail: `key id ${keyId}` }
    return {
      mask: bindMask(key, length, isInteger),
      becomes: isInteger ? 'string' : null,
      maxCharacters: () => length,
      constant: null,
      writesNull: false,
    }
  },
}

const integer = /^-?(?:0|[1-9][0-9]*)$/
/** Of int64, with its sign. */
const LONGEST_INTEGER = 20

/** Halves of surrogate pairs all look the same as UTF-8: hashed, different keys would become equal. */
function wellFormed(src: Buffer, start: number, end: number): string {
  const text = stringText(src, start, end)
  return text.isWellFormed() ? text : fail('RECORD_MASK_TYPE_MISMATCH', start)
}

function bindMask(key: KeyObject, length: number, isInteger: boolean): ValueMask {
  const digest = (content: string | Uint8Array): string => createHmac('sha256', key).update(content).digest('hex')
  return {
    maxBytes: () => length + 2,
    write: (src, start, end, out, at) => {
      let hex: string
      if (src[start] === QUOTE) {
        // An integer column holds a string where the key header was written by a converter that quotes numbers: not a case we know.
        if (isInteger) return fail('RECORD_MASK_TYPE_MISMATCH', start)
        hex = digest(isPlainString(src, start, end) ? src.subarray(start + 1, end - 1) : wellFormed(src, start, end))
      } else {
        const text = src.toString('latin1', start, Math.min(end, start + LONGEST_INTEGER + 1))
        if (!isInteger || !integer.test(text) || text.length > LONGEST_INTEGER)
          return fail('RECORD_MASK_TYPE_MISMATCH', start)
        hex = digest(text)
      }
      out[at++] = QUOTE
      at += out.write(hex, at, length, 'latin1')
      out[at++] = QUOTE
      return at
    },
  }
}
