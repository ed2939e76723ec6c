import type { DecisionSource, FilterDecision, MaskDecision } from './access-result.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import type { BoundPlaceholder } from './expression-text.ts'
import type { CompiledItem } from './item.ts'
import { specificityOf } from './order.ts'
import type { MaskInfo } from './policy.ts'
import type { Asked } from './request.ts'
import type { RequestTag } from './service-tags.ts'

/** Ranger's word for "matched, and not masked". */
export const MASK_NONE = 'MASK_NONE'

export function sourceOf(
  policy: CompiledPolicy,
  item: CompiledItem | null,
  tag: RequestTag | null,
  asked: Asked,
): DecisionSource {
  const { service, zoneName, id, guid, name, version } = policy.policy
  return {
    service,
    zoneName,
    policyId: id,
    guid,
    policyName: name,
    policyVersion: version,
    itemIndex: item?.index ?? null,
    isTag: policy.isTag,
    tagType: tag?.type ?? null,
    matched: isLiteral(policy, asked) ? 'literal' : 'wildcard',
  }
}

function isLiteral(policy: CompiledPolicy, asked: Asked): boolean {
  if (policy.isTag) return false
  const named = Math.max(0, ...policy.policy.resourceSets.map(set => set.size))
  return named > 0 && specificityOf(policy, asked.elements, asked.match)[0] === named
}

export function maskDecision(
  policy: CompiledPolicy,
  { maskType, valueExpr, conditionExpr }: MaskInfo,
  asked: Asked,
  tag: RequestTag | null,
): MaskDecision {
  const value = withValues(policy, valueExpr, asked, tag)
  const condition = withValues(policy, conditionExpr, asked, tag)
  return {
    maskType,
    valueExpr,
    conditionExpr,
    resolvedValue: value.resolved,
    resolvedCondition: condition.resolved,
    placeholders: [...value.placeholders, ...condition.placeholders],
  }
}

export function filterDecision(
  policy: CompiledPolicy,
  filterExpr: string,
  asked: Asked,
  tag: RequestTag | null,
): FilterDecision {
  const { resolved, placeholders } = withValues(policy, filterExpr, asked, tag)
  return { filterExpr, resolvedFilter: resolved ?? '', placeholders }
}

function withValues(
  policy: CompiledPolicy,
  text: string | null,
  asked: Asked,
  tag: RequestTag | null,
): { readonly resolved: string | null; readonly placeholders: readonly BoundPlaceholder[] } {
  const expression = text === null ? undefined : policy.texts.get(text)
  if (expression === undefined) return { resolved: text, placeholders: [] }
  const request = asked.script(tag)
  const placeholders = expression.bind(request)
  // Ranger would paste nothing in, which turns a filter into another one.
  for (const { written, value } of placeholders) if (value === null) asked.faults.add(`${written} has no value`)
  return { resolved: expression.resolve(request), placeholders }
}
