import { fail, OPEN_BRACE, requireEnd, skipSpace, Unreadable } from '../decode/scanner.ts'
import { decodeKey } from '../decode/value.ts'
import type { Walker } from '../decode/walk.ts'
import { encodeHeaders, type Header, readHeaders } from '../headers.ts'
import type { Layout } from '../layout.ts'
import { isKeyHeader } from '../mask/header-rules.ts'
import type { ViewPlan } from '../plan.ts'
import type { RowShaper } from '../project/shape-row.ts'
import { AS_IT_IS } from '../filter/row-filter.ts'
import { OutputBuffer } from './output-buffer.ts'
import { splice } from './splice.ts'

/** Writes the headers of one record as they may go out. One for each view and thread of work. */
export class HeaderWriter {
  private readonly plan: ViewPlan
  private readonly walker: Walker
  private readonly shaper: RowShaper
  private readonly scratch = new OutputBuffer(1024)
  // Debezium repeats the same context headers on all records of a task: recognised by their bytes, answered from here.
  private lastIn: Buffer = Buffer.alloc(0)
  private lastOut: Buffer = Buffer.alloc(0)

  /** The walker's edits are overwritten, and what the shaper has written. */
  constructor(plan: ViewPlan, walker: Walker, shaper: RowShaper) {
    this.plan = plan
    this.walker = walker
    this.shaper = shaper
  }

  /** Appends the headers of b[start, end) to the output; `keyLayout` is null where the record has no key. */
  write(b: Buffer, start: number, end: number, keyLayout: Layout | null, output: OutputBuffer): void {
    const { lastIn } = this
    if (lastIn.length === end - start && b.compare(lastIn, 0, lastIn.length, start, end) === 0) {
      output.copy(this.lastOut, 0, this.lastOut.length)
      return
    }
    const headers = readHeaders(b, start, end)
    const kept: Header[] = []
    let keyed = false
    for (const header of headers) {
      if (isKeyHeader(header.name)) {
        keyed = true
        kept.push({ name: header.name, value: this.maskKey(header, keyLayout) })
      } else if (this.plan.mayPass(header.name)) kept.push(header)
    }
    const bytes = encodeHeaders(kept)
    output.copy(bytes, 0, bytes.length)
    if (keyed) return
    this.lastIn = Buffer.from(b.subarray(start, end))
    this.lastOut = bytes
  }

  /** JsonConverter writes such a header as it writes the key; SimpleHeaderConverter writes a bare object, whose types the key tells. */
  private maskKey({ name, value }: Header, keyLayout: Layout | null): Buffer | null {
    if (value === null) return null
    const { walker } = this
    walker.edits.count = 0
    try {
      const from = skipSpace(value, 0)
      if (value[from] !== OPEN_BRACE || keyLayout === null) return fail('RECORD_HEADER_UNREADABLE', 0)
      if (isWrapped(value)) decodeKey(value, 0, value.length, this.plan, walker)
      else requireEnd(value, walker.root(value, from, value.length, keyLayout), value.length)
      const program = walker.rootLayout?.program ?? null
      if (program !== null) this.shaper.shape(value, walker, program, null, AS_IT_IS, null)
      this.scratch.reset()
      splice(value, 0, value.length, walker.edits, this.scratch)
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      walker.place = `headers.${name}`
      // A policy has to act on some; all else is a header we cannot read.
      throw error.code.startsWith('SCHEMA_') || error.code === 'RECORD_UNKNOWN_COLUMN'
        ? error
        : new Unreadable('RECORD_HEADER_UNREADABLE', error.at)
    }
    return Buffer.from(this.scratch.bytes.subarray(0, this.scratch.at))
  }
}

const opening = '{"schema":'
const isWrapped = (value: Buffer): boolean => value.toString('latin1', 0, opening.length) === opening
