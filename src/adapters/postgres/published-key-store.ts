import type { PublishedKey, PublishedKeyStore } from '../../services/ports/policies.ts'
import { storable } from './policy-store.ts'
import type { Database, Query } from './pool.ts'

/** How key columns have been published, in Postgres. What is forgotten stays as a row that says by whom and why. */
export function createPublishedKeyStore({ database }: { readonly database: Database }): PublishedKeyStore {
  return {
    remember: async keys => {
      const columns = (['topic', 'maskedTopic', 'column', 'mask', 'keyId', 'keyCheck'] as const).map(name =>
        keys.map(key => key[name]),
      )
      await database.query(insertKeys, columns)
    },
    all: () => database.query<PublishedKey>(allKeys),
    topics: async () => (await database.query<{ topic: string }>(allTopics)).map(({ topic }) => topic),
    forget: (maskedTopic, by) => forgetPublishedKeys(database.query, maskedTopic, { ...by, approver: null }),
  }
}

/** On its own or within a transaction; the columns. */
export async function forgetPublishedKeys(
  query: Query,
  maskedTopic: string,
  by: { readonly author: string; readonly approver: string | null; readonly reason: string },
): Promise<readonly string[]> {
  const values = [maskedTopic, storable(by.author), by.approver, storable(by.reason)]
  const rows = await query<{ column: string }>(forgetKeys, values)
  return rows.map(({ column }) => column).sort()
}

// Where all of them are among what was forgotten last, and nothing was learnt since, none is taken.
const insertKeys = {
  text: `with given as (
      select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])
        as given (topic, masked_topic, column_name, mask, key_id, key_check)
    ), gone as (
      select old.* from scrim_published_key old
      where masked_topic in (select masked_topic from given) and not exists (
        select from scrim_published_key later where later.masked_topic = old.masked_topic
          and (later.forgotten_at is null or later.forgotten_at > old.forgotten_at)
      )
    ), learnt as (
      select masked_topic from given where not exists (
        select from gone where gone.masked_topic = given.masked_topic and gone.column_name = given.column_name
          and gone.mask = given.mask and gone.key_check is not distinct from given.key_check
      )
    )
    insert into scrim_published_key (topic, masked_topic, column_name, mask, key_id, key_check)
    select * from given where masked_topic in (select masked_topic from learnt)
    on conflict (masked_topic, column_name) where forgotten_at is null do nothing`,
}

const allKeys = {
  text: `select topic, masked_topic as "maskedTopic", column_name as "column", mask, key_id as "keyId",
      key_check as "keyCheck"
    from scrim_published_key where forgotten_at is null order by masked_topic, column_name`,
}

const allTopics = { text: 'select distinct topic from scrim_published_key' }

const forgetKeys = {
  text: `update scrim_published_key set forgotten_at = now(), forgotten_by = $2, forgotten_approver = $3, forgotten_reason = $4
    where masked_topic = $1 and forgotten_at is null
    returning column_name as "column"`,
}
