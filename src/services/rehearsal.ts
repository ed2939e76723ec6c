import type { Problem } from '../errors.ts'
import type { Plan } from '../pipeline/plan.ts'
import type { TestResult } from '../policy/run-tests.ts'
import { createDryRunCalls, type DryRunCalls, type DryRunCallsOptions } from './dry-run-calls.ts'
import { createExplainCalls, type ExplainCalls, type ExplainCallsOptions } from './explain-calls.ts'
import { createPolicyTestCalls } from './policy-test-runs.ts'

/** What a steward asks before a set goes live: what it would change, why it does what it does, whether its tests pass. */
export interface Rehearsal {
  readonly dryRun: DryRunCalls
  readonly explain: ExplainCalls
  /** Runs the stored tests of a policy of the set in force; null where there is no such policy. */
  readonly tests: (name: string) => Promise<readonly TestResult[] | null>
}

export interface RehearsalOptions
  extends Omit<DryRunCallsOptions, 'check'>,
    Omit<ExplainCallsOptions, 'policies' | 'tail'> {
  /** What else can stand against a candidate: schemas that were met, keys that were published. */
  readonly checks: readonly ((candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>)[]
}

export function createRehearsal(options: RehearsalOptions): Rehearsal {
  const check = async (candidate: Plan, inForce: Plan | null): Promise<readonly Problem[]> => {
    const found: Problem[] = []
    for (const one of options.checks) found.push(...(await one(candidate, inForce)))
    return found
  }
  return {
    dryRun: createDryRunCalls({ ...options, check }),
    explain: createExplainCalls(options),
    tests: createPolicyTestCalls(options),
  }
}
