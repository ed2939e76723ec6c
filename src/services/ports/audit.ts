import type { DropReason } from '../../pipeline/batch.ts'
import type { ErrorCode } from '../../errors.ts'

/** What became of one record under one view. */
export interface AuditRow {
  readonly event: 'mask' | 'drop' | 'error'
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly view: string
  readonly policyVersion: number
  readonly operation: string
  /** A keyed UUID of the key; null for records without one. */
  readonly recordId: string | null
  readonly maskedFields: readonly string[]
  /** Drop reason or error code. */
  readonly reason: DropReason | ErrorCode | null
  /** In batch mode: how many records this row stands for, from `offset` on. */
  readonly records: number
}

export interface AuditTrail {
  /** Resolves when the rows are durable; writing the same rows again changes nothing. */
  readonly write: (rows: readonly AuditRow[]) => Promise<void>
}

/** A call by which somebody can find out what a value is, send an old one out again, or let a change in: kept, whoever asked. */
export interface CallRow {
  readonly call:
    | 'transform'
    | 'replay'
    | 'release'
    | 'propose'
    | 'approve'
    | 'reject'
    | 'withdraw'
    | 'dry-run'
    | 'explain'
  /** Name of the token; `scrim` for what it does by itself. */
  readonly caller: string
  readonly requestId: string
  readonly policyVersion: number
  /** Names and numbers only. */
  readonly facts: Readonly<Record<string, string | number | boolean>>
}

export interface CallTrail {
  /** Resolves when the row is durable: a call is answered only then. */
  readonly write: (row: CallRow) => Promise<void>
}
