import { createToastMarkers, type ToastMarkers } from '../pipeline/decode/toast.ts'
import { isSignalTopic } from '../pipeline/filter/signal-table.ts'
import { createHeaderRule } from '../pipeline/mask/header-rules.ts'
import type { KeyRing, Plan, PlanSettings, TopicFacts, TopicPlan, ViewPlan } from '../pipeline/plan.ts'
import { createSchemaCache } from '../pipeline/project/schema-cache.ts'
import { createSchemalessLayouts } from '../pipeline/project/schemaless.ts'
import type { AuditedViewOf } from './audited-view.ts'
import type { TableSchemaDocument } from './document.ts'
import { unmatchedOf } from './inside-rules.ts'
import type { MaskingPolicy } from './masking-policy.ts'
import { mergeRules } from './merge-rules.ts'
import { hiddenColumns } from './row-rules.ts'
import { isTopicName } from './topic-pattern.ts'
import { identityOf } from './view.ts'
import type { ViewPolicies } from './view-policies.ts'

type TopicPlans = Omit<Plan, 'version' | 'nextChange'>

interface TopicPlanOptions {
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly audited: AuditedViewOf
}

/** Which topics are read, and the plan of each, made when it is first asked for. */
export function createTopicPlans(
  views: readonly ViewPolicies[],
  schemas: readonly TableSchemaDocument[],
  options: TopicPlanOptions,
): TopicPlans {
  const { deadLetterTopic, toastPlaceholder } = options.settings
  const markers = createToastMarkers(toastPlaceholder)
  const names = (topic: string): boolean =>
    topic !== deadLetterTopic && views.some(view => view.isNamed(topic)) && !views.some(view => view.publishesTo(topic))
  const plans = new Map<string, TopicPlan>()
  const rawOf = new Map<string, string>()
  return {
    names,
    // A topic that any view takes from is there.
    unmatched: topics => {
      const [first = [], ...others] = views.map(view => view.unmatched(topics))
      return [...new Set([first, ...others].flat())].sort()
    },
    forTopic: (topic, facts) => {
      const id = `${topic} ${facts.compacted}`
      const known = plans.get(id)
      if (known !== undefined) return known
      if (!names(topic)) return null
      const taking = views.filter(view => view.isNamed(topic))
      const outputs = taking.map(({ view }) => view.outputOf(topic))
      // Another topic may have come to the same name by a pattern; its rows and these must not lie in one.
      if (outputs.some(output => !isTopicName(output) || (rawOf.get(output) ?? topic) !== topic)) return null
      for (const output of outputs) rawOf.set(output, topic)
      const schema = schemas.find(document => document.tableSchema.topic === topic)
      const plan = { topic, views: taking.map(view => viewPlan(topic, facts, view, schema, options, markers)) }
      plans.set(id, plan)
      return plan
    },
    made: () => [...plans.values()],
  }
}

function viewPlan(
  topic: string,
  facts: TopicFacts,
  { view, applying, services }: ViewPolicies,
  schema: TableSchemaDocument | undefined,
  { keys, settings, audited }: TopicPlanOptions,
  toastMarkers: ToastMarkers,
): ViewPlan {
  const policies = applying(topic)
  const said = services(topic)
  const rules = mergeRules(facts, { policies, services: said, schema, identity: identityOf(view.profile) })
  return {
    view: view.name,
    topic,
    maskedTopic: view.outputOf(topic),
    isSignalTopic: isSignalTopic(topic, [
      // What a wildcard names is meant for other topics too, so it tells nothing about this one.
      ...policies.filter(namesLiterally(topic)).flatMap(policy => policy.columns.map(({ column }) => column)),
      ...said.flatMap(({ ownColumns }) => ownColumns),
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
    takeUnmatched: unmatchedOf(rules),
    maskedColumns: hiddenColumns(rules),
    audited: audited(view, rules),
  }
}

const namesLiterally =
  (topic: string) =>
  ({ patterns }: MaskingPolicy): boolean =>
    patterns.some(({ isLiteral, text }) => isLiteral && text === topic)
