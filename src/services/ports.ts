import type { ErrorCode, Problem } from '../errors.ts'
import type { DropReason, MaskedBatch, RawBatch, SealedRecord } from '../pipeline/batch.ts'
import type { PolicyDocument } from '../policy/document.ts'
import type { FindingCode } from './finding-codes.ts'

/** The small interfaces through which the loops see the outside. Each belongs to the service that calls it. */

/** Structured log. Takes names and numbers; a record, a value or a foreign error's text has no place in it. */
export interface Log {
  readonly debug: (fields: LogFields, message: string) => void
  readonly info: (fields: LogFields, message: string) => void
  readonly warn: (fields: LogFields, message: string) => void
  readonly error: (fields: LogFields, message: string) => void
}
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | readonly string[]>>

// ---- mask-stream

/** A raw batch as fetched, with what is needed to settle it. */
export interface FetchedBatch {
  readonly raw: RawBatch
  readonly compacted: boolean
  /** Where the next fetch of the partition begins: the batch's end, markers and gaps included. */
  readonly nextOffset: bigint
  readonly highWatermark: bigint
  /** False once the partition was taken away: nothing may be sent for it any more. */
  readonly isCurrent: () => boolean
  /** Commits offsets up to `offset` (the next to read). Fails as dependency; resolves without effect if not current. */
  readonly commit: (offset: bigint) => Promise<void>
}

export interface HeldPartition {
  readonly topic: string
  readonly partition: number
  /** The first record that cannot go on. */
  readonly offset: string
  readonly code: ErrorCode
  readonly path: string
  readonly since: Date
}

/** The raw side of Kafka. */
export interface RawSource {
  /**
   * Consumes until the signal; calls `onBatch` for each fetched batch, in order per partition, partitions concurrently.
   * `onBatch` resolves when the batch was settled, whole or up to a held record; while it runs the source goes on
   * heart-beating, and fetches ahead within its byte budget. Rejects when the client cannot heal.
   */
  readonly run: (onBatch: (batch: FetchedBatch) => Promise<void>, signal: AbortSignal) => Promise<void>
  /** The topics to read from now on (policies were changed, or topics appeared). */
  readonly setTopics: (names: (topic: string) => boolean) => void
  /** Stops fetching the partition after `offset` until `release`; the batch is fetched again then. */
  readonly hold: (topic: string, partition: number, offset: bigint) => void
  readonly release: (topic: string, partition: number) => void
  readonly assigned: () => readonly {
    readonly topic: string
    readonly partition: number
    readonly position: bigint
    readonly highWatermark: bigint
  }[]
}

/** The masked side of Kafka: takes nothing but masked batches. */
export interface MaskedSink {
  /**
   * Resolves when all in-sync replicas have the records. Makes the output topic fit first. The batch's bytes may be reused
   * afterwards. Rejects with `UnwritableRecord` for a record that can never be written; with a dependency error when
   * trying again may help. After any failure nothing is known of what was written: the same batch is sent again whole.
   * Sends nothing more once `from` is no longer current.
   */
  readonly publish: (batch: MaskedBatch, from: Pick<FetchedBatch, 'raw' | 'isCurrent'>) => Promise<void>
}

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

/** What a batch amounted to, told once for each batch and view. */
export interface BatchFacts {
  readonly topic: string
  readonly view: string
  readonly published: number
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  readonly rejected: Readonly<Partial<Record<ErrorCode, number>>>
  readonly rawBytes: number
  readonly maskedBytes: number
  /** From taking the batch up to its commit. */
  readonly seconds: number
  /** Timestamp of the batch's oldest record, for the end-to-end latency. */
  readonly oldestTimestampMs: number
}

export interface StreamMetrics {
  readonly batch: (facts: BatchFacts) => void
}

// ---- policies

export interface PolicyVersion {
  readonly version: number
  readonly documents: readonly PolicyDocument[]
  readonly author: string
  readonly at: Date
  readonly reason: string
  readonly origin: 'files' | 'rest'
  /** JSON Patch from the version before, over the object of documents by name. */
  readonly patch: readonly unknown[]
  /** SHA-256 of the imported files, where they are the origin. */
  readonly filesDigest: string | null
}

/** Stored versions are the truth. */
export interface PolicyStore {
  /** The pinned version, else the latest; null in an empty store. */
  readonly current: () => Promise<PolicyVersion | null>
  readonly get: (version: number) => Promise<PolicyVersion | null>
  readonly list: (limit: number, before?: number) => Promise<readonly Omit<PolicyVersion, 'documents'>[]>
  /** Adds a version on top of `base` (0: the empty store); POLICY_CONFLICT where the latest is another. */
  readonly add: (base: number, version: Omit<PolicyVersion, 'version' | 'at'>) => Promise<PolicyVersion>
  /** The digest of the files that were imported last, and the version that made. */
  readonly lastImport: () => Promise<{ readonly digest: string; readonly version: number } | null>
  /** Calls back when another instance has added or pinned a version; until the signal. */
  readonly watch: (changed: () => void, signal: AbortSignal) => Promise<void>
}

