import type { Edits } from '../decode/edits.ts'
import type { OutputBuffer } from './output-buffer.ts'

/** Below this many bytes a loop is quicker than the call into native code (measured; the knee is flat). */
const NATIVE_COPY = 48

/** Writes src[start, end) with the edits made; every byte between them is copied as it stands. */
export function splice(src: Buffer, start: number, end: number, edits: Edits, output: OutputBuffer): void {
  const { starts, ends, masks, count } = edits
  output.reserve(end - start)
  let out = output.bytes
  let at = output.at
  let from = start
  for (let n = 0; n < count; n++) {
    const spanStart = starts[n] as number
    const spanEnd = ends[n] as number
    at = copy(src, from, spanStart, out, at)
    const mask = masks[n]
    if (mask != null) {
      const most = mask.maxBytes(spanEnd - spanStart)
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
  output.at = copy(src, from, end, out, at)
}

function copy(src: Buffer, start: number, end: number, out: Buffer, at: number): number {
  if (end - start > NATIVE_COPY) return at + src.copy(out, at, start, end)
  while (start < end) out[at++] = src[start++] as number
  return at
}
