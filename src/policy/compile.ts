import type { Problem } from '../errors.ts'
import { createToastMarkers, type ToastMarkers } from '../pipeline/decode/toast.ts'
import { isSignalTopic } from '../pipeline/filter/signal-table.ts'
import { createHeaderRule } from '../pipeline/mask/header-rules.ts'
import type {
  ColumnRule,
  ColumnRules,
  KeyRing,
  Plan,
  PlanSettings,
  TopicFacts,
  TopicPlan,
  ViewPlan,
} from '../pipeline/plan.ts'
import { createSchemaCache } from '../pipeline/project/schema-cache.ts'
import { createSchemalessLayouts } from '../pipeline/project/schemaless.ts'
import { AFTER } from '../pipeline/layout.ts'
import { bindRow } from '../pipeline/project/bind-row.ts'
import { createRowScope } from '../pipeline/project/row-scope.ts'
import { readRules } from './column-rules.ts'
import { disagreements } from './disagreements.ts'
import { hiddenColumns, readRowRules, type RowRules } from './row-rules.ts'
import { isTableSchema, type MaskingPolicyDocument, type PolicyDocument, type TableSchemaDocument } from './document.ts'
import { looseDialects } from './loose-dialects.ts'
import { policyProblem, shapeProblem } from './policy-problem.ts'
import { readTableSchema } from './table-schema.ts'
import { createTopicIndex, type TopicIndex } from './topic-index.ts'
import { isTopicName, isWildcard, outputName, rawNameOf, type TopicPattern, topicPattern } from './topic-pattern.ts'

export interface CompileOptions {
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly version?: number
}

/** The plan, or none where a problem is an error; warnings come with a plan. */
export interface Compiled {
  readonly plan: Plan | null
  readonly problems: readonly Problem[]
}

/** One masked output until policies can name several: the readers of the group `public`. */
const VIEW = 'public'

interface NamedRule {
  readonly column: string
  readonly rule: ColumnRule
}

/** An enabled policy, checked. */
interface Policy {
  readonly document: MaskingPolicyDocument
  readonly patterns: readonly TopicPattern[]
  readonly columns: readonly NamedRule[]
  /** The same by name, made when it is asked for. */
  readonly byColumn: () => ReadonlyMap<string, readonly NamedRule[]>
  readonly wildcard: ColumnRule | null
  readonly rows: RowRules
}

/** From documents to what the pipeline runs. All problems at once; never throws, whatever the documents say. */
export function compilePolicies(documents: readonly PolicyDocument[], options: CompileOptions): Compiled {
  const tooLarge = sizeProblem(documents)
  if (tooLarge !== null) return { plan: null, problems: [tooLarge] }
  const problems: Problem[] = repeatedNames(documents)
  const policies = documents
    .filter((document): document is MaskingPolicyDocument => !isTableSchema(document) && document.isEnabled !== false)
    .map(document => checkPolicy(document, options, problems))
    .sort(byPrecedence)
  const schemas = documents.filter(isTableSchema)
  const index = createTopicIndex(policies)
  const found = [
    problems,
    loops(policies, index, options.settings),
    checkSchemas(schemas, index, options),
    disagreements(policies),
    looseDialects(policies),
  ].flat()
  const errors = found.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) return { plan: null, problems: found.slice(0, MAX_PROBLEMS) }
  return { plan: { version: options.version ?? 0, ...createTopicPlans(index, schemas, options) }, problems: found }
}

/** Higher priority first, then by name: the order is the same whatever file a policy came from. */
function byPrecedence(a: Policy, b: Policy): number {
  const priority = (b.document.policyPriority ?? 0) - (a.document.policyPriority ?? 0)
  return priority !== 0 ? priority : a.document.name < b.document.name ? -1 : 1
}

