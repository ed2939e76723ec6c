import { type BoundExpression, isBindFault } from '../../src/pipeline/expression/bound-expression.ts'
import { bindExpression } from '../../src/pipeline/expression/bind.ts'
import type { Dialect } from '../../src/pipeline/expression/dialect.ts'
import type { Expression, PlaceholderValue } from '../../src/pipeline/expression/expression.ts'
import { readValue } from '../../src/pipeline/expression/read-value.ts'
import type { Row } from '../../src/pipeline/expression/row.ts'
import { columnLookup, type Identity, type Scope } from '../../src/pipeline/expression/scope.ts'
import type { Value } from '../../src/pipeline/expression/values.ts'
import type { ColumnType, SchemaColumn } from '../../src/pipeline/schema.ts'
import { parseExpression } from '../../src/policy/expression/parse.ts'

export const identity: Identity = {
  user: 'ravi',
  groups: ['analysts', 'staff'],
  roles: ['reader'],
  attributes: new Map<string, string | readonly string[]>([
    ['dept', 'health'],
    ['districts', ['Jaipur', 'Kota']],
  ]),
}

export const columnType = (
  kind: ColumnType['kind'],
  logical: string | null = null,
  { optional = true, parameters = {} }: { optional?: boolean; parameters?: Readonly<Record<string, string>> } = {},
): ColumnType => ({ kind, logical, optional, parameters: new Map(Object.entries(parameters)) })

/** Columns of the common types, one of each. */
export const columns: readonly SchemaColumn[] = [
  { name: 'id', type: columnType('int64', null, { optional: false }) },
  { name: 'small', type: columnType('int16') },
  { name: 'name', type: columnType('string') },
  { name: 'district', type: columnType('string', null, { parameters: { '__debezium.source.column.length': '20' } }) },
  { name: 'active', type: columnType('boolean') },
  { name: 'score', type: columnType('double') },
  { name: 'price', type: columnType('bytes', 'org.apache.kafka.connect.data.Decimal', { parameters: { scale: '2' } }) },
  { name: 'born', type: columnType('int32', 'io.debezium.time.Date') },
  { name: 'created', type: columnType('int64', 'io.debezium.time.MicroTimestamp') },
  { name: 'seen', type: columnType('string', 'io.debezium.time.ZonedTimestamp') },
  { name: 'address', type: columnType('string', 'io.debezium.data.Json') },
  { name: 'tags', type: columnType('array') },
  { name: 'photo', type: columnType('bytes') },
  { name: 'place', type: columnType('struct', 'made.of.members') },
]

export interface Asked {
  readonly dialect?: Dialect
  readonly columns?: readonly SchemaColumn[]
  readonly self?: string
  readonly values?: readonly PlaceholderValue[]
  readonly identity?: Identity | null
  /** JSON values by column name; absent ones are NULL. */
  readonly row?: Readonly<Record<string, unknown>>
  readonly stream?: Partial<Pick<Row, 'op' | 'source' | 'changed' | 'now'>>
}

export function scopeOf({ dialect = 'scrim', columns: list = columns, self, identity: who = identity }: Asked): Scope {
  const column = columnLookup(list, dialect)
  const found = self === undefined ? null : column([self])
  return { dialect, column, identity: who, self: typeof found === 'string' ? null : found }
}

export function parsed(text: string, { dialect = 'scrim', values }: Asked = {}): Expression {
  const read = parseExpression(text, values === undefined ? { dialect } : { dialect, values })
  if ('fault' in read) throw new Error(`does not parse: ${read.fault.what} at ${read.fault.at}: ${text.slice(0, 200)}`)
  return read.expression
}

export function boundOf(text: string, asked: Asked = {}): BoundExpression {
  const bound = bindExpression(parsed(text, asked), scopeOf(asked))
  if (isBindFault(bound)) throw new Error(`does not bind: ${bound.detail} at ${bound.at}: ${text.slice(0, 200)}`)
  return bound
}

/** A row of JSON values, read as the road would read them. */
export function rowOf({ columns: list = columns, row = {}, stream = {} }: Asked): Row {
  return {
    value: slot => {
      const column = list[slot]
      const json = JSON.stringify(column === undefined ? null : (row[column.name] ?? null))
      const bytes = Buffer.from(json)
      return column === undefined ? null : readValue(bytes, 0, bytes.length, column.type)
    },
    changed: () => null,
    op: () => null,
    source: () => null,
    now: () => Date.UTC(2026, 10, 20, 12) * 1000,
    ...stream,
  }
}

export const evaluated = (text: string, asked: Asked = {}): Value => boundOf(text, asked).evaluate(rowOf(asked))

/** Where and why it is refused, by the parser or the binder; null where it is not. */
export function refusal(text: string, asked: Asked = {}): { readonly at: number; readonly what: string } | null {
  const read = parseExpression(text, { dialect: asked.dialect ?? 'scrim', values: asked.values ?? [] })
  if ('fault' in read) return read.fault
  const bound = bindExpression(read.expression, scopeOf(asked))
  return isBindFault(bound) ? { at: bound.at, what: bound.detail } : null
}
