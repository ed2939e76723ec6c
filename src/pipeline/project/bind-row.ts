import type { ErrorCode } from '../../errors.ts'
import type { TypeBlock } from '../decode/schema-block.ts'
import { fitNew } from '../expression/fit.ts'
import { valueReader } from '../expression/read-value.ts'
import { type SourceMember, sourceMembers } from '../expression/row.ts'
import { Column, MASK, PASS, REFUSE, REMOVE, TOAST_REFUSE, TOAST_UNCHECKED } from '../layout.ts'
import { asItStands } from '../mask/literal.ts'
import type { ColumnRules, KeyRing } from '../plan.ts'
import type { ColumnType, SchemaColumn } from '../schema.ts'
import { type BoundColumn, bindColumn, mayBeToasted } from './bind-column.ts'
import type { AddedColumn, MadeUp, RowJudge, RowProgram, Slot } from './row-program.ts'
import { isFault, type RowScope, ruleOf, slotsOf } from './row-scope.ts'

/** A column of a row, its type null where nothing tells it. */
export interface RowColumn {
  readonly name: string
  readonly type: ColumnType | null
  /** Where it stands in its schema block; null: there is none. */
  readonly index: number | null
  /** The literal of its default, as the block has it. */
  readonly byDefault: Buffer | null
  /** What the block says of it. */
  readonly block: TypeBlock | null
}

/** The rules bound to all columns of a row at once, and what they have to do with each other. */
export interface BoundRow {
  /** One for each column, in their order. */
  readonly columns: readonly BoundColumn[]
  readonly added: readonly AddedColumn[]
  /** Null where no record has to be looked at for filter or projection. */
  readonly program: Omit<RowProgram, 'problem'> | null
  /** Of no one column: `name` is that of the column it is about, empty where it is about none. */
  readonly problems: readonly RowProblem[]
  /** The columns that go out, in their order. */
  readonly outgoing: readonly SchemaColumn[]
}

export interface RowProblem {
  readonly code: ErrorCode
  readonly name: string
  readonly detail: string
}

export interface RowPlace {
  readonly part: 'row' | 'key'
  /** AFTER or BEFORE. */
  readonly image: number
  readonly rules: ColumnRules
  readonly keys: KeyRing
}

/** `scope` is that of the row, which is the same for both images. */
export function bindRow(all: readonly RowColumn[], scope: RowScope, place: RowPlace): BoundRow {
  const { part, rules, keys } = place
  const problems: RowProblem[] = []
  const bound = all.map(({ name, type, index, block }) =>
    bindColumn(name, type, part, rules, keys, index, scope, block),
  )
  const added = part === 'key' ? [] : addedColumns(all, scope, rules, problems)
  const filter = bindFilter(scope, place, problems)
  const expressions = [
    ...(filter === null ? [] : [filter.condition]),
    ...[...bound, ...added].flatMap(({ computed }) => (computed === null ? [] : [computed.expression])),
  ]
  const read = new Set([...expressions.flatMap(slotsOf)])
  const columns = bound.map(one => withUse(one, scope, read, place))
  problems.push(...repeatedNames(columns, added, rules))
  const outgoing = [
    ...columns.flatMap((one, n) => outgoingColumn(one, (all[n] as RowColumn).type)),
    ...added.map(({ name, type }) => ({ name, type })),
  ]
  const isUsed = columns.some(({ column }) => column.use !== null) || added.length > 0 || filter !== null
  return {
    columns,
    added,
    program: isUsed
      ? {
          slots: slotsFor(scope, all),
          columns: new Set(all.map(({ name }) => name)),
          filter,
          madeUp: all.some(({ index }) => index === null) ? null : madeUpOf(outgoing),
          added,
          addedBefore: [],
          compares: expressions.some(({ changedSlots }) => changedSlots.length > 0),
          sourceMembers: sourceMembersIn(all, rules),
        }
      : null,
    problems,
    outgoing,
  }
}

/** Does it ask for what a key cannot tell? */
function asksOfEvent(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false
  const { kind, name } = node as { kind?: unknown; name?: unknown }
  if (kind === 'call' && (name === 'op' || name === 'changed' || name === 'source')) return true
  return Object.values(node).some(asksOfEvent)
}

/** What the expressions of these rules ask of `source`. */
function sourceMembersIn(all: readonly RowColumn[], rules: ColumnRules): SourceMember[] {
  const { rowFilter, projection } = rules
  const found = new Set<SourceMember>()
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { kind, name, args } = node as { kind?: unknown; name?: unknown; args?: unknown }
    const asked = kind === 'call' && name === 'source' ? JSON.stringify(args) : ''
    for (const member of Object.keys(sourceMembers) as SourceMember[])
      if (asked.includes(`"value":"${member}"`)) found.add(member)
    for (const inner of Object.values(node)) look(inner)
  }
  look(rowFilter?.expression)
  for (const { expression } of projection?.columns.values() ?? []) look(expression)
  for (const { name } of all) look(ruleOf(name, rules)?.custom?.expression)
  return [...found]
}

