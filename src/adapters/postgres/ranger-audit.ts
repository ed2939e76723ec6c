import type { RangerAuditSink } from '../../services/ports/ranger-audit.ts'
import type { Database } from './pool.ts'

/** Audit events in Ranger's form, in a table; an event that is there already changes nothing. */
export function createRangerAuditTable({ database }: { readonly database: Database }): RangerAuditSink {
  return {
    write: async events => {
      await database.query(
        {
          name: 'scrim-ranger-audit-insert',
          text: `insert into scrim_ranger_audit (id, "at", event)
            select (event ->> 'id')::uuid, ((event ->> 'evtTime') || 'Z')::timestamptz, event
            from jsonb_array_elements($1::jsonb) as event
            on conflict (id) do nothing`,
        },
        // Names of topics and columns: Postgres takes neither NUL nor half of a surrogate pair in them.
        [JSON.stringify(events, (_, value: unknown) => (typeof value === 'string' ? storable(value) : value))],
      )
    },
  }
}

const storable = (text: string): string => text.replaceAll('\u0000', '\ufffd').toWellFormed()
