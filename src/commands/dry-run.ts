import { createPool } from '../adapters/postgres/pool.ts'
import { createPolicyStore } from '../adapters/postgres/policy-store.ts'
import { createKafkaClient } from '../adapters/kafka/client.ts'
import { createRawTail } from '../adapters/kafka/raw-tail.ts'
import { createKeyRing } from '../adapters/keys/key-ring.ts'
import { createLog } from '../adapters/telemetry/log.ts'
import type { Config } from '../config.ts'
import { errorCatalogue, placeText, type Problem, ScrimError } from '../errors.ts'
import { compileSet } from '../policy/compile-set.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { testProblems } from '../policy/run-tests.ts'
import { type DryRunProgress, type DryRunSet, dryRun } from '../services/dry-run.ts'
import { type DryRunReport, type FindingKind, findingKinds } from '../services/dry-run-report.ts'
import { testsOf } from '../services/policy-test-runs.ts'
import type { RawTail } from '../services/ports/dry-run.ts'
import { type Arguments, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Command, type Terminal } from './command.ts'
import { dryRunText } from './dry-run/text.ts'
import { createFileTail } from './dry-run/file-tail.ts'
import { configOf, readPolicies } from './load-plan.ts'
import { hasErrors, problemLine } from './problems.ts'

const options = {
  policies: { type: 'string', short: 'p' },
  current: { type: 'string' },
  topic: { type: 'string', multiple: true },
  view: { type: 'string', multiple: true },
  records: { type: 'string', multiple: true },
  last: { type: 'string' },
  'time-limit': { type: 'string' },
  'fail-on': { type: 'string' },
  json: { type: 'boolean' },
} as const

const help =
  (): string => `Usage: scrim dry-run [--policies FOLDER] [--current FOLDER] [--topic TOPIC ...] [--view VIEW ...]
                     [--records FILE ...] [--last N] [--time-limit SECONDS] [--fail-on LIST] [--json]

Runs two sets of policies over the newest records of each topic that either of them names, straight from Kafka, and tells
per topic, view and column where they differ: what goes clear that was hidden, what is masked or left out anew, which
records are rejected and why. Nothing is published, no offset is touched, and of a value no more is shown than its kind
and length.

  -p, --policies FOLDER    the candidate (default: SCRIM_POLICIES, else policies/)
      --current FOLDER     the set to compare with (default: the set of the running instances, by SCRIM_DATABASE_URL)
      --topic TOPIC        this topic only; may be repeated
      --view VIEW          this view only; may be repeated
      --records FILE       records from files, JSON Lines as scrim mask reads them, instead of Kafka; may be repeated
      --last N             so many records of each topic, the newest (default: 10000)
      --time-limit SECONDS what was looked at by then is told, and the exit code is 1 (default: 600)
      --fail-on LIST       what ends with exit code 1, by comma (default: newly-clear,rejected); of
                           ${findingKinds.join(', ')}
                           or none
      --json               one JSON document instead of text

Keys come from SCRIM_KEYS or SCRIM_KEYS_FILE; they should be those of the running instances.
Exit code: 0 nothing of --fail-on was found; 1 something was, not all could be looked at, or the candidate would be
refused; 2 usage; 130 interrupted.
`

/** What two sets would make of the same records. */
export const dryRunCommand: Command = {
  run,
  help,
  options,
  about: 'show what policies would change, on the newest records, before they go live',
}

interface Asked {
  readonly policies: string | undefined
  readonly current: string | null
  readonly topics: readonly string[] | null
  readonly views: readonly string[] | null
  readonly files: readonly string[]
  readonly last: number
  readonly timeLimitMs: number
  readonly failOn: readonly FindingKind[]
  readonly isJson: boolean
}

async function run({ values }: Arguments, terminal: Terminal): Promise<number> {
  const asked = readArguments(values)
  if (typeof asked === 'string') return usage(asked, terminal)
  const config = configOf(terminal)
  if (config === null) return EXIT_USAGE
  if (asked.current === null && config.databaseUrl === null)
    return usage('needs --current, or SCRIM_DATABASE_URL for the set of the running instances', terminal)
  const candidate = await setOf(asked.policies, config, terminal)
  if (candidate === null) return EXIT_FAILED
  try {
    const current =
      asked.current === null ? await storedSet(config, terminal) : await setOf(asked.current, config, terminal)
    if (current === null) return EXIT_FAILED
    const report = await compare(current, candidate, asked, config, terminal)
    terminal.out(asked.isJson ? `${JSON.stringify(report, null, 2)}\n` : dryRunText(report, asked.failOn))
    // What would be refused, or was not looked at, has passed no gate.
    const isLookedAt = report.isComplete && report.notRead.length === 0 && report.topics.length > 0
    return !isLookedAt || hasErrors(report.problems) || asked.failOn.some(kind => report.findings[kind] > 0)
      ? EXIT_FAILED
      : EXIT_OK
  } catch (error) {
    if (error instanceof ScrimError) {
      const { message, hint } = errorCatalogue[error.code]
      terminal.err(`error ${error.code} at ${placeText(error.where)}: ${message}. ${hint}\n`)
      return EXIT_FAILED
    }
    const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
    if (typeof code !== 'string') throw error
    return usage(`cannot read the records (${code})`, terminal)
  }
}

