import Type, { type Static } from 'typebox'
import { QUOTE, stringText } from '../../decode/scanner.ts'
import { isPlainString } from '../../decode/scanner.ts'
import { requireString, writeText } from '../literal.ts'
import type { MaskType, ValueMask } from '../mask-type.ts'
import { columnLength } from '../../schema.ts'
import { isFreeText, notFreeText } from '../value-types.ts'

const params = Type.Object(
  {
    maskCharCount: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        description:
          'Write exactly so many mask characters (hides the length); left out: one for each masked character.',
      }),
    ),
    unmaskCharCount: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 1000, default: 4, description: 'How many characters stay readable.' }),
    ),
    maskChar: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 8,
        // One of Unicode's may take two code units, and some are joined of several; blanks and controls are none.
        pattern: '^(?:[!-~]|[^\\x00-\\xa0]{1,8})$',
        default: '*',
        description: 'One visible character.',
      }),
    ),
    unmaskCharPosition: Type.Optional(
      Type.Union([Type.Literal('right'), Type.Literal('left')], {
        default: 'right',
        description: 'Which end stays readable.',
      }),
    ),
  },
  { additionalProperties: false },
)

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
const split = (text: string): string[] => Array.from(graphemes.segment(text), part => part.segment)

/**
 * Keeps some characters at one end. A value with no more characters than would stay readable is masked whole: showing
 * it would show everything (Ranger and Hive do). Characters are graphemes, so a Devanagari syllable counts once.
 */
export const partial: MaskType = {
  summary: 'Keeps the last (or first) characters, masks the others.',
  effect: 'rewrite',
  params,
  accepts: 'string without a logical type',
  produces: 'string',
  uniqueness: 'not-guaranteed',
  needsKey: false,
  typeless: false,
  examples: [
    { params: { maskCharCount: 8, unmaskCharCount: 4 }, type: 'string', input: '123456789012', output: '********9012' },
    {
      params: { maskCharCount: 8, unmaskCharCount: 4 },
      type: 'string',
      input: '1234-5678-9012',
      output: '********9012',
    },
    { params: { maskCharCount: 8, unmaskCharCount: 4 }, type: 'string', input: '9012', output: '********' },
    { params: { unmaskCharCount: 4 }, type: 'string', input: '+91-98765-43210', output: '***********3210' },
    { params: { unmaskCharCount: 2, unmaskCharPosition: 'left' }, type: 'string', input: 'जयपुर', output: 'जय**' },
  ],
  bind: (raw, type) => {
    if (type !== null && !isFreeText(type)) return notFreeText(type)
    const {
      maskCharCount,
      unmaskCharCount = 4,
      maskChar = '*',
      unmaskCharPosition = 'right',
    } = raw as Static<typeof params>
    const maskLength = [...maskChar].length
    const limit = type === null ? null : columnLength(type)
    return {
      mask: bindMask(maskCharCount ?? null, unmaskCharCount, maskChar, unmaskCharPosition === 'left', limit),
      becomes: null,
      maxCharacters: characters =>
        maskCharCount === undefined
          ? characters * maskLength
          : maskCharCount * maskLength + (characters > unmaskCharCount ? unmaskCharCount : 0),
      constant: null,
      writesNull: false,
    }
  },
}

/** `limit`: how many code points the column takes. */
function bindMask(
  maskCount: number | null,
  kept: number,
  maskChar: string,
  left: boolean,
  limit: number | null,
): ValueMask {
  const maskBytes = Buffer.byteLength(maskChar)
  const quick = maskBytes === 1 && maskChar !== '"' && maskChar !== '\\' && maskChar >= ' '
  const maskByte = maskChar.charCodeAt(0)

  const rewrite = (text: string): string => {
    const characters = split(text)
    const length = characters.length
    for (let visible = length > kept ? kept : 0; visible > 0; visible--) {
      const stars = maskChar.repeat(maskCount ?? length - visible)
      const text = left
        ? characters.slice(0, visible).join('') + stars
        : stars + characters.slice(length - visible).join('')
      // A character may be many code points, and a fixed number of stars may be more than those it replaces.
      if (limit === null || text.length <= limit || [...text].length <= limit) return text
    }
    return maskChar.repeat(maskCount ?? length)
  }

  return {
    maxBytes: length => 6 * maskBytes * Math.max(length, maskCount ?? 0) + length + 2,
    write: (src, start, end, out, at) => {
      requireString(src, start)
      // CR LF is the one pair of ASCII characters that is a single grapheme, and it never stands unescaped in JSON.
      if (!quick || !isPlainString(src, start, end)) return writeText(rewrite(stringText(src, start, end)), out, at)
      const length = end - start - 2
      const visible = length > kept ? kept : 0
      out[at++] = QUOTE
      if (left) for (let i = start + 1; i <= start + visible; i++) out[at++] = src[i] as number
      for (let n = maskCount ?? length - visible; n > 0; n--) out[at++] = maskByte
      if (!left) for (let i = end - 1 - visible; i < end - 1; i++) out[at++] = src[i] as number
      out[at++] = QUOTE
      return at
    },
  }
}
