import { fail } from '../../decode/scanner.ts'
import { isPlainString, QUOTE, stringText } from '../../decode/scanner.ts'
import type { ColumnType } from '../../schema.ts'
import { hiveNull, sameType } from '../bound-mask.ts'
import { allAlike, byteTable, hideCharacters } from '../character-classes.ts'
import { bindDialect, dialectOnly, type DialectRules, looseDialects } from '../dialect.ts'
import { daysMask, timestampMask, writeFirstOfYear } from '../first-of-year.ts'
import { integerMask } from '../integer-mask.ts'
import { requireString } from '../literal.ts'
import type { MaskEffect, MaskType, Misfit, ValueMask } from '../mask-type.ts'
import { nestedYear } from '../nested-structure.ts'
import { rangerHiveText } from '../ranger-hive.ts'
import { slowText, wholeText } from '../text-masks.ts'
import { isDateText, isDays, isMaskableText, isPlainInteger, otherText, refused } from '../value-types.ts'

const numbers: ReadonlyMap<string, ValueMask> = new Map([
  ['int32 io.debezium.time.Date', daysMask],
  ['int32 org.apache.kafka.connect.data.Date', daysMask],
  ['int64 io.debezium.time.Timestamp', timestampMask(5)],
  ['int64 org.apache.kafka.connect.data.Timestamp', timestampMask(5)],
  ['int64 io.debezium.time.MicroTimestamp', timestampMask(8)],
  ['int64 io.debezium.time.NanoTimestamp', timestampMask(11)],
])

const datedTexts: ReadonlySet<string | null> = new Set([
  'io.debezium.time.ZonedTimestamp',
  'io.debezium.time.IsoDate',
  'io.debezium.time.IsoTimestamp',
])

/** Dates and times as text. What is no date is refused by the value: shown as it is, it would be clear. */
const isoText = (longYears: boolean): ValueMask => ({
  maxBytes: length => length,
  write: (src, start, end, out, at) => {
    requireString(src, start)
    out[at] = QUOTE
    let after: number
    if (isPlainString(src, start, end)) after = writeFirstOfYear(src, start + 1, end - 1, longYears, out, at + 1)
    else {
      // Escapes spell characters of ASCII here too; any other becomes a byte that is none of a date.
      const text = Buffer.from(stringText(src, start, end), 'utf8')
      after = writeFirstOfYear(text, 0, text.length, longYears, out, at + 1)
    }
    if (after === -1) return fail('RECORD_MASK_TYPE_MISMATCH', start)
    out[after] = QUOTE
    return after + 1
  },
})
const plainText = isoText(false)
const datedText = isoText(true)

/** The mask of dates that say so by their type; null for all else. */
function dated(type: ColumnType): ValueMask | null {
  if (type.kind === 'string') return datedTexts.has(type.logical) ? datedText : null
  return numbers.get(`${type.kind} ${type.logical}`) ?? null
}

function strict(type: ColumnType): MaskEffect | Misfit {
  const mask = isDateText(type) ? plainText : dated(type)
  return mask === null ? refused(type, 'holds no date; use `mask`, `full`, `null` or `drop`') : sameType(mask)
}

const hiveTable = byteTable(character => hideCharacters(character, allAlike))
const hiveText = wholeText({ table: hiveTable, rewrite: rangerHiveText.dateShowYear })

/** Hive's `mask` with other arguments, so text and integers lose their year too, and timestamps are null. */
function hive(type: ColumnType): MaskEffect | Misfit {
  if (isDays(type)) return sameType(daysMask)
  if (isMaskableText(type)) return sameType(hiveText)
  if (isPlainInteger(type)) return sameType(integerMask(type.kind, null))
  return otherText(type) ?? hiveNull(type)
}

/** date_trunc('year', …). */
function trino(type: ColumnType): MaskEffect | Misfit {
  const mask = dated(type)
  return mask === null ? refused(type, 'in Trino this mask stands on dates and timestamps only') : sameType(mask)
}

const nestedText = slowText((text, at) => nestedYear(text) ?? fail('RECORD_MASK_TYPE_MISMATCH', at))

const nestedstructure = (type: ColumnType): MaskEffect | Misfit =>
  isMaskableText(type) ? sameType(nestedText) : refused(type, 'in this dialect the mask stands on text only')

const dialects: DialectRules = { strict, hive, trino, nestedstructure }

/** Ranger's MASK_DATE_SHOW_YEAR. */
export const dateShowYear: MaskType = {
  summary: `Ranger’s MASK_DATE_SHOW_YEAR: the first day of the year, at midnight, in the same type. Text that is no ISO date is rejected. ${looseDialects}`,
  effect: 'rewrite',
  params: dialectOnly,
  accepts: 'dates and timestamps; string without a logical type that holds ISO dates',
  produces: 'the same type',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: false,
  hasLooseDialects: true,
  examples: [
    { params: {}, type: 'string', input: '2016-04-20', output: '2016-01-01' },
    { params: {}, type: 'string', input: '2016-04-20T10:15:30.123+05:30', output: '2016-01-01T00:00:00+05:30' },
    { params: { dialect: 'hive' }, type: 'string', input: '2016-04-20', output: 'xxxx-xx-xx' },
    { params: { dialect: 'nestedstructure' }, type: 'string', input: '3 Jun 2008 11:05:30 GMT', output: '2008' },
  ],
  bind: (params, type) => bindDialect(dialects, params, type),
}
