import type { ErrorCode } from '../../errors.ts'
import type { RawBatch, SealedRecord } from '../../pipeline/batch.ts'

export interface DeadLetter {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  readonly views: readonly string[]
  readonly code: ErrorCode
  readonly path: string
  readonly policyVersion: number
  /** Null where the payload is withheld. */
  readonly sealed: SealedRecord | null
}

export interface DeadLetterSink {
  /** Resolves when the letters are acknowledged and in the index. */
  readonly put: (letters: readonly DeadLetter[]) => Promise<void>
}

export type DeadLetterState = 'open' | 'retrying' | 'review' | 'replayed'

export interface DeadLetterEntry {
  readonly id: string
  readonly topic: string
  readonly partition: number
  readonly offset: string
  readonly timestamp: Date
  readonly views: readonly string[]
  readonly code: ErrorCode
  readonly path: string
  readonly policyVersion: number
  readonly keyId: string | null
  readonly bucket: string | null
  readonly state: DeadLetterState
  readonly attempts: number
  readonly nextAttemptAt: Date | null
  readonly at: Date
  /** Where the letter lies in the dead-letter topic. */
  readonly letterPartition: number | null
  readonly letterOffset: string | null
}

export interface DeadLetterIndex {
  readonly list: (filter: {
    readonly state?: DeadLetterState
    readonly topic?: string
    readonly limit: number
    readonly after?: string
  }) => Promise<readonly DeadLetterEntry[]>
  readonly get: (id: string) => Promise<DeadLetterEntry | null>
  /** Takes what is due at `now`, the longest due first: until `until` nobody else is given the same, nor are we. */
  readonly claim: (now: Date, until: Date, limit: number) => Promise<readonly DeadLetterEntry[]>
  /** One that is replayed stays so: another instance may have been quicker than the attempt that is told here. */
  readonly update: (
    id: string,
    change: { readonly state: DeadLetterState; readonly attempts: number; readonly nextAttemptAt: Date | null },
  ) => Promise<void>
  readonly counts: () => Promise<Readonly<Record<DeadLetterState, number>>>
}

/** A letter that is to be listed; with `nextAttemptAt` it will be tried again by itself. */
export type NewDeadLetter = Omit<DeadLetterEntry, 'id' | 'state' | 'attempts' | 'at'>

export interface DeadLetterRegister {
  /** Resolves when the letters are listed; one that is (same topic, partition, offset, views) stays as it is, a replayed one is open again. */
  readonly add: (letters: readonly NewDeadLetter[]) => Promise<void>
}

/** Reads the sealed letters themselves. */
export interface LetterReader {
  /** The sealed bytes, null if they are gone. */
  readonly read: (letterPartition: number, letterOffset: bigint) => Promise<Buffer | null>
}

/** Reads single records again, off the stream. */
export interface RecordReader {
  /** The record at the offset, null if it is gone. */
  readonly read: (topic: string, partition: number, offset: bigint) => Promise<RawBatch | null>
  /** What came after a record under the same key, published by whichever instance or not yet. */
  readonly newer: (than: RawPlace & { readonly key: Buffer; readonly compacted: boolean }) => Promise<NewerRecords>
}

export interface RawPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** `unknown`: the raw topic no longer shows all that came after, so something newer cannot be ruled out. */
export type NewerRecords = 'none' | 'some' | 'unknown'
