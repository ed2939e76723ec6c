import {
  HEADERS_END,
  HEADERS_START,
  KEY_END,
  KEY_START,
  SPANS_PER_RECORD,
  VALUE_END,
  VALUE_START,
} from '../../../pipeline/batch.ts'
import { sizeOfVarint, writeVarint } from '../../../pipeline/headers.ts'
import { type Codec, checksum } from '../codecs.ts'

/** What a record batch is written from: records of one partition, as in `MaskedBatch`. */
export interface Records {
  readonly count: number
  readonly bytes: Buffer
  readonly spans: Int32Array
  readonly timestamps: Float64Array
}

/** Who writes, as the broker knows it; a repeated (producer, sequence) is written once. */
export interface ProducerIdentity {
  readonly producerId: bigint
  readonly epoch: number
}

const HEADER_BYTES = 61
const CRC_AT = 17
const ATTRIBUTES_AT = 21

// Timestamps of one batch may lie more than 2^31 ms apart, so their differences do not fit into 32 bits.
const zigzagLong = (n: number): number => (n < 0 ? -n * 2 - 1 : n * 2)

function sizeOfVarlong(n: number): number {
  let size = 1
  for (let rest = zigzagLong(n); rest > 127; rest = Math.floor(rest / 128)) size++
  return size
}

function writeVarlong(out: Buffer, at: number, n: number): number {
  let rest = zigzagLong(n)
  while (rest > 127) {
    out[at++] = (rest % 128) | 128
    rest = Math.floor(rest / 128)
  }
  out[at++] = rest
  return at
}

/** As far apart as timestamps of one batch may be: twice that is a difference that a double still holds exactly. */
const WIDEST_MS = 2 ** 51

/**
 * Can the timestamps of [from, to) be written exactly in one batch? One that is not exact by now (a record can carry any
 * number of 64 bits) cannot even alone.
 */
export function keepsTimestamps({ timestamps }: Records, from: number, to: number): boolean {
  let [first, last] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = from; i < to; i++) {
    const timestamp = timestamps[i] as number
    if (!Number.isSafeInteger(timestamp)) return false
    if (timestamp < first) first = timestamp
    if (timestamp > last) last = timestamp
  }
  return last - first <= WIDEST_MS
}

/** How many records from `from` on make a batch of about so many bytes; one at least. */
export function recordsWithin({ count, spans }: Records, from: number, mostBytes: number): number {
  let bytes = 0
  for (let i = from; i < count; i++) {
    bytes +=
      sizeOfPart(spans, i, KEY_START) + sizeOfPart(spans, i, VALUE_START) + sizeOfPart(spans, i, HEADERS_START) + 24
    if (bytes > mostBytes && i > from) return i - from
  }
  return count - from
}

const sizeOfPart = (spans: Int32Array, index: number, part: number): number => {
  const at = index * SPANS_PER_RECORD + part
  return (spans[at] as number) < 0 ? 0 : (spans[at + 1] as number) - (spans[at] as number)
}

/** A buffer that is written over again: records that are packed pass through it. */
export class Scratch {
  private buffer = Buffer.allocUnsafeSlow(0)

  /** Valid until the next call. */
  take(size: number): Buffer {
    if (this.buffer.length < size) this.buffer = Buffer.allocUnsafeSlow(Math.max(size, 1 << 20))
    return this.buffer
  }
}

/** The records [from, to) as one record batch of format 2: a pass that sizes, and a pass that writes into one buffer. */
export function writeRecordBatch(
  records: Records,
  from: number,
  to: number,
  identity: ProducerIdentity,
  sequence: number,
  codec: Codec,
  scratch: Scratch,
): Buffer {
  const { spans, timestamps } = records
  const baseTimestamp = timestamps[from] as number
  let maxTimestamp = baseTimestamp
  let size = 0
  const bodies = new Int32Array(to - from)
  for (let i = from; i < to; i++) {
    const timestamp = timestamps[i] as number
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    const body = bodySize(spans, i, timestamp - baseTimestamp, i - from)
    bodies[i - from] = body
    size += sizeOfVarint(body) + body
  }

  // What is packed is only passed through; what is not goes out as it is, and may have to go out again.
  const plain = codec.id === 0 ? Buffer.allocUnsafeSlow(HEADER_BYTES + size) : scratch.take(HEADER_BYTES + size)
  let at = HEADER_BYTES
  for (let i = from; i < to; i++)
    at = writeRecord(
      plain,
      at,
      records,
      i,
      bodies[i - from] as number,
      (timestamps[i] as number) - baseTimestamp,
      i - from,
    )
  const batch =
    codec.id === 0
      ? plain
      : Buffer.concat([
          plain.subarray(0, HEADER_BYTES),
          codec.compress(plain.subarray(HEADER_BYTES, HEADER_BYTES + size)),
        ])

  batch.writeBigInt64BE(0n, 0) // base offset: the broker's to set
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12) // leader epoch: the broker's to set
  batch.writeInt8(2, 16) // format
  batch.writeInt16BE(codec.id, ATTRIBUTES_AT)
  batch.writeInt32BE(to - from - 1, 23)
  batch.writeBigInt64BE(BigInt(baseTimestamp), 27)
  batch.writeBigInt64BE(BigInt(maxTimestamp), 35)
  batch.writeBigInt64BE(identity.producerId, 43)
  batch.writeInt16BE(identity.epoch, 51)
  batch.writeInt32BE(sequence, 53)
  batch.writeInt32BE(to - from, 57)
  batch.writeUInt32BE(checksum(batch.subarray(ATTRIBUTES_AT)), CRC_AT)
  return batch
}

function bodySize(spans: Int32Array, index: number, timestampDelta: number, offsetDelta: number): number {
  const at = index * SPANS_PER_RECORD
  const key =
    (spans[at + KEY_START] as number) < 0 ? -1 : (spans[at + KEY_END] as number) - (spans[at + KEY_START] as number)
  const value =
    (spans[at + VALUE_START] as number) < 0
      ? -1
      : (spans[at + VALUE_END] as number) - (spans[at + VALUE_START] as number)
  // Their count at least: an empty list may be no bytes here, and is one there.
  const headers = Math.max(1, (spans[at + HEADERS_END] as number) - (spans[at + HEADERS_START] as number))
  return (
    1 +
    sizeOfVarlong(timestampDelta) +
    sizeOfVarint(offsetDelta) +
    sizeOfVarint(key) +
    Math.max(0, key) +
    sizeOfVarint(value) +
    Math.max(0, value) +
    headers
  )
}

function writeRecord(
  out: Buffer,
  from: number,
  { bytes, spans }: Records,
  index: number,
  body: number,
  timestampDelta: number,
  offsetDelta: number,
): number {
  const span = index * SPANS_PER_RECORD
  let at = writeVarint(out, from, body)
  out[at++] = 0 // attributes, unused
  at = writeVarlong(out, at, timestampDelta)
  at = writeVarint(out, at, offsetDelta)
  for (let part = KEY_START; part <= VALUE_START; part += VALUE_START - KEY_START) {
    const start = spans[span + part] as number
    const end = spans[span + part + 1] as number
    at = writeVarint(out, at, start < 0 ? -1 : end - start)
    if (start >= 0) at += bytes.copy(out, at, start, end)
  }
  const headers = spans[span + HEADERS_START] as number
  const headersEnd = spans[span + HEADERS_END] as number
  if (headersEnd <= headers) out[at++] = 0
  else at += bytes.copy(out, at, headers, headersEnd)
  return at
}
