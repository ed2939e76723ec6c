/** Where parts of a record batch lie, from its start. */
const LENGTH_AT = 8
const MAGIC_AT = 16
const LAST_OFFSET_DELTA_AT = 23
/** Where its records begin. */
export const RECORDS_AT = 61
const BEFORE_LENGTH_BYTES = 12

/** The bytes are not record batches of format 2, or a batch cannot be unpacked. */
export class UnreadableRecords extends Error {
  /** Up to here everything could be read. */
  readonly offset: bigint

  constructor(offset: bigint) {
    super()
    this.offset = offset
  }
}

interface WholeBatch {
  readonly start: number
  readonly end: number
  /** Where the batch before it ended: what the batch says of itself may be damaged. */
  readonly after: bigint
}

/** The batches that are there whole; the last one may be cut off, for a fetch ends after so many bytes. */
export function* wholeBatches(bytes: Buffer, fetchOffset: bigint): Generator<WholeBatch> {
  let after = fetchOffset
  for (let start = 0; start + RECORDS_AT <= bytes.length; ) {
    const end = start + BEFORE_LENGTH_BYTES + bytes.readInt32BE(start + LENGTH_AT)
    if (bytes[start + MAGIC_AT] !== 2 || end < start + RECORDS_AT) throw new UnreadableRecords(after)
    if (end > bytes.length) return
    yield { start, end, after }
    const next = lastOffset(bytes, start) + 1n
    if (next > after) after = next
    start = end
  }
}

/** Of the batch that starts there. */
export const lastOffset = (bytes: Buffer, start: number): bigint =>
  bytes.readBigInt64BE(start) + BigInt(bytes.readInt32BE(start + LAST_OFFSET_DELTA_AT))

/**
 * Where the next fetch begins: behind the last whole batch, so that markers and gaps of compaction are passed; or before
 * the first that cannot be read. Throws where that is the first of all.
 */
export function endOf(bytes: Buffer, fetchOffset: bigint): bigint {
  let next = fetchOffset
  try {
    for (const { start } of wholeBatches(bytes, fetchOffset)) {
      const after = lastOffset(bytes, start) + 1n
      if (after > next) next = after
    }
  } catch (error) {
    if (!(error instanceof UnreadableRecords) || next === fetchOffset) throw error
  }
  return next
}
