/**
 * Record headers in Kafka's own encoding (varints are zigzag, as in record batches of version 2): count, then for each
 * the name's length and bytes, the value's length (-1: null) and bytes.
 */
export interface Header {
  readonly name: string
  readonly value: Buffer | null
}

export function readHeaders(b: Buffer, start: number, end: number): Header[] {
  const cursor = { at: start }
  const headers: Header[] = []
  if (start < 0 || start === end) return headers
  const count = readVarint(b, cursor)
  for (let n = 0; n < count; n++) {
    const nameLength = readVarint(b, cursor)
    const name = b.toString('utf8', cursor.at, (cursor.at += nameLength))
    const length = readVarint(b, cursor)
    headers.push({ name, value: length < 0 ? null : b.subarray(cursor.at, (cursor.at += length)) })
  }
  return headers
}

/** An empty list is no bytes at all. */
export function encodeHeaders(headers: readonly Header[]): Buffer {
  if (headers.length === 0) return Buffer.alloc(0)
  const names = headers.map(({ name }) => Buffer.from(name))
  let size = sizeOfVarint(headers.length)
  headers.forEach(({ value }, i) => {
    const length = (names[i] as Buffer).length
    size += sizeOfVarint(length) + length + sizeOfVarint(value?.length ?? -1) + (value?.length ?? 0)
  })
  const out = Buffer.allocUnsafe(size)
  let at = writeVarint(out, 0, headers.length)
  headers.forEach(({ value }, i) => {
    const name = names[i] as Buffer
    at = writeVarint(out, at, name.length)
    at += name.copy(out, at)
    at = writeVarint(out, at, value?.length ?? -1)
    if (value !== null) at += value.copy(out, at)
  })
  return out
}

// Kafka's varints of 32 bits; record batches are made of them, too.
const zigzag = (n: number): number => ((n << 1) ^ (n >> 31)) >>> 0

/** Reads at the cursor and moves it on. */
export function readVarint(bytes: Buffer, cursor: { at: number }): number {
  let result = 0
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[cursor.at++] as number
    result |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return (result >>> 1) ^ -(result & 1)
}

export function sizeOfVarint(n: number): number {
  let rest = zigzag(n)
  let size = 1
  while (rest > 127) {
    rest >>>= 7
    size++
  }
  return size
}

/** Returns where the next byte goes. */
export function writeVarint(out: Buffer, at: number, n: number): number {
  let rest = zigzag(n)
  while (rest > 127) {
    out[at++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[at++] = rest
  return at
}
