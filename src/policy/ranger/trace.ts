import type { AccessResult } from './access-result.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import { conditionsHold } from './condition.ts'
import { type Deciders, evaluationOf } from './decide.ts'
import { hasSay, matchTypesOf } from './evaluate-policy.ts'
import type { CompiledItem } from './item.ts'
import { type PolicyType, policyLabel, type RangerPolicy } from './policy.ts'
import type { Asked } from './request.ts'
import type { RequestTag } from './service-tags.ts'

/** Why a policy or an item of it has no part in a decision, or that it has. */
export type TraceReason =
  | 'applied'
  | 'disabled'
  | 'not valid now'
  | 'other resource'
  | 'no such tag'
  | 'policy condition'
  | 'access type'
  | 'principal'
  | 'item condition'
  | 'no filter said'
  | 'exception'
  | 'outranked'

export interface TraceEntry {
  readonly service: string
  readonly zoneName: string
  readonly policy: string
  readonly policyId: number | null
  readonly isTag: boolean
  /** Such as `allow`, `mask`; null: the entry is about the policy as a whole. */
  readonly list: string | null
  readonly itemIndex: number | null
  readonly reason: TraceReason
  /** Of what was outranked: by which policy. */
  readonly by: string | null
}

/** Goes over every policy of the type, matching or not; for people who ask, not for the stream. */
export function explain(
  policyType: PolicyType,
  asked: Asked,
  deciders: Deciders,
  result: AccessResult,
): readonly TraceEntry[] {
  const of = (policy: CompiledPolicy, tag: RequestTag | null): readonly TraceEntry[] =>
    explainPolicy(policyType, policy, tag, asked, deciders, result)
  const disabled = [...deciders.resources.given, ...(deciders.tags?.given ?? [])]
    .filter(policy => !policy.isEnabled && policy.policyType === policyType)
    .map(policy => ({
      ...entryStart(policy, deciders.tags?.given.includes(policy) === true),
      reason: 'disabled' as const,
    }))
  const ofTags = (deciders.tags?.byType[policyType].all ?? []).flatMap(policy => {
    const tags = asked.tags.filter(tag => isOn(policy, tag, asked))
    return tags.length === 0
      ? [{ ...startOf(policy), reason: 'no such tag' as const }]
      : tags.flatMap(tag => of(policy, tag))
  })
  return [...ofTags, ...deciders.resources.byType[policyType].all.flatMap(policy => of(policy, null)), ...disabled]
}

const isOn = (policy: CompiledPolicy, tag: RequestTag, asked: Asked): boolean =>
  policy.matchers.some(matcher => matcher.match(new Map([['tag', tag.type]]), new Map(), asked.match) === 'SELF')

const entryStart = (policy: RangerPolicy, isTag: boolean) => ({
  service: policy.service,
  zoneName: policy.zoneName,
  policy: policyLabel(policy),
  policyId: policy.id,
  isTag,
  list: null,
  itemIndex: null,
  by: null,
})
const startOf = (policy: CompiledPolicy) => entryStart(policy.policy, policy.isTag)

function explainPolicy(
  policyType: PolicyType,
  policy: CompiledPolicy,
  tag: RequestTag | null,
  asked: Asked,
  { allAccessTypes }: Deciders,
  result: AccessResult,
): readonly TraceEntry[] {
  const start = startOf(policy)
  if (!policy.validity.isActive(asked.accessTime)) return [{ ...start, reason: 'not valid now' }]
  if (!matchTypesOf(policy, asked, tag).some(one => hasSay(one, asked, tag)))
    return [{ ...start, reason: 'other resource' }]
  if (!conditionsHold(policy.conditions, asked, tag)) return [{ ...start, reason: 'policy condition' }]

  const { accessTypes } = evaluationOf(asked, allAccessTypes)
  const isSource =
    result.source !== null &&
    result.source.policyId === policy.policy.id &&
    result.source.policyName === policy.policy.name &&
    result.source.service === policy.policy.service &&
    result.source.zoneName === policy.policy.zoneName &&
    result.source.isTag === policy.isTag
  const reasonOf = (list: string, item: CompiledItem): TraceReason => {
    if (!accessTypes.some(access => item.allows(access))) return 'access type'
    if (!item.concerns(asked)) return 'principal'
    if (!conditionsHold(item.conditions, asked, tag)) return 'item condition'
    if (list === 'filter' && saysNothing(policy, item)) return 'no filter said'
    if (list.endsWith('exception')) return 'exception'
    return isSource && result.source?.itemIndex === item.index && isListOf(list, result) ? 'applied' : 'outranked'
  }
  const lists: readonly (readonly [string, readonly CompiledItem[]])[] =
    policyType === 1
      ? [['mask', policy.masks]]
      : policyType === 2
        ? [['filter', policy.filters]]
        : [
            ['deny', policy.deny],
            ['deny exception', policy.denyExceptions],
            ['allow', policy.allow],
            ['allow exception', policy.allowExceptions],
          ]
  return lists.flatMap(([list, items]) =>
    items.map(item => {
      const reason = reasonOf(list, item)
      const by = reason === 'outranked' ? (result.source?.policyName ?? null) : null
      return { ...start, list, itemIndex: item.index, reason, by }
    }),
  )
}

const saysNothing = (policy: CompiledPolicy, item: CompiledItem): boolean =>
  policy.filters[item.index]?.item.filterExpr == null

const isListOf = (list: string, { isAllowed }: AccessResult): boolean =>
  list === 'mask' || list === 'filter' || (list === 'allow') === isAllowed
