import type { ColumnRule, ColumnRules, TopicFacts } from '../pipeline/plan.ts'
import type { MaskingPolicyDocument, TableSchemaDocument } from './document.ts'
import type { MaskingPolicy } from './masking-policy.ts'
import { readTableSchema } from './table-schema.ts'

/**
 * What several policies make of the columns of one topic, in the order given. At equal priority a rule that hides goes
 * before one that leaves in clear; then the first in order wins. `only`: for these columns.
 */
export function mergeRules(
  { compacted }: TopicFacts,
  policies: readonly MaskingPolicy[],
  schema: TableSchemaDocument | undefined,
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
  return {
    byName: new Map([...byName].map(([column, { rule }]) => [column, rule])),
    matching: null,
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
  }
}

const strictest = <T>(order: readonly T[], stated: readonly T[]): T | null =>
  order.find(value => stated.includes(value)) ?? null
