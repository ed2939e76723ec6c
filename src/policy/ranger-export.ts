import { findMaskType, maskTypeName } from '../pipeline/mask/mask-types.ts'
import {
  isMaskingPolicy,
  isRanger,
  type MaskingCondition,
  type MaskingPolicyDocument,
  type PolicyDocument,
} from './document.ts'
import { exportedPolicies, rangerShape } from './ranger-document.ts'
import { readSelector } from './selector.ts'

/** A file as Ranger Admin exports and imports it, and what of the set it cannot say. */
export interface RangerExport {
  readonly metaDataInfo: Readonly<Record<string, string>>
  readonly policies: readonly object[]
  readonly notExported: readonly { readonly policy: string; readonly path: string; readonly reason: string }[]
}

/** The type of our own service definition: topic, field, and masks with parameters. */
export const OWN_SERVICE_TYPE = 'kafka-cdc'

/** In a policy's `options`: what Ranger has no member for. */
export const OWN_OPTIONS = 'scrim'

/** The policies of a set in Ranger's shape. What came in it goes out as it came. */
export function exportToRanger(documents: readonly PolicyDocument[]): RangerExport {
  const notExported: RangerExport['notExported'][number][] = []
  const policies = documents.flatMap((document): readonly object[] => {
    if (isRanger(document)) {
      const found = rangerPolicies(document.ranger)
      if (found === null) notExported.push({ policy: document.name, path: '', reason: 'is no policy' })
      return found ?? []
    }
    if (isMaskingPolicy(document)) return fromMaskingPolicy(document, notExported)
    notExported.push({ policy: document.name, path: '', reason: 'Ranger has nothing of the kind' })
    return []
  })
  return { metaDataInfo: { 'Exported by': 'scrim' }, policies, notExported }
}

type Json = Readonly<Record<string, unknown>>

/** All policies of a download, with those of its tags and zones; null where there is no place for any. */
function rangerPolicies(json: Json): readonly object[] | null {
  const shape = rangerShape(json)
  if (shape === 'policy') return [json]
  if (shape !== 'service-policies') return exportedPolicies(json) as readonly object[] | null
  const listOf = (holder: unknown): readonly Json[] =>
    isObject(holder) && Array.isArray(holder.policies) ? holder.policies.filter(isObject) : []
  const zones = isObject(json.securityZones) ? Object.values(json.securityZones) : []
  const named = (holder: unknown): readonly object[] => {
    const service = isObject(holder) && 'serviceName' in holder ? holder.serviceName : json.serviceName
    return listOf(holder).map(policy => ({ service, ...policy }))
  }
  return [...named(json), ...zones.flatMap(named), ...named(json.tagPolicies)]
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** An item of Ranger's has one mask, so the conditions of a policy with the same mask become one policy there. */
function fromMaskingPolicy(
  document: MaskingPolicyDocument,
  notExported: RangerExport['notExported'][number][],
): object[] {
  const { name, maskingPolicy, users, groups, roles } = document
  const groupsOfMask = new Map<string, { readonly condition: MaskingCondition; readonly fields: string[] }>()
  const said = new Set<string>()
  maskingPolicy.maskingConditions.forEach((condition, index) => {
    const field = fieldOf(condition)
    const path = `maskingPolicy.maskingConditions[${index}]`
    if (said.has(field)) {
      notExported.push({ policy: name, path, reason: `never applies: ${field} stands above it` })
      return
    }
    said.add(field)
    const { field: _field, ...mask } = condition
    const id = JSON.stringify(Object.entries(mask).sort(([a], [b]) => (a < b ? -1 : 1)))
    const known = groupsOfMask.get(id)
    if (known === undefined) groupsOfMask.set(id, { condition, fields: [field] })
    else known.fields.push(field)
  })
  const isForAll = users === undefined && groups === undefined && roles === undefined
  const masks = [...groupsOfMask.values()]
  return masks.map(({ condition, fields }, index) => {
    const { field: _field, selectorDialect: _dialect, maskType, ...params } = condition
    const { unknownColumns, toast } = maskingPolicy
    return {
      service: document.service ?? 'kafka',
      serviceType: OWN_SERVICE_TYPE,
      name: masks.length === 1 ? name : `${name} #${String(index + 1).padStart(4, '0')}`,
      description: document.description ?? '',
      policyType: 1,
      policyPriority: document.policyPriority ?? 0,
      isEnabled: document.isEnabled ?? true,
      isAuditEnabled: true,
      resources: { topic: { values: [document.resources.topic].flat() }, field: { values: fields } },
      dataMaskPolicyItems: [
        {
          accesses: [{ type: 'consume', isAllowed: true }],
          users: users ?? [],
          groups: isForAll ? ['public'] : (groups ?? []),
          roles: roles ?? [],
          dataMaskInfo: { dataMaskType: rangerMaskName(maskType) },
        },
      ],
      options: { [OWN_OPTIONS]: { params, ...(unknownColumns && { unknownColumns }), ...(toast && { toast }) } },
    }
  })
}

/** As Ranger's resource `field` has it. */
function fieldOf({ field, selectorDialect }: MaskingCondition): string {
  const selector = readSelector(field, selectorDialect)
  if ('problem' in selector) return field
  const [target] = selector.targets
  return target === undefined || target.inside !== null ? field : (target.column ?? '*')
}

const withPrefix: ReadonlySet<string> = new Set([
  'none',
  'null',
  'hash',
  'show_last_4',
  'show_first_4',
  'date_show_year',
])

/** The name that our service definition has for a mask of ours. */
export function rangerMaskName(name: string): string {
  const maskType = findMaskType(name)
  const own = maskType === undefined ? name : maskTypeName(maskType)
  return (withPrefix.has(own) ? `mask_${own}` : own).toUpperCase()
}
