import { PoliciesRefused, ScrimError } from '../errors.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import { lineProblem, type OutcomeLine, type RecordLine } from '../pipeline/record-line.ts'
import { compileSet } from '../policy/compile-set.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { readDocuments } from '../policy/read-documents.ts'
import type { CallTrail } from './ports/audit.ts'
import type { PolicyVersion } from './ports/policies.ts'

export interface TransformCallsOptions {
  readonly policies: { readonly inForce: () => PolicyVersion | null }
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly transform: (records: readonly RecordLine[], plan: Plan) => OutcomeLine[]
  readonly calls: CallTrail
  readonly now?: () => number
}

export interface TransformCall {
  /** As parsed; checked here. */
  readonly records: readonly unknown[]
  /** Policies to use in place of those in force; null: those in force. */
  readonly policies: unknown
  readonly caller: string
  readonly requestId: string
}

export interface TransformCalls {
  readonly run: (
    call: TransformCall,
  ) => Promise<{ readonly policyVersion: number; readonly outcomes: readonly OutcomeLine[] }>
}

const MAX_RECORDS = 1000
/** A plan remembers each topic and schema it has seen; what callers make up is forgotten after so many calls. */
const CALLS_PER_PLAN = 200

/** Masks records that a caller sends. An oracle on low-entropy values: each call leaves a row before it is answered. */
export function createTransformCalls({
  policies,
  keys,
  settings,
  transform,
  calls,
  now = Date.now,
}: TransformCallsOptions): TransformCalls {
  let scratch: { readonly plan: Plan; readonly version: PolicyVersion; uses: number } | null = null

  const compile = (documents: readonly PolicyDocument[], version: number): Plan => {
    const { plan, problems } = compileSet(documents, { keys, settings, version, now: now() })
    if (plan === null) throw new PoliciesRefused(problems)
    return plan
  }

  /** Never the plan of the stream: its caches would fill with topics and schemas that callers invent. */
  function planInForce(): Plan {
    const version = policies.inForce()
    if (version === null) throw new ScrimError('POLICY_NOT_LOADED')
    const isOver = scratch !== null && scratch.plan.nextChange !== null && scratch.plan.nextChange <= now()
    if (scratch === null || isOver || scratch.version !== version || scratch.uses >= CALLS_PER_PLAN) {
      scratch = { plan: compile(version.documents, version.version), version, uses: 0 }
    }
    scratch.uses++
    return scratch.plan
  }

  function planOf(json: unknown): Plan {
    const { documents, problems } = readDocuments(json, 'policies')
    if (problems.length > 0) throw new PoliciesRefused(problems)
    return compile(documents, 0)
  }

  return {
    run: async ({ records, policies: own, caller, requestId }) => {
      if (records.length > MAX_RECORDS)
        throw new ScrimError('REQUEST_TOO_LARGE', { path: `more than ${MAX_RECORDS} records` })
      records.forEach((record, index) => {
        const problem = lineProblem(record)
        if (problem !== null) throw new ScrimError('REQUEST_INVALID', { path: `records[${index}]: ${problem}` })
      })
      const plan = own === null ? planInForce() : planOf(own)
      const outcomes = transform(records as readonly RecordLine[], plan)
      const count = (kind: OutcomeLine['outcome']): number => outcomes.filter(({ outcome }) => outcome === kind).length
      const facts = {
        records: records.length,
        publish: count('publish'),
        drop: count('drop'),
        reject: count('reject'),
        ownPolicies: own !== null,
      }
      await calls.write({ call: 'transform', caller, requestId, policyVersion: plan.version, facts })
      return { policyVersion: plan.version, outcomes }
    },
  }
}
