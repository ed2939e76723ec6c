import { createHash } from 'node:crypto'
import Type, { type Static } from 'typebox'
import { isPlainString, QUOTE, stringText } from '../../decode/scanner.ts'
import { columnLength } from '../../schema.ts'
import { hiveNull, sameType } from '../bound-mask.ts'
import { requireString } from '../literal.ts'
import type { MaskType, ValueMask } from '../mask-type.ts'
import { isMaskableText, otherText, refused } from '../value-types.ts'

const params = Type.Object(
  {
    dialect: Type.Union([Type.Literal('hive'), Type.Literal('trino'), Type.Literal('nestedstructure')], {
      description: 'Hive and nestedstructure write lower case, Trino upper case and cut to the length of the column.',
    }),
  },
  { additionalProperties: false },
)

const DIGITS = 64

function shaMask(isUpper: boolean, length: number): ValueMask {
  return {
    maxBytes: () => length + 2,
    write: (src, start, end, out, at) => {
      requireString(src, start)
      const text = isPlainString(src, start, end) ? src.subarray(start + 1, end - 1) : stringText(src, start, end)
      const hex = createHash('sha256').update(text).digest('hex')
      out[at++] = QUOTE
      at += out.write(isUpper ? hex.toUpperCase() : hex, at, length, 'latin1')
      out[at++] = QUOTE
      return at
    },
  }
}

/** Ranger's MASK_HASH as its plugins write it. Not for keys: two numbers with the same hash nobody finds, the number anybody does. */
export const plainHash: MaskType = {
  summary:
    'Ranger’s MASK_HASH in the dialects hive, trino and nestedstructure: SHA-256 without a key. Weak: identifiers of few digits are found by trying them all; `hash` has a key.',
  effect: 'rewrite',
  params,
  accepts: 'string without a logical type',
  produces: 'string',
  uniqueness: 'not-guaranteed',
  needsKey: false,
  typeless: false,
  hasLooseDialects: true,
  examples: [
    {
      params: { dialect: 'nestedstructure' },
      type: 'string',
      input: 'value1',
      output: '3c9683017f9e4bf33d0fbedd26bf143fd72de9b9dd145441b75f0604047ea28e',
    },
    {
      params: { dialect: 'trino' },
      type: 'string',
      input: 'value1',
      output: '3C9683017F9E4BF33D0FBEDD26BF143FD72DE9B9DD145441B75F0604047EA28E',
    },
  ],
  bind: (raw, type) => {
    if (type === null) return { code: 'SCHEMA_UNDECLARED', detail: 'needs to know the type' }
    const { dialect } = raw as Static<typeof params>
    if (isMaskableText(type)) {
      const length = dialect === 'trino' ? Math.min(DIGITS, columnLength(type) ?? DIGITS) : DIGITS
      return { ...sameType(shaMask(dialect === 'trino', length)), maxCharacters: () => length }
    }
    if (dialect === 'hive') return otherText(type) ?? hiveNull(type)
    return refused(type, 'stands on text only')
  },
}
