import type { CallTrail } from '../../services/ports/audit.ts'
import type { Database } from './pool.ts'

/** Who called what: a row for each call, durable before the call is answered. */
export function createCallTrail({ database }: { readonly database: Database }): CallTrail {
  return {
    write: async ({ call, caller, requestId, policyVersion, facts }) => {
      await database.query(
        {
          text: 'insert into scrim_call (call, caller, request_id, policy_version, facts) values ($1, $2, $3, $4, $5)',
        },
        [call, caller, requestId, policyVersion, JSON.stringify(facts)],
      )
    },
  }
}
