import { createCipheriv, createDecipheriv, createHmac, hkdfSync, createSecretKey, type KeyObject } from 'node:crypto'
import type { RawBatch, SealedRecord } from './batch.ts'
import { rowOfRecord } from './record-key.ts'
import { type RecordLine, rawLine } from './record-line.ts'

/**
 * Sealing: a raw record as AES-256-GCM under a key derived for a time bucket, so that destroying one bucket's key makes
 * its records unreadable. Layout: nonce (12 bytes), ciphertext, tag (16). The place is authenticated with it.
 */
export interface SealingKey {
  readonly id: string
  readonly key: KeyObject
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/** The key of one bucket. Derivation costs more than sealing: keep the result. */
export function bucketKey(master: KeyObject, bucket: string): KeyObject {
  return createSecretKey(Buffer.from(hkdfSync('sha256', master, Buffer.alloc(0), `scrim sealed record ${bucket}`, 32)))
}

/** Records of one calendar month (UTC) share a bucket. */
export const bucketOf = (timestampMs: number): string => new Date(timestampMs).toISOString().slice(0, 7)

/** `nonce` must be 12 random bytes that were never used before: this module has no randomness of its own. */
export function seal(
  batch: RawBatch,
  index: number,
  key: KeyObject,
  keyId: string,
  bucket: string,
  nonce: Buffer,
): SealedRecord {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(placeOf(batch.topic, batch.partition, batch.offsets[index] as bigint))
  const body = cipher.update(JSON.stringify(rawLine(batch, index)))
  const bytes = Buffer.concat([nonce, body, cipher.final(), cipher.getAuthTag()])
  // The brand is a promise about this file alone, so the cast stands here and nowhere else.
  return { bytes, keyId, bucket } as SealedRecord
}

/** The record again, null where key, bucket or place are not those it was sealed with. */
export function unseal(
  bytes: Buffer,
  key: KeyObject,
  topic: string,
  partition: number,
  offset: bigint,
): RecordLine | null {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return null
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
  decipher.setAAD(placeOf(topic, partition, offset))
  decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES))
  try {
    const text = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)),
      decipher.final(),
    ])
    return JSON.parse(text.toString('utf8')) as RecordLine
  } catch {
    // The cipher's error says no more than that; JSON cannot fail once the tag has held.
    return null
  }
}

const placeOf = (topic: string, partition: number, offset: bigint): Buffer =>
  Buffer.from(`${topic}/${partition}@${offset}`)

/** Tells the secrets of record ids apart without telling them. */
export const secretId = (secret: KeyObject): string =>
  createHmac('sha256', secret).update('scrim record id key').digest('hex').slice(0, 16)

/** The record id of a batch's n-th record; null where it has no key. */
export function recordIdOf(secret: KeyObject, batch: RawBatch, n: number): string | null {
  const row = rowOfRecord(batch, n)
  return row === null ? null : recordId(secret, row)
}

/** A UUID (version 8) that stands for a row's key in audit rows: the same key gives the same one, and only the secret could tell which. */
export function recordId(secret: KeyObject, key: Uint8Array): string {
  const digest = createHmac('sha256', secret).update(key).digest()
  digest[6] = ((digest[6] as number) & 0x0f) | 0x80
  digest[8] = ((digest[8] as number) & 0x3f) | 0x80
  const hex = digest.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
