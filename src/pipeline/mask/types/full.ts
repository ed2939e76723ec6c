import Type, { type Static } from 'typebox'
import { QUOTE } from '../../decode/scanner.ts'
import { type ColumnType, columnLength, typeText } from '../../schema.ts'
import { decimalLiterals, hasTemporalForm, temporalNumber } from '../constants.ts'
import { constantMask, writeBytes } from '../literal.ts'
import type { MaskEffect, MaskType, Misfit } from '../mask-type.ts'
import { integerRange } from '../value-types.ts'

const params = Type.Object(
  {
    maskValue: Type.Optional(
      Type.Union([Type.String({ maxLength: 10_000 }), Type.Number(), Type.Boolean()], {
        description:
          'The constant; must fit the type of the column. Dates as 1970-01-01, decimals as text. Left out: **** (strings only).',
      }),
    ),
  },
  { additionalProperties: false },
)
type Constant = string | number | boolean

/** One constant for every value. */
export const full: MaskType = {
  summary: 'Replaces the value by a constant.',
  effect: 'rewrite',
  params,
  accepts: 'every type that the constant fits; not arrays, maps and structs',
  produces: 'the same type',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: true,
  examples: [
    { params: { maskValue: 'CONFIDENTIAL' }, type: 'string', input: '5-10 LPA', output: 'CONFIDENTIAL' },
    { params: {}, type: 'string', input: 'आशा', output: '****' },
    { params: { maskValue: 0 }, type: 'int32', input: 52, output: 0 },
    { params: { maskValue: false }, type: 'boolean', input: true, output: false },
  ],
  bind: (raw, type) => {
    const { maskValue } = raw as Static<typeof params>
    if (type === null) return effect(JSON.stringify(maskValue ?? '****'))
    if (maskValue === undefined && type.kind === 'string' && type.logical === null) return fitText('****', type)
    if (maskValue === undefined) return misfit(type, 'needs a maskValue of its type')
    return fit(maskValue, type)
  },
}

const effect = (literal: string, constant: string | null = null): MaskEffect => ({
  mask: constantMask(Buffer.from(literal)),
  becomes: null,
  maxCharacters: null,
  constant,
  writesNull: false,
})

const misfit = (type: ColumnType, detail: string): Misfit => ({
  code: 'SCHEMA_MASK_TYPE',
  detail: `the column is ${typeText(type)}: ${detail}`,
})

function fit(value: Constant, type: ColumnType): MaskEffect | Misfit {
  switch (type.kind) {
    case 'string':
      return typeof value === 'string' ? fitText(value, type) : misfit(type, 'the constant must be a string')
    case 'boolean':
      return typeof value === 'boolean' ? effect(String(value)) : misfit(type, 'the constant must be true or false')
    case 'float':
      return typeof value === 'number' && Number.isFinite(Math.fround(value))
        ? effect(JSON.stringify(value))
        : misfit(type, 'the constant must be a number in range')
    case 'double':
      return typeof value === 'number' ? effect(JSON.stringify(value)) : misfit(type, 'the constant must be a number')
    case 'int8':
    case 'int16':
    case 'int32':
    case 'int64':
      return fitInteger(value, type)
    case 'bytes':
      return fitBytes(value, type)
    default:
      return misfit(type, 'use `null` or `drop`')
  }
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

function fitText(value: string, type: ColumnType): MaskEffect | Misfit {
  const length = columnLength(type)
  if (length !== null && [...value].length > length) {
    return {
      code: 'SCHEMA_MASK_LENGTH',
      detail: `the constant has ${[...value].length} characters, the column takes ${length}`,
    }
  }
  switch (type.logical) {
    case 'io.debezium.data.Json':
      if (!isJson(value)) return misfit(type, 'the constant must be JSON text, such as "{}"')
      break
    case 'io.debezium.data.Uuid':
      if (!uuid.test(value)) return misfit(type, 'the constant must be a UUID')
      break
    case 'io.debezium.data.Enum':
      // Stored schemas do not keep the labels: there they cannot be checked, in a live schema block they stand.
      if (!(type.parameters.get('allowed')?.split(',').includes(value) ?? true))
        return misfit(type, 'the constant must be one of the labels')
      return effect(JSON.stringify(value), value)
  }
  if (!hasTemporalForm(value, type.logical))
    return misfit(type, 'the constant must have its form, such as 1970-01-01T00:00:00Z')
  return effect(JSON.stringify(value))
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function fitInteger(value: Constant, type: ColumnType): MaskEffect | Misfit {
  const number =
    typeof value === 'string' ? temporalNumber(value, type.logical) : Number.isSafeInteger(value) ? BigInt(value) : null
  const range = integerRange(type.kind)
  if (number === null || range === null || number < range.min || number > range.max) {
    return misfit(type, 'the constant must be an integer in range (or a date, for dates and timestamps)')
  }
  return effect(String(number))
}

function fitBytes(value: Constant, type: ColumnType): MaskEffect | Misfit {
  if (type.logical === 'org.apache.kafka.connect.data.Decimal') {
    const literals = decimalLiterals(String(value), type.parameters)
    if (literals === null) return misfit(type, 'the constant must be a decimal number within scale and precision')
    const { base64, numeric } = literals
    // decimal.format of the source's converter decides the spelling: we answer in the one that comes in.
    return {
      ...effect(''),
      mask: {
        write: (src, start, _end, out, at) => writeBytes(src[start] === QUOTE ? base64 : numeric, out, at),
        maxBytes: () => Math.max(base64.length, numeric.length),
      },
    }
  }
  const isBase64 = typeof value === 'string' && Buffer.from(value, 'base64').toString('base64') === value
  if (type.logical !== null || !isBase64) return misfit(type, 'the constant must be base64')
  return effect(JSON.stringify(value))
}
