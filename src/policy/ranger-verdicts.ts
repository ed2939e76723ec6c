import { drop } from '../pipeline/mask/types/drop.ts'
import type { FoundRule } from './rule-strength.ts'

/** The readers may not see the column, so it leaves the view. */
export const taken = (service: string): FoundRule => ({
  rule: { maskType: drop, params: {}, custom: null, policy: service, path: 'access policies' },
  priority: Number.POSITIVE_INFINITY,
  isLiteral: false,
})

/** Whether a policy applies cannot be told, as where an attribute has no value: the topic waits. */
export const undecided = (service: string, faults: readonly string[]): FoundRule => ({
  rule: {
    maskType: {
      ...drop,
      effect: 'rewrite',
      typeless: true,
      bind: () => ({ code: 'POLICY_CONDITION', detail: faults.join(', ') }),
    },
    params: {},
    custom: null,
    policy: service,
    path: 'conditions',
  },
  priority: Number.POSITIVE_INFINITY,
  isLiteral: false,
})
