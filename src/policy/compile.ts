import type { Problem } from '../errors.ts'
import { createToastMarkers, type ToastMarkers } from '../pipeline/decode/toast.ts'
import { isSignalTopic } from '../pipeline/filter/signal-table.ts'
import { createHeaderRule } from '../pipeline/mask/header-rules.ts'
import type {
  ColumnRule, ColumnRules, KeyRing, Plan, PlanSettings, TopicFacts, TopicPlan, ViewPlan,
} from '../pipeline/plan.ts'
import { createSchemaCache } from '../pipeline/project/schema-cache.ts'
import { createSchemalessLayouts } from '../pipeline/project/schemaless.ts'
import { bindColumn } from '../pipeline/project/bind-column.ts'
import { readRules } from './column-rules.ts'
import { isTableSchema, type MaskingPolicyDocument, type PolicyDocument, type TableSchemaDocument } from './document.ts'
import { readTableSchema } from './table-schema.ts'
import { isTopicName, outputName, rawNameOf, type TopicPattern, topicPattern } from './topic-pattern.ts'

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

/** An enabled policy, checked. */
interface Policy {
  readonly document: MaskingPolicyDocument
  readonly patterns: readonly TopicPattern[]
  readonly columns: readonly { readonly column: string; readonly rule: ColumnRule }[]
  readonly wildcard: ColumnRule | null
}

/** From documents to what the pipeline runs. All problems at once; never throws, whatever the documents say. */
export function compilePolicies(documents: readonly PolicyDocument[], options: CompileOptions): Compiled {
  const problems: Problem[] = [...repeatedNames(documents)]
  const policies = documents
    .filter((document): document is MaskingPolicyDocument => !isTableSchema(document) && document.isEnabled !== false)
    .map(document => checkPolicy(document, options, problems))
    .sort(byPrecedence)
  const schemas = documents.filter(isTableSchema)
  problems.push(...loops(policies, options.settings))
  const build = createTopicPlans(policies, schemas, options)
  problems.push(...checkSchemas(schemas, build, options), ...disagreements(policies))
  if (problems.some(found => found.severity === 'error')) return { plan: null, problems }
  return { plan: { version: options.version ?? 0, ...build }, problems }
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
    const legal = isLiteral ? isTopicName(text) && isTopicName(outputName(options.settings.outputTopic, text)) : /^[a-zA-Z0-9._*?-]+$/.test(text)
    if (!legal) problems.push(error('POLICY_TOPIC_NAME', document.name, 'resources.topic'))
  }
  const rules = readRules(document, options.keys)
  problems.push(...rules.problems)
  return { document, patterns, columns: rules.columns, wildcard: rules.wildcard }
}

const error = (code: Problem['code'], policy: string, path: string, detail?: string): Problem => ({
  code,
  severity: 'error',
  where: { policy, path },
  ...(detail === undefined ? {} : { detail }),
})

function repeatedNames(documents: readonly PolicyDocument[]): Problem[] {
  const seen = new Set<string>()
  return documents.flatMap(({ name }) => {
    const repeated = seen.has(name)
    seen.add(name)
    return repeated ? [error('POLICY_DUPLICATE_NAME', name, 'name')] : []
  })
}

/** A literal topic that is the output of another: masked again and again, without end. */
function loops(policies: readonly Policy[], { outputTopic }: PlanSettings): Problem[] {
  const named = (topic: string): boolean => policies.some(({ patterns }) => patterns.some(pattern => pattern.matches(topic)))
  return policies.flatMap(({ document, patterns }) =>
    patterns.flatMap(({ text, isLiteral }) => {
      const raw = isLiteral ? rawNameOf(outputTopic, text) : null
      return raw !== null && named(raw) ? [error('POLICY_TOPIC_LOOP', document.name, 'resources.topic')] : []
    }),
  )
}

type TopicPlans = Pick<Plan, 'forTopic' | 'names' | 'made'>

