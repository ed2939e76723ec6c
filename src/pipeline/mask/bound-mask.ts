import type { ColumnType } from '../schema.ts'
import { constantMask } from './literal.ts'
import type { MaskEffect, Misfit, ValueMask } from './mask-type.ts'
import { refused } from './value-types.ts'

/** A mask that leaves the type as it is and never makes a value longer. */
export const sameType = (mask: ValueMask): MaskEffect => ({
  mask,
  becomes: null,
  maxCharacters: characters => characters,
  constant: null,
  writesNull: false,
})

/** One literal for every value. */
export const sameLiteral = (literal: string): MaskEffect => sameType(constantMask(Buffer.from(literal)))

/** Null, as Hive gives for every type that its functions do not know. */
export const hiveNull = (type: ColumnType): MaskEffect | Misfit =>
  type.optional
    ? { ...sameLiteral('null'), writesNull: true }
    : refused(type, 'Hive gives null, and it is not optional; use `full` with a constant')
