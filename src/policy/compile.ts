import type { Problem } from '../errors.ts'
import { AFTER } from '../pipeline/layout.ts'
import type { KeyRing, Plan, PlanSettings } from '../pipeline/plan.ts'
import { bindRow } from '../pipeline/project/bind-row.ts'
import { createRowScope } from '../pipeline/project/row-scope.ts'
import { auditedViews } from './audited-view.ts'
import { covered } from './covered.ts'
import { disagreements } from './disagreements.ts'
import { isMaskingPolicy, isTableSchema, type PolicyDocument, type TableSchemaDocument } from './document.ts'
import { looseDialects } from './loose-dialects.ts'
import { byPrecedence, checkMaskingPolicy } from './masking-policy.ts'
import { mergeRules } from './merge-rules.ts'
import { policyProblem, shapeProblem } from './policy-problem.ts'
import { rangerConflicts } from './ranger-conflicts.ts'
import { readRangerServices } from './ranger-services.ts'
import { createServiceRules } from './ranger-topic.ts'
import { sizeProblem } from './set-size.ts'
import { readTableSchema } from './table-schema.ts'
import { createTopicPlans } from './topic-plans.ts'
import { unmetColumns } from './unmet-columns.ts'
import { identityOf, readViews } from './view.ts'
import { createViewPolicies, type ViewPolicies } from './view-policies.ts'

export interface CompileOptions {
  readonly keys: KeyRing
  readonly settings: PlanSettings
  readonly version?: number
  /** Epoch milliseconds: schedules are judged by it. The plan says until when it may be relied upon. */
  readonly now: number
}

/** The plan, or none where a problem is an error; warnings come with a plan. */
export interface Compiled {
  readonly plan: Plan | null
  readonly problems: readonly Problem[]
}

/** From documents to what the pipeline runs. All problems at once; never throws, whatever the documents say. */
export function compilePolicies(documents: readonly PolicyDocument[], options: CompileOptions): Compiled {
  const tooLarge = sizeProblem(documents)
  if (tooLarge !== null) return { plan: null, problems: [tooLarge] }
  const { views, problems: viewProblems } = readViews(documents, options.settings.outputTopic)
  const checked = documents
    .filter(isMaskingPolicy)
    .filter(({ isEnabled }) => isEnabled !== false)
    .map(document => checkMaskingPolicy(document, views, options.keys))
  const policies = checked.map(({ policy }) => policy).sort(byPrecedence)
  if (policies.reduce((sum, { inside }) => sum + inside.length, 0) > MAX_PART_RULES)
    return { plan: null, problems: [shapeProblem('policies', '', 'too many rules on parts of columns in one set')] }
  const schemas = documents.filter(isTableSchema)
  const ranger = readRangerServices(documents)
  const services = ranger.services
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(service => createServiceRules(service, options.keys))
  const perView = views.map(view => createViewPolicies(view, policies, services, options.now))
  const found = [
    repeatedNames(documents),
    viewProblems,
    checked.flatMap(({ problems }) => problems),
    ranger.problems,
    services.flatMap(({ problems }) => problems),
    policies.flatMap(({ document, patterns }) => loops(document.name, patterns, perView)),
    sharedOutputs(perView),
    once(perView.flatMap(view => checkSchemas(schemas, view, options))),
    once(perView.flatMap(view => disagreements(view.policies))),
    unmetColumns(perView, schemas),
    once(
      rangerConflicts(
        perView,
        schemas.map(({ tableSchema }) => tableSchema.topic),
      ),
    ),
    looseDialects(policies),
    covered(policies),
  ].flat()
  const errors = found.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) return { plan: null, problems: found.slice(0, MAX_PROBLEMS) }
  const changes = services.flatMap(({ nextChange }) => nextChange(options.now) ?? [])
  const plan: Plan = {
    version: options.version ?? 0,
    nextChange: changes.length === 0 ? null : Math.min(...changes),
    ...createTopicPlans(perView, schemas, { ...options, audited: auditedViews(ranger.services) }),
  }
  return { plan, problems: found }
}

const MAX_PROBLEMS = 1_000
/** Each schema is looked through for all of them. */
const MAX_PART_RULES = 5_000

function repeatedNames(documents: readonly PolicyDocument[]): Problem[] {
  const seen = new Set<string>()
  return documents.flatMap(({ name }) => {
    const repeated = seen.has(name)
    seen.add(name)
    return repeated ? [policyProblem('POLICY_DUPLICATE_NAME', name, 'name')] : []
  })
}

/** What several views say alike is told once. */
function once(problems: readonly Problem[]): Problem[] {
  return [...new Map(problems.map(problem => [JSON.stringify(problem), problem])).values()]
}

/** A literal topic that is the output of another: masked again and again, without end. */
function loops(
  name: string,
  patterns: readonly { readonly text: string; readonly isLiteral: boolean }[],
  views: readonly ViewPolicies[],
): Problem[] {
  return patterns
    .filter(({ text, isLiteral }) => isLiteral && views.some(view => view.publishesTo(text)))
    .map(() => policyProblem('POLICY_TOPIC_LOOP', name, 'resources.topic'))
}

/** Templates that differ can still make the same name of two topics: rows of two tables in one. */
function sharedOutputs(views: readonly ViewPolicies[]): Problem[] {
  if (views.length === 1) return []
  const made = new Map<string, string>()
  return views.flatMap(({ view, literalTopics }) =>
    literalTopics().flatMap(topic => {
      const output = view.outputOf(topic)
      const other = made.get(output)
      made.set(output, topic)
      return other === undefined
        ? []
        : [policyProblem('POLICY_VIEW_OUTPUT', view.name, 'outputTopic', `${output} of ${other} and of ${topic}`)]
    }),
  )
}

/** Rules against the table schemas that are stored with the set, so that a misfit is seen before the first record. */
function checkSchemas(
  schemas: readonly TableSchemaDocument[],
  { view, applying, services: servicesOf, isNamed }: ViewPolicies,
  { keys }: CompileOptions,
): Problem[] {
  return schemas.flatMap(document => {
    const { schema, problems } = readTableSchema(document)
    const { topic } = document.tableSchema
    if (!isNamed(topic)) return problems
    const sources = {
      policies: applying(topic),
      services: servicesOf(topic),
      schema: document,
      identity: identityOf(view.profile),
    }
    const names = new Set(schema.columns.map(({ name }) => name))
    const rules = mergeRules({ compacted: false }, sources, names)
    const all = schema.columns.map(column => ({ ...column, index: null, byDefault: null, block: null }))
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
