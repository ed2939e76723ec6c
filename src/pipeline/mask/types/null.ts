import { dialectOnly } from '../dialect.ts'
import { constantMask } from '../literal.ts'
import type { MaskEffect, MaskType } from '../mask-type.ts'

/** The effect of writing null. */
export const writesNull: MaskEffect = {
  mask: constantMask(Buffer.from('null')),
  becomes: null,
  maxCharacters: null,
  constant: null,
  writesNull: true,
}

/** Writes null. The schema block loses the column's default, which the sink would otherwise put in its place. */
export const nullify: MaskType = {
  summary: 'Replaces the value by null; only for columns that are optional.',
  effect: 'rewrite',
  params: dialectOnly,
  accepts: 'any type, if optional',
  produces: 'null',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: true,
  examples: [
    { params: {}, type: 'string', input: 'Asha', output: null },
    { params: {}, type: 'int64', input: 42, output: null },
  ],
  bind: (_params, type) =>
    type !== null && !type.optional
      ? { code: 'SCHEMA_MASK_NULLABLE', detail: 'the column is not optional' }
      : writesNull,
}
