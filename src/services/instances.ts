import { ScrimError } from '../errors.ts'
import { pause } from './back-off.ts'
import { classOf } from './follow.ts'
import type { PlanHolder } from './mask-stream.ts'
import type { PoliciesStatus } from './plan-in-force.ts'
import type { InstanceReport, InstanceStore, SeenInstance } from './ports/instances.ts'
import type { Log } from './ports/log.ts'

/** `current` runs the version that counts, `behind` another one or none, `silent` has not been heard of lately. */
export type InstanceState = 'current' | 'behind' | 'silent'
export type InstanceCounts = Readonly<Record<InstanceState, number>>

export interface ListedInstance extends Omit<SeenInstance, 'silentMs'> {
  readonly state: InstanceState
  readonly isCurrent: boolean
  /** The one that was asked. */
  readonly isSelf: boolean
}

/** Which instance runs which version: each tells the others, at once after a change and every few seconds. */
export interface Instances {
  readonly list: () => Promise<{ readonly current: number | null; readonly instances: readonly ListedInstance[] }>
  /** As it was at the last look; null where the store did not answer it. */
  readonly counts: () => InstanceCounts | null
  readonly run: (signal: AbortSignal) => Promise<void>
}

export interface InstancesOptions {
  readonly store: InstanceStore
  readonly policies: Pick<PlanHolder, 'onChange'> & { readonly status: () => PoliciesStatus }
  readonly self: Pick<InstanceReport, 'id' | 'clientId' | 'host' | 'startedAt'>
  readonly metrics: { readonly instances: (counts: InstanceCounts) => void }
  readonly log: Log
  readonly beatMs?: number
  /** Who was not heard of for so long counts as silent: three beats that failed to come. */
  readonly silentAfterMs?: number
  /** Who was silent for so long is forgotten. */
  readonly keepMs?: number
}

/** A stop does not wait longer to say so: the others notice anyway. */
const LEAVE_MS = 500

export function createInstances(options: InstancesOptions): Instances {
  const { store, policies, self, metrics, log } = options
  const { beatMs = 5_000, silentAfterMs = 3 * beatMs, keepMs = 3_600_000 } = options
  let counts: InstanceCounts | null = null

  async function list(): ReturnType<Instances['list']> {
    const { current, instances } = await store.all()
    return {
      current,
      instances: instances.map(({ silentMs, ...one }) => {
        const isCurrent = one.version !== null && one.version === current
        const state = silentMs > silentAfterMs ? 'silent' : isCurrent ? 'current' : 'behind'
        return { ...one, state, isCurrent, isSelf: one.id === self.id }
      }),
    }
  }

  async function beat(): Promise<void> {
    const { version, loadedFrom, code } = policies.status()
    try {
      await store.beat({ ...self, version, loadedFrom, code }, keepMs)
      const { instances } = await list()
      const count = (state: InstanceState): number => instances.filter(one => one.state === state).length
      counts = { current: count('current'), behind: count('behind'), silent: count('silent') }
      metrics.instances(counts)
    } catch (error) {
      if (!(error instanceof ScrimError)) throw error
      // The probe of dependencies tells what is away; here it only means that nobody knows.
      counts = null
      log.debug({ error: classOf(error) }, 'the instances could not be told of this one')
    }
  }

  return {
    list,
    counts: () => counts,
    run: async signal => {
      let wake: () => void = () => undefined
      policies.onChange(() => wake())
      while (!signal.aborted) {
        const changed = new Promise<void>(resolve => {
          wake = resolve
        })
        await beat()
        await Promise.race([pause(beatMs, signal), changed])
      }
      const leaving = store.leave(self.id).catch(() => undefined)
      await Promise.race([leaving, pause(LEAVE_MS, new AbortController().signal)])
    },
  }
}
