import { createKafkaClient } from '../adapters/kafka/client.ts'
import { createRawTail } from '../adapters/kafka/raw-tail.ts'
import { createRecordReader } from '../adapters/kafka/record-reader.ts'
import { createPool } from '../adapters/postgres/pool.ts'
import { createSchemaStore } from '../adapters/postgres/schema-store.ts'
import { createLog } from '../adapters/telemetry/log.ts'
import type { Config } from '../config.ts'
import { errorCatalogue, placeText, ScrimError } from '../errors.ts'
import type { RawBatch } from '../pipeline/batch.ts'
import type { TopicFacts } from '../pipeline/plan.ts'
import { batchOfLines } from '../pipeline/record-line.ts'
import { verdicts } from '../policy/candidates.ts'
import type { SeenSchema } from '../services/ports/policies.ts'
import { type ColumnExplanation, type Explanation, explain, type ViewExplanation } from '../services/explain.ts'
import { type Arguments, type Command, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal } from './command.ts'
import { configOf, readPolicies } from './load-plan.ts'
import { problemLine } from './problems.ts'
import { readRecords } from './record-files.ts'

const options = {
  policies: { type: 'string', short: 'p' },
  topic: { type: 'string' },
  record: { type: 'string' },
  at: { type: 'string' },
  view: { type: 'string' },
  json: { type: 'boolean' },
} as const

const help =
  (): string => `Usage: scrim explain [--policies FOLDER] (--topic TOPIC | --record FILE | --at TOPIC/PARTITION@OFFSET) [--view VIEW] [--json]

Tells why the columns of a topic, or of one record, go out as they do: for each the policy, the mask and the parameters
that decide, and why the others do not. Names, types and parameters are shown; never a value of the record.

  -p, --policies FOLDER   policy documents (default: SCRIM_POLICIES, else policies/)
      --topic TOPIC       what policies say of the topic's columns: those of the schemas that running instances have met,
                          where SCRIM_DATABASE_URL is set, else those that policies name
      --record FILE       the first record of a file, JSON Lines as scrim mask reads them; - is standard input
      --at PLACE          a record where it lies in Kafka: topic/partition@offset
      --view VIEW         this view only
      --json              one JSON document instead of text

Exit code: 0 it is explained, 1 the policies are not valid or the record is not there, 2 usage, 130 interrupted.
`

/** Why what happens to a column happens. */
export const explainCommand: Command = {
  run,
  help,
  options,
  about: 'tell which policy decides what becomes of each column, and why the others do not',
}

async function run({ values }: Arguments, terminal: Terminal): Promise<number> {
  const one = (name: string): string | null => (typeof values[name] === 'string' ? (values[name] as string) : null)
  const asked = { topic: one('topic'), record: one('record'), at: one('at') }
  if (Object.values(asked).filter(value => value !== null).length !== 1)
    return usage('needs one of --topic, --record and --at', terminal)
  const place = asked.at === null ? null : placeOf(asked.at)
  if (asked.at !== null && place === null) return usage('--at must be topic/partition@offset', terminal)
  const config = configOf(terminal)
  if (config === null) return EXIT_USAGE
  const { documents, plan, problems } = await readPolicies(one('policies') ?? undefined, config)
  if (plan === null) {
    for (const problem of problems) terminal.err(problemLine(problem))
    return EXIT_FAILED
  }
  let found: Found
  let seen: readonly SeenSchema[] = []
  try {
    if (asked.topic !== null) seen = await storedSchemas(config)
    if (place !== null) found = await recordAt(place, config)
    else if (asked.record !== null) found = await recordOf(asked.record, terminal)
    else found = { topic: asked.topic ?? '', record: null, facts: { compacted: false } }
  } catch (error) {
    return told(error, terminal)
  }
  const view = one('view')
  const explanation = explain({ ...found, documents, plan, seen, view, now: Date.now() })
  if (view !== null && explanation.views.length === 0 && plan.names(found.topic))
    return usage('the topic has no such view', terminal)
  terminal.out(values.json === true ? `${JSON.stringify(explanation, null, 2)}\n` : explanationText(explanation))
  return EXIT_OK
}

function usage(problem: string, { err }: Terminal): number {
  err(`scrim explain: ${problem}\n\n${help()}`)
  return EXIT_USAGE
}

function told(error: unknown, terminal: Terminal): number {
  if (error instanceof ScrimError) {
    const { message, hint } = errorCatalogue[error.code]
    terminal.err(`error ${error.code} at ${placeText(error.where)}: ${message}. ${hint}\n`)
    return EXIT_FAILED
  }
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string') throw error
  return usage(`cannot read the record (${code})`, terminal)
}

