import { type AccessResult, emptyResult, setAllowed, setAudited, takeAccess, takeAudit } from './access-result.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { type Evaluation, evaluatePolicy, matchTypesOf } from './evaluate-policy.ts'
import { byMatchType, nameOrder } from './order.ts'
import type { PolicyType } from './policy.ts'
import type { Repository } from './repository.ts'
import type { Asked } from './request.ts'
import type { RequestTag } from './service-tags.ts'

/** What decides a request: the policies of its zone, those on tags, and who stands above them. */
export interface Deciders {
  readonly resources: Repository
  readonly tags: Repository | null
  /** Null: unzoned. */
  readonly zoneName: string | null
  /** Tag policies of the zone itself apply, instead of the unzoned ones. */
  readonly zoneHasTags: boolean
  readonly isSuperUser: boolean
  readonly isAuditExcluded: boolean
  readonly auditMode: string | null
  readonly allAccessTypes: readonly string[]
  /** Not to be as lenient as Ranger. */
  readonly isStrict: boolean
  /** The order in which resource policies of one type are asked. */
  readonly compare: ((a: CompiledPolicy, b: CompiledPolicy) => number) | null
}

/** A tag policy and the tag for which it is asked. */
export interface TaggedPolicy {
  readonly policy: CompiledPolicy
  readonly tag: RequestTag
}

export function evaluationOf(asked: Asked, allAccessTypes: readonly string[]): Evaluation {
  const { request, isAny, accessType } = asked
  const accessTypes = isAny ? allAccessTypes : (request.accessTypes ?? [accessType])
  const ofAny = request.ignoreDescendantDeny === false ? accessTypes.map(type => [type]) : []
  return { asked, accessTypes, accessGroups: isAny ? ofAny : (request.accessGroups ?? []), ofAccess: new Map() }
}

/** Decides as Ranger's engine does, turn by turn: tag policies first, then those on resources, which may override. */
export function decide(policyType: PolicyType, asked: Asked, deciders: Deciders): AccessResult {
  const evaluation = evaluationOf(asked, deciders.allAccessTypes)
  const result = startOf(deciders)
  askTagPolicies(policyType, evaluation, deciders, result)

  const isAllowedByTags = result.isDetermined && result.isAllowed
  const isDeniedByTags = result.isDetermined && !result.isAllowed
  if (deciders.resources.given.length === 0) return result

  result.isDetermined = false
  for (const policy of resourcePolicies(policyType, asked, deciders)) {
    // Policies of other resources must not even end the search.
    if (matchTypesOf(policy, asked, null).every(matchType => matchType === 'NONE')) continue
    if (isFinal(result, policy, policyType, isDeniedByTags)) result.isDetermined = true
    evaluatePolicy(policy, null, evaluation, result)
    // Those that may deny come first; who is allowed now stays so. Ranger says it of any policy, even of one above a tag
    // that allowed, and then overlooks a denial beside that tag.
    const isPast = !deciders.isStrict || policy.policy.priority <= result.priority
    if (result.isAllowed && !policy.hasDeny && isPast) result.isDetermined = true
    if (result.isDetermined && result.isAuditDetermined) break
  }
  if (!result.isDetermined) {
    if (isDeniedByTags) setAllowed(result, false)
    else if (isAllowedByTags) result.isAllowed = true
  }
  result.isDetermined = true
  return result
}

/** Whether what was decided before stands against a policy of this priority. */
function isFinal(result: AccessResult, { policy }: CompiledPolicy, type: PolicyType, isDeniedByTags: boolean): boolean {
  if (isDeniedByTags) return result.priority >= policy.priority
  if (!result.isAllowed) return false
  return type === 0 ? result.priority > policy.priority : result.priority >= policy.priority
}

export function startOf({
  resources,
  tags,
  isSuperUser,
  isAuditExcluded,
  auditMode,
  zoneName,
}: Deciders): AccessResult {
  const result = emptyResult()
  result.zoneName = zoneName
  if (auditMode === 'audit-all') setAudited(result, true)
  else if (auditMode === 'audit-none') setAudited(result, false)
  else if (resources.given.length === 0 && tags === null) setAudited(result, true)
  if (isAuditExcluded) setAudited(result, false)
  if (isSuperUser) {
    setAllowed(result, true)
    result.isDetermined = true
    result.priority = Number.MAX_SAFE_INTEGER
  }
  return result
}

function askTagPolicies(type: PolicyType, evaluation: Evaluation, deciders: Deciders, result: AccessResult): void {
  for (const { policy, tag } of tagPolicies(type, evaluation.asked, deciders)) {
    const one = emptyResult()
    takeAccess(one, result)
    takeAudit(one, result)
    evaluatePolicy(policy, tag, evaluation, one)
    if (one.isAllowed && !policy.hasDeny) one.isDetermined = true
    if (one.isAudited) takeAudit(result, one)
    if (!result.isDetermined && (one.isDetermined || (!result.isAllowed && one.isAllowed))) takeAccess(result, one)
    if (result.isAuditDetermined && result.isDetermined) break
  }
  if (result.isAllowed) result.isDetermined = true
}

/** The tag policies that apply, in Ranger's order for the type. */
export function tagPolicies(type: PolicyType, asked: Asked, deciders: Deciders): readonly TaggedPolicy[] {
  const { tags, zoneName, zoneHasTags } = deciders
  if (tags === null) return []
  const found = asked.tags.flatMap(tag => {
    const elements = new Map([['tag', tag.type]])
    return tags.byType[type].candidates(elements, new Map()).flatMap(policy => {
      const isOfZone = policy.policy.zoneName === (zoneHasTags ? (zoneName ?? '') : '')
      const isOnTag = policy.matchers.some(matcher => matcher.match(elements, new Map(), asked.match) === 'SELF')
      return isOfZone && isOnTag && policy.validity.isActive(asked.accessTime) ? [{ policy, tag }] : []
    })
  })
  // Equal ones keep the order of the list, which for access is Ranger's own already.
  const places = new Map(tags.byType[type].all.map((policy, at) => [policy, at]))
  const place = ({ policy }: TaggedPolicy): number => places.get(policy) ?? 0
  if (type === 0) return found.toSorted((a, b) => place(a) - place(b))
  if (type === 2) return found.toSorted((a, b) => nameOrder(a.policy, b.policy))
  return found.toSorted((a, b) => byMatchType(a.tag.matchType, b.tag.matchType) || nameOrder(a.policy, b.policy))
}

/** The resource policies that may match and are valid now, in the order in which they are asked. */
export function resourcePolicies(
  type: PolicyType,
  asked: Asked,
  { resources, compare }: Deciders,
): readonly CompiledPolicy[] {
  const found = resources.byType[type]
    .candidates(asked.elements, asked.scopes)
    .filter(policy => policy.validity.isActive(asked.accessTime))
  return compare === null ? found : found.toSorted(compare)
}
