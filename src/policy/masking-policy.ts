import type { Problem } from '../errors.ts'
import type { ColumnRule } from '../pipeline/plan.ts'
import type { KeyRing } from '../pipeline/plan.ts'
import { type NestedRule, readRules } from './column-rules.ts'
import type { MaskingPolicyDocument } from './document.ts'
import { policyProblem } from './policy-problem.ts'
import { readRowRules, type RowRules } from './row-rules.ts'
import { isTopicName, type TopicPattern, topicPattern } from './topic-pattern.ts'
import type { View } from './view.ts'

export interface NamedRule {
  readonly column: string
  readonly rule: ColumnRule
}

/** An enabled masking policy, checked. */
export interface MaskingPolicy {
  readonly document: MaskingPolicyDocument
  readonly patterns: readonly TopicPattern[]
  readonly columns: readonly NamedRule[]
  /** The same by name, made when it is asked for. */
  readonly byColumn: () => ReadonlyMap<string, readonly NamedRule[]>
  readonly wildcard: ColumnRule | null
  readonly inside: readonly NestedRule[]
  readonly rows: RowRules
}

export function checkMaskingPolicy(
  document: MaskingPolicyDocument,
  views: readonly View[],
  keys: KeyRing,
): { readonly policy: MaskingPolicy; readonly problems: readonly Problem[] } {
  const patterns = [document.resources.topic].flat().map(topicPattern)
  const names = patterns.flatMap(({ text, isLiteral }): Problem[] => {
    const legal = isLiteral
      ? isTopicName(text) && views.every(view => !view.takes(text) || isTopicName(view.outputOf(text)))
      : /^[a-zA-Z0-9._*?-]+$/.test(text)
    return legal ? [] : [policyProblem('POLICY_TOPIC_NAME', document.name, 'resources.topic')]
  })
  const { columns, wildcard, inside, problems } = readRules(document, keys)
  let grouped: Map<string, NamedRule[]> | null = null
  const byColumn = (): Map<string, NamedRule[]> => (grouped ??= Map.groupBy(columns, ({ column }) => column))
  const rows = readRowRules(document)
  return {
    policy: { document, patterns, columns, byColumn, wildcard, inside, rows },
    problems: [...names, ...problems, ...rows.problems],
  }
}

/** Higher priority first, then by name: the order is the same whatever file a policy came from. */
export function byPrecedence(a: MaskingPolicy, b: MaskingPolicy): number {
  const priority = (b.document.policyPriority ?? 0) - (a.document.policyPriority ?? 0)
  return priority !== 0 ? priority : a.document.name < b.document.name ? -1 : 1
}
