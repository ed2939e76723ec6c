/** Connect's types as the JSON schema block names them. */
export const connectKinds = [
  'boolean',
  'int8',
  'int16',
  'int32',
  'int64',
  'float',
  'double',
  'bytes',
  'string',
  'array',
  'map',
  'struct',
] as const
export type ConnectKind = (typeof connectKinds)[number]

/** What a mask has to know of a column. */
export interface ColumnType {
  readonly kind: ConnectKind
  /** The logical name, such as `org.apache.kafka.connect.data.Decimal`; null where there is none. */
  readonly logical: string | null
  readonly optional: boolean
  /** Schema parameters: scale, allowed, __debezium.source.column.length ... */
  readonly parameters: ReadonlyMap<string, string>
}

export interface SchemaColumn {
  readonly name: string
  readonly type: ColumnType
}

/** The columns of a table, as declared by a `tableSchema` document or accepted by `scrim check --accept-schema`. */
export interface TableSchema {
  readonly columns: readonly SchemaColumn[]
}

/** Parameters that say what a type is. All others may hold data: labels of an enum, comments, whatever a converter adds. */
export const typeParameters: ReadonlySet<string> = new Set([
  'scale',
  'connect.decimal.precision',
  'length',
  '__debezium.source.column.type',
  '__debezium.source.column.length',
  '__debezium.source.column.scale',
  '__debezium.source.column.name',
])

/** Longest value in characters that the column takes, where the schema says so. */
export function columnLength(type: ColumnType): number | null {
  const text = type.parameters.get('__debezium.source.column.length')
  // Postgres writes 2147483647 for text and varchar without a length.
  const length = text === undefined ? Number.NaN : Number(text)
  return Number.isInteger(length) && length > 0 && length < 1_000_000_000 ? length : null
}

/** The type in a few words, for messages: `int32 io.debezium.time.Date`. */
export function typeText(type: ColumnType): string {
  return type.logical === null ? type.kind : `${type.kind} ${type.logical}`
}