function readArguments(values: Arguments['values']): Asked | string {
  const one = (name: string): string | undefined =>
    typeof values[name] === 'string' ? (values[name] as string) : undefined
  const list = (name: string): string[] =>
    Array.isArray(values[name]) ? values[name].filter(value => typeof value === 'string') : []
  const last = wholeOf(one('last') ?? '10000', 1, 10_000_000)
  if (last === null) return '--last must be a whole number from 1 to 10000000'
  const seconds = wholeOf(one('time-limit') ?? '600', 1, 86_400)
  if (seconds === null) return '--time-limit must be a whole number of seconds from 1 to 86400'
  const named = (one('fail-on') ?? 'newly-clear,rejected').split(',').filter(kind => kind !== 'none')
  const failOn = findingKinds.filter(kind => named.includes(kind))
  if (failOn.length !== new Set(named).size) return `--fail-on takes ${findingKinds.join(', ')}, or none`
  return {
    policies: one('policies'),
    current: one('current') ?? null,
    topics: list('topic').length === 0 ? null : list('topic'),
    views: list('view').length === 0 ? null : list('view'),
    files: list('records'),
    last,
    timeLimitMs: seconds * 1000,
    failOn,
    isJson: values.json === true,
  }
}

function wholeOf(text: string, least: number, most: number): number | null {
  const number = Number(text)
  return /^\d+$/.test(text) && number >= least && number <= most ? number : null
}

function usage(problem: string, { err }: Terminal): number {
  err(`scrim dry-run: ${problem}\n\n${help()}`)
  return EXIT_USAGE
}

/** The set of a folder with its problems; null after they were told. */
async function setOf(
  folder: string | undefined,
  config: Config,
  terminal: Terminal,
): Promise<(DryRunSet & { readonly problems: readonly Problem[] }) | null> {
  const { documents, plan, problems } = await readPolicies(folder, config)
  if (plan !== null) return { name: folder ?? config.policies, documents, plan, problems }
  for (const problem of problems) terminal.err(problemLine(problem))
  return null
}

/** What the running instances run; an empty store is a set of nothing. */
async function storedSet(config: Config, terminal: Terminal): Promise<DryRunSet | null> {
  const database = createPool(config.databaseUrl ?? '', { applicationName: `${config.clientId} dry-run`, max: 1 })
  try {
    const version = await createPolicyStore({ database }).current()
    const documents = version?.documents ?? []
    const { plan, problems } = compile(documents, config)
    if (plan !== null) return { name: `version ${version?.version ?? 0}`, documents, plan }
    for (const problem of problems) terminal.err(problemLine(problem))
    return null
  } finally {
    await database.end()
  }
}

const compile = (documents: readonly PolicyDocument[], config: Config): ReturnType<typeof compileSet> =>
  compileSet(documents, { keys: createKeyRing(config), settings: config, now: Date.now() })

async function compare(
  current: DryRunSet,
  candidate: DryRunSet & { readonly problems: readonly Problem[] },
  asked: Asked,
  config: Config,
  { err, signal }: Terminal,
): Promise<DryRunReport> {
  const tests = testProblems(await testsOf(candidate.documents, documents => compile(documents, config)))
  const problems = [...candidate.problems, ...tests]
  const { tail, close } = await openTail(asked, config, err)
  try {
    return await dryRun({
      current,
      candidate,
      tail,
      topics: asked.topics,
      views: asked.views,
      records: asked.last,
      timeLimitMs: asked.timeLimitMs,
      rest: 0,
      signal,
      problems,
      onProgress: progressTo(err),
    })
  } finally {
    await close()
  }
}

async function openTail(
  { files, last }: Asked,
  config: Config,
  err: Terminal['err'],
): Promise<{ readonly tail: RawTail; readonly close: () => Promise<void> }> {
  if (files.length > 0) {
    const onFault = (number: number, problem: string): void => err(`line ${number} is no record: ${problem}\n`)
    return { tail: await createFileTail(files, last, onFault), close: async () => {} }
  }
  const client = createKafkaClient({ config, log: createLog({ level: 'fatal' }) })
  const tail = createRawTail({ client })
  const close = async (): Promise<void> => {
    await tail.close()
    await client.close()
  }
  return { tail, close }
}

const PROGRESS_MS = 2_000

/** A line on standard error now and then: what is short needs none. */
function progressTo(err: Terminal['err']): (progress: DryRunProgress) => void {
  let toldAt = performance.now()
  return ({ topic, records, at, of }) => {
    if (performance.now() - toldAt < PROGRESS_MS) return
    toldAt = performance.now()
    err(`topic ${at} of ${of}: ${topic}, ${records} records\n`)
  }
}
