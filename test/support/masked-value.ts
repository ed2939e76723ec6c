import { compile, transform } from '../../src/engine.ts'
import type { ColumnType } from '../../src/pipeline/schema.ts'
import { exampleKey } from './agreement.ts'
import { aKey, envelopeSchema, type Field } from './schema-records.ts'

/** What the whole engine makes of one value: the literal that goes out, or why none does. */
export type Masked =
  | { readonly kind: 'published'; readonly literal: string }
  | { readonly kind: 'refused at load' | 'rejected'; readonly code: string }

const topic = 'raw.conformance'

/** Compiles a policy that masks the one column `v` and masks one record with it, schema blocks and all. */
export function maskThroughEngine(
  condition: Readonly<Record<string, unknown>>,
  { kind, logical, optional, parameters }: ColumnType,
  literal: string,
): Masked {
  const logicalName = logical === null ? {} : { logical }
  const column = { name: 'v', type: kind, optional, parameters: Object.fromEntries(parameters), ...logicalName }
  const id = { name: 'id', type: 'int64', optional: false }
  const maskingConditions = [
    { field: 'id', maskType: 'none' },
    { ...condition, field: 'v' },
  ]
  const { plan, problems } = compile(
    [
      { name: 'the columns', tableSchema: { topic, columns: [id, column] } },
      { name: 'the masks', resources: { topic }, maskingPolicy: { maskingConditions } },
    ],
    { keys: { default: exampleKey } },
  )
  if (plan === null) return { kind: 'refused at load', code: problems[0]?.code ?? 'no problem told' }
  const named = logical === null ? {} : { name: logical, version: 1 }
  const field: Field = { field: 'v', type: kind, optional, parameters: column.parameters, ...named }
  const key = JSON.stringify({
    schema: { type: 'struct', fields: [aKey()], optional: false, name: 'Key' },
    payload: { id: 1 },
  })
  const schema = JSON.stringify(envelopeSchema(topic, [aKey(), field]))
  const value = `{"schema":${schema},"payload":{"before":null,"after":{"id":1,"v":${literal}},"source":{"table":"t"},"op":"c"}}`
  const [outcome] = transform([{ topic, key: base64(key), value: base64(value) }], plan)
  if (outcome?.outcome !== 'publish')
    return { kind: 'rejected', code: outcome?.outcome === 'reject' ? outcome.code : 'no outcome' }
  const masked = Buffer.from(outcome.record.value ?? '', 'base64').toString()
  // Behind the schema block, whose fields may be named the same.
  const after = masked.slice(masked.indexOf('"payload":'))
  const from = after.indexOf(',"v":') + ',"v":'.length
  return { kind: 'published', literal: after.slice(from, after.lastIndexOf('},"source":')) }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')
