import { createHash } from 'node:crypto'
import type { SchemaStore, SeenSchema } from '../../services/ports/policies.ts'
import type { Database } from './pool.ts'

/** The schema blocks seen on the raw topics, in Postgres. */
export function createSchemaStore({ database }: { readonly database: Database }): SchemaStore {
  return {
    remember: async (topic, part, bytes) => {
      await database.query(insertSchema, [topic, part, createHash('sha256').update(bytes).digest(), bytes])
    },
    all: () => database.query<SeenSchema>(lastSchemas),
  }
}

// clock_timestamp, so that of two blocks in one transaction the later is the last seen.
const insertSchema = {
  text: `insert into scrim_seen_schema as known (topic, part, digest, bytes, first_seen_at, last_seen_at)
    values ($1, $2, $3, $4, clock_timestamp(), clock_timestamp())
    on conflict (topic, part, digest) do update set last_seen_at = greatest(known.last_seen_at, excluded.last_seen_at)`,
}

const lastSchemas = {
  text: `select distinct on (topic, part) topic, part, bytes, encode(digest, 'hex') as digest,
      first_seen_at as "firstSeenAt", last_seen_at as "lastSeenAt"
    from scrim_seen_schema order by topic, part, last_seen_at desc`,
}
