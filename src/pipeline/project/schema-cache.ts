import { fail } from '../decode/scanner.ts'
import { compileSchema, type SchemaContext, type SchemaPlan } from './schema-plan.ts'

/** Schema blocks of one topic, view and part: each is read once; after that it is recognised by its bytes. */
export interface SchemaCache {
  /** The block that stands at b[start, ...) where one of the known ones does, else null. */
  readonly recognise: (b: Buffer, start: number, end: number) => KnownSchema | null
  /** The plan of the block b[start, end), read now if it is new. */
  readonly learn: (b: Buffer, start: number, end: number) => KnownSchema
  readonly all: () => readonly KnownSchema[]
}

export interface KnownSchema {
  readonly bytes: Buffer
  readonly plan: SchemaPlan
}

/** A table has one block for each version of its DDL. More than this is not evolution but a fault. */
const MAX_SCHEMAS = 256

export function createSchemaCache(context: SchemaContext): SchemaCache {
  const known: KnownSchema[] = []
  // Nearly all records carry the newest block, so it is tried first; others are looked through.
  let last = 0

  const at = (schema: KnownSchema, b: Buffer, start: number, end: number): boolean =>
    start + schema.bytes.length <= end &&
    b.compare(schema.bytes, 0, schema.bytes.length, start, start + schema.bytes.length) === 0

  const recognise = (b: Buffer, start: number, end: number): KnownSchema | null => {
    const newest = known[last]
    if (newest !== undefined && at(newest, b, start, end)) return newest
    for (let i = 0; i < known.length; i++) {
      const schema = known[i] as KnownSchema
      if (at(schema, b, start, end)) {
        last = i
        return schema
      }
    }
    return null
  }

  return {
    recognise,
    learn: (b, start, end) => {
      const found = recognise(b, start, end)
      // A block is an object, and no object is the beginning of another: the same start means the same block.
      if (found !== null && found.bytes.length === end - start) return found
      if (known.length >= MAX_SCHEMAS) return fail('SCHEMA_TOO_MANY', start)
      const bytes = Buffer.from(b.subarray(start, end))
      const schema: KnownSchema = { bytes, plan: compileSchema(bytes, context) }
      last = known.push(schema) - 1
      return schema
    },
    all: () => known,
  }
}
