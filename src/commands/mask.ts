import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { transform } from '../engine.ts'
import { lineProblem, type OutcomeLine, type RecordLine } from '../pipeline/record-line.ts'
import { type Arguments, EXIT_OK, EXIT_REJECTED, EXIT_USAGE, type Terminal } from './command.ts'
import { loadPlan } from './load-plan.ts'

export const maskOptions = {
  policies: { type: 'string', short: 'p' },
  text: { type: 'boolean' },
} as const

export const maskHelp = (): string => `Usage: scrim mask [--policies FOLDER] [--text] [FILE ...]

Reads records as JSON Lines from the files, or from standard input, and writes one outcome for each record and view:
publish with the masked record, drop with the reason, or reject with a code and a place. No Kafka is needed.

  -p, --policies FOLDER   policy documents (default: SCRIM_POLICIES, else policies/)
      --text              keys and values of masked records as text instead of base64

Keys come from SCRIM_KEYS or SCRIM_KEYS_FILE.
Exit code: 0 all published or dropped, 1 the policies are not valid, 2 usage, 3 at least one record was rejected.
`

const CHUNK = 500

/** Masks records of files or standard input with the engine alone. */
export async function mask({ values, positionals }: Arguments, terminal: Terminal): Promise<number> {
  const plan = await loadPlan(values.policies, terminal)
  if (typeof plan === 'number') return plan
  let rejected = 0
  let pending: RecordLine[] = []
  const flush = (): void => {
    for (const outcome of transform(pending, plan)) {
      if (outcome.outcome === 'reject') rejected++
      terminal.out(`${JSON.stringify(values.text === true ? asText(outcome) : outcome)}\n`)
    }
    pending = []
  }
  let number = 0
  try {
    for await (const line of linesOf(positionals, terminal)) {
      number++
      if (line.trim() === '') continue
      const record = readLine(line)
      if (typeof record === 'string') {
        flush()
        rejected++
        terminal.out(`${JSON.stringify({ source: { line: number }, outcome: 'reject', code: 'REQUEST_INVALID', where: `line ${number}: ${record}` })}\n`)
        continue
      }
      if (pending.push(record) >= CHUNK) flush()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    terminal.err(`scrim mask: cannot read the records (${(error as NodeJS.ErrnoException).code})\n`)
    return EXIT_USAGE
  }
  flush()
  return rejected > 0 ? EXIT_REJECTED : EXIT_OK
}

async function* linesOf(files: readonly string[], { stdin }: Terminal): AsyncGenerator<string> {
  const inputs = files.length === 0 ? [stdin] : files.map(file => createReadStream(file))
  for (const input of inputs) {
    // Without this an error of the stream would not reach the loop.
    const failed = new Promise<never>((_, reject) => input.once('error', reject))
    failed.catch(() => {})
    const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })[Symbol.asyncIterator]()
    for (;;) {
      const next = await Promise.race([lines.next(), failed])
      if (next.done === true) break
      yield next.value
    }
  }
}

/** The record, or what is wrong with the line; never what the line says. */
function readLine(line: string): RecordLine | string {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return 'not JSON'
  }
  return lineProblem(parsed) ?? (parsed as RecordLine)
}

function asText(outcome: OutcomeLine): unknown {
  if (outcome.outcome !== 'publish') return outcome
  const text = (base64: string | null): string | null => (base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8'))
  const { record } = outcome
  const headers = record.headers.map(([name, value]) => [name, text(value)])
  return { ...outcome, record: { ...record, key: text(record.key), value: text(record.value), headers } }
}
