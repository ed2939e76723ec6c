import type { Edits } from '../decode/edits.ts'
import { type OutputBuffer, viewOf } from './output-buffer.ts'

/** From so many bytes on the call into native code is cheaper than copying word by word (measured; the knee is flat). */
const NATIVE_COPY = 256

// The view of the buffer that was spliced from last: a batch is one buffer, and views are not free.
let viewed: Buffer | null = null
let view: DataView = new DataView(new ArrayBuffer(0))

/** Writes src[start, end) with the edits made; every byte between them is copied as it stands. */
export function splice(src: Buffer, start: number, end: number, edits: Edits, output: OutputBuffer): void {
  if (viewed !== src) {
    viewed = src
    view = viewOf(src)
  }
  const { starts, ends, masks, count } = edits
  output.reserve(end - start)
  let out = output.bytes
  let at = output.at
  let from = start
  for (let n = 0; n < count; n++) {
    const spanStart = starts[n] as number
    const spanEnd = ends[n] as number
    at = copy(src, from, spanStart, output, at)
    const mask = masks[n]
    if (mask != null) {
      const most = mask.maxBytes(spanEnd - spanStart, src, spanStart)
      // Room for this value and for all the rest of the record unchanged: then the copies need no check.
      if (at + most + (end - spanEnd) > out.length) {
        output.at = at
        output.reserve(most + (end - spanEnd))
        out = output.bytes
      }
      at = mask.write(src, spanStart, spanEnd, out, at)
    }
    from = spanEnd
  }
  output.at = copy(src, from, end, output, at)
}

/** Word by word, the last word overlapping the one before instead of leaving a rest to copy byte by byte. */
function copy(src: Buffer, start: number, end: number, output: OutputBuffer, at: number): number {
  const length = end - start
  if (length >= NATIVE_COPY) return at + src.copy(output.bytes, at, start, end)
  if (length < 4) {
    const out = output.bytes
    while (start < end) out[at++] = src[start++] as number
    return at
  }
  const out = output.view
  const last = length - 4
  for (let n = 0; n < last; n += 4) out.setInt32(at + n, view.getInt32(start + n, true), true)
  out.setInt32(at + last, view.getInt32(start + last, true), true)
  return at + length
}
