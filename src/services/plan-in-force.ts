import type { ErrorCode, Problem } from '../errors.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import type { Compiled } from '../policy/compile.ts'
import { compileSet } from '../policy/compile-set.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { blockTopics, missingServices } from '../policy/ranger-blocks.ts'
import { readDocuments } from '../policy/read-documents.ts'
import { pause } from './back-off.ts'
import { classOf } from './follow.ts'
import type { PlanHolder } from './mask-stream.ts'
import type { Log } from './ports/log.ts'
import type { PolicyCache, PolicyVersion } from './ports/policies.ts'
import { keyChecks, type PublishedKeys } from './published-keys.ts'

export interface PoliciesStatus {
  readonly version: number | null
  readonly loadedFrom: 'store' | 'cache' | null
  /** Why the plan in force is missing or not what the store says; null if all is well. */
  readonly code: ErrorCode | null
  /** What stands against the stored set, where the code comes of that. */
  readonly problems: readonly Problem[]
  /** What is wrong with the policy files; the set in force is not touched by it. */
  readonly files: FilesStatus | null
}

export interface FilesStatus {
  readonly code: ErrorCode
  readonly problems: readonly Problem[]
  /** The proposal that they are, where a second person has to take them. */
  readonly proposal?: { readonly id: string; readonly filesDigest: string | null }
}

export interface PlanInForceOptions {
  readonly keys: KeyRing
  readonly settings: PlanSettings
  /** Services of a Ranger Admin whose policies have to be there: as long as those of one are not, every topic waits. */
  readonly rangerServices?: readonly string[]
  readonly cache: PolicyCache | null
  readonly metrics: { readonly policyVersion: (version: number) => void }
  /** Left out: nothing is known of keys that were published. */
  readonly publishedKeys?: Pick<PublishedKeys, 'check' | 'assume'>
  readonly log: Log
  readonly now?: () => number
}

/** The one plan that batches see, with the version it was made of. Swapped whole. */
export interface PlanInForce extends PlanHolder {
  /** Null until the first is loaded. */
  readonly version: () => PolicyVersion | null
  readonly status: () => PoliciesStatus
  readonly note: (change: Partial<PoliciesStatus>) => void
  readonly compile: (documents: readonly PolicyDocument[], version: number) => Compiled
  /**
   * Puts a plan in force that was compiled from this stored version, and keeps it as last known good. Key columns that it
   * goes on publishing otherwise than they were first are told on readiness.
   */
  readonly swap: (version: PolicyVersion, plan: Plan, changedKeys: readonly Problem[]) => Promise<void>
  /**
   * Puts a stored version in force. One that cannot be compiled here, or that would publish key columns otherwise than they
   * were, as with other key bytes under the same id, leaves the old plan and is told on readiness. Those that the plan in
   * force publishes so already are told and keep no other change out.
   */
  readonly adopt: (version: PolicyVersion) => Promise<void>
  /** Calls the listeners although nothing was swapped: what is held is looked at again. */
  readonly announce: () => void
  /** The last known good, while the store is away. */
  readonly adoptCached: () => Promise<void>
  /**
   * Makes the plan anew where time alone has changed what its policies say. One that cannot be made, or not be checked,
   * leaves a plan of which nothing goes out: what the old one shows may be over.
   */
  readonly renew: () => Promise<void>
  /** Tells when it is time for that, until the signal. */
  readonly watchClock: (changed: () => void, signal: AbortSignal) => Promise<void>
}

/** A schedule may be set forward by a clock that is set: how long that can stay unnoticed. */
const MOST_IDLE_MS = 1_000

