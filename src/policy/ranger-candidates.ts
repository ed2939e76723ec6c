import type { ColumnRule } from '../pipeline/plan.ts'
import type { Candidate, Verdict } from './candidates.ts'
import type { PolicyDocument } from './document.ts'
import { readRangerServices } from './ranger-services.ts'
import { createServiceRules } from './ranger-topic.ts'
import type { TraceReason } from './ranger/trace.ts'
import type { Profile } from './view.ts'

/** What the policies of Ranger's services say of a column of the topic, and why each of them does or does not decide. */
export function rangerCandidates(
  documents: readonly PolicyDocument[],
  topic: string,
  profile: Profile,
  now: number,
): {
  readonly of: (column: string, winner: ColumnRule | null) => readonly Candidate[]
  readonly policies: readonly { readonly name: string; readonly priority: number }[]
} {
  const services = readRangerServices(documents).services.flatMap(service => {
    // Which key a mask takes changes nothing of who decides.
    const of = createServiceRules(service, { get: () => undefined }).of(topic, profile, now)
    return of === null ? [] : [of]
  })
  const policies = services.flatMap(service => service.policies)
  const of = (column: string, winner: ColumnRule | null): readonly Candidate[] =>
    services.flatMap(({ trace }) =>
      trace(column).flatMap(({ policy, item, mask, reason, by }): Candidate[] => {
        const path = item === null ? '' : `dataMaskPolicyItems[${item}].dataMaskInfo`
        const isWinner = winner !== null && winner.policy === policy && winner.path === path
        const verdict = isWinner ? 'applies' : verdictOf(reason, winner)
        if (verdict === null) return []
        const detail =
          verdict === 'applies' ? null : (by ?? (winner === null ? null : `${winner.policy} ${winner.path}`))
        return [{ policy, path, selector: null, mask: mask ?? 'none of its items', params: {}, verdict, detail }]
      }),
    )
  return { of, policies }
}

/** Null: the policy is about something else. */
function verdictOf(reason: TraceReason, winner: ColumnRule | null): Verdict | null {
  switch (reason) {
    case 'disabled':
      return 'disabled'
    case 'not valid now':
      return 'not-valid-now'
    case 'policy condition':
    case 'item condition':
      return 'condition'
    case 'access type':
      return 'access-type'
    case 'principal':
      return 'other-readers'
    case 'applied':
    case 'outranked':
      return winner?.maskType.effect === 'keep' ? 'outranked-by-order' : 'outranked-by-hiding'
    default:
      return null
  }
}
