import { type RawBatch, SPANS_PER_RECORD } from '../../../pipeline/batch.ts'
import { codecById } from '../codecs.ts'
import { Cursor } from './cursor.ts'

/**
 * Record batches as they lie in a fetch response (format 2, since Kafka 0.11), read straight into a `RawBatch`: no object
 * per record, no copy of what came uncompressed, headers in their own bytes with order, repeats and nulls.
 * https://kafka.apache.org/documentation/#recordbatch
 */

/** The bytes are not record batches of format 2, or a batch cannot be unpacked. */
export class UnreadableRecords extends Error {}

/** A transaction that was aborted: what its producer wrote from `firstOffset` on, up to its marker, never happened. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** Where parts of a record batch lie, from its start. */
const LENGTH_AT = 8
const MAGIC_AT = 16
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const COUNT_AT = 57
const RECORDS_AT = 61
const BEFORE_LENGTH_BYTES = 12

const CODEC_MASK = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const ABORT_MARKER = 0

/** The batches that are there whole; the last one may be cut off, for a fetch ends after so many bytes. */
function* wholeBatches(bytes: Buffer): Generator<{ readonly start: number; readonly end: number }> {
  for (let start = 0; start + RECORDS_AT <= bytes.length; ) {
    const end = start + BEFORE_LENGTH_BYTES + bytes.readInt32BE(start + LENGTH_AT)
    if (end > bytes.length) return
    if (bytes[start + MAGIC_AT] !== 2) throw new UnreadableRecords()
    yield { start, end }
    start = end
  }
}

const lastOffset = (bytes: Buffer, start: number): bigint =>
  bytes.readBigInt64BE(start) + BigInt(bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT))

/** Where the next fetch begins: behind the last whole batch, so that markers and gaps of compaction are passed. */
export function endOf(bytes: Buffer, fetchOffset: bigint): bigint {
  let next = fetchOffset
  for (const { start } of wholeBatches(bytes)) {
    const after = lastOffset(bytes, start) + 1n
    if (after > next) next = after
  }
  return next
}

interface Section {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  readonly count: number
  readonly baseOffset: bigint
  readonly baseTimestamp: number
  /** Where the broker set the time, it is the same for all. */
  readonly appendTime: number | null
}

export interface PlaceOfRecords {
  readonly topic: string
  readonly partition: number
  readonly partitions: number
}

/** How much one `RawBatch` holds at most; a single record may be bigger. */
export interface BatchLimits {
  readonly records: number
  readonly bytes: number
}

/** The committed records from `fetchOffset` on, in pieces within the limits; unpacked only when they are asked for. */
export function* readRecords(
  bytes: Buffer,
  fetchOffset: bigint,
  aborted: readonly AbortedTransaction[],
  place: PlaceOfRecords,
  limits: BatchLimits,
): Generator<RawBatch> {
  let group: Section[] = []
  let size = 0
  for (const section of committedSections(bytes, fetchOffset, aborted)) {
    group.push(section)
    size += section.to - section.from
    if (size < limits.bytes) continue
    yield* readSections(group, fetchOffset, place, limits)
    group = []
    size = 0
  }
  if (group.length > 0) yield* readSections(group, fetchOffset, place, limits)
}

function* readSections(
  sections: readonly Section[],
  fetchOffset: bigint,
  place: PlaceOfRecords,
  limits: BatchLimits,
): Generator<RawBatch> {
  const { joined, shifts } = join(sections)
  const most = sections.reduce((sum, { count }) => sum + count, 0)
  const spans = new Int32Array(most * SPANS_PER_RECORD)
  const starts = new Int32Array(most)
  const ends = new Int32Array(most)
  const timestamps = new Float64Array(most)
  const offsets = new BigInt64Array(most)
  const cursor = new Cursor(joined)
  let count = 0
  sections.forEach((section, n) => {
    const shift = shifts[n] as number
    const sectionEnd = section.to + shift
    cursor.at = section.from + shift
    for (let i = 0; i < section.count; i++) {
      const start = cursor.at
      const length = cursor.varint()
      const end = cursor.at + length
      if (length < 0 || end > sectionEnd) throw new UnreadableRecords()
      cursor.at++ // attributes, unused
      const timestamp = section.baseTimestamp + cursor.varlong()
      const offset = section.baseOffset + BigInt(cursor.varint())
      if (offset >= fetchOffset) {
        starts[count] = start
        ends[count] = end
        timestamps[count] = section.appendTime ?? timestamp
        offsets[count] = offset
        readSpans(cursor, spans, count * SPANS_PER_RECORD, end)
        count++
      }
      cursor.at = end
    }
  })

  for (let from = 0; from < count; ) {
    const first = starts[from] as number
    let to = from + 1
    while (to < count && to - from < limits.records && (ends[to] as number) - first <= limits.bytes) to++
    const piece = spans.subarray(from * SPANS_PER_RECORD, to * SPANS_PER_RECORD)
    // Positions count from the piece's own first byte, so that its `bytes` are no more than what it holds.
    if (first > 0)
      for (let i = 0; i < piece.length; i++) if ((piece[i] as number) >= 0) piece[i] = (piece[i] as number) - first
    yield {
      ...place,
      count: to - from,
      bytes: joined.subarray(first, ends[to - 1]),
      spans: piece,
      timestamps: timestamps.subarray(from, to),
      offsets: offsets.subarray(from, to),
    }
    from = to
  }
}

