import type { BoundPlaceholder } from './expression-text.ts'

/** A decision as it is being made; the fields and their turns are those of Ranger's own result. */
export interface AccessResult {
  isDetermined: boolean
  isAllowed: boolean
  isAuditDetermined: boolean
  isAudited: boolean
  priority: number
  /** -1: none. */
  policyId: number
  auditPolicyId: number
  source: DecisionSource | null
  mask: MaskDecision | null
  filter: FilterDecision | null
  zoneName: string | null
}

/** Where a decision comes from. Names of policies are unique in a service and zone only. */
export interface DecisionSource {
  readonly service: string
  readonly zoneName: string
  readonly policyId: number | null
  readonly guid: string | null
  readonly policyName: string
  readonly policyVersion: number | null
  /** From 0 in the list of the policy; null where the policy decides without an item. */
  readonly itemIndex: number | null
  readonly isTag: boolean
  readonly tagType: string | null
  /** Each resource of the policy names what was asked for letter by letter, or some by a pattern. */
  readonly matched: 'literal' | 'wildcard'
}

export interface MaskDecision {
  readonly maskType: string
  readonly valueExpr: string | null
  readonly conditionExpr: string | null
  /** The expressions as Ranger would hand them on, values pasted in. */
  readonly resolvedValue: string | null
  readonly resolvedCondition: string | null
  readonly placeholders: readonly BoundPlaceholder[]
}

export interface FilterDecision {
  /** Empty: explicitly no filter. */
  readonly filterExpr: string
  readonly resolvedFilter: string
  readonly placeholders: readonly BoundPlaceholder[]
}

export const emptyResult = (): AccessResult => ({
  isDetermined: false,
  isAllowed: false,
  isAuditDetermined: false,
  isAudited: false,
  priority: 0,
  policyId: -1,
  auditPolicyId: -1,
  source: null,
  mask: null,
  filter: null,
  zoneName: null,
})

export function setAllowed(result: AccessResult, isAllowed: boolean): void {
  if (!isAllowed) result.isDetermined = true
  result.isAllowed = isAllowed
}

export function setAudited(result: AccessResult, isAudited: boolean): void {
  result.isAuditDetermined = true
  result.isAudited = isAudited
}

export function takeAccess(result: AccessResult, from: AccessResult): void {
  result.isDetermined = from.isDetermined
  result.isAllowed = from.isAllowed
  result.policyId = from.policyId
  result.priority = from.priority
  result.source = from.source
  result.mask = from.mask
  result.filter = from.filter
}

export function takeAudit(result: AccessResult, from: AccessResult): void {
  result.isAuditDetermined = from.isAuditDetermined
  result.isAudited = from.isAudited
  result.auditPolicyId = from.auditPolicyId
}
