import type { ErrorCode } from '../../errors.ts'

export interface ConnectorState {
  readonly name: string
  readonly type: 'source' | 'sink' | 'unknown'
  /** RUNNING, PAUSED, STOPPED, FAILED, UNASSIGNED, RESTARTING. */
  readonly state: string
  readonly tasks: readonly { readonly id: number; readonly state: string }[]
}

export interface ConnectorSource {
  readonly states: () => Promise<readonly ConnectorState[]>
}

/** Something we depend on, as readiness and metrics show it. */
export interface Dependency {
  readonly name: 'kafka' | 'postgres' | 'connect' | 'ranger'
  readonly up: boolean
  readonly code: ErrorCode | null
  readonly since: Date
}
