import type { Comparison } from './compare-rows.ts'
import { expectedJson, keptColumns, type Table } from './expected.ts'
import type { TopicRecord } from './tail.ts'

/** The members of a Debezium value that the comparison looks into. */
export interface ChangeEvent {
  readonly schema: {
    readonly fields: readonly { readonly field: string; readonly fields?: readonly { readonly field: string }[] }[]
  }
  readonly payload: Image & { readonly before: Image | null; readonly after: Image | null; readonly op: string }
}
type Image = Readonly<Record<string, unknown>>

/**
 * Compares every raw record, masked by the rules, with the masked topic: key, headers, partition, timestamp, all cells of
 * `before` and `after`, all other members, the columns of the schema block. A record that was published twice is no
 * difference; one that is missing, or that no raw record explains, is.
 */
export function compareRecords(raw: readonly TopicRecord[], masked: readonly TopicRecord[], table: Table): Comparison {
  const expected = new Map(raw.map(record => [canonical(record, maskedEvent(eventOf(record), table)), record]))
  const seen = new Set<string>()
  const differences: string[] = []
  let cells = 0
  for (const record of masked) {
    const event = eventOf(record)
    cells += [event?.payload.before, event?.payload.after].reduce(
      (sum, image) => sum + Object.keys(image ?? {}).length,
      0,
    )
    const text = canonical(record, event)
    seen.add(text)
    if (!expected.has(text)) differences.push(`${place(record)} is not the mask of a raw record`)
  }
  for (const [text, record] of expected) if (!seen.has(text)) differences.push(`${place(record)} has no masked record`)
  return { rows: raw.length, cells, differences }
}

/** Null for a tombstone. */
export const eventOf = ({ value }: TopicRecord): ChangeEvent | null =>
  value === null ? null : (JSON.parse(value.toString()) as ChangeEvent)

const place = ({ topic, partition, offset }: TopicRecord): string => `${topic}/${partition}@${offset}`

/** Of a value that the source connector did not find again, its database being away: no sink may store that. */
const NOT_LOOKED_UP = '__debezium_unavailable_value'

function maskedEvent(event: ChangeEvent | null, table: Table): ChangeEvent | null {
  if (event === null) return null
  const kept = new Set(keptColumns(table))
  const mask = ([name, cell]: [string, unknown]) => [name, expectedJson(table.columns[name] ?? 'absent', cell)] as const
  const image = (row: Image | null): Image | null =>
    row &&
    Object.fromEntries(
      Object.entries(row)
        .filter(([name, cell]) => kept.has(name) && cell !== NOT_LOOKED_UP)
        .map(mask),
    )
  const { before, after } = event.payload
  const fields = event.schema.fields.map(field =>
    field.field === 'before' || field.field === 'after'
      ? { ...field, fields: field.fields?.filter(column => kept.has(column.field)) ?? [] }
      : field,
  )
  return {
    schema: { ...event.schema, fields },
    payload: { ...event.payload, before: image(before), after: image(after) },
  }
}

/** Of the schema block only the names of the columns: defaults and comments of masked ones are taken out. */
function canonical({ partition, timestamp, key, headers }: TopicRecord, event: ChangeEvent | null): string {
  const columns = event?.schema.fields.map(({ field, fields }) => [field, fields?.map(column => column.field)])
  return JSON.stringify([partition, timestamp, key?.toString(), headers, columns, event?.payload])
}
