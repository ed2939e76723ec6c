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

const aNumber = /^-?\d{1,10}$/
const aName = /^/

/** Parameters that say what a type is, and how. */
const typeParameters: ReadonlyMap<string, RegExp> = new Map([
  ['scale', aNumber],
  ['connect.decimal.precision', aNumber],
  ['length', aNumber],
  ['__debezium.source.column.type', aName],
  ['__debezium.source.column.length', aNumber],
  ['__debezium.source.column.scale', aNumber],
  ['__debezium.source.column.name', aName],
])

/** Does this parameter say what the type is? All others may hold data: labels of an enum, comments, whatever a converter adds. */
export const tellsType = (name: string, text: string): boolean => typeParameters.get(name)?.test(text) === true

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
