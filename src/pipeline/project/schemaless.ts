import { envelopeLayout, flattenedMetadata, isFlattenedNumber, mayBeTime, memberUse } from '../decode/record-shapes.ts'
import { AFTER, BEFORE, Column, createLayout, type Layout, REMOVE } from '../layout.ts'
import type { ColumnRules, KeyRing, Projection } from '../plan.ts'
import { unknownMember } from './bind-column.ts'
import { bindRow, isClear } from './bind-row.ts'
import { holdToType } from './hold-shape.ts'
import type { RowProgram } from './row-program.ts'
import { createRowScope } from './row-scope.ts'
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
  const names = [...new Set([...declared.keys(), ...rules.byName.keys(), ...namesIn(rules.projection)])]
  // New columns, and where a row has one of that name all the same, it makes room.
  const computed = [...(rules.projection?.columns.keys() ?? [])]
  const replaced = computed.filter(name => !names.includes(name))
  const typed = names.map(name => ({ name, type: declared.get(name) ?? null }))
  const scope = createRowScope(typed, rules)

  const row = (label: string, part: 'row' | 'key', image: number, isFlattened = false): Layout => {
    const isOmitted = (name: string): boolean => omitted.has(name) && part === 'row'
    const all = typed
      .filter(({ name }) => !isOmitted(name))
      .map(column => ({ ...column, index: null, byDefault: null, block: null }))
    const bound = bindRow(all, scope, { part, image, rules, keys })
    const program = programOf(bound)
    const columns = bound.columns.map(({ column, isPartly }) => {
      const type = declared.get(column.name)
      return (isClear(column) || isPartly) && type !== undefined ? holdToType(column, type) : column
    })
    const left = [...names.filter(isOmitted), ...(part === 'row' ? replaced : [])]
    const gone = left.map(name => new Column(name, { act: REMOVE }))
    const more = isFlattened ? metadata(program) : []
    return createLayout(label, [...columns, ...gone, ...more], unknownMember(part, rules, keys), program)
  }

  const programOf = ({ program, problems: [first] }: ReturnType<typeof bindRow>): RowProgram | null => {
    // Of a table without columns, too, nothing is made up where no block asks for it.
    const bound = program === null ? null : { ...program, madeUp: null }
    if (first === undefined) return bound === null ? null : { ...bound, problem: null }
    const problem = { code: first.code, path: first.name, detail: first.detail }
    return { ...(bound ?? nothing), problem }
  }

  const metadata = (program: RowProgram | null): Column[] =>
    [...flattenedMetadata]
      .filter(name => !names.includes(name))
      .map(name => {
        const told = { tellsOperation: name === '__op', isNumber: isFlattenedNumber(name), mayBeTime: mayBeTime(name) }
        return new Column(name, { ...told, isScalar: true, ...memberUse(name, program) })
      })

  return {
    event: envelopeLayout(row('before', 'row', BEFORE), row('after', 'row', AFTER)),
    row: row('', 'row', AFTER, true),
    key: row('key', 'key', AFTER),
    isMet: false,
    without: createVariants(omitted, all => createSchemalessLayouts(rules, keys, all)),
  }
}

/** Columns that rows have where the projection is right. */
const namesIn = (projection: Projection | null): string[] =>
  projection === null ? [] : [...projection.drop, ...(projection.keep ?? []), ...projection.rename.keys()]

const nothing = {
  slots: [],
  columns: new Set<string>(),
  filter: null,
  madeUp: null,
  added: [],
  addedBefore: [],
  compares: false,
  sourceMembers: [],
}
