import { type RawBatch, SPANS_PER_RECORD } from '../../../pipeline/batch.ts'
import { codecById } from '../codecs.ts'
import { Cursor } from './cursor.ts'
import { lastOffset, RECORDS_AT, UnreadableRecords, wholeBatches } from './whole-batches.ts'

/**
 * Record batches as they lie in a fetch response (format 2, since Kafka 0.11), read straight into a `RawBatch`: no object
 * per record, no copy of what came uncompressed, headers in their own bytes with order, repeats and nulls.
 * https://kafka.apache.org/documentation/#recordbatch
 */

/** A transaction that was aborted: what its producer wrote from `firstOffset` on, up to its marker, never happened. */
export interface AbortedTransaction {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

/** Where parts of a record batch lie, from its start. */
const ATTRIBUTES_AT = 21
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const COUNT_AT = 57

const CODEC_MASK = 0x07
const LOG_APPEND_TIME = 0x08
const TRANSACTIONAL = 0x10
const CONTROL = 0x20
const ABORT_MARKER = 0

/** Bytes of the smallest record: a varint of one byte for each of its parts. */
const LEAST_RECORD_BYTES = 7

interface Section {
  readonly bytes: Buffer
  readonly from: number
  readonly to: number
  readonly count: number
  readonly baseOffset: bigint
  /** Where the batch before it ended. */
  readonly after: bigint
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

/**
 * The committed records from `fetchOffset` on, in pieces within the limits; unpacked only when they are asked for. Where
 * a batch cannot be read it throws after it has given all that lies before it.
 */
export function* readRecords(
  bytes: Buffer,
  fetchOffset: bigint,
  aborted: readonly AbortedTransaction[],
  place: PlaceOfRecords,
  limits: BatchLimits,
): Generator<RawBatch> {
  let group: Section[] = []
  let size = 0
  let unreadable: UnreadableRecords | null = null
  const sections = committedSections(bytes, fetchOffset, aborted)
  for (;;) {
    let section: Section | undefined
    try {
      section = sections.next().value
    } catch (error) {
      if (!(error instanceof UnreadableRecords)) throw error
      unreadable = error
    }
    if (section !== undefined) {
      group.push(section)
      size += section.to - section.from
      if (size < limits.bytes) continue
    }
    if (group.length > 0) yield* readSections(group, fetchOffset, place, limits)
    if (unreadable !== null) throw unreadable
    if (section === undefined) return
    group = []
    size = 0
  }
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
  let unreadable: UnreadableRecords | null = null
  const readSection = (section: Section, shift: number): void => {
    const sectionEnd = section.to + shift
    cursor.at = section.from + shift
    for (let i = 0; i < section.count; i++) {
      const start = cursor.at
      const length = cursor.varint()
      const end = cursor.at + length
      if (length < 0 || end > sectionEnd) throw new UnreadableRecords(section.after)
      cursor.at++ // attributes, unused
      const delta = cursor.varlong()
      // On a base that is not exact a sum could look as if it were.
      const timestamp = Number.isSafeInteger(section.baseTimestamp)
        ? section.baseTimestamp + delta
        : section.baseTimestamp
      const offset = section.baseOffset + BigInt(cursor.varint())
      if (offset >= fetchOffset) {
        starts[count] = start
        ends[count] = end
        timestamps[count] = section.appendTime ?? timestamp
        offsets[count] = offset
        if (!readSpans(cursor, spans, count * SPANS_PER_RECORD, end)) throw new UnreadableRecords(section.after)
        count++
      }
      cursor.at = end
    }
  }
  for (const [n, section] of sections.entries()) {
    const before = count
    try {
      readSection(section, shifts[n] as number)
    } catch (error) {
      if (!(error instanceof UnreadableRecords)) throw error
      // A batch is whole or it is not: its records that could be read may be damaged as well.
      count = before
      unreadable = error
      break
    }
  }

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
  if (unreadable !== null) throw unreadable
}

/** Unpacks what is committed and not before the offset. */
function* committedSections(
  bytes: Buffer,
  fetchOffset: bigint,
  aborted: readonly AbortedTransaction[],
): Generator<Section> {
  const pending = [...aborted].sort((a, b) => Number(a.firstOffset - b.firstOffset))
  const aborting = new Set<bigint>()
  for (const { start, end, after } of wholeBatches(bytes, fetchOffset)) {
    const attributes = bytes.readInt16BE(start + ATTRIBUTES_AT)
    const producerId = bytes.readBigInt64BE(start + PRODUCER_ID_AT)
    const last = lastOffset(bytes, start)
    while (pending[0] !== undefined && pending[0].firstOffset <= last)
      aborting.add((pending.shift() as AbortedTransaction).producerId)
    if ((attributes & CONTROL) !== 0) {
      if (orUnreadable(after, () => markerType(bytes, start, end)) === ABORT_MARKER) aborting.delete(producerId)
      continue
    }
    if (last < fetchOffset || ((attributes & TRANSACTIONAL) !== 0 && aborting.has(producerId))) continue
    const codec = codecById(attributes & CODEC_MASK)
    if (codec === undefined) throw new UnreadableRecords(after)
    const isPacked = codec.id !== 0
    const packed = bytes.subarray(start + RECORDS_AT, end)
    const unpacked = isPacked ? orUnreadable(after, () => codec.decompress(packed)) : bytes
    const from = isPacked ? 0 : start + RECORDS_AT
    const to = isPacked ? unpacked.length : end
    const count = bytes.readInt32BE(start + COUNT_AT)
    if (count < 0 || count * LEAST_RECORD_BYTES > to - from) throw new UnreadableRecords(after)
    yield {
      bytes: unpacked,
      from,
      to,
      count,
      baseOffset: bytes.readBigInt64BE(start),
      after,
      baseTimestamp: Number(bytes.readBigInt64BE(start + BASE_TIMESTAMP_AT)),
      appendTime: (attributes & LOG_APPEND_TIME) === 0 ? null : Number(bytes.readBigInt64BE(start + MAX_TIMESTAMP_AT)),
    }
  }
}

function orUnreadable<T>(after: bigint, read: () => T): T {
  try {
    return read()
  } catch {
    throw new UnreadableRecords(after) // what the codec says may quote bytes
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

/** False where the parts do not fit into the record. */
function readSpans(cursor: Cursor, spans: Int32Array, at: number, end: number): boolean {
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
  return cursor.at <= end
}
