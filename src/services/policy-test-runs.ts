import type { KeyRing, PlanSettings } from '../pipeline/plan.ts'
import { type Compiled, compilePolicies } from '../policy/compile.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { hasTests, runPolicyTests, type TestResult } from '../policy/run-tests.ts'
import { createDeadline } from './deadline.ts'
import type { PolicyVersion } from './ports/policies.ts'

/** All tests of a set together. */
const LIMIT_MS = 5_000

/**
 * Runs the tests of a set, over a plan that is made for them alone: they would fill the caches of one that is in use.
 * None where the set cannot be compiled.
 */
export function testsOf(
  documents: readonly PolicyDocument[],
  compile: (documents: readonly PolicyDocument[], version: number) => Compiled,
): readonly TestResult[] {
  if (!hasTests(documents)) return []
  const { plan } = compile(documents, 0)
  if (plan === null) return []
  const deadline = createDeadline(LIMIT_MS)
  deadline.start()
  return runPolicyTests(documents, plan, { isLate: () => deadline.leftMs() === 0 })
}

export interface PolicyTestCallsOptions {
  readonly policies: { readonly inForce: () => PolicyVersion | null }
  readonly keys: KeyRing
  readonly settings: PlanSettings
}

/** Runs the stored tests of one policy against the set in force; null where there is no such policy. */
export function createPolicyTestCalls({
  policies,
  keys,
  settings,
}: PolicyTestCallsOptions): (name: string) => readonly TestResult[] | null {
  return name => {
    const documents = policies.inForce()?.documents ?? []
    if (!documents.some(document => document.name === name)) return null
    // The others have a say in what comes of a row, and their tests are not asked for.
    const asked = documents.filter(document => document.name === name)
    const deadline = createDeadline(LIMIT_MS)
    const { plan } = compilePolicies(documents, { keys, settings, version: 0 })
    deadline.start()
    return plan === null ? [] : runPolicyTests(asked, plan, { isLate: () => deadline.leftMs() === 0 })
  }
}
