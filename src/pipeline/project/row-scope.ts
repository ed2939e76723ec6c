import type { ErrorCode } from '../../errors.ts'
import { bindCondition, bindExpression } from '../expression/bind.ts'
import {
  type BindFault,
  type BoundCondition,
  type BoundExpression,
  isBindFault,
} from '../expression/bound-expression.ts'
import { columnLookup, type Scope } from '../expression/scope.ts'
import type { ColumnExpression, ColumnRule, ColumnRules, PolicyExpression } from '../plan.ts'
import type { ColumnType, SchemaColumn } from '../schema.ts'
import { rulesInside } from './bind-inside.ts'

/** Why an expression cannot be bound to the columns of a row: names and positions only. */
export interface ScopeFault {
  readonly code: ErrorCode
  readonly detail: string
}

/** The columns of a row as expressions see them. A slot is an index into `columns`. */
export interface RowScope {
  readonly columns: readonly SchemaColumn[]
  /** -1: expressions cannot read it. */
  readonly slotOf: (name: string) => number
  readonly condition: (text: PolicyExpression) => BoundCondition | ScopeFault
  /** `self`: the column that the expression is the CUSTOM mask of. */
  readonly value: (text: ColumnExpression, self: string | null) => BoundExpression | ScopeFault
}

export const isFault = <T extends object>(result: T | ScopeFault): result is ScopeFault => 'code' in result

/** Columns without a type cannot be read, nor can those that no policy names and no accepted schema lists. */
export function createRowScope(
  all: readonly { readonly name: string; readonly type: ColumnType | null }[],
  rules: ColumnRules,
): RowScope {
  const columns = all.filter((column): column is SchemaColumn => column.type !== null && isNamed(column.name, rules))
  const slots = new Map(columns.map(({ name }, slot) => [name, slot]))
  const untyped = all.some(({ type }) => type === null)

  const scopeFor = ({ dialect }: PolicyExpression, self: string | null): Scope => {
    const column = columnLookup(columns, dialect)
    const own = self === null ? 'unknown' : selfColumn(self)
    return { dialect, column, identity: rules.identity, self: own === 'unknown' ? null : own }
  }
  const selfColumn = (name: string): { slot: number; type: ColumnType; inside: readonly string[] } | 'unknown' => {
    const slot = slots.get(name)
    return slot === undefined ? 'unknown' : { slot, type: (columns[slot] as SchemaColumn).type, inside: [] }
  }
  const told = (text: PolicyExpression, { code, at, detail }: BindFault): ScopeFault => ({
    // Of a column without a type the scope can only say that it is not there.
    code: untyped && code === 'SCHEMA_EXPRESSION' ? 'SCHEMA_UNDECLARED' : code,
    detail: `policy ${text.policy}, ${text.path}, position ${at + 1}: ${detail}`,
  })

  return {
    columns,
    slotOf: name => slots.get(name) ?? -1,
    condition: text => {
      const bound = bindCondition(text.expression, scopeFor(text, null))
      return isBindFault(bound) ? told(text, bound) : bound
    },
    value: (text, self) => {
      const bound = bindExpression(text.expression, scopeFor(text, self))
      if (isBindFault(bound)) return told(text, bound)
      const raw = text.readsRaw
        ? undefined
        : slotsOf(bound)
            .map(slot => (columns[slot] as SchemaColumn).name)
            .find(name => (name === self ? hidesParts(name, rules) : hides(name, rules)))
      if (raw === undefined) return bound
      return { code: 'SCHEMA_READS_HIDDEN', detail: `policy ${text.policy}, ${text.path}: reads ${raw}` }
    },
  }
}

/** All that it looks at. */
export const slotsOf = ({ slots, changedSlots }: BoundExpression): readonly number[] => [
  ...new Set([...slots, ...changedSlots]),
]

const hides = (name: string, rules: ColumnRules): boolean => {
  const said = [ruleOf(name, rules), ...rulesInside(name, rules).map(({ rule }) => rule)]
  return said.some(rule => rule !== null && rule.maskType.effect !== 'keep')
}

/** What a CUSTOM mask makes of its own column may be the column: rules on parts of it are not kept by that. */
const hidesParts = (name: string, rules: ColumnRules): boolean =>
  rulesInside(name, rules).some(({ column, rule }) => column !== null && rule.maskType.effect !== 'keep')

/** The rule of a column; null where there is none. */
export const ruleOf = (name: string, rules: ColumnRules): ColumnRule | null =>
  rules.byName.get(name) ?? rules.matching?.(name) ?? (isKnown(name, rules) ? null : rules.wildcard)

/** Listed by a declared or accepted table schema: known, though no rule names it. */
export const isKnown = (name: string, rules: ColumnRules): boolean =>
  rules.tableSchema?.columns.some(column => column.name === name) ?? false

/** By a policy or a table schema, wildcards aside. */
export const isNamed = (name: string, rules: ColumnRules): boolean => rules.byName.has(name) || isKnown(name, rules)
