import type { ErrorCode, Problem } from '../errors.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import { type Compiled, compilePolicies } from '../policy/compile.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { readDocuments } from '../policy/read-documents.ts'
import { classOf } from './follow.ts'
import type { PlanHolder } from './mask-stream.ts'
import type { Log } from './ports/log.ts'
import type { PolicyCache, PolicyVersion } from './ports/policies.ts'

export interface PoliciesStatus {
  readonly version: number | null
  readonly loadedFrom: 'store' | 'cache' | null
  /** Why the plan in force is missing or not what the store says; null if all is well. */
  readonly code: ErrorCode | null
  /** What is wrong with the policy files; the set in force is not touched by it. */
  readonly files: { readonly code: ErrorCode; readonly problems: readonly Problem[] } | null
}

export interface PlanInForceOptions {
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly cache: PolicyCache | null
  readonly metrics: { readonly policyVersion: (version: number) => void }
  readonly log: Log
}

/** The one plan that batches see, with the version it was made of. Swapped whole. */
export interface PlanInForce extends PlanHolder {
  /** Null until the first is loaded. */
  readonly version: () => PolicyVersion | null
  readonly status: () => PoliciesStatus
  readonly note: (change: Partial<PoliciesStatus>) => void
  readonly compile: (documents: readonly PolicyDocument[], version: number) => Compiled
  /** Puts a plan in force that was compiled from this stored version, and keeps it as last known good. */
  readonly swap: (version: PolicyVersion, plan: Plan) => Promise<void>
  /** Puts a stored version in force. One that cannot be compiled here leaves the old plan and is told on readiness. */
  readonly adopt: (version: PolicyVersion) => Promise<void>
  /** Calls the listeners although nothing was swapped: what is held is looked at again. */
  readonly announce: () => void
  /** The last known good, while the store is away. */
  readonly adoptCached: () => Promise<void>
}

export function createPlanInForce({ keys, settings, cache, metrics, log }: PlanInForceOptions): PlanInForce {
  const listeners: (() => void)[] = []
  let held: { readonly version: PolicyVersion; readonly plan: Plan } | null = null
  let status: PoliciesStatus = { version: null, loadedFrom: null, code: 'POSTGRES_UNAVAILABLE', files: null }

  const compile = (documents: readonly PolicyDocument[], version: number): Compiled =>
    compilePolicies(documents, { keys, settings, version })

  function announce(): void {
    for (const listener of listeners) listener()
  }

  function put(version: PolicyVersion, plan: Plan, loadedFrom: 'store' | 'cache'): void {
    held = { version, plan }
    status = { ...status, version: version.version, loadedFrom, code: null }
    metrics.policyVersion(version.version)
    const { author, origin, documents } = version
    log.info({ version: version.version, author, origin, documents: documents.length, loadedFrom }, 'policies in force')
    announce()
  }

  async function remember(version: PolicyVersion): Promise<void> {
    try {
      await cache?.save(version)
    } catch (error) {
      log.warn({ error: classOf(error) }, 'the last-known-good policies could not be kept')
    }
  }

  /** The plan of a stored version; null, and told, where there is none. */
  function planOf(version: PolicyVersion): Plan | null {
    const { documents, problems } = readDocuments(version.documents, 'policies')
    const compiled = problems.length > 0 ? { plan: null, problems } : compile(documents, version.version)
    if (compiled.plan === null) {
      status = { ...status, code: 'POLICY_REFUSED' }
      logProblems(log, compiled.problems, 'the stored policies cannot be put in force here')
    }
    return compiled.plan
  }

  return {
    current: () => held?.plan ?? null,
    version: () => held?.version ?? null,
    onChange: listener => void listeners.push(listener),
    status: () => status,
    note: change => {
      status = { ...status, ...change }
    },
    compile,
    swap: (version, plan) => {
      put(version, plan, 'store')
      return remember(version)
    },
    adopt: async version => {
      // A cached set is read again from the store even under the same number: the database may be another.
      if (version.version === held?.version.version && status.loadedFrom === 'store') {
        status = { ...status, code: null }
        return
      }
      const plan = planOf(version)
      if (plan === null) return
      put(version, plan, 'store')
      await remember(version)
    },
    announce,
    adoptCached: async () => {
      const version = (await cache?.load()) ?? null
      const plan = version === null ? null : planOf(version)
      if (version !== null && plan !== null) put(version, plan, 'cache')
    },
  }
}

/** Codes and places of what stands against a set. */
export function logProblems(log: Log, problems: readonly Problem[], message: string): void {
  for (const { code, where, severity } of problems.slice(0, MAX_LOGGED)) {
    if (severity === 'error') log.error({ code, policy: where.policy, path: where.path }, message)
  }
}

const MAX_LOGGED = 20
