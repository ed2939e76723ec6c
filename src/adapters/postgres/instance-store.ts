import type { InstanceStore, SeenInstance } from '../../services/ports/instances.ts'
import { PIN } from './policy-store.ts'
import type { Database } from './pool.ts'

/** Which instance runs which version. All times are those of the database. */
export function createInstanceStore({ database }: { readonly database: Database }): InstanceStore {
  return {
    beat: async ({ id, clientId, host, startedAt, version, loadedFrom, code }, keepMs) => {
      await database.query(beat, [id, clientId, host, startedAt, version, loadedFrom, code, keepMs])
    },
    leave: async id => {
      await database.query({ text: 'delete from scrim_instance where id = $1' }, [id])
    },
    all: async () => {
      const rows = await database.query<SeenInstance & { readonly current: number | null }>(all)
      const [first] = rows.length > 0 ? rows : await database.query<{ current: number | null }>(current)
      const instances = rows.map(({ current: _current, ...one }) => one)
      return { current: first?.current ?? null, instances }
    },
  }
}

const beat = {
  name: 'instance-beat',
  text: `with gone as (delete from scrim_instance where last_seen_at < now() - $8 * interval '1 millisecond' and id <> $1)
    insert into scrim_instance as known (id, client_id, host, started_at, version, loaded_from, code, since)
    values ($1, $2, $3, $4, $5::integer, $6, $7, case when $5::integer is null then null else now() end)
    on conflict (id) do update set version = excluded.version, loaded_from = excluded.loaded_from, code = excluded.code,
      since = case when known.version = excluded.version then known.since else excluded.since end, last_seen_at = now()`,
}

const CURRENT = `coalesce((${PIN}), (select max(version) from scrim_policy_version))`
const current = { name: 'instance-current', text: `select ${CURRENT} as current` }
const all = {
  name: 'instances',
  text: `select id, client_id as "clientId", host, started_at as "startedAt", version, loaded_from as "loadedFrom", code,
      since, last_seen_at as "lastSeenAt",
      greatest(0, extract(epoch from now() - last_seen_at) * 1000)::float8 as "silentMs", ${CURRENT} as current
    from scrim_instance order by host, started_at, id`,
}
