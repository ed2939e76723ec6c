import type { Plan } from '../pipeline/plan.ts'
import { maskTypes } from '../pipeline/mask/mask-types.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { isTableSchema } from '../policy/document.ts'
import { inspectTopic, nothingSeen, type TopicReport } from '../policy/inspect-topic.ts'
import { topicPatterns } from '../policy/read-documents.ts'
import type { Finding } from '../services/ports.ts'
import { type CheckReport, findingOf, findingText, sortedFindings, table, topicText } from './check/report.ts'
import { type Arguments, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal } from './command.ts'
import { configOf, readPolicies } from './load-plan.ts'

export const checkOptions = {
  policies: { type: 'string', short: 'p' },
  masks: { type: 'boolean' },
  json: { type: 'boolean' },
} as const

export const checkHelp = (): string => `Usage: scrim check [--policies FOLDER] [--masks] [--json]

Checks policy documents: all problems at once, and for each topic and column the mask, who says so and whether the
column is known.

  -p, --policies FOLDER   policy documents (default: SCRIM_POLICIES, else policies/)
      --masks             list the mask types
      --json              one JSON document instead of text

Exit code: 0 nothing stands against a run (warnings may have been told), 1 problems, 2 usage.
`

/** Checks policies. */
export async function check({ values, positionals }: Arguments, terminal: Terminal): Promise<number> {
  if (positionals.length > 0) {
    terminal.err(`scrim check: takes no file names without an option\n\n${checkHelp()}`)
    return EXIT_USAGE
  }
  if (values.masks === true) {
    terminal.out(values.json === true ? `${JSON.stringify(maskList(), null, 2)}\n` : masksText())
    return EXIT_OK
  }
  const config = configOf(terminal)
  if (config === null) return EXIT_USAGE
  const { documents, plan, problems } = await readPolicies(values.policies, config)
  const findings: Finding[] = problems.map(findingOf)
  const topics = plan === null ? [] : literalTopics(documents).flatMap(topic => topicReport(plan, topic))
  return tell({ findings, topics }, values.json === true, terminal)
}

const literalTopics = (documents: readonly PolicyDocument[]): string[] => {
  const declared = documents.filter(isTableSchema).map(({ tableSchema }) => tableSchema.topic)
  return [...new Set([...topicPatterns(documents).filter(pattern => !/[*?]/.test(pattern)), ...declared])].sort()
}

function topicReport(plan: Plan, topic: string): TopicReport[] {
  const view = plan.forTopic(topic, { compacted: false })?.views[0]
  if (view === undefined) return []
  return [
    {
      topic,
      maskedTopic: view.maskedTopic,
      columns: inspectTopic(view, nothingSeen).columns,
      records: null,
      isSchemaless: false,
    },
  ]
}

function tell({ findings, topics }: Omit<CheckReport, 'ok'>, asJson: boolean, { out }: Terminal): number {
  const sorted = sortedFindings(findings)
  const ok = !sorted.some(({ severity }) => severity === 'error')
  if (asJson) out(`${JSON.stringify({ ok, findings: sorted, topics } satisfies CheckReport, null, 2)}\n`)
  else {
    for (const topic of topics) out(topicText(topic))
    out(
      `\n${sorted.map(findingText).join('')}${ok ? 'ok' : 'not ok'}: ${count(sorted, 'error')}, ${count(sorted, 'warning')}\n`,
    )
  }
  return ok ? EXIT_OK : EXIT_FAILED
}

function count(findings: readonly Finding[], severity: Finding['severity']): string {
  const number = findings.filter(found => found.severity === severity).length
  return `${number} ${severity}${number === 1 ? '' : 's'}`
}

const maskList = () =>
  Object.entries(maskTypes).map(([name, { summary, accepts, produces, uniqueness, needsKey, params, examples }]) => ({
    name,
    summary,
    accepts,
    produces,
    uniqueness,
    needsKey,
    parameters: params,
    examples,
  }))

const masksText = (): string =>
  table([
    ['mask', 'does', 'stands on', 'gives', 'uniqueness'],
    ...maskList().map(({ name, summary, accepts, produces, uniqueness }) => [
      name,
      summary,
      accepts,
      produces,
      uniqueness,
    ]),
  ])