function checkPolicy(document: MaskingPolicyDocument, options: CompileOptions, problems: Problem[]): Policy {
  const { topic } = document.resources
  const patterns = (typeof topic === 'string' ? [topic] : topic).map(topicPattern)
  for (const { text, isLiteral } of patterns) {
    const legal = isLiteral
      ? isTopicName(text) && isTopicName(outputName(options.settings.outputTopic, text))
      : /^[a-zA-Z0-9._*?-]+$/.test(text)
    if (!legal) problems.push(policyProblem('POLICY_TOPIC_NAME', document.name, 'resources.topic'))
  }
  const rules = readRules(document, options.keys)
  for (const problem of rules.problems) problems.push(problem)
  let grouped: Map<string, NamedRule[]> | null = null
  const byColumn = (): Map<string, NamedRule[]> => (grouped ??= Map.groupBy(rules.columns, ({ column }) => column))
  const rows = readRowRules(document)
  for (const problem of rows.problems) problems.push(problem)
  return { document, patterns, columns: rules.columns, byColumn, wildcard: rules.wildcard, rows }
}

function repeatedNames(documents: readonly PolicyDocument[]): Problem[] {
  const seen = new Set<string>()
  return documents.flatMap(({ name }) => {
    const repeated = seen.has(name)
    seen.add(name)
    return repeated ? [policyProblem('POLICY_DUPLICATE_NAME', name, 'name')] : []
  })
}

/** A literal topic that is the output of another: masked again and again, without end. */
function loops(policies: readonly Policy[], index: TopicIndex<Policy>, { outputTopic }: PlanSettings): Problem[] {
  return policies.flatMap(({ document, patterns }) =>
    patterns.flatMap(({ text, isLiteral }) => {
      const raw = isLiteral ? rawNameOf(outputTopic, text) : null
      return raw !== null && index.isNamed(raw)
        ? [policyProblem('POLICY_TOPIC_LOOP', document.name, 'resources.topic')]
        : []
    }),
  )
}

type TopicPlans = Pick<Plan, 'forTopic' | 'names' | 'unmatched' | 'made'>

function createTopicPlans(
  index: TopicIndex<Policy>,
  schemas: readonly TableSchemaDocument[],
  options: CompileOptions,
): TopicPlans {
  const { settings } = options
  const markers = createToastMarkers(settings.toastPlaceholder)
  const isOutput = (topic: string): boolean => {
    const raw = rawNameOf(settings.outputTopic, topic)
    return raw !== null && index.isNamed(raw)
  }
  const names = (topic: string): boolean =>
    index.isNamed(topic) && !isOutput(topic) && topic !== settings.deadLetterTopic
  const plans = new Map<string, TopicPlan>()
  return {
    names,
    unmatched: index.unmatched,
    forTopic: (topic, facts) => {
      const id = `${topic} ${facts.compacted}`
      const known = plans.get(id)
      if (known !== undefined) return known
      if (!names(topic) || !isTopicName(outputName(settings.outputTopic, topic))) return null
      const plan = { topic, views: [viewPlan(topic, facts, index.applying(topic), schemas, options, markers)] }
      plans.set(id, plan)
      return plan
    },
    made: () => [...plans.values()],
  }
}

const namesLiterally =
  (topic: string) =>
  ({ patterns }: Policy): boolean =>
    patterns.some(({ isLiteral, text }) => isLiteral && text === topic)

function viewPlan(
  topic: string,
  facts: TopicFacts,
  policies: readonly Policy[],
  schemas: readonly TableSchemaDocument[],
  { keys, settings }: CompileOptions,
  toastMarkers: ToastMarkers,
): ViewPlan {
  const rules = mergeRules(topic, facts, policies, schemas)
  return {
    view: VIEW,
    topic,
    maskedTopic: outputName(settings.outputTopic, topic),
    isSignalTopic: isSignalTopic(topic, [
      // What a wildcard names is meant for other topics too, so it tells nothing about this one.
      ...policies.filter(namesLiterally(topic)).flatMap(policy => policy.columns.map(({ column }) => column)),
      ...(rules.tableSchema?.columns ?? []).map(({ name }) => name),
    ]),
    rules,
    settings,
    toastMarkers,
    keys,
    valueSchemas: createSchemaCache({ topic, part: 'value', rules, keys }),
    keySchemas: createSchemaCache({ topic, part: 'key', rules, keys }),
    schemaless: createSchemalessLayouts(rules, keys),
    mayPass: createHeaderRule(settings),
    maskedColumns: hiddenColumns(rules),
  }
}

