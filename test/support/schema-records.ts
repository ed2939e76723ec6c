import type { RecordLine } from '../../src/pipeline/record-line.ts'

/** A field as JsonConverter writes it into a schema block. */
export type Field = { readonly field: string; readonly type: string } & Readonly<Record<string, unknown>>

export const aString = (field: string, rest: Readonly<Record<string, unknown>> = {}): Field => ({
  type: 'string',
  optional: true,
  field,
  ...rest,
})
export const aKey = (field = 'id'): Field => ({ type: 'int64', optional: false, field })

/** The schema block of an envelope over these columns. */
export function envelopeSchema(topic: string, fields: readonly Field[]): Record<string, unknown> {
  const row = (field: string) => ({ type: 'struct', fields, optional: true, name: `${topic}.Value`, field })
  const rest = [
    {
      type: 'struct',
      fields: [{ type: 'string', optional: false, field: 'table' }],
      optional: false,
      name: 'source',
      field: 'source',
    },
    { type: 'string', optional: false, field: 'op' },
  ]
  return {
    type: 'struct',
    fields: [row('before'), row('after'), ...rest],
    optional: false,
    name: `${topic}.Envelope`,
    version: 2,
  }
}

/** A create event with schema blocks, keyed by `id` (or the columns of `keys`). */
export function schemaRecord(
  topic: string,
  fields: readonly Field[],
  after: Record<string, unknown>,
  keys: readonly Field[] = [aKey()],
): RecordLine {
  const names = new Set(keys.map(({ field }) => field))
  const key = Object.fromEntries(Object.entries(after).filter(([name]) => names.has(name)))
  return {
    topic,
    key: { schema: { type: 'struct', fields: keys, optional: false, name: `${topic}.Key` }, payload: key },
    value: { schema: envelopeSchema(topic, fields), payload: { before: null, after, source: { table: 't' }, op: 'c' } },
  }
}

/** The same without schema blocks. */
export function schemalessRecord(topic: string, after: Record<string, unknown>): RecordLine {
  return { topic, key: { id: after.id }, value: { before: null, after, source: { table: 't' }, op: 'c' } }
}
