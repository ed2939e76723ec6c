import { isMaskingPolicy, isRanger, type PolicyDocument } from './document.ts'
import { exportedPolicies, rangerShape } from './ranger-document.ts'
import { fromMaskingPolicy } from './ranger-export-policy.ts'
import { unsaid } from './ranger-export-order.ts'

/** What Ranger cannot say as we do. */
export interface Lost {
  readonly policy: string
  readonly path: string
  readonly reason: string
}

/** A file as Ranger Admin exports and imports it, and what of the set it cannot say. */
export interface RangerExport {
  readonly metaDataInfo: Readonly<Record<string, string>>
  readonly policies: readonly object[]
  readonly notExported: readonly Lost[]
}

/** The policies of a set in Ranger's shape. What came in it goes out as it came. */
export function exportToRanger(documents: readonly PolicyDocument[]): RangerExport {
  const notExported: Lost[] = unsaid(documents.filter(isMaskingPolicy).filter(({ isEnabled }) => isEnabled !== false))
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
