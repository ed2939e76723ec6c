import { type ColumnType, columnLength } from '../schema.ts'

export type IntegerBits = 8 | 16 | 32 | 64

/** The static type of an expression. */
export type ExpressionType =
  /** Of a bare NULL: fits everywhere. */
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' | 'double' | 'bytes' | 'date' | 'time' | 'timestamp' | 'timestamptz' }
  /** `bits`: how wide the column is that it comes from, where it is as it comes. */
  | { readonly kind: 'integer'; readonly bits?: IntegerBits }
  /** `scale` null: it differs from value to value. */
  | { readonly kind: 'decimal'; readonly scale: number | null }
  /** `length`: an upper bound of the code points; null: none is known. */
  | { readonly kind: 'text'; readonly length: number | null }
  /** A value inside a JSON column or a struct: text that becomes whatever it is compared with. */
  | { readonly kind: 'json' }
  /** Texts known at load, such as the groups of the reader: for IN and array_contains. */
  | { readonly kind: 'list' }
  /** Arrays, maps, geometry ...: only IS NULL and changed() take it. A present value reads as `true`, a struct as its text. */
  | { readonly kind: 'opaque' }

export type TypeKind = ExpressionType['kind']

/** A text without a known length. */
export const text: ExpressionType = { kind: 'text', length: null }
export const textOf = (length: number | null): ExpressionType => ({ kind: 'text', length })

const integerBits: ReadonlyMap<string, IntegerBits> = new Map([
  ['int8', 8],
  ['int16', 16],
  ['int32', 32],
  ['int64', 64],
])

const temporalKinds: ReadonlyMap<string, 'date' | 'time' | 'timestamp' | 'timestamptz'> = new Map([
  ['int32 io.debezium.time.Date', 'date'],
  ['int32 org.apache.kafka.connect.data.Date', 'date'],
  ['string io.debezium.time.IsoDate', 'date'],
  ['int32 io.debezium.time.Time', 'time'],
  ['int32 org.apache.kafka.connect.data.Time', 'time'],
  ['int64 io.debezium.time.MicroTime', 'time'],
  ['int64 io.debezium.time.NanoTime', 'time'],
  ['string io.debezium.time.IsoTime', 'time'],
  ['string io.debezium.time.ZonedTime', 'time'],
  ['int64 io.debezium.time.Timestamp', 'timestamp'],
  ['int64 org.apache.kafka.connect.data.Timestamp', 'timestamp'],
  ['int64 io.debezium.time.MicroTimestamp', 'timestamp'],
  ['int64 io.debezium.time.NanoTimestamp', 'timestamp'],
  ['string io.debezium.time.IsoTimestamp', 'timestamp'],
  ['string io.debezium.time.ZonedTimestamp', 'timestamptz'],
])

/** Strings that are texts, whatever they are texts of. */
const textNames: ReadonlySet<string> = new Set(
  ['Json', 'Uuid', 'Xml', 'Ltree', 'Tsvector', 'Enum', 'EnumSet'].map(name => `io.debezium.data.${name}`),
)

export const DECIMAL = 'org.apache.kafka.connect.data.Decimal'
export const VARIABLE_SCALE_DECIMAL = 'io.debezium.data.VariableScaleDecimal'

/** The type that a column has in expressions; a place inside it is `json`. What is not known here is opaque. */
export function typeOfColumn(type: ColumnType): ExpressionType {
  const { kind, logical } = type
  if (logical !== null) return typeOfLogical(type, logical)
  if (kind === 'boolean' || kind === 'bytes') return { kind }
  const bits = integerBits.get(kind)
  if (bits !== undefined) return { kind: 'integer', bits }
  if (kind === 'float' || kind === 'double') return { kind: 'double' }
  return kind === 'string' ? textOf(columnLength(type)) : { kind: 'opaque' }
}

function typeOfLogical(type: ColumnType, logical: string): ExpressionType {
  if (type.kind === 'string' && textNames.has(logical)) return textOf(columnLength(type))
  if (type.kind === 'bytes' && logical === DECIMAL) {
    const scale = scaleOf(type)
    return scale === null ? { kind: 'opaque' } : { kind: 'decimal', scale }
  }
  if (type.kind === 'struct' && logical === VARIABLE_SCALE_DECIMAL) return { kind: 'decimal', scale: null }
  const kind = temporalKinds.get(`${type.kind} ${logical}`)
  return kind === undefined ? { kind: 'opaque' } : { kind }
}

/** The scale of a Decimal, where the schema tells one that can be: JsonConverter lets none be missing. */
export function scaleOf(type: ColumnType): number | null {
  const written = type.parameters.get('scale')
  const scale = written === undefined ? Number.NaN : Number(written)
  return Number.isInteger(scale) && scale >= 0 && scale <= 1000 ? scale : null
}

/** Can a dotted path go on inside such a column? */
export const hasInside = ({ kind, logical }: ColumnType): boolean =>
  (kind === 'string' && logical === 'io.debezium.data.Json') ||
  (kind === 'struct' && logical !== VARIABLE_SCALE_DECIMAL) ||
  kind === 'map'

/** The Connect type of a new column with this expression in it; a sentence where there is none. */
export function connectTypeOf(type: ExpressionType, nullable: boolean): ColumnType | { readonly detail: string } {
  const column = (kind: ColumnType['kind'], logical: string | null, parameters: readonly [string, string][] = []) => ({
    kind,
    logical,
    optional: nullable,
    parameters: new Map(parameters),
  })
  switch (type.kind) {
    case 'boolean':
    case 'double':
    case 'bytes':
      return column(type.kind, null)
    case 'integer':
      return column('int64', null)
    case 'text':
    case 'json':
      return column('string', null)
    case 'decimal':
      if (type.scale === null)
        return { detail: 'the scale of the result is not known: write cast(... as decimal(p, s))' }
      return column('bytes', DECIMAL, [['scale', String(type.scale)]])
    case 'date':
      return column('int32', 'io.debezium.time.Date')
    case 'time':
      return column('int64', 'io.debezium.time.MicroTime')
    case 'timestamp':
      return column('int64', 'io.debezium.time.MicroTimestamp')
    case 'timestamptz':
      return column('string', 'io.debezium.time.ZonedTimestamp')
    case 'null':
      return { detail: 'a bare NULL has no type: write cast(null as ...)' }
    case 'list':
    case 'opaque':
      return { detail: `${kindNames[type.kind]} cannot stand in a column of its own` }
  }
}

/** How messages call the kinds. */
export const kindNames: Readonly<Record<TypeKind, string>> = {
  null: 'NULL',
  boolean: 'boolean',
  integer: 'a whole number',
  decimal: 'a decimal number',
  double: 'a double',
  text: 'text',
  json: 'a value inside JSON',
  bytes: 'bytes',
  date: 'a date',
  time: 'a time of day',
  timestamp: 'a timestamp',
  timestamptz: 'a timestamp with time zone',
  list: 'a list',
  opaque: 'of a type that expressions do not read',
}
