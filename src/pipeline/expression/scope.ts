import type { ColumnType, SchemaColumn } from '../schema.ts'
import type { Dialect } from './dialect.ts'

/** What a dotted path was found to be. */
export interface ScopeColumn {
  /** Where the row has its value. */
  readonly slot: number
  /** The column's own type, also where the path goes on inside it. */
  readonly type: ColumnType
  /** The names that follow the column's: a place inside a JSON column or a struct. */
  readonly inside: readonly string[]
}

/** For whom a view is made: what current_user() and its like say. Bound as constants. */
export interface Identity {
  readonly user: string | null
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly attributes: ReadonlyMap<string, string | readonly string[]>
}

/** What the names of an expression mean. */
export interface Scope {
  readonly dialect: Dialect
  readonly column: (path: readonly string[]) => ScopeColumn | 'unknown' | 'ambiguous'
  /** null: nobody in particular, so expressions that ask are refused. */
  readonly identity: Identity | null
  /** The column that a CUSTOM mask stands on: `{col}`, `{type}`. */
  readonly self: ScopeColumn | null
}

/**
 * The columns of a table as a look-up; slots are the indexes of the list. Names are compared exactly in `scrim`, without
 * regard to case in `hive` and `trino`, where two columns that differ in case only are ambiguous.
 * A first name `after`, `before`, `payload` has no meaning here: the same expression is asked of either image.
 */
export function columnLookup(columns: readonly SchemaColumn[], dialect: Dialect): Scope['column'] {
  const byName = new Map<string, number>()
  const byFoldedName = new Map<string, number[]>()
  columns.forEach(({ name }, slot) => {
    byName.set(name, slot)
    byFoldedName.set(fold(name), [...(byFoldedName.get(fold(name)) ?? []), slot])
  })
  const slotOf = (name: string): number | 'unknown' | 'ambiguous' => {
    if (dialect === 'scrim') return byName.get(name) ?? 'unknown'
    const slots = byFoldedName.get(fold(name)) ?? []
    if (slots.length > 1) return 'ambiguous'
    return slots[0] ?? 'unknown'
  }
  return ([name = '', ...inside]) => {
    const slot = slotOf(name)
    if (typeof slot === 'string') return slot
    const type = columns[slot]?.type
    return type === undefined ? 'unknown' : { slot, type, inside }
  }
}

const fold = (name: string): string => name.toLowerCase()
