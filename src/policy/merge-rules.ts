import type { ColumnRule, ColumnRules, RowFilter, TopicFacts } from '../pipeline/plan.ts'
import type { Identity } from '../pipeline/expression/scope.ts'
import type { MaskingPolicyDocument, TableSchemaDocument } from './document.ts'
import { insideRule } from './inside-rules.ts'
import type { MaskingPolicy } from './masking-policy.ts'
import type { ServiceTopic } from './ranger-topic.ts'
import { type FoundRule, hides, type Prioritised, stronger } from './rule-strength.ts'
import { readTableSchema } from './table-schema.ts'

/** What is said of one topic to the readers of one view. */
export interface TopicSources {
  /** By precedence. */
  readonly policies: readonly MaskingPolicy[]
  /** Of services of Ranger's. */
  readonly services: readonly ServiceTopic[]
  readonly schema: TableSchemaDocument | undefined
  /** For whom the view is made, as expressions ask for it. */
  readonly identity: Identity
}

/**
 * What several policies make of the columns of one topic. Higher priority first; at equal priority what hides goes before
 * what leaves in clear; then masking policies in the order given, then services by name. `only`: for these columns.
 */
export function mergeRules(
  { compacted }: TopicFacts,
  { policies, services, schema, identity }: TopicSources,
  only: ReadonlySet<string> | null = null,
): ColumnRules {
  const byName = new Map<string, Prioritised>()
  for (const { columns, document, byColumn } of policies) {
    const priority = document.policyPriority ?? 0
    for (const { column, rule } of only === null ? columns : [...only].flatMap(name => byColumn().get(name) ?? []))
      byName.set(column, stronger(byName.get(column), { rule, priority }))
  }
  const names = services.length === 0 ? [] : (only ?? [...services.flatMap(({ columns }) => columns), ...byName.keys()])
  for (const column of new Set(names)) {
    for (const found of services.flatMap(service => service.ruleOf(column) ?? []))
      if (mayDecide(found)) byName.set(column, stronger(byName.get(column), found))
  }
  const stated = <T>(read: (options: Stated) => T | null | undefined): T[] =>
    [...policies.map(({ document }) => document.maskingPolicy), ...services.flatMap(({ options }) => options)].flatMap(
      one => read(one) ?? [],
    )
  return {
    byName: new Map([...byName].map(([column, { rule }]) => [column, rule])),
    inside: [
      ...policies.flatMap(({ inside, document }) =>
        inside.map(nested => ({ nested, priority: document.policyPriority ?? 0 })),
      ),
      ...services.flatMap(({ inside }) => inside),
    ]
      .filter(({ nested: { column } }) => only === null || column === null || only.has(column))
      .toSorted((a, b) => b.priority - a.priority)
      .map(({ nested, priority }) => insideRule(nested, priority)),
    matching: !services.some(({ hasPatterns }) => hasPatterns) ? null : column => matchingRule(column, services),
    wildcard: policies.find(({ wildcard }) => wildcard !== null)?.wildcard ?? null,
    unknown:
      strictest(
        ['hold', 'quarantine', 'drop', 'null'],
        stated(options => options.unknownColumns),
      ) ?? 'hold',
    toast: strictest(
      ['reject', 'omit', 'keep'],
      stated(options => options.toast),
    ),
    compacted,
    tableSchema: schema === undefined ? null : readTableSchema(schema).schema,
    rowFilter: filterOf(policies, services),
    projection: policies.find(({ rows }) => rows.projection !== null)?.rows.projection ?? null,
    identity,
  }
}

type Stated = Partial<{
  readonly [Name in 'unknownColumns' | 'toast']:
    | MaskingPolicyDocument['maskingPolicy'][Name]
    | ServiceTopic['options'][number][Name]
}>

/** Filters are not combined: of the highest priority the first that hides rows counts. */
function filterOf(policies: readonly MaskingPolicy[], services: readonly ServiceTopic[]): RowFilter | null {
  const said = [
    ...policies.flatMap(({ document, rows: { rowFilter } }) =>
      rowFilter === null ? [] : [{ rowFilter, priority: document.policyPriority ?? 0 }],
    ),
    ...services.flatMap(({ filter }) => filter ?? []),
  ]
  const highest = Math.max(...said.map(({ priority }) => priority))
  return said.find(({ rowFilter, priority }) => priority === highest && rowFilter !== null)?.rowFilter ?? null
}

/** Only what names a column as it is spelt may leave it in clear. */
const mayDecide = (found: FoundRule): boolean => found.isLiteral || hides(found)

/** Of a column that no policy names as it is spelt: what patterns, tags and names in another case say. */
function matchingRule(column: string, services: readonly ServiceTopic[]): ColumnRule | null {
  const found = services.flatMap(service => service.ruleOf(column) ?? []).filter(hides)
  return found.reduce<Prioritised | undefined>(stronger, undefined)?.rule ?? null
}

const strictest = <T>(order: readonly T[], stated: readonly T[]): T | null =>
  order.find(value => stated.includes(value)) ?? null
