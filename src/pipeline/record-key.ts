import { KEY_END, KEY_START, type RawBatch, SPANS_PER_RECORD } from './batch.ts'

const SCHEMA = Buffer.from('{"schema":')
const PAYLOAD = Buffer.from(',"payload":')

/**
 * What in a key tells its row apart: the payload, where a JsonConverter has put a schema block before it, else all bytes.
 * The block changes with the table (a type, a comment), and the row stays the same. Where a key only looks like one,
 * different rows may count as one, which is safe wherever this is asked: they wait for each other.
 */
export function rowOfKey(key: Buffer): Buffer {
  if (key.compare(SCHEMA, 0, SCHEMA.length, 0, Math.min(SCHEMA.length, key.length)) !== 0) return key
  const at = key.indexOf(PAYLOAD)
  return at < 0 ? key : key.subarray(at + PAYLOAD.length, key.length - 1)
}

/** The same of a batch's n-th record; null where it has no key. */
export function rowOfRecord({ bytes, spans }: RawBatch, n: number): Buffer | null {
  const start = spans[n * SPANS_PER_RECORD + KEY_START] as number
  return start < 0 ? null : rowOfKey(bytes.subarray(start, spans[n * SPANS_PER_RECORD + KEY_END]))
}
