import { bindCondition, bindExpression } from '../../src/pipeline/expression/bind.ts'
import { type BoundExpression, isBindFault } from '../../src/pipeline/expression/bound-expression.ts'
import { type FittedExpression, fitNew, fitTo } from '../../src/pipeline/expression/fit.ts'
import { readValue } from '../../src/pipeline/expression/read-value.ts'
import type { OperationLetter, Row, SourceMember } from '../../src/pipeline/expression/row.ts'
import { columnLookup } from '../../src/pipeline/expression/scope.ts'
import { type Value, whole } from '../../src/pipeline/expression/values.ts'
import type { ColumnExpression, ColumnRules, PolicyExpression } from '../../src/pipeline/plan.ts'
import type { ColumnType, SchemaColumn } from '../../src/pipeline/schema.ts'
import { OutputBuffer } from '../../src/pipeline/serialize/output-buffer.ts'
import { type JsonNode, memberOf, printInside, unquote } from './naive-json.ts'

/**
 * Filters and projections for the naive engine, on trees. Only the expression language is shared: what the road makes of
 * its answers is written here once more.
 */

/** The columns that expressions may read. */
export interface NaiveScope {
  readonly columns: readonly SchemaColumn[]
  readonly untyped: boolean
}

export function naiveScope(all: Iterable<readonly [string, ColumnType | null]>, rules: ColumnRules): NaiveScope {
  const list = [...all]
  const isNamed = (name: string): boolean =>
    rules.byName.has(name) || rules.tableSchema?.columns.some(column => column.name === name) === true
  const columns = list.flatMap(([name, type]) => (type !== null && isNamed(name) ? [{ name, type }] : []))
  return { columns, untyped: list.some(([, type]) => type === null) }
}

export type Bound<T> = { readonly code: string } | { readonly code: null; readonly it: T; readonly reads: string[] }

function told<T extends BoundExpression>(
  bound: T | { readonly code: string },
  { columns, untyped }: NaiveScope,
): Bound<T> {
  if ('code' in bound) return { code: untyped && bound.code === 'SCHEMA_EXPRESSION' ? 'SCHEMA_UNDECLARED' : bound.code }
  return { code: null, it: bound, reads: [...bound.slots, ...bound.changedSlots].map(slot => columns[slot]!.name) }
}

const scopeFor = (text: PolicyExpression, scope: NaiveScope, rules: ColumnRules, self: string | null) => {
  const slot = scope.columns.findIndex(({ name }) => name === self)
  return {
    dialect: text.dialect,
    column: columnLookup(scope.columns, text.dialect),
    identity: rules.identity,
    self: slot < 0 ? null : { slot, type: scope.columns[slot]!.type, inside: [] },
  }
}

export function naiveFilter(scope: NaiveScope, rules: ColumnRules): Bound<BoundExpression> | null {
  const { rowFilter } = rules
  return rowFilter === null
    ? null
    : told(bindCondition(rowFilter.expression, scopeFor(rowFilter, scope, rules, null)), scope)
}

function naiveValue(
  text: ColumnExpression,
  self: string | null,
  scope: NaiveScope,
  rules: ColumnRules,
): Bound<BoundExpression> {
  const bound = told(bindExpression(text.expression, scopeFor(text, scope, rules, self)), scope)
  if (bound.code !== null || text.readsRaw) return bound
  const isHidden = (name: string): boolean =>
    (rules.byName.get(name)?.maskType.effect ?? 'keep') !== 'keep' ||
    rules.inside.some(({ column, rule }) => (column ?? name) === name && rule.maskType.effect !== 'keep')
  return bound.reads.some(name => name !== self && isHidden(name)) ? { code: 'SCHEMA_READS_HIDDEN' } : bound
}

/** A CUSTOM mask keeps the type; a projection keeps it where it can. */
export function naiveComputed(
  text: ColumnExpression,
  self: string | null,
  type: ColumnType | null,
  scope: NaiveScope,
  rules: ColumnRules,
): Bound<{ readonly fitted: FittedExpression; readonly retyped: ColumnType | null }> {
  if (self !== null && type === null) return { code: 'SCHEMA_UNDECLARED' }
  const bound = naiveValue(text, self, scope, rules)
  if (bound.code !== null) return bound
  const kept = type === null ? null : fitTo(bound.it, type)
  if (kept !== null && !isBindFault(kept)) return { ...bound, it: { fitted: kept, retyped: null } }
  if (self !== null && kept !== null) return { code: kept.code }
  const made = fitNew(bound.it)
  return isBindFault(made)
    ? { code: made.code }
    : { ...bound, it: { fitted: made, retyped: { ...made.type, optional: true } } }
}

