import type { ColumnType } from '../schema.ts'
import { typeText } from '../schema.ts'
import type { Misfit } from './mask-type.ts'

/** A string that may hold anything: a logical name (Json, Uuid, Enum, ZonedTimestamp ...) says that it may not. */
export const isFreeText = (type: ColumnType): boolean => type.kind === 'string' && type.logical === null

export const notFreeText = (type: ColumnType): Misfit => ({
  code: 'SCHEMA_MASK_TYPE',
  detail: `needs a string without a logical type, the column is ${typeText(type)}`,
})

/** Types of source columns that travel as free text and take no other: Debezium tells them where it is asked to. */
const formed =
  /^(?:INET|CIDR|MACADDR8?|\w*RANGE|NUMERIC|DECIMAL|NUMBER|MONEY|UUID|XML(?:TYPE)?|JSONB?|LTREE|TSVECTOR|INTERVAL\b.*|DATE|TIME\w*|BYTEA|HSTORE)$/i

const sourceType = (type: ColumnType): string => type.parameters.get('__debezium.source.column.type') ?? ''

/** Free text that may become any other text of that length. */
export const isMaskableText = (type: ColumnType): boolean => isFreeText(type) && !formed.test(sourceType(type))

/** Free text that may hold dates. */
export const isDateText = (type: ColumnType): boolean =>
  isMaskableText(type) || (isFreeText(type) && /^(?:DATE|TIMESTAMP\w*)$/i.test(sourceType(type)))

/** A type that a mask does not stand on; `hint` says what does. */
export const refused = (type: ColumnType, hint: string): Misfit => ({
  code: 'SCHEMA_MASK_TYPE',
  detail: `the column is ${typeText(type)}: ${hint}`,
})

/** Days as Debezium and Connect count them. */
export const isDays = ({ kind, logical }: ColumnType): boolean =>
  kind === 'int32' && (logical === 'io.debezium.time.Date' || logical === 'org.apache.kafka.connect.data.Date')

export const isDecimal = ({ kind, logical }: ColumnType): boolean =>
  kind === 'bytes' && logical === 'org.apache.kafka.connect.data.Decimal'

/** Text of a form of its own, times aside: Hive knows it as text, and masked as such it would no longer be of its type. */
export const otherText = (type: ColumnType): Misfit | null =>
  type.kind === 'string' && type.logical?.startsWith('io.debezium.time.') !== true
    ? refused(type, 'a masked text would not be of its form; use `full` with a constant, `null` or `drop`')
    : null

const integerBits: Partial<Record<ColumnType['kind'], bigint>> = { int8: 8n, int16: 16n, int32: 32n, int64: 64n }

/** An integer that is a number and nothing else. */
export const isPlainInteger = (type: ColumnType): boolean => type.logical === null && integerRange(type.kind) !== null

/** The range of an integer kind, or null for other kinds. */
export function integerRange(kind: ColumnType['kind']): { readonly min: bigint; readonly max: bigint } | null {
  const bits = integerBits[kind]
  return bits === undefined ? null : { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
}
