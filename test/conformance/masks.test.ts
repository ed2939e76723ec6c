import { describe, expect, test } from 'vitest'
import { bindHiveMask, type HiveArgument, type HiveFunction } from '../../src/pipeline/mask/hive-udf.ts'
import {
  nestedHash,
  nestedMask,
  nestedShowFirst4,
  nestedShowLast4,
  nestedYear,
} from '../../src/pipeline/mask/nested-structure.ts'
import { columnType } from '../support/mask-samples.ts'
import { maskThroughEngine } from '../support/masked-value.ts'
import { type AuthorisedRecord, authorisedRecord } from './authorised-record.ts'
import { type MaskCase, readMaskCases } from './mask-cases.ts'
import { type FieldRule, type Json, listFields, maskLeaf, maskRecord, readText } from './nested-records.ts'

/**
 * Hive's mask functions, Ranger's masking of nested structures, and years of dates, against cases taken from their own tests.
 * What masks records is asked wherever a case can be put as a record: a policy is compiled, a record with its schema block
 * goes through the engine. `SCRIM_MASK_CASES=<folder>` runs the cases of that folder instead.
 */
const { from, isDefault, cases } = readMaskCases()

const later = new Set(['chars', 'truncate', 'hash', 'digits-mask'])

/** What Scrim does not offer, and why. */
function notOffered({ kind, dialect, maskType }: MaskCase): string | null {
  if (kind === 'filter-js') return 'filters in JavaScript: foreign code never runs'
  if (kind === 'string-bad' && maskType === 'mask') return 'names of masks are read without regard to case'
  return dialect === undefined && later.has(String(kind)) ? 'masks of Debezium and DMS, not there yet' : null
}

const bits: Readonly<Record<string, 8 | 16 | 32 | 64>> = { tinyint: 8, smallint: 16, int: 32, bigint: 64 }
const DAY_MS = 86_400_000

function hive(one: MaskCase): unknown {
  const { args, input, type, paddedTo, compare, algorithm = 'sha256' } = one
  const mask = bindHiveMask(one.function as HiveFunction, args as HiveArgument[], algorithm as 'sha256' | 'sha512')
  if (mask === null) throw new Error('refuses the arguments')
  if (input === null) return null
  const width = bits[String(type)]
  if (width !== undefined) {
    const masked = mask.integer(BigInt(input as number | string), width)
    if (masked === null) return null
    // Numbers beyond 2^53 stand as texts in the cases.
    return typeof one.expected === 'string' ? String(masked) : Number(masked)
  }
  if (type === 'date') {
    const days = mask.date(Date.parse(String(input)) / DAY_MS)
    return days === null ? null : new Date(days * DAY_MS).toISOString().slice(0, 10)
  }
  const isText = /^(?:string|(?:var)?char\(\d+\))$/.test(String(type))
  const masked = isText ? mask.text(String(input).padEnd(Number(paddedTo ?? 0))) : null
  return compare === 'rtrim' ? masked?.trimEnd() : masked
}

/** Null never comes to a mask in a record; the plugin's result for it is asked of the function. */
const nestedNull: Readonly<Record<string, (text: null) => string | null | undefined>> = {
  MASK: nestedMask,
  MASK_SHOW_FIRST_4: nestedShowFirst4,
  MASK_SHOW_LAST_4: nestedShowLast4,
  MASK_HASH: nestedHash,
  MASK_DATE_SHOW_YEAR: nestedYear,
}

function nestedLeaf({ input, maskType, customValue }: MaskCase): unknown {
  const forNull = input === null ? nestedNull[String(maskType)] : undefined
  return forNull === undefined
    ? maskLeaf(input as Json, maskType as string | null, customValue as string | null)
    : forNull(null)
}

const masked = ({ record, fields }: MaskCase): Json => maskRecord(record as Json, fields as FieldRule[])

const timeKinds: Readonly<Record<string, 'int32' | 'string'>> = {
  'io.debezium.time.Date': 'int32',
  'org.apache.kafka.connect.data.Date': 'int32',
  'io.debezium.time.ZonedTimestamp': 'string',
}

