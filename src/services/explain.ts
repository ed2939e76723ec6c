import type { ErrorCode } from '../errors.ts'
import type { RawBatch } from '../pipeline/batch.ts'
import { Unreadable } from '../pipeline/decode/scanner.ts'
import type { Plan, TopicFacts, ViewPlan } from '../pipeline/plan.ts'
import { isNamed } from '../pipeline/project/row-scope.ts'
import { compileSchema, type SchemaPlan } from '../pipeline/project/schema-plan.ts'
import { createValueReader, type RecordValue } from '../pipeline/record-values.ts'
import { tellableName } from '../pipeline/tellable-name.ts'
import { createTransform } from '../pipeline/transform.ts'
import { printExpression } from '../policy/expression/print.ts'
import { type Candidate, type CandidateFinder, findCandidates } from '../policy/candidates.ts'
import type { PolicyDocument } from '../policy/document.ts'
import { type ColumnReport, inspectTopic } from '../policy/inspect-topic.ts'
import type { SeenSchema } from './ports/policies.ts'

/** Why the columns of a topic go out as they do. Names, types and parameters; never a value of a record. */
export interface Explanation {
  readonly policyVersion: number
  readonly topic: string
  /** Policies that concern the topic, disabled ones too. */
  readonly policies: CandidateFinder['policies']
  /** Empty where no policy in force names the topic: it is not read. */
  readonly views: readonly ViewExplanation[]
}

export interface ViewExplanation {
  readonly view: string
  readonly maskedTopic: string
  /** Which rows its readers see, and who says so; null: all. */
  readonly rowFilter: { readonly policy: string; readonly path: string; readonly expression: string } | null
  /** What becomes of the record; null where a topic alone is explained. */
  readonly outcome: RecordOutcome | null
  readonly columns: readonly ColumnExplanation[]
  /** Named by policies, and in no schema or record that was looked at. */
  readonly notMet: readonly string[]
}

export type RecordOutcome =
  | { readonly outcome: 'publish' }
  | { readonly outcome: 'drop'; readonly reason: string }
  | { readonly outcome: 'reject'; readonly code: ErrorCode; readonly where: string }

export interface ColumnExplanation extends ColumnReport {
  /** What stands against the rule here, such as a mask that does not fit the type. */
  readonly problems: readonly { readonly code: ErrorCode; readonly path: string; readonly detail: string }[]
  /** What decides comes first, then what does not and why. */
  readonly candidates: readonly Candidate[]
}

export interface ExplainOptions {
  readonly topic: string
  readonly facts: TopicFacts
  readonly documents: readonly PolicyDocument[]
  /** Compiled of the documents, for this call alone: its caches fill with what the record says. */
  readonly plan: Plan
  /** When the policies are judged, in epoch milliseconds. */
  readonly now: number
  /** The record to explain; null: the topic alone. */
  readonly record: RawBatch | null
  /** Schemas that were met before; used where there is no record. */
  readonly seen: readonly SeenSchema[]
  /** Null: all. */
  readonly view: string | null
}

export function explain(options: ExplainOptions): Explanation {
  const { topic, facts, documents, plan, record, now } = options
  const topicPlan = plan.forTopic(topic, facts)
  const outcome = topicPlan === null || record === null ? null : createTransform()(record, topicPlan)
  const views = (topicPlan?.views ?? []).filter(({ view }) => options.view === null || view === options.view)
  return {
    policyVersion: plan.version,
    topic,
    policies: findCandidates(documents, topic, null, now).policies,
    views: views.map(view => {
      const departure = outcome?.departures.find(one => one.view === view.view)
      return {
        view: view.view,
        maskedTopic: view.maskedTopic,
        rowFilter: filterOf(view),
        outcome:
          outcome === null
            ? null
            : departure === undefined
              ? { outcome: 'publish' }
              : departure.kind === 'drop'
                ? { outcome: 'drop', reason: departure.reason }
                : { outcome: 'reject', code: departure.code, where: departure.path },
        ...explainColumns(view, options),
      }
    }),
  }
}

function filterOf({ rules: { rowFilter } }: ViewPlan): ViewExplanation['rowFilter'] {
  if (rowFilter === null) return null
  const { policy, path, expression, dialect } = rowFilter
  return { policy, path, expression: printExpression(expression, dialect) }
}

function explainColumns(
  view: ViewPlan,
  { documents, topic, record, seen, now }: ExplainOptions,
): Pick<ViewExplanation, 'columns' | 'notMet'> {
  const finder = findCandidates(documents, topic, view, now)
  const looked = record === null ? schemasOf(view, seen) : met(view, record)
  const { columns, problems } = inspectTopic(view, looked)
  const isDeclared = (column: string): boolean =>
    record === null && (view.rules.tableSchema?.columns.some(({ name }) => name === column) ?? false)
  const isThere = ({ column, parts }: ColumnReport): boolean => parts.length > 0 || isDeclared(column)
  // Without a schema or a record nothing says which of the named columns there are: all are told.
  const isBlind = record === null && looked.value.length === 0 && view.rules.tableSchema === null
  const shown = columns.filter(column => isBlind || isThere(column))
  return {
    columns: shown.map(report => ({
      ...report,
      column: isNamed(report.column, view.rules) ? report.column : tellableName(report.column),
      problems: problems.flatMap(({ code, where, detail = '' }) =>
        lastName(where.path) === report.column ? [{ code, path: where.path ?? '', detail }] : [],
      ),
      candidates: finder.of(report.column),
    })),
    notMet: columns.filter(column => !shown.includes(column)).map(({ column }) => column),
  }
}

/** `email` of `after.email`. */
const lastName = (path = ''): string => path.replace(/^(?:after|before|key)\./, '')

type Looked = Parameters<typeof inspectTopic>[1]

/** The schemas of one record, as the walk over it has left them in the plan; the columns of one without a block. */
function met({ valueSchemas, keySchemas }: ViewPlan, record: RawBatch): Looked {
  const key = keySchemas.all().map(({ plan }) => plan)
  const value = valueSchemas.all().map(({ plan }) => plan)
  const { values } = createValueReader()(record, 0)
  const names = (isOf: (value: RecordValue) => boolean): string[] => [
    ...new Set(values.filter(isOf).map(({ column }) => column)),
  ]
  return {
    key,
    value,
    schemaless: {
      key: key.length > 0 ? [] : names(({ part }) => part === 'key'),
      row: value.length > 0 ? [] : names(({ part }) => part === 'after' || part === 'before' || part === 'row'),
    },
  }
}

function schemasOf({ topic, rules, keys }: ViewPlan, seen: readonly SeenSchema[]): Looked {
  const plans = (part: 'key' | 'value'): SchemaPlan[] =>
    seen.flatMap(schema => {
      if (schema.topic !== topic || schema.part !== part) return []
      try {
        return [compileSchema(schema.bytes, { topic, part, rules, keys })]
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        return []
      }
    })
  return { key: plans('key'), value: plans('value'), schemaless: { key: [], row: [] } }
}
