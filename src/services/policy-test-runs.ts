import { setImmediate as nextTurn } from 'node:timers/promises'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import type { Compiled } from '../policy/compile.ts'
import { compileSet } from '../policy/compile-set.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { hasTests, runPolicyTests, type TestResult } from '../policy/run-tests.ts'
import { createDeadline } from './deadline.ts'
import type { PolicyVersion } from './ports/policies.ts'

/** All tests of a set together. */
const LIMIT_MS = 30_000

/**
 * Runs the tests of a set, over a plan that is made for them alone: they would fill the caches of one that is in use.
 * None where the set cannot be compiled.
 */
export async function testsOf(
  documents: readonly PolicyDocument[],
  compile: (documents: readonly PolicyDocument[], version: number) => Compiled,
): Promise<readonly TestResult[]> {
  if (!hasTests(documents)) return []
  const { plan } = compile(documents, 0)
  return plan === null ? [] : runInTurns(documents, plan)
}

/** So much is run before the event loop, and with it the stream, has its turn. */
const TESTS_AT_ONCE = 10

async function runInTurns(documents: readonly PolicyDocument[], plan: Plan): Promise<readonly TestResult[]> {
  const deadline = createDeadline(LIMIT_MS)
  deadline.start()
  const results: TestResult[] = []
  for (const result of runPolicyTests(documents, plan, { isLate: () => deadline.leftMs() === 0 })) {
    if (results.push(result) % TESTS_AT_ONCE === 0) await nextTurn()
  }
  return results
}

export interface PolicyTestCallsOptions {
  readonly policies: { readonly inForce: () => PolicyVersion | null }
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly now?: () => number
}

/** Runs the stored tests of one policy against the set in force; null where there is no such policy. */
export function createPolicyTestCalls({
  policies,
  keys,
  settings,
  now = Date.now,
}: PolicyTestCallsOptions): (name: string) => Promise<readonly TestResult[] | null> {
  return async name => {
    const documents = policies.inForce()?.documents ?? []
    if (!documents.some(document => document.name === name)) return null
    // The others have a say in what comes of a row, and their tests are not asked for.
    const asked = documents.filter(document => document.name === name)
    const { plan } = compileSet(documents, { keys, settings, version: 0, now: now() })
    return plan === null ? [] : runInTurns(asked, plan)
  }
}