function createTopicPlans(policies: readonly Policy[], schemas: readonly TableSchemaDocument[], options: CompileOptions): TopicPlans {
  const { settings } = options
  const markers = createToastMarkers(settings.toastPlaceholder)
  const applying = (topic: string): readonly Policy[] =>
    policies.filter(({ patterns }) => patterns.some(pattern => pattern.matches(topic)))
  const isOutput = (topic: string): boolean => {
    const raw = rawNameOf(settings.outputTopic, topic)
    return raw !== null && applying(raw).length > 0
  }
  const names = (topic: string): boolean => applying(topic).length > 0 && !isOutput(topic)
  const plans = new Map<string, TopicPlan>()
  return {
    names,
    forTopic: (topic, facts) => {
      const id = `${topic} ${facts.compacted}`
      const known = plans.get(id)
      if (known !== undefined) return known
      if (!names(topic) || !isTopicName(outputName(settings.outputTopic, topic))) return null
      const plan = { topic, views: [viewPlan(topic, facts, applying(topic), schemas, options, markers)] }
      plans.set(id, plan)
      return plan
    },
    made: () => [...plans.values()],
  }
}

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
    isSignalTopic: isSignalTopic(topic),
    rules,
    settings,
    toastMarkers,
    keys,
    valueSchemas: createSchemaCache({ topic, part: 'value', rules, keys }),
    keySchemas: createSchemaCache({ topic, part: 'key', rules, keys }),
    schemaless: createSchemalessLayouts(rules, keys),
    mayPass: createHeaderRule(settings),
    maskedColumns: [...rules.byName].filter(([, rule]) => rule.maskType.effect !== 'keep').map(([column]) => column),
  }
}

/** At equal priority a rule that hides goes before one that leaves in clear; then the first in order wins. */
function mergeRules(topic: string, { compacted }: TopicFacts, policies: readonly Policy[], schemas: readonly TableSchemaDocument[]): ColumnRules {
  const byName = new Map<string, { readonly rule: ColumnRule; readonly priority: number }>()
  for (const { columns, document } of policies) {
    const priority = document.policyPriority ?? 0
    for (const { column, rule } of columns) {
      const first = byName.get(column)
      const hides = first?.rule.maskType.effect === 'keep' && rule.maskType.effect !== 'keep' && first.priority === priority
      if (first === undefined || hides) byName.set(column, { rule, priority })
    }
  }
  const stated = <T>(read: (document: MaskingPolicyDocument) => T | undefined): T[] =>
    policies.map(({ document }) => read(document)).filter(value => value !== undefined)
  const schema = schemas.find(document => document.tableSchema.topic === topic)
  return {
    byName: new Map([...byName].map(([column, { rule }]) => [column, rule])),
    wildcard: policies.find(({ wildcard }) => wildcard !== null)?.wildcard ?? null,
    unknown: strictest(['hold', 'drop', 'null'], stated(document => document.maskingPolicy.unknownColumns)) ?? 'hold',
    toast: strictest(['reject', 'omit', 'keep'], stated(document => document.maskingPolicy.toast)),
    compacted,
    tableSchema: schema === undefined ? null : readTableSchema(schema).schema,
  }
}

const strictest = <T>(order: readonly T[], stated: readonly T[]): T | null => order.find(value => stated.includes(value)) ?? null

/** Rules against the table schemas that are stored with the set, so that a misfit is seen before the first record. */
function checkSchemas(schemas: readonly TableSchemaDocument[], plans: TopicPlans, { keys }: CompileOptions): Problem[] {
  return schemas.flatMap(document => {
    const { schema, problems } = readTableSchema(document)
    const view = plans.forTopic(document.tableSchema.topic, { compacted: false })?.views[0]
    if (view === undefined) return problems
    const misfits = schema.columns.flatMap(({ name, type }): Problem[] => {
      const { problem } = bindColumn(name, type, 'row', view.rules, keys)
      return problem === null ? [] : [error(problem.code, document.name, name, problem.detail)]
    })
    return [...problems, ...misfits]
  })
}

/** Two policies that name the same topic and say different things of a column: the winner is documented, the pair is told. */
function disagreements(policies: readonly Policy[]): Problem[] {
  const first = new Map<string, ColumnRule>()
  const problems: Problem[] = []
  for (const { patterns, columns } of policies) {
    for (const { text } of patterns) {
      for (const { column, rule } of columns) {
        const id = `${text} ${column}`
        const other = first.get(id)
        if (other === undefined) first.set(id, rule)
        else if (other.maskType !== rule.maskType || JSON.stringify(other.params) !== JSON.stringify(rule.params)) {
          problems.push({
            code: 'POLICY_DISAGREE',
            severity: 'warning',
            where: { policy: rule.policy, path: rule.path },
            detail: `column ${column}: policy ${other.policy}, ${other.path}, says otherwise`,
          })
        }
      }
    }
  }
  return problems
}
