import type { Problem } from '../../errors.ts'
import type { Plan, ViewPlan } from '../../pipeline/plan.ts'
import { isNamed } from '../../pipeline/project/row-scope.ts'
import { tellableName } from '../../pipeline/tellable-name.ts'
import { isTableSchema, type PolicyDocument } from '../../policy/document.ts'
import { inspectTopic, type TopicReport } from '../../policy/inspect-topic.ts'
import { topicPatterns } from '../../policy/read-documents.ts'
import type { Finding } from '../../services/ports/checks.ts'
import { schemaPlans } from './accept.ts'
import { findingOf } from './report.ts'
import { type Samples, type Tally, tallyId, tallyRecords, tallyText, type TopicSample } from './samples.ts'

export interface Inspection {
  readonly topics: readonly TopicReport[]
  readonly findings: readonly Finding[]
}

/** Each topic that the policies name literally or that was met, with what a live run would make of it. */
export async function inspectTopics(options: {
  readonly plan: Plan
  readonly documents: readonly PolicyDocument[]
  readonly samples: Samples
  readonly files: readonly string[]
}): Promise<Inspection> {
  const { plan, documents, samples } = options
  const tallies = options.files.length === 0 ? new Map<string, Tally>() : await tallyRecords(options.files, plan)
  const names = [...new Set([...namedTopics(documents), ...samples.topics.keys()])].sort()
  const inspected = names.flatMap(topic => {
    const views = plan.forTopic(topic, { compacted: false })?.views ?? []
    if (views.length === 0) return [withoutPolicy(topic)]
    return views.map(view => inspectOne(view, samples.topics.get(topic), tallies.get(tallyId(topic, view.view))))
  })
  const wild = topicPatterns(documents).filter(pattern => /[*?]/.test(pattern))
  return {
    topics: inspected.flatMap(({ topics }) => topics),
    findings: [...inspected.flatMap(({ findings }) => findings), ...wild.map(wildcardNote)],
  }
}

function namedTopics(documents: readonly PolicyDocument[]): string[] {
  const declared = documents.filter(isTableSchema).map(({ tableSchema }) => tableSchema.topic)
  return [...topicPatterns(documents).filter(pattern => !/[*?]/.test(pattern)), ...declared]
}

const withoutPolicy = (topic: string): Inspection => ({
  topics: [],
  findings: [
    findingOf({
      code: 'RECORD_TOPIC_WITHOUT_POLICY',
      severity: 'warning',
      where: { topic },
      detail: 'a live run does not read it',
    }),
  ],
})

function inspectOne(view: ViewPlan, sample: TopicSample | undefined, tally: Tally | undefined): Inspection {
  const { topic } = view
  const told = (part: 'key' | 'value'): string[] =>
    [...(sample?.names[part] ?? [])].map(name => (isNamed(name, view.rules) ? name : tellableName(name)))
  const schemaless = { key: told('key'), row: told('value') }
  const plans = (part: 'key' | 'value') => (sample === undefined ? [] : schemaPlans(view, sample, part))
  const { columns, problems } = inspectTopic(view, { key: plans('key'), value: plans('value'), schemaless })
  const isSchemaless = schemaless.row.length > 0
  const report: TopicReport = {
    topic,
    view: view.view,
    maskedTopic: view.maskedTopic,
    columns,
    records: tally === undefined ? null : tallyText(tally),
    isSchemaless,
  }
  const findings = [...problems, ...rejections(view, problems, tally)].map(findingOf)
  return { topics: [report], findings: isSchemaless ? [...findings, silentSink(topic)] : findings }
}

/** What became of the records beyond what their schemas say already. */
function rejections({ topic }: ViewPlan, problems: readonly Problem[], tally: Tally | undefined): Problem[] {
  const told = new Set(problems.map(({ code, where }) => `${code} ${where.path?.replace(/^before\./, 'after.')}`))
  // A schemaless row says its columns without the image that they stand in.
  const isTold = (code: string, path: string): boolean =>
    told.has(`${code} ${path}`) || told.has(`${code} ${path.replace(/^after\./, '')}`)
  return [...(tally?.rejected.values() ?? [])]
    .filter(({ code, path }) => !isTold(code, path))
    .map(({ code, path, count }) => ({
      code,
      severity: 'error',
      where: { topic, path },
      detail: count === 1 ? '1 record' : `${count} records`,
    }))
}

const silentSink = (topic: string): Finding => ({
  severity: 'warning',
  code: 'TOPIC_SCHEMALESS',
  where: topic,
  message:
    'The records carry no schema block: the stock JDBC sink commits their offsets and writes nothing, without an error',
  hint: 'Set key.converter.schemas.enable and value.converter.schemas.enable to true at the source connector and at the sink.',
})

const wildcardNote = (pattern: string): Finding => ({
  severity: 'note',
  code: 'TOPIC_PATTERN',
  where: pattern,
  message: 'The policy names topics by a pattern: only topics that stand in records or stored schemas are shown',
  hint: 'Give --records or --stored to see the topics that it covers.',
})
