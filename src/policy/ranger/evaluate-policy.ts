import { type AccessResult, emptyResult, setAllowed, setAudited, takeAccess, takeAudit } from './access-result.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { compositeResult } from './composite.ts'
import { conditionsHold } from './condition.ts'
import { filterDecision, maskDecision, sourceOf } from './decision.ts'
import { type CompiledItem, matchingItem } from './item.ts'
import type { MatchType } from './policy-matcher.ts'
import type { Asked } from './request.ts'
import type { RequestTag } from './service-tags.ts'

/** What one evaluation keeps over all its policies. */
export interface Evaluation {
  readonly asked: Asked
  /** Each is decided on its own; together they make the answer. */
  readonly accessTypes: readonly string[]
  readonly accessGroups: readonly (readonly string[])[]
  readonly ofAccess: Map<string, AccessResult>
}

/** Whether a policy that lies so to what is asked for has a say. */
export function hasSay(matchType: MatchType, asked: Asked, tag: RequestTag | null): boolean {
  if (matchType === 'SELF' || matchType === 'SELF_AND_ALL_DESCENDANTS') return true
  if (matchType === 'ANCESTOR') return tag !== null
  return matchType === 'DESCENDANT' && (asked.isAny || asked.request.resourceScope === 'SELF_OR_DESCENDANTS')
}

/** How the sets of resources of a policy lie to what is asked for; a tag brings the answer with it. */
export const matchTypesOf = (policy: CompiledPolicy, asked: Asked, tag: RequestTag | null): readonly MatchType[] =>
  tag === null
    ? policy.matchers.map(matcher => matcher.match(asked.elements, asked.scopes, asked.match))
    : [tag.matchType]

/** Adds what one policy has to say to a result. */
export function evaluatePolicy(
  policy: CompiledPolicy,
  tag: RequestTag | null,
  evaluation: Evaluation,
  result: AccessResult,
): void {
  const { asked } = evaluation
  for (const matchType of matchTypesOf(policy, asked, tag)) {
    if (result.isDetermined && result.isAuditDetermined) return
    if (!hasSay(matchType, asked, tag) || !conditionsHold(policy.conditions, asked, tag)) continue
    if (!result.isAuditDetermined && policy.policy.isAuditEnabled) {
      setAudited(result, true)
      result.auditPolicyId = policy.policy.id ?? -1
    }
    if (!result.isDetermined) decideAccesses(policy, matchType, tag, evaluation, result)
  }
}

function decideAccesses(
  policy: CompiledPolicy,
  matchType: MatchType,
  tag: RequestTag | null,
  evaluation: Evaluation,
  result: AccessResult,
): void {
  const { asked, ofAccess } = evaluation
  const ignoresBelow = asked.request.ignoreDescendantDeny ?? true
  for (const accessType of evaluation.accessTypes) {
    const one = emptyResult()
    takeAudit(one, result)
    decideOne(policy, accessType, matchType, tag, asked, one)
    const isAllowed = one.isAllowed
    if (!isAllowed && !one.isDetermined) continue
    if (prevails(one, ofAccess.get(accessType), policy, asked)) ofAccess.set(accessType, one)
    if (asked.isAny && isAllowed === ignoresBelow) break
  }
  const composite = compositeResult(evaluation)
  if (composite !== null) takeAccess(result, composite)
}

/** Whether a newer answer for an access takes the place of an older one. */
function prevails(one: AccessResult, old: AccessResult | undefined, { policy }: CompiledPolicy, asked: Asked): boolean {
  if (old === undefined) return true
  const isHigher = policy.priority > old.priority
  const isAsHigh = policy.priority >= old.priority
  if (old.isAllowed) return one.isAllowed && policy.policyType === 0 ? isHigher : isAsHigh
  return isHigher || (isAsHigh && one.isAllowed && asked.isAny)
}

function decideOne(
  policy: CompiledPolicy,
  accessType: string,
  matchType: MatchType,
  tag: RequestTag | null,
  asked: Asked,
  result: AccessResult,
): void {
  const found = (items: readonly CompiledItem[], exceptions: readonly CompiledItem[]) =>
    matchingItem(items, exceptions, accessType, asked, tag)
  if (policy.policy.policyType === 1) {
    const item = matchingItem(policy.masks, [], accessType, asked, tag)
    if (item === null || item.item.mask === null) return
    result.mask = maskDecision(policy, item.item.mask, asked, tag)
    settle(policy, item, true, matchType, tag, asked, result)
  } else if (policy.policy.policyType === 2) {
    const item = matchingItem(policy.filters, [], accessType, asked, tag)
    if (item === null || item.item.filterExpr === null) return
    result.filter = filterDecision(policy, item.item.filterExpr, asked, tag)
    settle(policy, item, true, matchType, tag, asked, result)
  } else {
    const denied = found(policy.deny, policy.denyExceptions)
    const allowed = denied === null ? found(policy.allow, policy.allowExceptions) : null
    if (denied !== null || allowed !== null)
      settle(policy, denied ?? allowed, denied === null, matchType, tag, asked, result)
    else if (policy.policy.isDenyAllElse) settle(policy, null, false, matchType, tag, asked, result)
  }
}

function settle(
  policy: CompiledPolicy,
  item: CompiledItem | null,
  isAllowed: boolean,
  matchType: MatchType,
  tag: RequestTag | null,
  asked: Asked,
  result: AccessResult,
): void {
  // What is denied below does not count against the resource itself, unless the request says so.
  if (!isAllowed && matchType === 'DESCENDANT' && (asked.request.ignoreDescendantDeny ?? true)) return
  setAllowed(result, isAllowed)
  result.priority = policy.policy.priority
  result.policyId = policy.policy.id ?? -1
  result.source = sourceOf(policy, item, tag, asked)
}
