import pg from 'pg'
import { ScrimError } from '../../errors.ts'
import type { Query } from './pool.ts'

/** All that the service role may do. What is not here it may not: no DDL, no change of what is written once. */
const grants: readonly (readonly [object: string, rights: string])[] = [
  ['table scrim_migrations', 'select'],
  ['table cdc_audit_log', 'select, insert'],
  ['table cdc_audit_seal', 'select, insert'],
  ['sequence cdc_audit_seal_id', 'usage'],
  ['table cdc_audit_effective', 'select'],
  ['function scrim_audit_partition(timestamptz)', 'execute'],
  ['function scrim_audit_head()', 'execute'],
  [
    'table cdc_conflict_resolution',
    'select, insert, update (resolved_by, resolved_at, resolution_action, resolution_notes)',
  ],
  ['table scrim_policy_version', 'select, insert'],
  ['table scrim_policy_pin', 'select, insert'],
  [
    'table scrim_dead_letter',
    'select, insert, update (state, attempts, next_attempt_at, letter_partition, letter_offset, letter_bytes, code, path, policy_version, record_id, parked_by, key_id, bucket)',
  ],
  ['table scrim_letter_request', 'select, insert, update (taken_until, done_at, result)'],
  ['table scrim_partition_claim', 'select, insert, update (number)'],
  ['table scrim_call', 'select, insert'],
  ['table scrim_ranger_audit', 'select, insert'],
  ['table scrim_seen_schema', 'select, insert, update (last_seen_at)'],
  [
    'table scrim_published_key',
    'select, insert, update (forgotten_at, forgotten_by, forgotten_approver, forgotten_reason)',
  ],
  ['table scrim_policy_proposal', 'select, insert, update (state, closed_at, closed_by, closed_reason, version)'],
  ['table scrim_instance', 'select, insert, update, delete'],
]

/** Gives the role these rights, and takes any other it had on these objects. */
export async function grantService(query: Query, role: string): Promise<void> {
  const [found] = await query<{ is_there: boolean; is_owner: boolean; schema: string }>(
    {
      text: `select exists (select from pg_roles where rolname = $1) as is_there, current_user = $1 as is_owner,
        current_schema() as schema`,
    },
    [role],
  )
  if (!found?.is_there) throw new ScrimError('POSTGRES_NOT_AUTHORISED', { path: 'service role' })
  // An owner's rights come with the tables; taking them away would only lock out the next migration.
  if (found.is_owner) return
  const to = pg.escapeIdentifier(role)
  const statements = grants.flatMap(([object, rights]) => [
    `revoke all on ${object} from ${to}`,
    `grant ${rights} on ${object} to ${to}`,
  ])
  await query({
    text: [`grant usage on schema ${pg.escapeIdentifier(found.schema)} to ${to}`, ...statements].join(';\n'),
  })
}