/** `only`: for these columns. At equal priority a rule that hides goes before one that leaves in clear; then the first in order wins. */
function mergeRules(
  topic: string,
  { compacted }: TopicFacts,
  policies: readonly Policy[],
  schemas: readonly TableSchemaDocument[],
  only: ReadonlySet<string> | null = null,
): ColumnRules {
  const byName = new Map<string, { readonly rule: ColumnRule; readonly priority: number }>()
  for (const { columns, document, byColumn } of policies) {
    const priority = document.policyPriority ?? 0
    for (const { column, rule } of only === null ? columns : [...only].flatMap(name => byColumn().get(name) ?? [])) {
      const first = byName.get(column)
      const hides =
        first?.rule.maskType.effect === 'keep' && rule.maskType.effect !== 'keep' && first.priority === priority
      if (first === undefined || hides) byName.set(column, { rule, priority })
    }
  }
  const stated = <T>(read: (document: MaskingPolicyDocument) => T | undefined): T[] =>
    policies.map(({ document }) => read(document)).filter(value => value !== undefined)
  const schema = schemas.find(document => document.tableSchema.topic === topic)
  return {
    byName: new Map([...byName].map(([column, { rule }]) => [column, rule])),
    wildcard: policies.find(({ wildcard }) => wildcard !== null)?.wildcard ?? null,
    unknown:
      strictest(
        ['hold', 'quarantine', 'drop', 'null'],
        stated(document => document.maskingPolicy.unknownColumns),
      ) ?? 'hold',
    toast: strictest(
      ['reject', 'omit', 'keep'],
      stated(document => document.maskingPolicy.toast),
    ),
    compacted,
    tableSchema: schema === undefined ? null : readTableSchema(schema).schema,
    rowFilter: policies.find(({ rows }) => rows.rowFilter !== null)?.rows.rowFilter ?? null,
    projection: policies.find(({ rows }) => rows.projection !== null)?.rows.projection ?? null,
    identity: null,
  }
}

const strictest = <T>(order: readonly T[], stated: readonly T[]): T | null =>
  order.find(value => stated.includes(value)) ?? null

/** Rules against the table schemas that are stored with the set, so that a misfit is seen before the first record. */
function checkSchemas(
  schemas: readonly TableSchemaDocument[],
  index: TopicIndex<Policy>,
  { keys }: CompileOptions,
): Problem[] {
  return schemas.flatMap(document => {
    const { schema, problems } = readTableSchema(document)
    const policies = index.applying(document.tableSchema.topic)
    if (policies.length === 0) return problems
    const names = new Set(schema.columns.map(({ name }) => name))
    const rules = mergeRules(document.tableSchema.topic, { compacted: false }, policies, [document], names)
    const all = schema.columns.map(column => ({ ...column, index: null, byDefault: null }))
    const row = bindRow(all, createRowScope(all, rules), { part: 'row', image: AFTER, rules, keys })
    const ofColumns = row.columns.flatMap(({ column: { name }, problem }) =>
      problem === null ? [] : [{ ...problem, name }],
    )
    const misfits = [...ofColumns, ...row.problems].map(({ code, name, detail }) =>
      policyProblem(code, document.name, name, detail),
    )
    return [...problems, ...misfits]
  })
}

/** More than any system has; a bound on the time that a set can take. */
const MAX_DOCUMENTS = 10_000
const MAX_CONDITIONS = 50_000
const MAX_TOPICS = 20_000
const MAX_WILDCARDS = 500
const MAX_PROBLEMS = 1_000

function sizeProblem(documents: readonly PolicyDocument[]): Problem | null {
  let conditions = 0
  let topics = 0
  let wildcards = 0
  for (const document of documents) {
    if (isTableSchema(document)) {
      conditions += document.tableSchema.columns.length
      continue
    }
    const { topic } = document.resources
    const list = typeof topic === 'string' ? [topic] : topic
    conditions += document.maskingPolicy.maskingConditions.length
    topics += list.length
    wildcards += list.filter(isWildcard).length
  }
  const tooMany =
    documents.length > MAX_DOCUMENTS
      ? 'documents'
      : conditions > MAX_CONDITIONS
        ? 'conditions and columns'
        : topics > MAX_TOPICS
          ? 'topics'
          : wildcards > MAX_WILDCARDS
            ? 'topics with wildcards'
            : null
  return tooMany === null ? null : shapeProblem('policies', '', `too many ${tooMany} in one set`)
}
