import { type JsonNode, memberOf, type ObjectNode, readJson } from './naive-json.ts'
import { fieldsOf, NotASchema, refuseRepeats, typeOf } from './naive-schema.ts'
import type { ColumnType } from '../../src/pipeline/schema.ts'

/**
 * How Connect's JsonConverter 4.3 reads a value with its schema, where that matters to us: it does not refuse what does
 * not fit, it turns it into something else. So this tells each place where payload and schema do not agree.
 */
export function disagreements(bytes: Buffer): string[] {
  const { root, faults } = readJson(bytes)
  if (root?.kind !== 'object' || faults.length > 0) return ['no JSON object']
  const schema = memberOf(root, 'schema')
  const payload = memberOf(root, 'payload')
  if (schema === undefined || payload === undefined || root.members.length !== 2)
    return ['not exactly schema and payload']
  const found: string[] = []
  try {
    refuseRepeats(schema)
    read(payload, schema, 'payload', found)
  } catch (error) {
    if (!(error instanceof NotASchema)) throw error
    return ['no schema']
  }
  return found
}

function read(value: JsonNode, schema: JsonNode, place: string, found: string[]): void {
  const type = typeOf(schema)
  const byDefault = memberOf(schema, 'default')
  if (value.kind === 'null') {
    // The converter puts the default in its place; without one a required field is an error.
    if (byDefault !== undefined) found.push(`${place}: null becomes the default`)
    else if (!type.optional) found.push(`${place}: null in a required field`)
    return
  }
  if (type.kind === 'struct') {
    readStruct(value, schema, place, found)
    return
  }
  if (type.kind === 'array') {
    if (value.kind !== 'array') {
      found.push(`${place}: no array`)
      return
    }
    const items = memberOf(schema, 'items')
    if (items !== undefined) for (const [n, item] of value.items.entries()) read(item, items, `${place}[${n}]`, found)
    return
  }
  if (type.kind === 'map') {
    if (value.kind !== 'object' && value.kind !== 'array') found.push(`${place}: no map`)
    return
  }
  if (!fits(value, type)) found.push(`${place}: ${value.kind} in ${type.kind} ${type.logical ?? ''}`)
}

function readStruct(value: JsonNode, schema: JsonNode, place: string, found: string[]): void {
  if (value.kind !== 'object') {
    found.push(`${place}: no object`)
    return
  }
  const fields = fieldsOf(schema)
  const names = new Set(fields.map(({ name }) => name))
  for (const { name } of value.members) if (!names.has(name)) found.push(`${place}.${name}: not in the schema`)
  for (const field of fields) {
    const member = memberOf(value as ObjectNode, field.name)
    // A member that is missing is read as null.
    read(member ?? { kind: 'null', text: 'null', before: '', after: '' }, field.node, `${place}.${field.name}`, found)
  }
}

const bits: Partial<Record<ColumnType['kind'], bigint>> = { int8: 8n, int16: 16n, int32: 32n, int64: 64n }

function fits(value: JsonNode, { kind, logical, parameters }: ColumnType): boolean {
  if (kind === 'boolean') return value.kind === 'boolean'
  if (kind === 'float' || kind === 'double')
    return value.kind === 'number' || (value.kind === 'string' && /^"(?:NaN|-?Infinity)"$/.test(value.text))
  if (kind === 'string')
    return value.kind === 'string' && fitsLogical(JSON.parse(value.text) as string, logical, parameters)
  if (kind === 'bytes') {
    if (value.kind === 'number') return logical === 'org.apache.kafka.connect.data.Decimal'
    if (value.kind !== 'string') return false
    const text = JSON.parse(value.text) as string
    return Buffer.from(text, 'base64').toString('base64') === text
  }
  const size = bits[kind]
  if (size === undefined || value.kind !== 'number' || !/^-?\d+$/.test(value.text)) return false
  return BigInt.asIntN(Number(size), BigInt(value.text)) === BigInt(value.text)
}

/** The sink binds these by their names, so their text must be one. */
function fitsLogical(text: string, logical: string | null, parameters: ReadonlyMap<string, string>): boolean {
  switch (logical) {
    case 'io.debezium.data.Enum':
      // Connect holds nobody to the list, and a column that is computed has none: labels are data.
      return parameters.get('allowed')?.split(',').includes(text) ?? true
    case 'io.debezium.data.Json':
      return readJson(Buffer.from(text)).faults.length === 0
    case 'io.debezium.data.Uuid':
      return /^[0-9a-f-]{36}$/.test(text)
    case 'io.debezium.time.ZonedTimestamp':
      return !Number.isNaN(Date.parse(text))
    default:
      return true
  }
}
