import type { ErrorCode } from '../errors.ts'

/**
 * The vocabulary of the hot path. A batch is the bytes of one partition plus where its records lie in them; the stages
 * work with positions and never make an object per record. A single record is a batch of one.
 */

/** Six numbers a record in `spans`: start and end of key, value and headers; a start of -1 says null (headers: none). */
export const SPANS_PER_RECORD = 6
export const KEY_START = 0
export const KEY_END = 1
export const VALUE_START = 2
export const VALUE_END = 3
/** Headers lie in Kafka's own record encoding: varint count, then per header varint name length, name, varint value length (-1: null), value. */
export const HEADERS_START = 4
export const HEADERS_END = 5

/** Records of one partition of a raw topic, in offset order. Its bytes are only lent: they may be reused after the batch was settled. */
export interface RawBatch {
  readonly topic: string
  readonly partition: number
  /** How many partitions the raw topic has; 1 where that is unknown. A truncate is ordered only with 1. */
  readonly partitions: number
  readonly count: number
  readonly bytes: Buffer
  readonly spans: Int32Array
  /** Milliseconds. */
  readonly timestamps: Float64Array
  readonly offsets: BigInt64Array
}

declare const masked: unique symbol
declare const sealed: unique symbol

/** What a change event did; index into `operationNames`. */
export const operationNames = ['none', 'read', 'create', 'update', 'delete', 'truncate', 'tombstone', 'row'] as const
export const OP_NONE = 0
export const OP_READ = 1
export const OP_CREATE = 2
export const OP_UPDATE = 3
export const OP_DELETE = 4
export const OP_TRUNCATE = 5
export const OP_TOMBSTONE = 6
/** A flattened row: what was done to it is not in the record's shape. */
export const OP_ROW = 7

/** Only pipeline/serialize makes one, so a sink that takes it cannot be handed raw bytes. */
export interface MaskedBatch {
  readonly [masked]: true
  readonly view: string
  readonly topic: string
  readonly partition: number
  readonly count: number
  /** Lent: valid until the next batch is transformed with the same `OutputBuffer`. */
  readonly bytes: Buffer
  readonly spans: Int32Array
  readonly timestamps: Float64Array
  /** Index of each record in the raw batch, ascending. One that leaves a row filter goes out as two: delete and tombstone. */
  readonly sources: Int32Array
  /** What each record says was done, one of the OP_ numbers: a row filter may make another of it than the raw one said. */
  readonly operations: Uint8Array
}

/** A raw record, encrypted. Only pipeline/seal makes one; dead letters and quarantine take nothing else. */
export interface SealedRecord {
  readonly [sealed]: true
  readonly bytes: Buffer
  readonly keyId: string
  /** The time bucket the sealing key was derived for, e.g. `2026-11`. */
  readonly bucket: string
}

export type DropReason = 'filtered' | 'heartbeat' | 'transaction' | 'message' | 'signal' | 'truncate' | 'schema-change'

/** A record that did not become a masked record of the view. There is no third way: nothing passes through unmasked. */
export type Departure =
  | { readonly kind: 'drop'; readonly index: number; readonly view: string; readonly reason: DropReason }
  | {
      readonly kind: 'reject'
      readonly index: number
      readonly view: string
      readonly code: ErrorCode
      readonly path: string
    }

/** What became of a batch: the masked records of each view, and those that left, in input order. */
export interface BatchOutcome {
  readonly masked: readonly MaskedBatch[]
  readonly departures: readonly Departure[]
  /** One of the OP_ numbers for each record of the raw batch. */
  readonly operations: Uint8Array
}

/**
 * Records side by side in one buffer, as a batch holds them. Three parts a record: key, value, headers in Kafka's
 * encoding; null stays null.
 */
export function layOut(parts: readonly (Buffer | null)[]): {
  readonly count: number
  readonly bytes: Buffer
  readonly spans: Int32Array
} {
  const spans = new Int32Array(parts.length * 2).fill(-1)
  let at = 0
  parts.forEach((part, i) => {
    if (part === null) return
    spans[i * 2] = at
    at += part.length
    spans[i * 2 + 1] = at
  })
  return {
    count: parts.length / (SPANS_PER_RECORD / 2),
    bytes: Buffer.concat(parts.filter(part => part !== null)),
    spans,
  }
}
