import type { ChainHead } from '../adapters/postgres/audit-seal.ts'
import { createPool } from '../adapters/postgres/pool.ts'
import { createSchemaStore } from '../adapters/postgres/schema-store.ts'
import { createKeyRing } from '../adapters/keys/key-ring.ts'
import type { Config } from '../config.ts'
import { ScrimError } from '../errors.ts'
import { compileSet } from '../policy/compile-set.ts'
import { topicPatterns } from '../policy/read-documents.ts'
import { outputTemplates } from '../policy/view.ts'
import { testProblems } from '../policy/run-tests.ts'
import { testsOf } from '../services/policy-test-runs.ts'
import type { Finding } from '../services/ports/checks.ts'
import type { SeenSchema } from '../services/ports/policies.ts'
import { acceptSchemas, type Accepted } from './check/accept-schemas.ts'
import { checkAudit, readHead } from './check/audit.ts'
import { checkConnectors, checkSource } from './check/outside.ts'
import { masksText, maskList } from './check/masks.ts'
import {
  acceptedText,
  type CheckReport,
  findingOf,
  findingsText,
  sortedFindings,
  testsText,
  topicText,
} from './check/report.ts'
import { learnSamples, type Samples } from './check/samples.ts'
import { inspectTopics } from './check/topics.ts'
import { type Arguments, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal } from './command.ts'
import { configOf, readPolicies } from './load-plan.ts'

