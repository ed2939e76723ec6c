import { readVarint } from '../../../pipeline/headers.ts'

/** Reads Kafka's primitives one after another. Throws RangeError at the end of the bytes. */
export class Cursor {
  readonly bytes: Buffer
  at: number

  constructor(bytes: Buffer, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  int8(): number {
    return this.bytes.readInt8(this.move(1))
  }

  int16(): number {
    return this.bytes.readInt16BE(this.move(2))
  }

  int32(): number {
    return this.bytes.readInt32BE(this.move(4))
  }

  int64(): bigint {
    return this.bytes.readBigInt64BE(this.move(8))
  }

  string(): string {
    const length = this.int16()
    return length < 0 ? '' : this.bytes.toString('utf8', this.move(length), this.at)
  }

  /** A view, not a copy; null bytes come out empty. */
  slice(length: number): Buffer {
    if (length <= 0) return this.bytes.subarray(this.at, this.at)
    const from = this.move(length)
    return this.bytes.subarray(from, this.at)
  }

  list<T>(read: () => T): T[] {
    const length = this.int32()
    return Array.from({ length: Math.max(0, length) }, read)
  }

  /** Zigzag varint of 32 bits. */
  varint(): number {
    return readVarint(this.bytes, this)
  }

  /** Zigzag varint of 64 bits as a number: exact to 2^52; what is beyond comes out infinite. */
  varlong(): number {
    let result = 0
    let factor = 1
    for (let n = 0; n < 10; n++) {
      const byte = this.bytes[this.at++] as number
      result += (byte & 0x7f) * factor
      if (byte < 0x80) break
      factor *= 128
    }
    if (result > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY
    return result % 2 === 0 ? result / 2 : -(result + 1) / 2
  }

  private move(length: number): number {
    const from = this.at
    this.at += length
    if (this.at > this.bytes.length) throw new RangeError('end of bytes')
    return from
  }
}
