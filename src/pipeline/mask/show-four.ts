import { type ColumnType, columnLength } from '../schema.ts'
import { hiveNull, sameLiteral, sameType } from './bound-mask.ts'
import { allAlike, byteTable, hasContent, hideCharacters } from './character-classes.ts'
import type { DialectRules } from './dialect.ts'
import { integerMask } from './integer-mask.ts'
import type { MaskEffect, Misfit } from './mask-type.ts'
import { nestedShowFirst4, nestedShowLast4 } from './nested-structure.ts'
import { HIVE_DATE, rangerHiveText } from './ranger-hive.ts'
import { SHOWN, shownText } from './text-masks.ts'
import { trinoShowFirst4, trinoShowLast4 } from './trino-masks.ts'
import { isDays, isMaskableText, isPlainInteger, otherText, refused } from './value-types.ts'

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })

const hidden = byteTable(character => hideCharacters(character, allAlike))
const content = new Uint8Array(256)
for (let byte = 0x20; byte < 0x80; byte++) content[byte] = hasContent(String.fromCharCode(byte)) ? 1 : 0

/**
 * Characters are graphemes, so no part of one is shown without the rest. A text with four or fewer that say something is
 * masked whole: to show them would show everything, punctuation in front or not.
 */
function strictText(text: string, end: 'first' | 'last'): string {
  const characters = Array.from(graphemes.segment(text), part => part.segment)
  if (characters.filter(hasContent).length <= SHOWN) return hideCharacters(text, allAlike)
  const hide = (part: string[]): string => hideCharacters(part.join(''), allAlike)
  return end === 'first'
    ? characters.slice(0, SHOWN).join('') + hide(characters.slice(SHOWN))
    : hide(characters.slice(0, -SHOWN)) + characters.slice(-SHOWN).join('')
}

/** Ranger's MASK_SHOW_FIRST_4 and MASK_SHOW_LAST_4. */
export function showFour(end: 'first' | 'last'): DialectRules {
  const isFirst = end === 'first'
  const strict = sameType(shownText(end, content, { table: hidden, rewrite: text => strictText(text, end) }))
  const hive = sameType(
    shownText(end, null, { table: hidden, rewrite: isFirst ? rangerHiveText.showFirst4 : rangerHiveText.showLast4 }),
  )
  const trino = sameType(
    shownText(end, null, { table: byteTable(() => 'X'), rewrite: isFirst ? trinoShowFirst4 : trinoShowLast4 }),
  )
  return {
    strict: type => {
      if (isMaskableText(type)) return strict
      if (isPlainInteger(type)) return sameType(integerMask(type.kind, { end, hidesShort: true }))
      return refused(type, 'stands on text and integers; use `mask`, `full`, `null` or `drop`')
    },
    hive: type => {
      if (isMaskableText(type)) return hive
      if (isPlainInteger(type)) return sameType(integerMask(type.kind, { end, hidesShort: false }))
      if (isDays(type)) return sameLiteral(HIVE_DATE)
      return otherText(type) ?? hiveNull(type)
    },
    trino: type => (isMaskableText(type) ? trino : refused(type, 'in Trino this mask stands on text only')),
    nestedstructure: type => nested(type, isFirst),
  }
}

function nested(type: ColumnType, isFirst: boolean): MaskEffect | Misfit {
  if (!isMaskableText(type)) return refused(type, 'in this dialect the mask stands on text only')
  const show = isFirst ? nestedShowFirst4 : nestedShowLast4
  const limit = columnLength(type)
  return sameType(
    shownText(isFirst ? 'first' : 'last', null, {
      table: byteTable(() => 'x'),
      rewrite: text => fitted(wholePairs(show(text) ?? '', text, isFirst), limit, isFirst),
    }),
  )
}

/** The cut between UTF-16 units may leave half a character, which no target takes: an x is put in its place. */
function wholePairs(shown: string, text: string, isFirst: boolean): string {
  return text.isWellFormed() && !shown.isWellFormed() ? replaceHalf(shown, isFirst) : shown
}

const replaceHalf = (shown: string, isFirst: boolean): string =>
  isFirst ? `${shown.slice(0, SHOWN - 1)}x${shown.slice(SHOWN)}` : `${shown.slice(0, -SHOWN)}x${shown.slice(1 - SHOWN)}`

/** An x for each UTF-16 unit may be more than the column takes, which counts code points. */
function fitted(shown: string, limit: number | null, isFirst: boolean): string {
  const excess = limit === null ? 0 : [...shown].length - limit
  if (excess <= 0) return shown
  return isFirst ? shown.slice(0, -excess) : shown.slice(excess)
}