export interface NaiveAdded {
  readonly name: string
  readonly fitted: FittedExpression
  readonly reads: readonly string[]
}

/** New columns, and the codes of those that cannot be made. */
export function naiveAdded(
  names: ReadonlySet<string>,
  scope: NaiveScope,
  rules: ColumnRules,
): { readonly added: readonly NaiveAdded[]; readonly faults: readonly { code: string; name: string }[] } {
  const added: NaiveAdded[] = []
  const faults: { code: string; name: string }[] = []
  for (const [name, text] of rules.projection?.columns ?? []) {
    if (names.has(name)) continue
    const made = naiveComputed(text, null, null, scope, rules)
    if (made.code === null) added.push({ name, fitted: made.it.fitted, reads: made.reads })
    else faults.push({ code: made.code, name })
  }
  return { added, faults }
}

/** Told as `CODE@place`. */
export class RowFault extends Error {
  readonly fault: string
  constructor(fault: string) {
    super(fault)
    this.fault = fault
  }
}

export interface NaiveFacts {
  readonly shape: 'event' | 'row'
  readonly operation: string
  /** Values by image; a flattened row and a key are `after`. */
  readonly after: ReadonlyMap<string, JsonNode> | null
  readonly before: ReadonlyMap<string, JsonNode> | null
  readonly source: (member: string) => JsonNode | undefined
  readonly keyNames: ReadonlySet<string>
  readonly defaults: ReadonlyMap<string, string>
  readonly isMarker: (value: JsonNode) => boolean
  readonly isMetadata: (name: string) => boolean
  readonly labels: { readonly after: string; readonly before: string }
}

export class NaiveRow implements Row {
  image: 'after' | 'before' = 'after'
  readonly facts: NaiveFacts
  private readonly scope: NaiveScope

  constructor(facts: NaiveFacts, scope: NaiveScope) {
    this.facts = facts
    this.scope = scope
  }

  value(slot: number): Value {
    const { name, type } = this.scope.columns[slot]!
    const node = this.facts[this.image]?.get(name)
    if (node === undefined || node.kind === 'null') return null
    const place = `${this.facts.labels[this.image]}${name}`
    if (this.facts.isMarker(node)) throw new RowFault(`SCHEMA_TOAST@${place}`)
    const literal = Buffer.from(printInside(node))
    try {
      return readValue(literal, 0, literal.length, type)
    } catch (error) {
      throw new RowFault(`${codeOf(error)}@${place}`)
    }
  }

  changed(slot: number): boolean | null {
    const { operation, shape, after, before } = this.facts
    if ('crd'.includes(operation) && operation !== '') return true
    const { name } = this.scope.columns[slot]!
    if (operation !== 'u' || shape !== 'event' || before === null || !this.isReal('before', name)) return null
    const [old, young] = [before.get(name), after?.get(name)]
    if (old === undefined || young === undefined) return null
    if (this.facts.isMarker(old) || this.facts.isMarker(young))
      throw new RowFault(`SCHEMA_TOAST@${this.facts.labels[this.image]}${name}`)
    return printInside(old) !== printInside(young)
  }

  op(): OperationLetter | null {
    const { operation } = this.facts
    return /^[crudt]$/.test(operation) ? (operation as OperationLetter) : null
  }

  source(member: SourceMember): Value {
    const node = this.facts.source(member)
    if (node === undefined || node.kind === 'null') return null
    const text = node.kind === 'string' ? unquote(node.text) : printInside(node)
    const isNumber = member.startsWith('ts_') || member === 'txId' || member === 'lsn'
    if (!isNumber) return text
    return /^-?[0-9]+$/.test(text) && text.length < 20 ? whole(BigInt(text)) : null
  }

  asked = false

  now(): number {
    this.asked = true
    return 0
  }

  /** Sent by the source, whatever replica identity it has? */
  isReal(image: 'after' | 'before', name: string): boolean {
    const node = this.facts[image]?.get(name)
    if (node !== undefined && !this.mayBeMadeUp(name, node)) return true
    return this.facts.keyNames.has(name) || this.evidence(image) === 'whole'
  }

  evidence(image: 'after' | 'before'): 'whole' | 'empty' | 'doubtful' {
    const values = [...(this.facts[image] ?? [])].filter(
      ([name]) => !this.facts.keyNames.has(name) && !this.facts.isMetadata(name),
    )
    const real = values.filter(([name, node]) => !this.mayBeMadeUp(name, node))
    const isOptional = (name: string): boolean =>
      this.scope.columns.find(column => column.name === name)?.type.optional === true
    return real.some(([name]) => isOptional(name)) ? 'whole' : real.length === 0 ? 'empty' : 'doubtful'
  }

