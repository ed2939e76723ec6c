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
  /** As in the audit: a keyed UUID of the key; null for records without one. */
  readonly recordId: string | null
  /** Not null: it waits in quarantine, and which secret made the record id. */
  readonly parkedBy: string | null
  /** Null where the payload is withheld. */
  readonly sealed: SealedRecord | null
}

export interface DeadLetterSink {
  /** Resolves when the letters are acknowledged and listed; false where another instance has taken the partition over. */
  readonly put: (letters: readonly DeadLetter[], claim: PartitionClaim) => Promise<boolean>
}

/** Says who has taken a partition over last. What an earlier one still lists is refused: it may have slept since. */
export interface PartitionClaim extends PartitionName {
  readonly number: string
}

export type DeadLetterState = 'open' | 'retrying' | 'review' | 'quarantined' | 'replayed'

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
  readonly recordId: string | null
  readonly keyId: string | null
  readonly bucket: string | null
  readonly state: DeadLetterState
  readonly attempts: number
  readonly nextAttemptAt: Date | null
  readonly at: Date
  /** Where the letter lies in the dead-letter topic. */
  readonly letterPartition: number | null
  readonly letterOffset: string | null
  /** How large it is; null where the payload is withheld. */
  readonly letterBytes: number | null
}

export interface DeadLetterIndex {
  readonly list: (filter: {
    readonly state?: DeadLetterState
    readonly topic?: string
    readonly limit: number
    readonly after?: string
  }) => Promise<readonly DeadLetterEntry[]>
  readonly get: (id: string) => Promise<DeadLetterEntry | null>
  /** Takes what is due at `now` of these partitions, the longest due first: until `until` nobody else is given the same, nor are we. */
  readonly claim: (
    now: Date,
    until: Date,
    limit: number,
    partitions: readonly PartitionName[],
  ) => Promise<readonly DeadLetterEntry[]>
  /** One that is replayed or quarantined stays so: another instance, or the stream, may have been quicker than the attempt that is told here. */
  readonly update: (
    id: string,
    change: { readonly state: DeadLetterState; readonly attempts: number; readonly nextAttemptAt: Date | null },
  ) => Promise<void>
  readonly counts: () => Promise<Readonly<Record<DeadLetterState, number>>>
}

/** A letter that is to be listed; with `nextAttemptAt` it will be tried again by itself. */
export interface NewDeadLetter extends Omit<DeadLetterEntry, 'id' | 'state' | 'attempts' | 'at'> {
  readonly parkedBy: string | null
}

export interface DeadLetterRegister {
  /**
   * Resolves when the letters are listed; one that is (same topic, partition, offset, timestamp, views) stays as it is, a
   * replayed one is open again. False, and nothing is listed, where the claim is not the last of its partition.
   */
  readonly add: (letters: readonly NewDeadLetter[], claim: PartitionClaim) => Promise<boolean>
}

/** What of a partition waits in quarantine. */
export interface ParkedKey {
  readonly view: string
  readonly recordId: string | null
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly records: number
  readonly parkedBy: string
}

export interface ParkedKeys {
  /** A new claim, which ends that of whoever had the partition before; then what is parked, one for each key and view. */
  readonly takeOver: (
    partition: PartitionName,
  ) => Promise<{ readonly claim: PartitionClaim; readonly keys: readonly ParkedKey[] }>
}

/** The records in quarantine themselves, and how they leave it. */
export interface QuarantineIndex {
  /** In the order of their offsets, those behind `after`. */
  readonly parked: (partition: PartitionName, after: bigint, limit: number) => Promise<readonly DeadLetterEntry[]>
  /** Is a record of the key parked at this offset or before it? */
  readonly isParked: (place: RawPlace, recordId: string | null) => Promise<boolean>
  /** They have gone out. */
  readonly released: (ids: readonly string[]) => Promise<void>
  /** It leaves the quarantine without going out: an ordinary letter from now on, of this code. */
  readonly expelled: (
    id: string,
    as: { readonly code: ErrorCode; readonly path: string; readonly nextAttemptAt: Date | null },
  ) => Promise<void>
  /** The partitions of these topics that have something in quarantine; null: of all. */
  readonly withParked: (topic: string | null) => Promise<readonly PartitionName[]>
}

/** Something that the instance which reads the partition has to do. */
export interface LetterRequest extends PartitionName {
  readonly id: string
  readonly what: 'replay' | 'release'
  /** Of a replay. */
  readonly letterId: string | null
  readonly force: boolean
  readonly caller: string
  readonly requestId: string
}

/** Names and numbers only. */
export type RequestResult = Readonly<Record<string, string | number | null>>

/** By which one instance asks another. */
export interface LetterRequests {
  /** Answers their ids, in order. Nobody takes one up that is older. Times are the store's: clocks of instances differ. */
  readonly add: (requests: readonly Omit<LetterRequest, 'id'>[], forMs: number) => Promise<readonly string[]>
  /** The next of these partitions; for so long nobody else is given it. */
  readonly take: (forMs: number, partitions: readonly PartitionName[]) => Promise<LetterRequest | null>
  /** Somebody else may take it. */
  readonly giveBack: (id: string) => Promise<void>
  readonly finish: (id: string, result: RequestResult) => Promise<void>
  /** Those that are done. */
  readonly results: (ids: readonly string[]) => Promise<ReadonlyMap<string, RequestResult>>
  /** Withdraws what nobody has taken yet. */
  readonly withdraw: (ids: readonly string[]) => Promise<void>
}

/** Reads the sealed letters themselves. */
export interface LetterReader {
  /** The sealed bytes by letter offset; those that are gone are not there. */
  readonly read: (letterPartition: number, letterOffsets: readonly bigint[]) => Promise<ReadonlyMap<bigint, Buffer>>
}

/** Reads single records again, off the stream. */
export interface RecordReader {
  /** The record at the offset, null if it is gone. */
  readonly read: (topic: string, partition: number, offset: bigint) => Promise<RawBatch | null>
  /** What came after a record under the same key (`row`: what in it tells the row apart), published by whichever instance or not yet. */
  readonly newer: (than: RawPlace & { readonly row: Buffer; readonly compacted: boolean }) => Promise<NewerRecords>
}

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

/** The partitions that this instance reads. */
export interface OwnPartitions {
  readonly list: () => readonly PartitionName[]
  /**
   * Runs the work while the stream sends nothing of the partition: else a newer record could be published between the
   * look for one and the replay. Null where the partition is not ours; REPLAY_WAITS where it is busy for seconds.
   */
  readonly alone: <T>(partition: PartitionName, work: (isCurrent: () => boolean) => Promise<T>) => Promise<T | null>
}

export interface RawPlace extends PartitionName {
  readonly offset: bigint
}

/** `unknown`: the raw topic no longer shows all that came after, so something newer cannot be ruled out. */
export type NewerRecords = 'none' | 'some' | 'unknown'
