import { PoliciesRefused, type Problem, type ScrimError } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { diffDocuments } from '../policy/json-patch.ts'
import { testProblems } from '../policy/run-tests.ts'
import type { PlanInForce } from './plan-in-force.ts'
import { topicsLeft } from './policy-changes.ts'
import { testsOf } from './policy-test-runs.ts'
import type { PolicyVersion } from './ports/policies.ts'
import type { PublishedKeys } from './published-keys.ts'

/** A candidate set, looked at whole. */
export interface Examined {
  /** Null where it does not compile. */
  readonly plan: Plan | null
  /** All that was found; an error among them refuses the candidate. */
  readonly problems: readonly Problem[]
  /** Those of them that say that key columns go out otherwise than they were published. */
  readonly changedKeys: readonly Problem[]
  /** JSON Patch from what stands to the candidate. */
  readonly patch: readonly unknown[]
}

/** Looks at what may come; changes nothing. */
export interface Examination {
  /** What the set would be on top of `base`, and what stands against it. */
  readonly ofSet: (base: PolicyVersion | null, documents: readonly PolicyDocument[]) => Promise<Examined>
  /**
   * The same of a stored version that shall be pinned: one that this release cannot run would leave all instances with
   * what they have, and the next start with nothing.
   */
  readonly ofVersion: (version: PolicyVersion) => Promise<Examined>
}

export interface ExaminationOptions {
  readonly inForce: Pick<PlanInForce, 'compile' | 'current'>
  readonly publishedKeys?: Pick<PublishedKeys, 'check'>
  /** What else stands against a candidate; `inForce` is null at first. */
  readonly check?: (candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>
}

export function createExamination({ inForce, publishedKeys, check }: ExaminationOptions): Examination {
  const keysChangedBy = async (candidate: Plan): Promise<readonly Problem[]> =>
    (await publishedKeys?.check(candidate, inForce.current())) ?? []
  return {
    ofSet: async (base, documents) => {
      const before = base?.documents ?? []
      const patch = diffDocuments(before, documents)
      const { plan, problems } = inForce.compile(documents, (base?.version ?? 0) + 1)
      if (plan === null) return { plan, problems, changedKeys: [], patch }
      const changedKeys = await keysChangedBy(plan)
      const failed = testProblems(await testsOf(documents, inForce.compile))
      const found = [...problems, ...failed, ...((await check?.(plan, inForce.current())) ?? []), ...changedKeys]
      const left = found.some(isError) ? [] : topicsLeft(before, documents, plan)
      return { plan, problems: [...found, ...left], changedKeys, patch }
    },
    ofVersion: async ({ documents, version }) => {
      const { plan, problems } = inForce.compile(documents, version)
      const changedKeys = plan === null ? [] : await keysChangedBy(plan)
      return { plan, problems: [...problems, ...changedKeys], changedKeys, patch: [] }
    },
  }
}

const isError = ({ severity }: Problem): boolean => severity === 'error'

/** What was examined, with its plan; throws where something stands against it. */
export function taken({ plan, ...rest }: Examined): Examined & { readonly plan: Plan } {
  if (plan === null || rest.problems.some(isError)) throw new PoliciesRefused(rest.problems)
  return { plan, ...rest }
}

/** What a set was refused for, where that is nothing but key columns that would go out otherwise. */
export function changedKeysAlone(error: ScrimError): readonly Problem[] | null {
  const problems = error instanceof PoliciesRefused ? error.problems : []
  const errors = problems.filter(({ severity }) => severity === 'error')
  return errors.length > 0 && errors.every(({ code }) => code === 'POLICY_KEY_CHANGED') ? errors : null
}
