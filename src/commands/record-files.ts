import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import type { RecordLine } from '../pipeline/record-line.ts'
import { readRecordText } from './record-text.ts'

/** A line of JSON Lines: a record, or what is wrong with it; never what it says. */
export type ReadLine =
  | { readonly number: number; readonly record: RecordLine }
  | { readonly number: number; readonly problem: string }

/** The lines of all files, numbered from 1 through all of them; empty ones are passed over. Throws the system's error where a file cannot be read. */
export async function* readRecords(inputs: readonly (string | Readable)[]): AsyncGenerator<ReadLine> {
  let number = 0
  for (const input of inputs) {
    let isFirst = true
    for await (const bytes of linesOf(typeof input === 'string' ? createReadStream(input) : input)) {
      number++
      const line = textOf(bytes, isFirst)
      isFirst = false
      if (line === null) yield { number, problem: 'not UTF-8' }
      else if (line.trim() !== '') yield { number, ...readRecordText(line) }
    }
  }
}

const NEWLINE = 10

/** Split at newlines alone: readline would also split at U+2028, which JSON allows inside a string. */
async function* linesOf(input: Readable): AsyncGenerator<Buffer> {
  let begun: Buffer[] = []
  for await (const chunk of input) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : (chunk as Buffer)
    let from = 0
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...begun, bytes.subarray(from, end)])
      begun = []
      from = end + 1
    }
    if (from < bytes.length) begun.push(bytes.subarray(from))
  }
  if (begun.length > 0) yield Buffer.concat(begun)
}

/** Null where it is not UTF-8: put right silently, it would be another value. A byte order mark begins a file, no record. */
function textOf(bytes: Buffer, isFirst: boolean): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: !isFirst }).decode(bytes)
  } catch {
    return null
  }
}