export function createPlanInForce(options: PlanInForceOptions): PlanInForce {
  const { keys, settings, cache, publishedKeys, metrics, log, now = Date.now } = options
  const listeners: (() => void)[] = []
  let held: { readonly version: PolicyVersion; readonly plan: Plan } | null = null
  let status: PoliciesStatus = {
    version: null,
    loadedFrom: null,
    code: 'POSTGRES_UNAVAILABLE',
    problems: [],
    files: null,
  }

  function compile(documents: readonly PolicyDocument[], version: number): Compiled {
    const { plan, problems } = compileSet(documents, { keys, settings, version, now: now() })
    const missing = missingServices(documents, options.rangerServices ?? [])
    return { plan: plan === null ? null : blockTopics(plan, missing), problems }
  }

  const isDue = ({ nextChange }: Plan): boolean => nextChange !== null && nextChange <= now()

  function announce(): void {
    for (const listener of listeners) listener()
  }

  function put(
    version: PolicyVersion,
    plan: Plan,
    loadedFrom: 'store' | 'cache',
    changedKeys: readonly Problem[] = [],
  ): void {
    held = { version, plan }
    // Whichever instance was asked to approve them: they are in force now.
    const isTaken = version.filesDigest !== null && version.filesDigest === status.files?.proposal?.filesDigest
    status = { ...status, version: version.version, loadedFrom, files: isTaken ? null : status.files }
    tell(changedKeys)
    metrics.policyVersion(version.version)
    const { author, origin, documents } = version
    log.info({ version: version.version, author, origin, documents: documents.length, loadedFrom }, 'policies in force')
    announce()
  }

  async function remember(version: PolicyVersion): Promise<void> {
    try {
      await cache?.save({ ...version, keyChecks: keyChecks(version.documents, keys) })
    } catch (error) {
      log.warn({ error: classOf(error) }, 'the last-known-good policies could not be kept')
    }
  }

  /** The plan of a stored version; null, and told, where there is none. */
  function planOf(version: PolicyVersion): Plan | null {
    const { documents, problems } = readDocuments(version.documents, 'policies')
    const compiled = problems.length > 0 ? { plan: null, problems } : compile(documents, version.version)
    if (compiled.plan === null) {
      status = { ...status, code: 'POLICY_REFUSED', problems: compiled.problems }
      logProblems(log, compiled.problems, 'the stored policies cannot be put in force here')
    }
    return compiled.plan
  }

  const changedKeys = async (plan: Plan): Promise<readonly Problem[]> =>
    (await publishedKeys?.check(plan, held?.plan ?? null)) ?? []

  /** On readiness, and once in the log; whether they only would go out otherwise or do so already. */
  function tell(changed: readonly Problem[]): void {
    const problems = changed.map(found => ({ ...found, severity: 'error' as const }))
    if (status.code !== 'POLICY_KEY_CHANGED')
      logProblems(log, problems, 'key columns would not go out as they have been published')
    status = { ...status, code: problems.length > 0 ? 'POLICY_KEY_CHANGED' : null, problems }
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
    swap: (version, plan, changed) => {
      put(version, plan, 'store', changed)
      return remember(version)
    },
    adopt: async version => {
      // A cached set is read again from the store even under the same number: the database may be another.
      if (version.version === held?.version.version && status.loadedFrom === 'store') {
        // Instances with different keys may have begun a topic at the same time: the later one is no longer ready.
        return tell(await changedKeys(held.plan))
      }
      const plan = planOf(version)
      if (plan === null) return
      const changed = await changedKeys(plan)
      if (changed.some(({ severity }) => severity === 'error')) return tell(changed)
      if (status.loadedFrom !== 'store') await publishedKeys?.assume(plan)
      put(version, plan, 'store', changed)
      await remember(version)
    },
    announce,
    renew: async () => {
      if (held === null || !isDue(held.plan)) return
      const { version, plan: old } = held
      const plan = planOf(version)
      try {
        const changed = plan === null ? [] : await changedKeys(plan)
        if (plan === null || changed.some(({ severity }) => severity === 'error')) {
          held = { version, plan: { ...withheld(old), nextChange: null } }
          if (plan !== null) tell(changed)
          return announce()
        }
        put(version, plan, status.loadedFrom ?? 'store', changed)
      } catch (error) {
        // Its time is over all the same, and it is tried again.
        held = { version, plan: withheld(old) }
        announce()
        throw error
      }
    },
    watchClock: async (changed, signal) => {
      while (!signal.aborted) {
        const next = held?.plan.nextChange ?? Number.POSITIVE_INFINITY
        await pause(Math.min(Math.max(next - now(), 1), MOST_IDLE_MS), signal)
        if (held !== null && isDue(held.plan) && !signal.aborted) {
          changed()
          await pause(MOST_IDLE_MS, signal)
        }
      }
    },
    adoptCached: async () => {
      const version = (await cache?.load()) ?? null
      if (version === null) return
      // What was published under the other keys stands in the store that is away, so the start waits for it.
      const isSameKeys = JSON.stringify(version.keyChecks ?? {}) === JSON.stringify(keyChecks(version.documents, keys))
      if (!isSameKeys)
        return log.warn({}, 'the last-known-good policies were in force with other keys and are not taken')
      const plan = planOf(version)
      if (plan !== null) put(version, plan, 'cache')
    },
  }
}

/** Of which nothing goes out. */
function withheld(plan: Plan): Plan {
  const path = 'validitySchedules'
  const isWithheld = plan.blocks?.list.some(block => block.path === path && block.topics === 'all') ?? false
  return isWithheld ? plan : blockTopics(plan, [{ code: 'POLICY_REFUSED', policy: '', path, topics: 'all' }])
}

/** Codes and places of what stands against a set. */
export function logProblems(log: Log, problems: readonly Problem[], message: string): void {
  for (const { code, where, severity } of problems.slice(0, MAX_LOGGED)) {
    if (severity === 'error') log.error({ code, policy: where.policy, topic: where.topic, path: where.path }, message)
  }
}

const MAX_LOGGED = 20