export const checkOptions = {
  policies: { type: 'string', short: 'p' },
  records: { type: 'string', multiple: true },
  stored: { type: 'boolean' },
  'accept-schema': { type: 'boolean' },
  topic: { type: 'string', multiple: true },
  clear: { type: 'string', multiple: true },
  out: { type: 'string' },
  source: { type: 'string' },
  connect: { type: 'string' },
  audit: { type: 'boolean' },
  'audit-head': { type: 'string' },
  masks: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

export const checkHelp =
  (): string => `Usage: scrim check [--policies FOLDER] [--records FILE ...] [--stored] [--accept-schema [--topic TOPIC ...] [--clear COLUMN ...] [--out FILE]]
                   [--source URL] [--connect URL] [--audit [--audit-head HEAD]] [--masks] [--json]

Checks policy documents: all problems at once, and for each topic and column the mask, who says so and whether the
column is known; runs the tests that they bring along. With records or stored schemas: what a live run would make of them.

  -p, --policies FOLDER   policy documents (default: SCRIM_POLICIES, else policies/)
      --records FILE      sample records, JSON Lines as scrim mask reads them; may be repeated
      --stored            the schemas that running instances have met last (needs SCRIM_DATABASE_URL)
      --accept-schema     make the columns of these schemas known: writes a tableSchema document for each topic, shows
                          what it changes, and lists each column that no policy names and that goes out in clear by it
      --topic TOPIC       accept this topic only; may be repeated
      --clear COLUMN      accept this column too although only a wildcard names it: it goes out in clear; may be repeated
      --out FILE          where new table schemas go (default: schema.TOPIC.json in the policies folder)
      --source URL        check the source database, postgres://ROLE@HOST/DATABASE with the role of the source connector;
                          a password is also read from PGPASSWORD, which keeps it out of the process list
      --connect URL       check the connectors' settings over Kafka Connect REST; with --source it tells what cures what
      --audit             make every seal of the audit trail again from its rows: what was changed, removed or added shows
                          (needs SCRIM_DATABASE_URL, and SCRIM_AUDIT_KEY or the key that it is derived from)
      --audit-head HEAD   the head that an earlier check has told: shows whether the end was cut off since
      --masks             list the mask types, nothing else
      --json              one JSON document instead of text

Nothing of a record's values is shown, and no password. Output topics are taken as not compacted. A running service
takes accepted schemas as a change of its policy files.
Exit code: 0 nothing stands against a run (warnings may have been told), 1 problems, 2 usage, 130 interrupted.
`

/** Checks policies, and what they will meet: records, schemas, the source database, connectors. */
export async function check({ values, positionals }: Arguments, terminal: Terminal): Promise<number> {
  const asked = readArguments(values, positionals)
  if (typeof asked === 'string') return usage(asked, terminal)
  if (values.masks === true) {
    terminal.out(asked.isJson ? `${JSON.stringify(maskList(), null, 2)}\n` : masksText())
    return EXIT_OK
  }
  const config = configOf(terminal)
  if (config === null) return EXIT_USAGE
  if (config.databaseUrl === null && (asked.isStored || asked.isAudit))
    return usage(`--${asked.isStored ? 'stored' : 'audit'} needs SCRIM_DATABASE_URL`, terminal)

  const findings: Finding[] = []
  let samples: Samples
  try {
    samples = await learnSamples(asked.records, asked.isStored ? await storedSchemas(config, findings) : [])
  } catch (error) {
    return usage(`cannot read the records (${systemCode(error)})`, terminal)
  }
  for (const { number, problem } of samples.faults) findings.push(fault(number, problem))

  const folder = asked.policies ?? config.policies
  let { documents, plan, problems } = await readPolicies(asked.policies, config)
  let accepted: readonly Accepted[] = []
  if (asked.isAccepting) {
    const compile = (candidate: typeof documents) =>
      compileSet(candidate, { keys: createKeyRing(config), settings: config, now: Date.now() })
    // Documents that cannot be read at all are told by readPolicies; there is nothing to accept on top of them.
    if (documents.length > 0) {
      const result = await acceptSchemas({
        samples,
        topics: asked.topics,
        clear: asked.clear,
        documents,
        compile,
        folder,
        out: asked.out,
      })
      ;({ documents, plan, problems, accepted } = result)
      findings.push(...result.findings)
      for (const line of result.inClear) terminal.err(line)
    }
  }
  findings.push(...problems.map(findingOf))
  const tests = await testsOf(documents, candidate =>
    compileSet(candidate, { keys: createKeyRing(config), settings: config, now: Date.now() }),
  )
  findings.push(...testProblems(tests).map(findingOf))
  const inspected = plan === null ? null : await inspectTopics({ plan, documents, samples, files: asked.records })
  findings.push(...(inspected?.findings ?? []))

  const patterns = topicPatterns(documents)
  const { toastPlaceholder } = config
  const outputTopics = outputTemplates(documents, config.outputTopic)
  const connectors =
    asked.connect === null ? null : await checkConnectors(asked.connect, { patterns, outputTopics, toastPlaceholder })
  findings.push(...(connectors?.findings ?? []))
  if (asked.source !== null)
    findings.push(...(await checkSource(asked.source, { patterns, reselection: connectors?.reselection ?? null })))
  if (asked.isAudit) findings.push(...(await checkAudit(config, asked.auditHead)))
  return tell({ findings, topics: inspected?.topics ?? [], accepted, tests }, asked.isJson, terminal)
}

interface Asked {
  readonly policies: string | null
  readonly records: readonly string[]
  readonly isStored: boolean
  readonly isAccepting: boolean
  readonly topics: readonly string[]
  readonly clear: readonly string[]
  readonly out: string | null
  readonly source: string | null
  readonly connect: string | null
  readonly isAudit: boolean
  readonly auditHead: ChainHead | null
  readonly isJson: boolean
}

/** What the command line asks for, or what is wrong with it. */
function readArguments(values: Arguments['values'], positionals: readonly string[]): Asked | string {
  const one = (name: string): string | null => (typeof values[name] === 'string' ? (values[name] as string) : null)
  const list = (name: string): string[] =>
    Array.isArray(values[name]) ? values[name].filter(value => typeof value === 'string') : []
  const asked: Asked = {
    policies: one('policies'),
    records: [...list('records'), ...positionals],
    isStored: values.stored === true,
    isAccepting: values['accept-schema'] === true,
    topics: list('topic'),
    clear: list('clear'),
    out: one('out'),
    source: one('source'),
    connect: one('connect'),
    isAudit: values.audit === true,
    auditHead: readHead(one('audit-head') ?? ''),
    isJson: values.json === true,
  }
  if (positionals.length > 0 && list('records').length === 0) return 'a file of records is named by --records'
  if (asked.isAccepting && asked.records.length === 0 && !asked.isStored)
    return '--accept-schema needs --records or --stored'
  if (!asked.isAccepting && (asked.topics.length > 0 || asked.clear.length > 0 || asked.out !== null))
    return '--topic, --clear and --out belong to --accept-schema'
  if (asked.source !== null && !hasProtocol(asked.source, 'postgres:', 'postgresql:'))
    return '--source must be a URL with postgres: or postgresql:'
  if (asked.connect !== null && !hasProtocol(asked.connect, 'http:', 'https:'))
    return '--connect must be a URL with http: or https:'
  if (one('audit-head') !== null && (!asked.isAudit || asked.auditHead === null))
    return '--audit-head belongs to --audit, and is a head as that has told it'
  return asked
}

const hasProtocol = (url: string, ...protocols: string[]): boolean =>
  URL.canParse(url) && protocols.includes(new URL(url).protocol)

function usage(problem: string, { err }: Terminal): number {
  err(`scrim check: ${problem}\n\n${checkHelp()}`)
  return EXIT_USAGE
}

/** What the running instances have met; a Postgres that does not answer is a finding. */
async function storedSchemas({ databaseUrl, clientId }: Config, findings: Finding[]): Promise<readonly SeenSchema[]> {
  const database = createPool(databaseUrl ?? '', { applicationName: `${clientId} check`, max: 1 })
  try {
    return await createSchemaStore({ database }).all()
  } catch (error) {
    if (!(error instanceof ScrimError)) throw error
    findings.push(
      findingOf({ code: error.code, severity: 'error', where: { ...error.where, policy: 'stored schemas' } }),
    )
    return []
  } finally {
    await database.end()
  }
}

const fault = (number: number, problem: string): Finding => ({
  severity: 'error',
  code: 'REQUEST_INVALID',
  where: `records, line ${number}`,
  message: `The line is no record: ${problem}`,
  hint: 'One JSON object a line, with topic, key, value and headers, as scrim mask reads them.',
})

const systemCode = (error: unknown): string => {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  if (typeof code !== 'string') throw error
  return code
}

function tell(
  { findings, topics, accepted, tests }: Omit<CheckReport, 'ok'>,
  asJson: boolean,
  { out }: Terminal,
): number {
  const sorted = sortedFindings(findings)
  const ok = !sorted.some(({ severity }) => severity === 'error')
  if (asJson)
    out(`${JSON.stringify({ ok, findings: sorted, topics, accepted, tests } satisfies CheckReport, null, 2)}\n`)
  else {
    for (const topic of topics) out(topicText(topic))
    for (const one of accepted) out(acceptedText(one))
    out(testsText(tests))
    const counts = (['error', 'warning', 'note'] as const).map(severity => count(sorted, severity))
    out(`\n${findingsText(sorted)}${ok ? 'ok' : 'not ok'}: ${counts.join(', ')}\n`)
  }
  return ok ? EXIT_OK : EXIT_FAILED
}

function count(findings: readonly Finding[], severity: Finding['severity']): string {
  const number = findings.filter(found => found.severity === severity).length
  return `${number} ${severity}${number === 1 ? '' : 's'}`
}