/** What the running instances have met, so that a topic alone is explained with the columns that it has. */
async function storedSchemas({ databaseUrl, clientId }: Config): Promise<readonly SeenSchema[]> {
  if (databaseUrl === null) return []
  const database = createPool(databaseUrl, { applicationName: `${clientId} explain`, max: 1 })
  try {
    return await createSchemaStore({ database }).all()
  } finally {
    await database.end()
  }
}

interface Found {
  readonly topic: string
  readonly record: RawBatch | null
  readonly facts: TopicFacts
}

interface RecordAt {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

function placeOf(text: string): RecordAt | null {
  const found = /^(?<topic>[\w.-]{1,249})\/(?<partition>\d{1,9})@(?<offset>\d{1,18})$/.exec(text)?.groups
  if (found === undefined) return null
  const { topic = '', partition, offset = '' } = found
  return { topic, partition: Number(partition), offset: BigInt(offset) }
}

async function recordAt({ topic, partition, offset }: RecordAt, config: Config): Promise<Found> {
  const client = createKafkaClient({ config, log: createLog({ level: 'fatal' }) })
  const reader = createRecordReader({ client, group: config.group })
  const tail = createRawTail({ client })
  try {
    const facts = await tail.facts(topic)
    const record = await reader.read(topic, partition, offset)
    if (record === null) throw notThere({ topic, partition, offset: String(offset) })
    return { topic, record, facts }
  } finally {
    await Promise.all([reader.close(), tail.close()])
    await client.close()
  }
}

const notThere = (where: ScrimError['where']): ScrimError =>
  new ScrimError('REQUEST_NOT_FOUND', { ...where, path: 'record' })

async function recordOf(file: string, { stdin }: Terminal): Promise<Found> {
  for await (const line of readRecords([file === '-' ? stdin : file])) {
    if ('problem' in line) throw new ScrimError('REQUEST_INVALID', { path: `line ${line.number}: ${line.problem}` })
    return { topic: line.record.topic, record: batchOfLines([line.record]), facts: { compacted: false } }
  }
  throw notThere({})
}

function explanationText({ topic, policies, views }: Explanation): string {
  const names = policies.map(({ name, isEnabled, priority }) =>
    [name, isEnabled ? '' : ' (disabled)', priority === 0 ? '' : ` (priority ${priority})`].join(''),
  )
  const none = views.length === 0 ? 'No policy in force names the topic: it is not read.\n' : ''
  return `topic ${topic}\npolicies: ${names.length === 0 ? 'none' : names.join(', ')}\n${none}${views.map(viewText).join('')}`
}

function viewText({ view, maskedTopic, rowFilter, outcome, columns, notMet }: ViewExplanation): string {
  const became =
    outcome === null
      ? ''
      : outcome.outcome === 'publish'
        ? 'the record is published\n'
        : outcome.outcome === 'drop'
          ? `the record is dropped: ${outcome.reason}\n`
          : `the record is rejected: ${outcome.code} at ${outcome.where}: ${errorCatalogue[outcome.code].message}\n`
  const absent = notMet.length === 0 ? '' : `\nnamed, but not here: ${notMet.join(', ')}\n`
  const rows = rowFilter === null ? '' : `rows: ${rowFilter.expression} (${rowFilter.policy} ${rowFilter.path})\n`
  return `\nview ${view} -> ${maskedTopic}\n${rows}${became}${columns.map(columnText).join('')}${absent}`
}

function columnText({ column, parts, type, masked, mask, problems, candidates }: ColumnExplanation): string {
  const place = parts.length === 0 ? '' : ` in ${parts.join(', ')}`
  const types = type === null ? '' : `, ${type}${masked === null || masked === type ? '' : ` -> ${masked}`}`
  return [
    `\n  ${column}${place}${types}: ${mask}\n`,
    ...candidates.map(one => {
      const params = Object.keys(one.params).length === 0 ? '' : ` ${JSON.stringify(one.params)}`
      const selector = one.selector === null ? '' : ` ${one.selector}`
      const why = `${verdicts[one.verdict]}${one.detail === null ? '' : ` (${one.detail})`}`
      return `    ${one.verdict === 'applies' ? '*' : '-'} ${one.policy} ${one.path}${selector}: ${one.mask}${params}: ${why}\n`
    }),
    ...problems.map(({ code, path, detail }) => `    ! ${code} at ${path}: ${detail}\n`),
  ].join('')
}
