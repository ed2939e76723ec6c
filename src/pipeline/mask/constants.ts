/** Encodings of constants into Connect's logical types. */
import type { ColumnType } from '../schema.ts'

// Maps, because the logical name comes from the record: `constructor` must not find a prototype's.
const unitsPerMs = new Map(
  Object.entries({
    'io.debezium.time.Date': { factor: 1n, divisor: 86_400_000n },
    'org.apache.kafka.connect.data.Date': { factor: 1n, divisor: 86_400_000n },
    'io.debezium.time.Timestamp': { factor: 1n, divisor: 1n },
    'org.apache.kafka.connect.data.Timestamp': { factor: 1n, divisor: 1n },
    'io.debezium.time.MicroTimestamp': { factor: 1_000n, divisor: 1n },
    'io.debezium.time.NanoTimestamp': { factor: 1_000_000n, divisor: 1n },
  }),
)

/** `1970-01-01` (or an ISO timestamp) as the number that the logical type holds; null where it is no such text or type. */
export function temporalNumber(text: string, logical: string | null): bigint | null {
  const unit = logical === null ? undefined : unitsPerMs.get(logical)
  if (unit === undefined || !/^\d{4}-\d\d-\d\d(?:T[\d:.]+Z?)?$/.test(text)) return null
  const ms = parseInstant(text.includes('T') && !text.endsWith('Z') ? `${text}Z` : text)
  if (ms === null) return null
  const number = BigInt(ms) * unit.factor
  // Rounded down, also before 1970.
  return (number - (((number % unit.divisor) + unit.divisor) % unit.divisor)) / unit.divisor
}

/** Date.parse takes the 30th of February for the 2nd of March. */
function parseInstant(text: string): number | null {
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return null
  const day = Date.parse(text.slice(0, 10))
  return new Date(day).toISOString().startsWith(text.slice(0, 10)) ? ms : null
}

const time = String.raw`\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?`
const date = String.raw`\d{4}-\d\d-\d\d`
const zone = String.raw`(?:Z|[+-]\d\d:\d\d)`

/** What a string of these logical types looks like. */
const textForms = new Map(
  Object.entries({
    'io.debezium.time.ZonedTimestamp': new RegExp(`^${date}T${time}${zone}$`),
    'io.debezium.time.ZonedTime': new RegExp(`^${time}${zone}$`),
    'io.debezium.time.IsoDate': new RegExp(`^${date}Z?$`),
    'io.debezium.time.IsoTime': new RegExp(`^${time}Z?$`),
    'io.debezium.time.IsoTimestamp': new RegExp(`^${date}T${time}Z?$`),
    'io.debezium.time.Interval':
      /^P(?=.)(?:-?\d+Y)?(?:-?\d+M)?(?:-?\d+D)?(?:T(?=.)(?:-?\d+H)?(?:-?\d+M)?(?:-?\d+(?:\.\d+)?S)?)?$/,
  }),
)

/** Does the text have the form of this temporal type? True for all other types. */
export function hasTemporalForm(text: string, logical: string | null): boolean {
  const form = logical === null ? undefined : textForms.get(logical)
  if (form === undefined) return true
  return form.test(text) && (!/^\d{4}-/.test(text) || parseInstant(text.slice(0, 10)) !== null)
}

const integerEpochs: ReadonlyMap<string, string> = new Map([
  ...[
    'io.debezium.time.Date',
    'io.debezium.time.Time',
    'io.debezium.time.MicroTime',
    'io.debezium.time.NanoTime',
    'io.debezium.time.Timestamp',
    'io.debezium.time.MicroTimestamp',
    'io.debezium.time.NanoTimestamp',
    'io.debezium.time.MicroDuration',
    'io.debezium.time.NanoDuration',
    'org.apache.kafka.connect.data.Date',
    'org.apache.kafka.connect.data.Time',
    'org.apache.kafka.connect.data.Timestamp',
  ].map((name): [string, string] => [name, '0']),
  ['io.debezium.time.Year', '1970'],
])

const textEpochs: ReadonlyMap<string, string> = new Map([
  ['io.debezium.time.ZonedTimestamp', '"1970-01-01T00:00:00Z"'],
  ['io.debezium.time.ZonedTime', '"00:00:00Z"'],
  ['io.debezium.time.IsoDate', '"1970-01-01Z"'],
  ['io.debezium.time.IsoTime', '"00:00:00Z"'],
  ['io.debezium.time.IsoTimestamp', '"1970-01-01T00:00:00Z"'],
  ['io.debezium.time.Interval', '"P0Y0M0DT0H0M0S"'],
])

/** The literal of 1970-01-01, of midnight, or of no time at all in a temporal type; null for all other types. */
export function epochLiteral({ kind, logical }: ColumnType): string | null {
  if (logical === null) return null
  if (kind === 'int32' || kind === 'int64') return integerEpochs.get(logical) ?? null
  return kind === 'string' ? (textEpochs.get(logical) ?? null) : null
}

/** A decimal constant in both spellings of JsonConverter, or null where it does not fit scale and precision. */
export function decimalLiterals(
  text: string,
  parameters: ReadonlyMap<string, string>,
): { readonly base64: Buffer; readonly numeric: Buffer } | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text)
  const scale = Number(parameters.get('scale') ?? Number.NaN)
  if (match === null || !Number.isInteger(scale) || scale < 0 || scale > 1000) return null
  const [, sign = '', whole = '0', fraction = ''] = match
  if (fraction.length > scale) return null
  const digits = whole + fraction.padEnd(scale, '0')
  const precision = Number(parameters.get('connect.decimal.precision') ?? digits.length)
  if (digits.replace(/^0+/, '').length > precision) return null
  const unscaled = BigInt(sign + digits)
  const numeric = scale === 0 ? `${sign}${whole}` : `${sign}${whole}.${fraction.padEnd(scale, '0')}`
  return { base64: Buffer.from(`"${twosComplement(unscaled).toString('base64')}"`), numeric: Buffer.from(numeric) }
}

/** Shortest big-endian two's complement, as java.math.BigInteger.toByteArray gives it. */
export function twosComplement(value: bigint): Buffer {
  let bytes = 1
  while (BigInt.asIntN(bytes * 8, value) !== value) bytes++
  return Buffer.from(
    BigInt.asUintN(bytes * 8, value)
      .toString(16)
      .padStart(bytes * 2, '0'),
    'hex',
  )
}
