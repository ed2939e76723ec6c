import type { RandomService } from './random-service.ts'
import type { OracleAnswer } from './ranger-oracle.ts'

export interface Asked {
  readonly document: RandomService
  readonly policyType: 0 | 1 | 2
  readonly test: { readonly request: { readonly accessType?: unknown } }
  readonly ours: OracleAnswer
  readonly rangers: OracleAnswer
  /** Do both agree once the policies are gone that neither answer is from? */
  readonly agreesWithout: () => Promise<boolean>
}

/** Where we do otherwise than Ranger on purpose, even in its own order. */
const differences: readonly {
  readonly reason: string
  readonly applies: (asked: Asked) => boolean | Promise<boolean>
}[] = [
  {
    reason: 'Ranger throws',
    applies: ({ rangers }) => 'error' in rangers,
  },
  {
    reason: 'whether it is audited, where alternatives of the resources end at another level than they do',
    applies: ({ document, policyType, ours, rangers }) =>
      policyType === 0 && ours.isAllowed === rangers.isAllowed && document.policies.some(hasOtherLevels),
  },
  {
    reason: 'whether any access at all is allowed, where tags or priorities decide over single types (RANGER-5797)',
    applies: ({ document, policyType, ours, rangers, test }) =>
      policyType === 0 &&
      test.request.accessType === '' &&
      (document.tagPolicyInfo !== undefined || document.policies.some(one => one.policyPriority === 1)) &&
      ours.isAllowed !== rangers.isAllowed,
  },
  {
    // Its index of values lets a policy in or out by what else is in it. A decision must not hang on strangers.
    reason: "Ranger's answer changes by policies that say nothing of the question",
    applies: ({ agreesWithout }) => agreesWithout(),
  },
]

function hasOtherLevels({ resources = {}, additionalResources = [] }: RandomService['policies'][number]): boolean {
  const levels = (set: object): string => Object.keys(set).join()
  return (additionalResources as readonly object[]).some(set => levels(set) !== levels(resources as object))
}

/** The reason of a difference that is meant; null where none is. */
export async function knownDifference(asked: Asked): Promise<string | null> {
  for (const { reason, applies } of differences) if (await applies(asked)) return reason
  return null
}
