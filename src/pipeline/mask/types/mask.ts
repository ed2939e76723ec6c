import { type ColumnType, columnLength } from '../../schema.ts'
import { hiveNull, sameLiteral, sameType } from '../bound-mask.ts'
import { byClass, byteTable, hideCharacters } from '../character-classes.ts'
import { epochLiteral } from '../constants.ts'
import { decimalMask } from '../decimal-mask.ts'
import { bindDialect, type DialectRules, dialectOnly, looseDialects } from '../dialect.ts'
import { integerMask } from '../integer-mask.ts'
import type { MaskEffect, MaskType, Misfit } from '../mask-type.ts'
import { NESTED_BOOLEAN, NESTED_NUMBER, nestedMask } from '../nested-structure.ts'
import { HIVE_DATE, rangerHiveText } from '../ranger-hive.ts'
import { slowText, wholeText } from '../text-masks.ts'
import { trinoMask } from '../trino-masks.ts'
import { isDays, isDecimal, isMaskableText, isPlainInteger, otherText, refused } from '../value-types.ts'
import { full } from './full.ts'
import { nullify } from './null.ts'

// Among the characters of ASCII only letters and digits are hidden, so ours and Hive's are the same there.
const classes = byteTable(character => hideCharacters(character, byClass))
const strictText = wholeText({ table: classes, rewrite: text => hideCharacters(text, byClass) })
const hiveText = wholeText({ table: classes, rewrite: rangerHiveText.mask })
const trinoText = wholeText({ table: byteTable(trinoMask), rewrite: trinoMask })

function strict(type: ColumnType): MaskEffect | Misfit {
  if (isMaskableText(type)) return sameType(strictText)
  if (isPlainInteger(type)) return sameType(integerMask(type.kind, null))
  if (type.kind === 'boolean') return type.optional ? nullify.bind({}, type, noKeys) : sameLiteral('false')
  if (isDecimal(type)) return sameType(decimalMask)
  const epoch = epochLiteral(type)
  return epoch === null ? refused(type, 'use `full` with a constant of its form, `null` or `drop`') : sameLiteral(epoch)
}

const noKeys = { get: () => undefined }

function hive(type: ColumnType): MaskEffect | Misfit {
  if (isMaskableText(type)) return sameType(hiveText)
  if (isPlainInteger(type)) return sameType(integerMask(type.kind, null))
  if (isDays(type)) return sameLiteral(HIVE_DATE)
  return otherText(type) ?? hiveNull(type)
}

const trino = (type: ColumnType): MaskEffect | Misfit =>
  isMaskableText(type) ? sameType(trinoText) : refused(type, 'in Trino this mask stands on text only')

function nestedstructure(type: ColumnType): MaskEffect | Misfit {
  if (isMaskableText(type)) {
    // A column that cannot hold five stars gets fewer.
    const limit = columnLength(type) ?? Number.POSITIVE_INFINITY
    return sameType(slowText(text => nestedMask(text).slice(0, limit)))
  }
  if (type.kind === 'boolean') return full.bind({ maskValue: NESTED_BOOLEAN }, type, noKeys)
  const isNumber = type.logical === null && (isPlainInteger(type) || type.kind === 'float' || type.kind === 'double')
  if (isNumber) return full.bind({ maskValue: NESTED_NUMBER }, type, noKeys)
  return refused(type, 'in this dialect the mask stands on text, numbers and booleans')
}

const dialects: DialectRules = { strict, hive, trino, nestedstructure }

/** Ranger's MASK: what kind of characters there were stays, and how many. */
export const mask: MaskType = {
  summary: `Ranger’s MASK: X for capitals, x for all other letters, n for digits; 1 for digits of numbers; dates become 1970-01-01. ${looseDialects}`,
  effect: 'rewrite',
  params: dialectOnly,
  accepts: 'string without a logical type; integers and decimals; booleans (null, or false); dates and times',
  produces: 'the same type',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: false,
  hasLooseDialects: true,
  examples: [
    { params: {}, type: 'string', input: 'Ravi Kumar, 42-B', output: 'Xxxx Xxxxx, nn-X' },
    { params: {}, type: 'string', input: 'राम १२', output: 'xxx nn' },
    { params: {}, type: 'int32', input: -4250, output: -1111 },
    { params: {}, type: 'boolean', input: true, output: null },
    { params: { dialect: 'hive' }, type: 'string', input: 'राम १२', output: 'राम nn' },
    { params: { dialect: 'trino' }, type: 'string', input: 'Ravi 42', output: 'Xxxx 00' },
    { params: { dialect: 'nestedstructure' }, type: 'string', input: 'Ravi', output: '*****' },
    { params: { dialect: 'nestedstructure' }, type: 'double', input: 52.5, output: -11_111 },
  ],
  bind: (params, type) => bindDialect(dialects, params, type),
}
