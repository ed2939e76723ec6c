import { PoliciesRefused, type Problem, ScrimError } from '../errors.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import { compileSet } from '../policy/compile-set.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { testProblems } from '../policy/run-tests.ts'
import { dryRun } from './dry-run.ts'
import type { DryRunReport } from './dry-run-report.ts'
import { patchSet, putDocument, replaceSet } from './policy-changes.ts'
import { testsOf } from './policy-test-runs.ts'
import type { CallTrail } from './ports/audit.ts'
import type { RawTail } from './ports/dry-run.ts'
import type { PolicyVersion } from './ports/policies.ts'

export interface DryRunCallsOptions {
  readonly policies: {
    readonly inForce: () => PolicyVersion | null
    readonly current: () => Plan | null
    readonly get: (version: number) => Promise<PolicyVersion | null>
  }
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly tail: RawTail
  readonly calls: CallTrail
  /** What else stands against a candidate, such as keys that were published. */
  readonly check?: (candidate: Plan, inForce: Plan | null) => Promise<readonly Problem[]>
  readonly now?: () => number
}

/** What is tried instead of the set in force. */
export type DryRunCandidate =
  | { readonly kind: 'set'; readonly policies: unknown }
  | { readonly kind: 'document'; readonly name: string; readonly policy: unknown }
  | { readonly kind: 'patch'; readonly patch: unknown }
  | { readonly kind: 'version'; readonly version: number }

export interface DryRunCall {
  readonly candidate: DryRunCandidate
  readonly topics: readonly string[] | null
  readonly views: readonly string[] | null
  readonly records: number
  readonly timeLimitMs: number
  readonly caller: string
  readonly requestId: string
  /** Aborts when nobody waits for the answer any more. */
  readonly signal: AbortSignal
}

export interface DryRunCalls {
  readonly run: (call: DryRunCall) => Promise<DryRunReport>
}

/** The stream beside it has at least half of the time. */
const REST = 1

/** Dry runs beside the stream: one at a time, with rests. Tells of values no more than kind and length, and leaves a row all the same. */
export function createDryRunCalls(options: DryRunCallsOptions): DryRunCalls {
  const { policies, keys, settings, tail, calls, check = async () => [], now = Date.now } = options
  let isUnderWay = false

  const compile = (documents: readonly PolicyDocument[], version: number): ReturnType<typeof compileSet> =>
    compileSet(documents, { keys, settings, version, now: now() })

  async function documentsOf(candidate: DryRunCandidate, current: PolicyVersion): Promise<readonly PolicyDocument[]> {
    switch (candidate.kind) {
      case 'set':
        return replaceSet(candidate.policies)(current.documents)
      case 'document':
        return putDocument(candidate.name, candidate.policy)(current.documents)
      case 'patch':
        return patchSet(candidate.patch)(current.documents)
      case 'version': {
        const stored = await policies.get(candidate.version)
        if (stored === null) throw new ScrimError('REQUEST_NOT_FOUND', { path: `version ${candidate.version}` })
        return stored.documents
      }
    }
  }

  async function run(call: DryRunCall): Promise<DryRunReport> {
    const inForce = policies.inForce()
    if (inForce === null) throw new ScrimError('POLICY_NOT_LOADED')
    const documents = await documentsOf(call.candidate, inForce)
    const current = planOf(compile(inForce.documents, inForce.version))
    const compiled = compile(documents, 0)
    const candidate = planOf(compiled)
    const report = await dryRun({
      current: { name: `version ${inForce.version}`, documents: inForce.documents, plan: current },
      candidate: { name: nameOf(call.candidate), documents, plan: candidate },
      tail,
      topics: call.topics,
      views: call.views,
      records: call.records,
      timeLimitMs: call.timeLimitMs,
      rest: REST,
      signal: call.signal,
      problems: [
        ...compiled.problems,
        ...testProblems(await testsOf(documents, compile)),
        ...(await check(candidate, policies.current())),
      ],
    })
    const { topics, findings } = report
    const facts = {
      candidate: nameOf(call.candidate),
      topics: topics.length,
      records: topics.reduce((sum, { records }) => sum + records, 0),
      newlyClear: findings['newly-clear'],
      rejected: findings.rejected,
      isComplete: report.isComplete,
    }
    const { caller, requestId } = call
    await calls.write({ call: 'dry-run', caller, requestId, policyVersion: inForce.version, facts })
    return report
  }

  return {
    run: async call => {
      if (isUnderWay) throw new ScrimError('REQUEST_RATE', { path: 'another dry run is under way' })
      isUnderWay = true
      try {
        return await run(call)
      } finally {
        isUnderWay = false
      }
    },
  }
}

function planOf({ plan, problems }: ReturnType<typeof compileSet>): Plan {
  if (plan === null) throw new PoliciesRefused(problems)
  return plan
}

const nameOf = (candidate: DryRunCandidate): string =>
  candidate.kind === 'version' ? `version ${candidate.version}` : `request, ${candidate.kind}`
