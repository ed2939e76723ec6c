import { createCipheriv, createDecipheriv, createHmac, hkdfSync, createSecretKey, type KeyObject } from 'node:crypto'
import { layOut, type RawBatch, type SealedRecord, SPANS_PER_RECORD } from './batch.ts'
import { rowOfRecord } from './record-key.ts'
import { type RecordLine, rawLine } from './record-line.ts'

/**
 * Sealing: a raw record as AES-256-GCM under a key derived for a time bucket, so that destroying one bucket's key makes
 * its records unreadable. Layout: nonce (12 bytes), ciphertext, tag (16). The place is authenticated with it.
 *
 * What is encrypted is the record's own bytes behind a head of 21: form (1), timestamp (8, double), and the lengths of
 * key, value and headers (4 each, -1: null). So a letter is as long as its record and tells no more than that. It is not
 * packed on purpose: the length of a packed record depends on what is in it, and who can write one column and see the
 * letter's length could try out values of the others.
 */
export interface SealingKey {
  readonly id: string
  readonly key: KeyObject
}

const NONCE_BYTES = 12
const TAG_BYTES = 16
const FORM = 1
const HEAD_BYTES = 21
const LENGTHS_AT = 9
/** Letters of before were the JSON text of a line. */
const JSON_FORM = '{'.charCodeAt(0)

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
  const bytes = Buffer.concat([
    nonce,
    ...clearParts(batch, index).map(part => cipher.update(part)),
    cipher.final(),
    cipher.getAuthTag(),
  ])
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
    const clear = Buffer.concat([
      decipher.update(bytes.subarray(NONCE_BYTES, bytes.length - TAG_BYTES)),
      decipher.final(),
    ])
    return clear[0] === JSON_FORM
      ? (JSON.parse(clear.toString('utf8')) as RecordLine)
      : lineOf(clear, topic, partition, offset)
  } catch {
    // The cipher's error says no more than that; what it gives cannot be ill-formed once the tag has held.
    return null
  }
}

/** What is sealed of a record; its place is known to whoever opens it. */
function clearParts({ bytes, spans, timestamps }: RawBatch, index: number): Buffer[] {
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = FORM
  head.writeDoubleBE(timestamps[index] as number, 1)
  const parts: Buffer[] = [head]
  for (let part = 0; part < SPANS_PER_RECORD; part += 2) {
    const at = index * SPANS_PER_RECORD + part
    const start = spans[at] as number
    const bytesOf = start < 0 ? null : bytes.subarray(start, spans[at + 1])
    head.writeInt32BE(bytesOf?.length ?? -1, LENGTHS_AT + part * 2)
    if (bytesOf !== null) parts.push(bytesOf)
  }
  return parts
}

function lineOf(clear: Buffer, topic: string, partition: number, offset: bigint): RecordLine | null {
  if (clear[0] !== FORM) return null
  let at = HEAD_BYTES
  const parts = [0, 1, 2].map(part => {
    const length = clear.readInt32BE(LENGTHS_AT + part * 4)
    return length < 0 ? null : clear.subarray(at, (at += length))
  })
  const timestamps = Float64Array.of(clear.readDoubleBE(1))
  const record = { ...layOut(parts), timestamps, offsets: BigInt64Array.of(offset) }
  return rawLine({ topic, partition, partitions: 1, ...record }, 0)
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
