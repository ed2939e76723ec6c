import Type, { type Static } from 'typebox'
import type { ColumnType } from '../schema.ts'
import type { MaskEffect, Misfit } from './mask-type.ts'

/** Whose reading of Ranger's mask types holds. Only ours, `strict`, is made to hide; the others are made to agree. */
export const dialect = Type.Optional(
  Type.Union([Type.Literal('strict'), Type.Literal('hive'), Type.Literal('trino'), Type.Literal('nestedstructure')], {
    default: 'strict',
    description:
      'Whose result: `strict` is ours; `hive`, `trino` and `nestedstructure` write what Ranger’s plugins for these write, and may leave text readable.',
  }),
)
export type Dialect = NonNullable<Static<typeof dialect>>

/** Parameters of a mask that takes nothing but the dialect. */
export const dialectOnly = Type.Object({ dialect }, { additionalProperties: false })

/** Said in the summary of every mask whose dialects differ. */
export const looseDialects = 'The dialects hive, trino and nestedstructure may leave text readable.'

/** What a mask makes of a type, by dialect. */
export type DialectRules = Readonly<Record<Dialect, (type: ColumnType) => MaskEffect | Misfit>>

export function bindDialect(
  rules: DialectRules,
  params: Record<string, unknown>,
  type: ColumnType | null,
): MaskEffect | Misfit {
  const { dialect = 'strict' } = params as Static<typeof dialectOnly>
  return type === null ? { code: 'SCHEMA_UNDECLARED', detail: 'needs to know the type' } : rules[dialect](type)
}
