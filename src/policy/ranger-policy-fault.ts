type Json = Readonly<Record<string, unknown>>

/**
 * Where JSON of a Ranger Admin has not the form of a policy; null where it has. Whether what it says can be carried out is
 * for the engine to tell.
 */
export function policyFault(policy: unknown): string | null {
  if (!isObject(policy)) return ''
  if (typeof policy.name !== 'string' || policy.name === '') return 'name'
  const { policyType = 0 } = policy
  if (policyType !== null && policyType !== 0 && policyType !== 1 && policyType !== 2) return 'policyType'
  return resourcesFault(policy) ?? itemsFault(policy)
}

function resourcesFault({ resources, additionalResources }: Json): string | null {
  if (isThere(additionalResources) && !Array.isArray(additionalResources)) return 'additionalResources'
  const more: readonly unknown[] = Array.isArray(additionalResources) ? additionalResources : []
  const all = [
    ['resources', resources] as const,
    ...more.map((one, index) => [`additionalResources[${index}]`, one] as const),
  ]
  for (const [path, one] of all) {
    if (!isObject(one)) return path
    const bad = Object.entries(one).find(([, element]) => !isObject(element) || !isTexts(element.values))
    if (bad !== undefined) return `${path}.${bad[0]}`
  }
  return null
}

const itemLists = [
  'policyItems',
  'denyPolicyItems',
  'allowExceptions',
  'denyExceptions',
  'dataMaskPolicyItems',
  'rowFilterPolicyItems',
]
const principals = ['users', 'groups', 'roles']

function itemsFault(policy: Json): string | null {
  for (const name of itemLists) {
    const items = policy[name]
    if (!isThere(items)) continue
    if (!Array.isArray(items)) return name
    for (const [index, item] of items.entries()) {
      const path = `${name}[${index}]`
      if (!isObject(item)) return path
      const bad = principals.find(member => isThere(item[member]) && !isTexts(item[member]))
      if (bad !== undefined) return `${path}.${bad}`
      if (name === 'dataMaskPolicyItems' && !hasText(item.dataMaskInfo, 'dataMaskType')) return `${path}.dataMaskInfo`
      if (name === 'rowFilterPolicyItems' && !isObject(item.rowFilterInfo)) return `${path}.rowFilterInfo`
    }
  }
  return null
}

const isThere = (value: unknown): boolean => value !== undefined && value !== null
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(one => typeof one === 'string')
const hasText = (value: unknown, name: string): boolean => isObject(value) && typeof value[name] === 'string'
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)