/** Unpacks what is committed and not before the offset. */
function* committedSections(
  bytes: Buffer,
  fetchOffset: bigint,
  aborted: readonly AbortedTransaction[],
): Generator<Section> {
  const pending = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  const aborting = new Set<bigint>()
  for (const { start, end } of wholeBatches(bytes)) {
    const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT)
    const producerId = bytes.readBigInt64BE(start + PRODUCER_ID_AT)
    const last = lastOffset(bytes, start)
    while (pending[0] !== undefined && pending[0].firstOffset <= last)
      aborting.add((pending.shift() as AbortedTransaction).producerId)
    if ((attributes & CONTROL) !== 0) {
      if (markerType(bytes, start, end) === ABORT_MARKER) aborting.delete(producerId)
      continue
    }
    if (last < fetchOffset || ((attributes & TRANSACTIONAL) !== 0 && aborting.has(producerId))) continue
    const codec = codecById(attributes & CODEC_MASK)
    if (codec === undefined) throw new UnreadableRecords()
    const isPacked = codec.id !== 0
    const unpacked = isPacked ? unpack(() => codec.decompress(bytes.subarray(start + RECORDS_AT, end))) : bytes
    yield {
      bytes: unpacked,
      from: isPacked ? 0 : start + RECORDS_AT,
      to: isPacked ? unpacked.length : end,
      count: bytes.readInt32BE(start + COUNT_AT),
      baseOffset: bytes.readBigInt64BE(start),
      baseTimestamp: Number(bytes.readBigInt64BE(start + BASE_TIMESTAMP_AT)),
      appendTime: (attributes & LOG_APPEND_TIME) === 0 ? null : Number(bytes.readBigInt64BE(start + MAX_TIMESTAMP_AT)),
    }
  }
}

function unpack(decompress: () => Buffer): Buffer {
  try {
    return decompress()
  } catch {
    throw new UnreadableRecords() // what the codec says may quote bytes
  }
}

/** A marker is a batch of one record; its key holds version and type. */
function markerType(bytes: Buffer, start: number, end: number): number {
  if (bytes.readInt32BE(start + COUNT_AT) < 1) return -1
  const cursor = new Cursor(bytes.subarray(start + RECORDS_AT, end))
  cursor.varint() // length
  cursor.int8() // attributes
  cursor.varlong() // timestamp
  cursor.varint() // offset
  if (cursor.varint() < 4) return -1
  cursor.int16() // version
  return cursor.int16()
}

/** All sections in one buffer: the one they share, else a copy of what was unpacked. */
function join(sections: readonly Section[]): { readonly joined: Buffer; readonly shifts: readonly number[] } {
  const shared = sections[0]?.bytes as Buffer
  if (sections.every(({ bytes }) => bytes === shared)) return { joined: shared, shifts: sections.map(() => 0) }
  const shifts: number[] = []
  let at = 0
  for (const { from, to } of sections) {
    shifts.push(at - from)
    at += to - from
  }
  return { joined: Buffer.concat(sections.map(({ bytes, from, to }) => bytes.subarray(from, to))), shifts }
}

function readSpans(cursor: Cursor, spans: Int32Array, at: number, end: number): void {
  for (let part = 0; part < 4; part += 2) {
    const length = cursor.varint()
    spans[at + part] = length < 0 ? -1 : cursor.at
    if (length > 0) cursor.at += length
    spans[at + part + 1] = length < 0 ? -1 : cursor.at
  }
  // A count of zero, one byte, is no headers at all.
  const hasHeaders = end - cursor.at > 1
  spans[at + 4] = hasHeaders ? cursor.at : -1
  spans[at + 5] = hasHeaders ? end : -1
  if (cursor.at > end) throw new UnreadableRecords()
}
