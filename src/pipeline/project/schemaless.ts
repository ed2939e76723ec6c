import { envelopeLayout, flattenedMetadata, isFlattenedNumber, mayBeTime } from '../decode/record-shapes.ts'
import { Column, createLayout, type Layout, PASS, REMOVE } from '../layout.ts'
import type { ColumnRules, KeyRing } from '../plan.ts'
import { bindColumn, unknownMember } from './bind-column.ts'
import { holdToType } from './hold-shape.ts'
import { createVariants } from './variants.ts'

/** How to walk records that carry no schema block. */
export interface SchemalessLayouts {
  readonly event: Layout
  readonly row: Layout
  readonly key: Layout
  /** Values without a schema block were met since the plan was made: the stock sink writes nothing from such records. */
  isMet: boolean
  /** The same with these columns left out, for records whose values are TOAST placeholders. */
  readonly without: (columns: ReadonlySet<string>) => SchemalessLayouts
}

/** Types come from the declared table schema, if there is one; without it only masks that need no type can be bound. */
export function createSchemalessLayouts(
  rules: ColumnRules,
  keys: KeyRing,
  omitted: ReadonlySet<string> = new Set(),
): SchemalessLayouts {
  const declared = new Map(rules.tableSchema?.columns.map(column => [column.name, column.type]))
  const names = [...new Set([...declared.keys(), ...rules.byName.keys()])]

  const row = (label: string, part: 'row' | 'key', more: readonly Column[] = []): Layout => {
    const columns = names.map(name => {
      if (omitted.has(name) && part === 'row') return new Column(name, { act: REMOVE })
      const type = declared.get(name) ?? null
      const { column, isPartly } = bindColumn(name, type, part, rules, keys)
      return (column.act === PASS || isPartly) && type !== null ? holdToType(column, type) : column
    })
    return createLayout(label, [...columns, ...more], unknownMember(part, rules, keys))
  }

  const metadata = [...flattenedMetadata]
    .filter(name => !names.includes(name))
    .map(
      name =>
        new Column(name, {
          tellsOperation: name === '__op',
          isScalar: true,
          isNumber: isFlattenedNumber(name),
          mayBeTime: mayBeTime(name),
        }),
    )

  return {
    event: envelopeLayout(row('before', 'row'), row('after', 'row')),
    row: row('', 'row', metadata),
    key: row('key', 'key'),
    isMet: false,
    without: createVariants(omitted, all => createSchemalessLayouts(rules, keys, all)),
  }
}
