import { type AccessResult, setAllowed, setAudited } from './access-result.ts'
import { conditionsHold } from './condition.ts'
import { type Deciders, evaluationOf, resourcePolicies, startOf, type TaggedPolicy, tagPolicies } from './decide.ts'
import { filterDecision, MASK_NONE, maskDecision, sourceOf } from './decision.ts'
import { hasSay, matchTypesOf } from './evaluate-policy.ts'
import { type CompiledItem, matchingItem } from './item.ts'
import { type Claim, claimOrder, specificityOf } from './order.ts'
import type { FilterItem, MaskItem } from './policy.ts'
import type { Asked } from './request.ts'
import type { RequestTag } from './service-tags.ts'

/** What one policy says of a mask or a filter: its first item that matches. */
export interface ItemClaim extends Claim {
  readonly item: CompiledItem<MaskItem> | CompiledItem<FilterItem>
  readonly tag: RequestTag | null
}

/** All that policies say of a request, the winner first; see claimOrder. */
export function claimsOn(policyType: 1 | 2, asked: Asked, deciders: Deciders): readonly ItemClaim[] {
  const candidates: readonly (TaggedPolicy | { policy: TaggedPolicy['policy']; tag: null })[] = [
    ...tagPolicies(policyType, asked, deciders),
    ...resourcePolicies(policyType, asked, deciders).map(policy => ({ policy, tag: null })),
  ]
  const { accessTypes } = evaluationOf(asked, deciders.allAccessTypes)
  const claims = candidates.flatMap(({ policy, tag }): readonly ItemClaim[] => {
    const matchType = matchTypesOf(policy, asked, tag).find(one => hasSay(one, asked, tag))
    if (matchType === undefined || !conditionsHold(policy.conditions, asked, tag)) return []
    const items: readonly CompiledItem<MaskItem | FilterItem>[] = policyType === 1 ? policy.masks : policy.filters
    const item = accessTypes
      .map(accessType => matchingItem(items, [], accessType, asked, tag))
      .find(found => found !== null)
    if (item === undefined || item === null || !isDecision(item.item)) return []
    const specificity = tag === null ? specificityOf(policy, asked.elements, asked.match) : ([0, 0, 0] as const)
    return [{ policy, matchType, specificity, hides: hides(item.item), item, tag } as ItemClaim]
  })
  return claims.length < 2 ? claims : claims.sort(claimOrder)
}

const isDecision = (item: MaskItem | FilterItem): boolean =>
  'mask' in item ? item.mask !== null : item.filterExpr !== null

const hides = (item: MaskItem | FilterItem): boolean =>
  'mask' in item ? item.mask !== null && item.mask.maskType !== MASK_NONE : (item.filterExpr ?? '') !== ''

/** The decision of the first claim. */
export function decideByClaims(policyType: 1 | 2, asked: Asked, deciders: Deciders): AccessResult {
  const result = startOf(deciders)
  const claims = claimsOn(policyType, asked, deciders)
  const audited = claims.find(({ policy }) => policy.policy.isAuditEnabled)
  if (!result.isAuditDetermined && audited !== undefined) {
    setAudited(result, true)
    result.auditPolicyId = audited.policy.policy.id ?? -1
  }
  const winner = claims[0]
  if (winner === undefined || result.isDetermined) return result
  const { policy, item, tag } = winner
  if ('mask' in item.item && item.item.mask !== null) result.mask = maskDecision(policy, item.item.mask, asked, tag)
  else if ('filterExpr' in item.item) result.filter = filterDecision(policy, item.item.filterExpr ?? '', asked, tag)
  setAllowed(result, true)
  result.isDetermined = true
  result.priority = policy.policy.priority
  result.policyId = policy.policy.id ?? -1
  result.source = sourceOf(policy, item, tag, asked)
  return result
}

/** Two policies of one priority that say different things of one thing. */
export interface Conflict {
  readonly winner: string
  readonly other: string
  readonly policyType: 1 | 2
}

/** Whom the winner outranks at its own priority although they would decide otherwise. */
export function conflictsOn(policyType: 1 | 2, asked: Asked, deciders: Deciders): readonly Conflict[] {
  const [winner, ...others] = claimsOn(policyType, asked, deciders)
  if (winner === undefined) return []
  return others
    .filter(({ policy, item }) => {
      const isEqual = policy.policy.priority === winner.policy.policy.priority
      return isEqual && policy !== winner.policy && wordsOf(item.item) !== wordsOf(winner.item.item)
    })
    .map(({ policy }) => ({ winner: winner.policy.policy.name, other: policy.policy.name, policyType }))
}

const wordsOf = (item: MaskItem | FilterItem): string =>
  JSON.stringify(
    'mask' in item ? [item.mask?.maskType, item.mask?.valueExpr, item.mask?.conditionExpr] : [item.filterExpr],
  )
