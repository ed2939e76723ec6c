import type { PublicationFacts, SlotFacts, SourceFacts, SourceTable } from '../../services/ports/checks.ts'
import type { Database } from './pool.ts'

/** Reads what `scrim check --source` looks at: the catalogue only, never a row of a table. Changes nothing. */
export async function readSourceFacts({ database }: { readonly database: Database }): Promise<SourceFacts> {
  return database.transaction(async query => {
    await query({ text: 'set transaction read only' })
    const [server] = await query<ServerRow>(readServer)
    const slots = await query<SlotFacts>(readSlots)
    const publications = await query<PublicationFacts>(readPublications)
    const tables = await query<SourceTable>(readTables)
    return {
      walLevel: server?.wal_level ?? '',
      isStandby: server?.is_standby ?? false,
      role: { name: server?.role ?? '', mayReplicate: server?.may_replicate ?? false },
      slots: { max: server?.max_slots ?? 0, list: slots },
      senders: { max: server?.max_senders ?? 0, used: server?.senders ?? 0 },
      maxSlotWalKeepMb: server?.max_slot_wal_keep_mb ?? -1,
      publications,
      tables,
    }
  })
}

interface ServerRow {
  readonly wal_level: string
  readonly is_standby: boolean
  readonly role: string
  readonly may_replicate: boolean
  readonly max_slots: number
  readonly max_senders: number
  readonly senders: number
  readonly max_slot_wal_keep_mb: number
}

const readServer = {
  text: `select current_setting('wal_level') as wal_level, pg_is_in_recovery() as is_standby, current_user as role,
      (select rolreplication or rolsuper from pg_roles where rolname = current_user) as may_replicate,
      current_setting('max_replication_slots')::int as max_slots, current_setting('max_wal_senders')::int as max_senders,
      (select count(*)::int from pg_stat_replication) as senders,
      (select setting::int from pg_settings where name = 'max_slot_wal_keep_size') as max_slot_wal_keep_mb`,
}

// wal_status through JSON: it came with version 13, and its absence is no reason to fail.
const readSlots = {
  text: `select slot_name as name, active as "isActive", slot_type = 'logical' as "isLogical",
      to_jsonb(slot) ->> 'wal_status' as "walStatus",
      pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end, restart_lsn)::float8 as "keptBytes"
    from pg_replication_slots slot order by slot_name`,
}

const readPublications = {
  text: `select pubname as name, pubinsert as inserts, pubupdate as updates, pubdelete as deletes,
      coalesce((to_jsonb(publication) ->> 'pubviaroot')::boolean, false) as "viaRoot"
    from pg_publication publication order by pubname`,
}

// A column can be TOASTed where its type has a variable length and its storage is not PLAIN.
const readTables = {
  text: `select n.nspname as schema, c.relname as name, c.relkind = 'p' as "isPartitioned",
      case c.relreplident when 'd' then 'default' when 'f' then 'full' when 'n' then 'nothing' else 'index' end as identity,
      coalesce(keys.columns, '{}') as "keyColumns", coalesce(identities.columns, '{}') as "identityColumns",
      coalesce(columns.list, '[]') as columns,
      has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') as "maySelect",
      array(select distinct p.pubname::text from pg_publication_tables p
        where (p.schemaname = n.nspname and p.tablename = c.relname) or exists (
          select from pg_inherits i join pg_class child on child.oid = i.inhrelid join pg_namespace cn on cn.oid = child.relnamespace
          where i.inhparent = c.oid and p.schemaname = cn.nspname and p.tablename = child.relname)
        order by 1) as publications
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    left join lateral (
      select array_agg(a.attname::text order by a.attnum) as columns from pg_index x
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (x.indkey) where x.indrelid = c.oid and x.indisprimary
    ) keys on true
    left join lateral (
      select array_agg(a.attname::text order by a.attnum) as columns from pg_index x
        join pg_attribute a on a.attrelid = c.oid and a.attnum = any (x.indkey) where x.indrelid = c.oid and x.indisreplident
    ) identities on true
    left join lateral (
      select json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
        'canBeToasted', a.attlen = -1 and a.attstorage <> 'p', 'isGenerated', a.attgenerated <> '') order by a.attnum) as list
      from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    ) columns on true
    where c.relkind in ('r', 'p') and c.relpersistence = 'p' and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'
    order by 1, 2`,
}