/** The policy files as they lie there; what they say is read by the service. */
export interface PolicyFileSet {
  /** SHA-256 over names and contents. */
  readonly digest: string
  readonly files: readonly { readonly name: string; readonly text: string }[]
  /** Files that cannot be taken at all: too large, unreadable, not UTF-8. */
  readonly problems: readonly Problem[]
}

export interface PolicyFiles {
  readonly read: () => Promise<PolicyFileSet>
  /** Calls back within about a second of a change; until the signal. */
  readonly watch: (changed: () => void, signal: AbortSignal) => Promise<void>
}

/** The last set that was in force, for a start while the store is away. */
export interface PolicyCache {
  /** Null where nothing usable is there. */
  readonly load: () => Promise<PolicyVersion | null>
  readonly save: (version: PolicyVersion) => Promise<void>
}

/** Holds the set at one stored version, whatever is added. */
export interface PolicyPin {
  /** Null: the latest counts again. REQUEST_NOT_FOUND where there is no such version. */
  readonly pin: (version: number | null, by: { readonly author: string; readonly reason: string }) => Promise<void>
  readonly pinned: () => Promise<number | null>
}

// ---- schemas

export interface SeenSchema {
  readonly topic: string
  readonly part: 'key' | 'value'
  readonly bytes: Buffer
  /** SHA-256 of the bytes. */
  readonly digest: string
  readonly firstSeenAt: Date
  readonly lastSeenAt: Date
}

/**
 * The schema blocks of the raw topics, kept so that policies can be checked against them after a restart.
 * Beware: defaults, comments and enum lists of a block may hold what a policy hides; they have to be cut out before.
 */
export interface SchemaStore {
  /** Resolves when it is stored; the same bytes again only move `lastSeenAt`. */
  readonly remember: (topic: string, part: 'key' | 'value', bytes: Buffer) => Promise<void>
  /** The block last seen of each topic and part. */
  readonly all: () => Promise<readonly SeenSchema[]>
}

// ---- dead letters

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

// ---- calls

/** A call by which somebody can find out what a value is, or send an old one out again: kept, whoever asked. */
export interface CallRow {
  readonly call: 'transform' | 'replay'
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

// ---- watching

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
  readonly name: 'kafka' | 'postgres' | 'connect'
  readonly up: boolean
  readonly code: ErrorCode | null
  readonly since: Date
}

// ---- checks of what is around us

/** One thing that `scrim check` found; made of names and numbers only. */
export interface Finding {
  readonly severity: 'error' | 'warning' | 'note'
  readonly code: FindingCode
  /** Policy, topic, table or connector, and the place in it. */
  readonly where: string
  readonly message: string
  readonly hint: string
}

/** A connector's settings as Connect gives them. Beware: some are passwords; findings name settings, never what they hold. */
export interface ConnectorConfig {
  readonly name: string
  readonly config: ReadonlyMap<string, string>
}

export interface ConnectorConfigs {
  readonly configs: () => Promise<readonly ConnectorConfig[]>
}

/** What the catalogue of a source database says that Debezium and we depend on. */
export interface SourceFacts {
  readonly walLevel: string
  readonly isStandby: boolean
  readonly role: { readonly name: string; readonly mayReplicate: boolean }
  readonly slots: { readonly max: number; readonly list: readonly SlotFacts[] }
  readonly senders: { readonly max: number; readonly used: number }
  /** Megabytes; -1: a slot may keep as much as the disk takes. */
  readonly maxSlotWalKeepMb: number
  readonly publications: readonly PublicationFacts[]
  readonly tables: readonly SourceTable[]
}

export interface SlotFacts {
  readonly name: string
  readonly isActive: boolean
  readonly isLogical: boolean
  /** reserved, extended, unreserved or lost. */
  readonly walStatus: string | null
  readonly keptBytes: number | null
}

export interface PublicationFacts {
  readonly name: string
  readonly inserts: boolean
  readonly updates: boolean
  readonly deletes: boolean
  readonly viaRoot: boolean
}

export interface SourceTable {
  readonly schema: string
  readonly name: string
  readonly isPartitioned: boolean
  readonly identity: 'default' | 'full' | 'nothing' | 'index'
  readonly keyColumns: readonly string[]
  /** Of the index that the identity uses; empty where it uses none. */
  readonly identityColumns: readonly string[]
  readonly columns: readonly {
    readonly name: string
    readonly type: string
    readonly canBeToasted: boolean
    readonly isGenerated: boolean
  }[]
  readonly maySelect: boolean
  /** Names of the publications that hold it, itself or as a partition. */
  readonly publications: readonly string[]
}
