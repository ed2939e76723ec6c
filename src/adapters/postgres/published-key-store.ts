import type { PublishedKey, PublishedKeyStore } from '../../services/ports/policies.ts'
import { storable } from './policy-store.ts'
import type { Database } from './pool.ts'

/** How key columns have been published, in Postgres. What is forgotten stays as a row that says by whom and why. */
export function createPublishedKeyStore({ database }: { readonly database: Database }): PublishedKeyStore {
  return {
    remember: async ({ topic, maskedTopic, column, mask, keyId, keyCheck }) => {
      await database.query(insertKey, [topic, maskedTopic, column, mask, keyId, keyCheck])
    },
    all: () => database.query<PublishedKey>(allKeys),
    forget: async (maskedTopic, { author, reason }) => {
      const rows = await database.query<{ column: string }>(forgetKeys, [
        maskedTopic,
        storable(author),
        storable(reason),
      ])
      return rows.map(({ column }) => column).sort()
    },
  }
}

const insertKey = {
  text: `insert into scrim_published_key (topic, masked_topic, column_name, mask, key_id, key_check)
    values ($1, $2, $3, $4, $5, $6)
    on conflict (masked_topic, column_name) where forgotten_at is null do nothing`,
}

const allKeys = {
  text: `select topic, masked_topic as "maskedTopic", column_name as "column", mask, key_id as "keyId",
      key_check as "keyCheck"
    from scrim_published_key where forgotten_at is null order by masked_topic, column_name`,
}

const forgetKeys = {
  text: `update scrim_published_key set forgotten_at = now(), forgotten_by = $2, forgotten_reason = $3
    where masked_topic = $1 and forgotten_at is null
    returning column_name as "column"`,
}
