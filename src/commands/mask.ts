import { transform } from '../engine.ts'
import type { OutcomeLine, RecordLine } from '../pipeline/record-line.ts'
import { type Arguments, EXIT_OK, EXIT_REJECTED, EXIT_USAGE, type Terminal } from './command.ts'
import { loadPlan } from './load-plan.ts'
import { readRecords } from './record-files.ts'

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
Exit code: 0 all published or dropped, 1 the policies are not valid, 2 usage, 3 at least one record was rejected,
130 interrupted.
`

const CHUNK = 500

/** Masks records of files or standard input with the engine alone. */
export async function mask({ values, positionals }: Arguments, terminal: Terminal): Promise<number> {
  const plan = await loadPlan(values.policies, terminal)
  if (typeof plan === 'number') return plan
  let rejected = 0
  let pending: RecordLine[] = []
  const flush = (): void => {
    for (const outcome of transform(pending, plan, Date.now)) {
      if (outcome.outcome === 'reject') rejected++
      terminal.out(`${JSON.stringify(values.text === true ? asText(outcome) : outcome)}\n`)
    }
    pending = []
  }
  try {
    for await (const line of readRecords(positionals.length === 0 ? [terminal.stdin] : positionals)) {
      if ('problem' in line) {
        flush()
        rejected++
        const { number, problem } = line
        terminal.out(
          `${JSON.stringify({ source: { line: number }, outcome: 'reject', code: 'REQUEST_INVALID', where: `line ${number}: ${problem}` })}\n`,
        )
        continue
      }
      if (pending.push(line.record) >= CHUNK) flush()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    terminal.err(`scrim mask: cannot read the records (${(error as NodeJS.ErrnoException).code})\n`)
    return EXIT_USAGE
  }
  flush()
  return rejected > 0 ? EXIT_REJECTED : EXIT_OK
}

function asText(outcome: OutcomeLine): unknown {
  if (outcome.outcome !== 'publish') return outcome
  const text = (base64: string | null): string | null =>
    base64 === null ? null : Buffer.from(base64, 'base64').toString('utf8')
  const { record } = outcome
  const headers = record.headers.map(([name, value]) => [name, text(value)])
  return { ...outcome, record: { ...record, key: text(record.key), value: text(record.value), headers } }
}
