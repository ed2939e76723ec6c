import type { ColumnType } from '../schema.ts'
import { typeText } from '../schema.ts'
import type { Misfit } from './mask-type.ts'

/** A string that may hold anything: a logical name (Json, Uuid, Enum, ZonedTimestamp ...) says that it may not. */
export const isFreeText = (type: ColumnType): boolean => type.kind === 'string' && type.logical === null

export const notFreeText = (type: ColumnType): Misfit => ({
  code: 'SCHEMA_MASK_TYPE',
  detail: `needs a string without a logical type, the column is ${typeText(type)}`,
})

const integerBits: Partial<Record<ColumnType['kind'], bigint>> = { int8: 8n, int16: 16n, int32: 32n, int64: 64n }

/** The range of an integer kind, or null for other kinds. */
export function integerRange(kind: ColumnType['kind']): { readonly min: bigint; readonly max: bigint } | null {
  const bits = integerBits[kind]
  return bits === undefined ? null : { min: -(1n << (bits - 1n)), max: (1n << (bits - 1n)) - 1n }
}
