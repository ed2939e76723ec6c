import { isObject } from './members.ts'

/** The forms in which Ranger hands out what it knows. */
export type RangerShape =
  | 'service-policies'
  | 'export'
  | 'policy'
  | 'service-def'
  | 'service-tags'
  | 'roles'
  | 'user-store'

/** Tells the forms apart by their members; null where it is none of them. */
export function detectShape(json: unknown): RangerShape | null {
  if (Array.isArray(json)) return json.length > 0 && json.every(isPolicy) ? 'policy' : null
  if (!isObject(json)) return null
  const has = (name: string): boolean => Object.hasOwn(json, name)
  if (has('rangerRoles')) return 'roles'
  if (has('userAttrMapping') || has('groupAttrMapping') || has('userGroupMapping')) return 'user-store'
  if (has('serviceResources') || has('resourceToTagIds') || (has('tagVersion') && has('tags'))) return 'service-tags'
  if (has('metaDataInfo') && has('policies')) return 'export'
  if (has('serviceName') && (has('policies') || has('policyDeltas') || has('serviceDef'))) return 'service-policies'
  if (Array.isArray(json.policies) && !has('name')) return 'export'
  if (Array.isArray(json.resources) && Array.isArray(json.accessTypes)) return 'service-def'
  return isPolicy(json) ? 'policy' : null
}

const itemLists = [
  'policyItems',
  'denyPolicyItems',
  'allowExceptions',
  'denyExceptions',
  'dataMaskPolicyItems',
  'rowFilterPolicyItems',
]

/** The seed shape has resources too, but a `maskingPolicy` instead of lists of items. */
function isPolicy(json: unknown): boolean {
  if (!isObject(json) || Object.hasOwn(json, 'maskingPolicy') || Object.hasOwn(json, 'tableSchema')) return false
  const has = (name: string): boolean => Object.hasOwn(json, name)
  return itemLists.some(has) || (has('policyType') && has('resources')) || (has('resources') && has('isDenyAllElse'))
}