  private mayBeMadeUp(name: string, node: JsonNode): boolean {
    const text = printInside(node)
    if (node.kind === 'null' || node.kind === 'object' || text === this.facts.defaults.get(name)) return true
    if (['false', '[]', '""', '"{}"', '"[]"', '"1970-01-01"', '"1970-01-01Z"'].includes(text)) return true
    if (text.length > 40) return false
    const inner = text.replace(/^"(.*)"$/s, '$1')
    return [
      /^-?0(\.0+)?(E0)?$/,
      /^0*(\.0+)?$/,
      /^A*={0,2}$/,
      /^[0-]{36}$/,
      /^1970-01-01T00:00:00(\.0+)?Z?$/,
      /^00:00:00(\.0+)?Z?$/,
      /^P[0YMDTHS.]*$/,
    ].some((form, n) => form.test(n === 0 ? text : node.kind === 'string' ? inner : 'no'))
  }
}

export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL'

export function written(fitted: FittedExpression, row: NaiveRow, place: string): string {
  const out = new OutputBuffer(64)
  try {
    fitted.write(row, out, 0)
  } catch (error) {
    if (error instanceof RowFault) throw error
    throw new RowFault(`${codeOf(error)}@${place}`)
  }
  return out.bytes.toString('utf8', 0, out.at)
}

export interface NaiveVerdict {
  readonly drop: boolean
  readonly op: string | null
  readonly clears: readonly ('after' | 'before')[]
  readonly tombstone: 'instead' | 'behind' | null
}

const verdict = (rest: Partial<NaiveVerdict> = {}): NaiveVerdict => ({
  drop: false,
  op: null,
  clears: [],
  tombstone: null,
  ...rest,
})

export interface NaiveCase {
  readonly filter: BoundExpression
  readonly reads: readonly string[]
  readonly rules: ColumnRules
  readonly row: NaiveRow
  readonly hasKey: boolean
  /** What the key alone says; null where it cannot. */
  readonly byKey: (() => boolean | null) | null
  readonly isDeletedRow: boolean
}

/** The table of `row-filter.ts`, told as questions. */
export function naiveVerdict(one: NaiveCase): NaiveVerdict {
  const { row, hasKey, rules, filter } = one
  const { facts } = row
  const { shape, operation } = facts
  const shows = (image: 'after' | 'before'): boolean => {
    row.image = image
    return filter.evaluate(row) === true
  }
  const old = (image: 'after' | 'before'): boolean | null => {
    if (facts[image] === null) return one.byKey === null ? null : one.byKey()
    const isKnown = rules.rowFilter?.isBeforeWhole === true || one.reads.every(name => row.isReal(image, name))
    row.asked = false
    return isKnown ? shows(image) || (row.asked ? null : false) : null
  }
  const dropsUndecided = rules.rowFilter?.undecidedDelete === 'drop' || !hasKey
  if (operation === 't') return verdict()
  if (shape === 'row' && one.isDeletedRow) {
    const was = old('after')
    if (was !== null) return verdict({ drop: !was })
    if (dropsUndecided) return verdict({ drop: true })
    return verdict({ tombstone: row.evidence('after') === 'empty' ? null : 'instead' })
  }
  if (operation === 'd') {
    const was = old('before')
    return was === null ? verdict({ drop: dropsUndecided, clears: ['before'] }) : verdict({ drop: !was })
  }
  const is = shows('after')
  if (operation === 'c' || operation === 'r') return verdict({ drop: !is })
  if (shape === 'row') return is ? verdict() : hasKey ? verdict({ tombstone: 'instead' }) : verdict({ drop: true })
  const was = old('before')
  if (is) return was === true ? verdict() : verdict({ op: was === false ? 'c' : null, clears: ['before'] })
  if (was === false || (was === null && !hasKey)) return verdict({ drop: true })
  const clears = was === true ? (['after'] as const) : (['after', 'before'] as const)
  return verdict({ op: 'd', clears, tombstone: hasKey ? 'behind' : null })
}

export const asObject = (node: JsonNode | undefined): ReadonlyMap<string, JsonNode> | null =>
  node?.kind === 'object' ? new Map(node.members.map(({ name, value }) => [name, value])) : null

export const textIn = (node: JsonNode | undefined, name: string): string => {
  const found = memberOf(node, name)
  return found === undefined ? '' : printInside(found)
}
