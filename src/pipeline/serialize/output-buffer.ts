/** Grows as needed and is reused from batch to batch, so that masking makes no garbage in proportion to the bytes. */
export class OutputBuffer {
  bytes: Buffer
  view: DataView
  at = 0

  constructor(initialBytes = 1 << 16) {
    this.bytes = Buffer.allocUnsafeSlow(initialBytes)
    this.view = viewOf(this.bytes)
  }

  reset(): void {
    this.at = 0
  }

  /** Makes room for so many more bytes. What was written stays; `bytes` may be another buffer afterwards. */
  reserve(more: number): void {
    const needed = this.at + more
    if (needed <= this.bytes.length) return
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
    this.bytes.copy(grown, 0, 0, this.at)
    this.bytes = grown
    this.view = viewOf(grown)
  }

  copy(src: Buffer, start: number, end: number): void {
    this.reserve(end - start)
    this.at += src.copy(this.bytes, this.at, start, end)
  }
}

export const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
