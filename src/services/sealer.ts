import { randomBytes } from 'node:crypto'
import type { RawBatch, SealedRecord } from '../pipeline/batch.ts'
import { bucketKey, bucketOf, seal, type SealingKey } from '../pipeline/seal.ts'

/** Seals one record of a batch under the key of the month. */
export type Sealer = (raw: RawBatch, index: number, nowMs: number) => SealedRecord

/** Null where there is no sealing key. Derives each month's key once. */
export function createSealer(sealing: SealingKey | null): Sealer | null {
  if (sealing === null) return null
  let bucket = ''
  let key = sealing.key
  return (raw, index, nowMs) => {
    if (bucketOf(nowMs) !== bucket) {
      bucket = bucketOf(nowMs)
      key = bucketKey(sealing.key, bucket)
    }
    return seal(raw, index, key, sealing.id, bucket, randomBytes(12))
  }
}
