import type { CompiledPolicy } from './compiled-policy.ts'
import { createMatcherIndex, type MatcherIndex } from './matcher-index.ts'
import { evaluationScore, scoreOrder } from './order.ts'
import type { PolicyType, RangerPolicy } from './policy.ts'
import type { ServiceDef } from './service-def.ts'

/** The policies of one kind of a service, or of one of its zones: by type, in the order in which they are asked. */
export interface Repository {
  readonly byType: Readonly<Record<PolicyType, MatcherIndex<CompiledPolicy>>>
  readonly policies: readonly CompiledPolicy[]
  /** Every policy it was given, disabled ones too. */
  readonly given: readonly RangerPolicy[]
}

export function createRepository(
  given: readonly RangerPolicy[],
  compile: (policy: RangerPolicy) => CompiledPolicy,
  serviceDef: ServiceDef,
): Repository {
  const policies = given.filter(policy => policy.isEnabled).map(compile)
  const scores = new Map(policies.map(policy => [policy, evaluationScore(policy, serviceDef)]))
  const indexOf = (type: PolicyType): MatcherIndex<CompiledPolicy> =>
    createMatcherIndex(policies.filter(({ policy }) => policy.policyType === type).sort(scoreOrder(scores)))
  return {
    byType: { 0: indexOf(0), 1: indexOf(1), 2: indexOf(2) },
    policies,
    given,
  }
}