function year({ input, semanticType, expected }: MaskCase): unknown {
  const logical = String(semanticType)
  const kind = timeKinds[logical] ?? 'int64'
  const literal = kind === 'string' ? JSON.stringify(input) : String(input)
  const outcome = maskThroughEngine({ maskType: 'MASK_DATE_SHOW_YEAR' }, columnType(kind, { logical }), literal)
  if (outcome.kind !== 'published') throw new Error(`${outcome.kind}: ${outcome.code}`)
  // Beyond 2^53 the cases have texts for numbers.
  return kind === 'int64' && typeof expected === 'string' ? outcome.literal : JSON.parse(outcome.literal)
}

function resultOf(one: MaskCase): unknown {
  if (one.function !== undefined) return hive(one)
  switch (String(one.kind).replace(/-bad$/, '')) {
    case 'string':
    case 'date':
    case 'boolean':
    case 'number':
    case 'hash':
      return nestedLeaf(one)
    case 'record':
      return masked(one)
    case 'record-read':
      return readText(masked(one), String(one.readField))
    case 'fields':
      return listFields(one.record as Json).size
    case 'date-show-year':
      return year(one)
    case 'authorize-record':
      return authorisedRecord(one)
    default:
      throw new Error(`no runner for ${String(one.kind)}`)
  }
}

/** Each kind of case names what it expects in its own way. */
const expectations = ['expected', 'expectedRecord', 'expectedText', 'expectedCount']

/** The suite of whole records has the expected record as a text. */
function expectedRecord({ result }: MaskCase): AuthorisedRecord {
  const { hasAccess, json } = result as { readonly hasAccess: boolean; readonly json: string | null }
  return { hasAccess, json: json === null ? null : (JSON.parse(json) as Json) }
}

function check(one: MaskCase): void {
  if (one.kind === 'authorize-record') {
    expect(resultOf(one)).toEqual(expectedRecord(one))
    return
  }
  if (one.error === true) {
    expect(() => resultOf(one)).toThrow(/^(?:refused at load|rejected): /)
    return
  }
  const named = expectations.filter(name => name in one)
  expect(named).toHaveLength(1)
  expect(resultOf(one)).toEqual(one[named[0] as string])
}

const offered = cases.filter(one => notOffered(one) === null)
const reasons = Object.groupBy(
  cases.filter(one => notOffered(one) !== null),
  one => String(notOffered(one)),
)

describe(`masks, ${cases.length} cases of ${from}`, () => {
  if (offered.length > 0) test.each(offered)('$id', check)
  else if (isDefault) test.skip(`SKIPPED: there is no folder ${from}`, () => {})
  else test('there are cases', () => expect(offered.length, `no case in ${from}`).toBeGreaterThan(0))

  for (const [reason, left] of Object.entries(reasons)) test.skip(`${left?.length} cases left out: ${reason}`, () => {})
})

describe.runIf(isDefault && cases.length > 0)('the visible cases', () => {
  test('are all there, and run but for these', () => {
    const left = Object.entries(reasons).map(([reason, ones]) => [reason, ones?.map(({ id }) => id)])
    expect(cases.length).toBe(46 + 91 + 5 + 30)
    expect(offered.length).toBe(168)
    expect(Object.fromEntries(left)).toEqual({
      'filters in JavaScript: foreign code never runs': ['nested/filter-js/03', 'nested/filter-js/04'],
      'names of masks are read without regard to case': ['nested/string-bad/06', 'nested/string-bad/07'],
    })
  })

  test('hold each kind as often as their README says', () => {
    const kinds = Map.groupBy(cases, one => String(one.function ?? one.kind))
    expect(Object.fromEntries([...kinds].map(([kind, ones]) => [kind, ones.length]))).toEqual({
      mask: 12,
      mask_first_n: 7,
      mask_hash: 6,
      mask_last_n: 7,
      mask_show_first_n: 7,
      mask_show_last_n: 7,
      boolean: 6,
      'boolean-bad': 2,
      date: 8,
      'date-bad': 5,
      fields: 4,
      'filter-js': 2,
      hash: 4,
      number: 10,
      'number-bad': 4,
      record: 12,
      'record-read': 8,
      string: 21,
      'string-bad': 5,
      'authorize-record': 5,
      'date-show-year': 30,
    })
  })
})
