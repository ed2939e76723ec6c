import type { PoliciesStatus } from '../plan-in-force.ts'

/** What an instance says of itself. */
export interface InstanceReport extends Pick<PoliciesStatus, 'version' | 'loadedFrom' | 'code'> {
  /** A UUID, new with each start. */
  readonly id: string
  readonly clientId: string
  readonly host: string
  readonly startedAt: Date
}

/** The same as the others see it. Times are the store's: the clocks of the instances may differ. */
export interface SeenInstance extends InstanceReport {
  /** Since when it runs this version; null where it runs none. */
  readonly since: Date | null
  readonly lastSeenAt: Date
  readonly silentMs: number
}

export interface InstanceStore {
  /** Says that it is there and what it runs; who was silent for longer than `keepMs` is removed. */
  readonly beat: (report: InstanceReport, keepMs: number) => Promise<void>
  /** It stops: nobody shall look for it. */
  readonly leave: (id: string) => Promise<void>
  /** All that have spoken, by host and start; and the version that counts, the pinned or the latest. */
  readonly all: () => Promise<{ readonly current: number | null; readonly instances: readonly SeenInstance[] }>
}
