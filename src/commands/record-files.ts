import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { lineProblem, type RecordLine } from '../pipeline/record-line.ts'

/** A line of JSON Lines: a record, or what is wrong with it; never what it says. */
export type ReadLine =
  | { readonly number: number; readonly record: RecordLine }
  | { readonly number: number; readonly problem: string }

/** The lines of all files, numbered from 1 through all of them; empty ones are passed over. Throws the system's error where a file cannot be read. */
export async function* readRecords(inputs: readonly (string | Readable)[]): AsyncGenerator<ReadLine> {
  let number = 0
  for (const input of inputs) {
    for await (const line of linesOf(typeof input === 'string' ? createReadStream(input) : input)) {
      number++
      if (line.trim() !== '') yield { number, ...readLine(line) }
    }
  }
}

async function* linesOf(input: Readable): AsyncGenerator<string> {
  // Without this an error of the stream would not reach the loop.
  const failed = new Promise<never>((_, reject) => input.once('error', reject))
  failed.catch(() => {})
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
  for (;;) {
    const next = await Promise.race([lines.next(), failed])
    if (next.done === true) return
    yield next.value
  }
}

function readLine(line: string): { readonly record: RecordLine } | { readonly problem: string } {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return { problem: 'not JSON' }
  }
  const problem = lineProblem(parsed)
  return problem === null ? { record: parsed as RecordLine } : { problem }
}
