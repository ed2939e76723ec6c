import Type from 'typebox'
import type { MaskType } from '../mask-type.ts'

export const customParams = Type.Object(
  {
    valueExpr: Type.String({
      minLength: 1,
      maxLength: 10_000,
      description: 'The expression; `{col}` is the column itself, `{type}` its type in a cast.',
    }),
    dialect: Type.Optional(
      Type.Union([Type.Literal('scrim'), Type.Literal('hive'), Type.Literal('trino')], {
        default: 'scrim',
        description: 'How the expression is read: quotes, escapes, case of names.',
      }),
    ),
    readsRaw: Type.Optional(
      Type.Boolean({
        default: false,
        description: 'The expression may read columns that other rules hide: what it shows of them is meant.',
      }),
    ),
  },
  { additionalProperties: false },
)

/** Ranger's CUSTOM: an expression makes the value. It may read other columns, so it is bound with its whole row. */
export const custom: MaskType = {
  summary:
    "Replaces the value by the result of an expression, such as `case when dept = 'hr' then {col} else null end`.",
  effect: 'rewrite',
  params: customParams,
  accepts: 'every type that expressions can make; not arrays, maps and structs',
  produces: 'the same type',
  uniqueness: 'lossy',
  needsKey: false,
  typeless: false,
  examples: [],
  bind: () => {
    throw new Error('an expression is bound with its row')
  },
}
