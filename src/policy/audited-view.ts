import { maskTypeName } from '../pipeline/mask/mask-types.ts'
import type { AuditedRule, AuditedView, ColumnRule, ColumnRules } from '../pipeline/plan.ts'
import { isAudited } from './ranger-audited.ts'
import { policyLabel } from './ranger-rules.ts'
import type { RangerService } from './ranger-services.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import type { View } from './view.ts'

/** What audit events say of a view's rules: of those of Ranger's policies service, number and version. */
export type AuditedViewOf = (view: View, rules: ColumnRules) => AuditedView

interface Known {
  readonly service: RangerService
  readonly policy: RangerPolicy
}

export function auditedViews(services: readonly RangerService[]): AuditedViewOf {
  const known = new Map<string, Known>(
    services.flatMap(service =>
      service.policies.map((policy): [string, Known] => [policyLabel(policy), { service, policy }]),
    ),
  )
  return (view, { byName, rowFilter }) => {
    const masks = [...byName].filter(([, { maskType }]) => maskType.effect !== 'keep')
    const rules = masks.flatMap(([field, rule]) => ruleOf(field, rule, known.get(rule.policy)) ?? [])
    const filters = rowFilter === null ? [] : (filterOf(rowFilter, known.get(rowFilter.policy)) ?? [])
    return { user: view.profile.user ?? view.name, rules: [...rules, ...[filters].flat()] }
  }
}

function ruleOf(field: string, { maskType, policy, path }: ColumnRule, known: Known | undefined): AuditedRule | null {
  if (known === undefined) return { ...unnumbered, access: maskTypeName(maskType), field, reason: `${policy} ${path}` }
  const item = Number(/^dataMaskPolicyItems\[(\d+)\]/.exec(path)?.[1] ?? Number.NaN)
  const access = known.policy.masks[item]?.mask?.maskType ?? maskTypeName(maskType)
  return wanted({ ...numbered(known), access, field, reason: null }, known)
}

function filterOf(
  filter: { readonly policy: string; readonly path: string },
  known: Known | undefined,
): AuditedRule | null {
  if (known === undefined)
    return { ...unnumbered, access: 'ROW_FILTER', field: null, reason: `${filter.policy} ${filter.path}` }
  const item = Number(/^rowFilterPolicyItems\[(\d+)\]/.exec(filter.path)?.[1] ?? Number.NaN)
  const reason = known.policy.filters[item]?.filterExpr ?? null
  return wanted({ ...numbered(known), access: 'ROW_FILTER', field: null, reason }, known)
}

const wanted = (rule: AuditedRule, { service, policy }: Known): AuditedRule | null =>
  isAudited(service.auditMode, policy.isAuditEnabled) ? rule : null

const numbered = ({ service, policy }: Known) => ({
  service: service.name,
  serviceDefId: service.serviceDef.id ?? 0,
  policyId: policy.id ?? -1,
  policyVersion: policy.version,
  zone: policy.zoneName === '' ? null : policy.zoneName,
  tags: [],
})

/** A policy that is none of Ranger's has no number. */
const unnumbered = { service: 'scrim', serviceDefId: 0, policyId: -1, policyVersion: null, zone: null, tags: [] }