/** Computed columns of which the row has none of the name. */
function addedColumns(
  all: readonly RowColumn[],
  scope: RowScope,
  { projection }: ColumnRules,
  problems: RowProblem[],
): AddedColumn[] {
  if (projection === null) return []
  const names = new Set(all.map(({ name }) => name))
  return [...projection.columns].flatMap(([name, text]): AddedColumn[] => {
    if (names.has(name)) return []
    const expression = scope.value(text, null)
    const computed = isFault(expression) ? expression : fitNew(expression)
    if (!isFault(computed))
      return [{ name, text: nameText(name), type: { ...computed.type, optional: true }, computed }]
    problems.push({ code: computed.code, name, detail: computed.detail })
    return []
  })
}

/** A key judges a row where the filter reads nothing but key columns. */
function bindFilter(scope: RowScope, { part, rules }: RowPlace, problems: RowProblem[]): RowJudge | null {
  const { rowFilter } = rules
  if (rowFilter === null || (part === 'key' && asksOfEvent(rowFilter.expression))) return null
  const condition = scope.condition(rowFilter)
  if (isFault(condition)) {
    if (part === 'row') problems.push({ code: condition.code, name: '', detail: condition.detail })
    return null
  }
  const { undecidedDelete, isBeforeWhole } = rowFilter
  return { condition, slots: slotsOf(condition), undecidedDelete, isBeforeWhole }
}

/** The column as the scanners have to know it: a value that is read leaves an edit even where it goes out as it is. */
function withUse(bound: BoundColumn, scope: RowScope, read: ReadonlySet<number>, { image }: RowPlace): BoundColumn {
  const { column, computed, outName } = bound
  const { name } = column
  const own = scope.slotOf(name)
  const slot = own >= 0 && read.has(own) ? own : -1
  const isRenamed = outName !== name
  if (column.act === REFUSE || (slot < 0 && computed === null && !isRenamed)) return bound
  const use = { of: 'column', image, slot, computed, renamed: isRenamed ? nameText(outName) : null } as const
  const isRead = slot >= 0 && mayBeToasted(scope.columns[slot]?.type ?? null)
  const toast = isRead ? TOAST_REFUSE : computed === null ? column.toast : TOAST_UNCHECKED
  const act = column.act === PASS ? MASK : column.act
  const mask = column.act === PASS ? asItStands : column.mask
  return { ...bound, column: new Column(name, { ...column, act, mask, use, toast }) }
}

/** Does the value go out as it came in? Then it is held to the shape that its type gives it. */
export const isClear = ({ act, mask }: Column): boolean => act === PASS || mask === asItStands

function slotsFor(scope: RowScope, all: readonly RowColumn[]): Slot[] {
  const byName = new Map(all.map(column => [column.name, column]))
  return scope.columns.map(({ name, type }) => ({
    name,
    told: name,
    reader: valueReader(type),
    isOptional: type.optional,
    byDefault: byName.get(name)?.byDefault ?? null,
  }))
}

/** Two columns of one name would hide each other. */
function repeatedNames(
  columns: readonly BoundColumn[],
  added: readonly AddedColumn[],
  { projection }: ColumnRules,
): RowProblem[] {
  if (projection === null) return []
  const { policy, path } = projection
  const seen = new Set(added.map(({ name }) => name))
  return columns.flatMap(({ column, outName }) => {
    if (column.act === REMOVE || column.act === REFUSE) return []
    const repeated = seen.has(outName)
    seen.add(outName)
    if (!repeated) return []
    return [
      { code: 'SCHEMA_PROJECTION', name: column.name, detail: `policy ${policy}, ${path}: another has this name` },
    ]
  })
}

function outgoingColumn(
  { column, effect, computed, retyped, outName }: BoundColumn,
  type: ColumnType | null,
): SchemaColumn[] {
  if (column.act === REMOVE || column.act === REFUSE) return []
  if (computed !== null) return [{ name: outName, type: retyped ?? computed.type }]
  if (type === null) return []
  if (effect?.becomes == null) return [{ name: outName, type }]
  return [
    { name: outName, type: { kind: effect.becomes, logical: null, optional: type.optional, parameters: new Map() } },
  ]
}

const madeUpOf = (outgoing: readonly SchemaColumn[]): MadeUp[] =>
  outgoing
    .filter(({ type }) => !type.optional)
    .map(({ name, type }) => ({ name, text: Buffer.from(`${JSON.stringify(name)}:${zeroOf(type)}`) }))

/** A value of the type that says nothing, as Debezium has one for columns that were not sent. */
function zeroOf({ kind, logical }: ColumnType): string {
  if (logical === 'io.debezium.data.VariableScaleDecimal') return '{"scale":0,"value":"AA=="}'
  if (logical === 'io.debezium.data.geometry.Point') return '{"x":0,"y":0}'
  switch (kind) {
    case 'string':
      return '""'
    case 'bytes':
      return '"AA=="'
    case 'boolean':
      return 'false'
    case 'array':
      return '[]'
    case 'map':
    case 'struct':
      return '{}'
    default:
      return '0'
  }
}

/** A member's name as compact JSON with its colon. */
const nameText = (name: string): Buffer => Buffer.from(`${JSON.stringify(name)}:`)
