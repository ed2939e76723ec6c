import type { DropReason, MaskedBatch, RawBatch } from '../../pipeline/batch.ts'
import type { ErrorCode } from '../../errors.ts'
import type { TopicFacts, UnmatchedRule } from '../../pipeline/plan.ts'

/** A raw batch as fetched, with what is needed to settle it. */
export interface FetchedBatch {
  readonly raw: RawBatch
  /** What the broker knows of the topic; fails as dependency. */
  readonly facts: () => Promise<TopicFacts>
  /** Where the next fetch of the partition begins: the batch's end, markers and gaps included. */
  readonly nextOffset: bigint
  readonly highWatermark: bigint
  /** What the partition came to us with: another object each time that it does. */
  readonly assignment: object
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
   * afterwards. Rejects with `UnwritableRecord` for a record that can never be written: those before it are, nothing behind
   * it is. Rejects with a dependency error when trying again may help: of what was written nothing is known then, and the
   * same batch is sent again whole.
   * Sends nothing more once `from` is no longer current.
   */
  readonly publish: (batch: MaskedBatch, from: Pick<FetchedBatch, 'raw' | 'isCurrent'>) => Promise<void>
}

/** What a batch amounted to, told once for each batch and view. */
export interface BatchFacts {
  readonly topic: string
  readonly view: string
  /** Raw records of which something went out. */
  readonly published: number
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>
  readonly rejected: Readonly<Partial<Record<ErrorCode, number>>>
  /** Rules on parts of columns that found nothing in values where they looked. */
  readonly unmatched: readonly UnmatchedRule[]
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
