import { errorCatalogue, PoliciesRefused, ScrimError } from '../errors.ts'
import { backOffMs, pause } from './back-off.ts'
import type { PlanInForce } from './plan-in-force.ts'
import { changedKeysAlone } from './policy-examination.ts'
import type { Log } from './ports/log.ts'
import type { PolicyVersion } from './ports/policies.ts'

export interface PolicyLoadOptions {
  /** What the store says now, in force; null in an empty store. */
  readonly followStore: () => Promise<PolicyVersion | null>
  readonly takeFiles: () => Promise<unknown>
  readonly inForce: Pick<PlanInForce, 'current' | 'status' | 'note' | 'compile' | 'adoptCached'>
  /** A Ranger Admin brings policies too: a start without any waits for it. */
  readonly isFed: boolean
  readonly log: Log
  readonly retryMs: number
}

/** Tries until the store answers; meanwhile the cache serves, never older files. */
export async function loadPolicies(options: PolicyLoadOptions, signal: AbortSignal): Promise<void> {
  const { followStore, takeFiles, inForce, log, retryMs } = options
  for (let attempt = 1; !signal.aborted; attempt++) {
    try {
      const stored = await followStore()
      await takeFiles().catch((error: unknown) => {
        if (inForce.current() === null || !(error instanceof ScrimError) || error.kind === 'dependency') throw error
      })
      if (inForce.current() !== null) return
      throw new PoliciesRefused(stored === null ? [] : inForce.compile(stored.documents, stored.version).problems)
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      if (error.kind !== 'dependency' && !waits(error, options)) throw error
      if (error.kind === 'dependency') {
        if (inForce.current() === null) await inForce.adoptCached()
        inForce.note({ code: error.code, problems: [] })
      }
      log.warn({ code: error.code, attempt }, errorCatalogue[error.code].message)
      await pause(backOffMs(attempt, { mostMs: retryMs }), signal)
    }
  }
}

/** Nothing can be run yet, but somebody may bring it, by a call to this instance too: it has to live. */
function waits(error: ScrimError, { inForce, isFed }: PolicyLoadOptions): boolean {
  const changed = changedKeysAlone(error)
  if (changed !== null) inForce.note({ code: 'POLICY_KEY_CHANGED', problems: changed })
  if (inForce.current() !== null) return false
  const comes = isFed && error.code === 'POLICY_NONE'
  if (comes) inForce.note({ code: 'POLICY_NOT_LOADED', files: null, problems: [] })
  const { code, files } = inForce.status()
  // Keys that were changed can be let go; files may be taken by a second person in place of a set that cannot be run here.
  return comes || code === 'POLICY_KEY_CHANGED' || files?.proposal !== undefined
}
