import type { MaskEffect } from '../mask/mask-type.ts'
import { type ColumnType, columnLength } from '../schema.ts'

/** In words, how a masked value may be longer than its column takes; null where it cannot. */
export function longestMasked(effect: MaskEffect, type: ColumnType | null): string | null {
  // Of a number the schema tells the digits, and a mask that makes text of it makes another column.
  const length = type?.kind === 'string' ? columnLength(type) : null
  const longest = length === null ? null : (effect.maxCharacters?.(length) ?? null)
  return length !== null && longest !== null && longest > length
    ? `up to ${longest} characters, the column takes ${length}`
    : null
}
