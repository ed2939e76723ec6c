import type { RangerDocument } from './ranger-document.ts'

/** More than any Ranger has; a bound on the time that a set can take. */
const most = {
  services: 100,
  policies: 10_000,
  'policy items': 50_000,
  'values of resources': 100_000,
  'patterns of resources': 2_000,
  conditions: 20_000,
  'security zones': 500,
  'tagged resources': 10_000,
  roles: 10_000,
} as const
type Counted = keyof typeof most

const itemLists = [
  'policyItems',
  'denyPolicyItems',
  'allowExceptions',
  'denyExceptions',
  'dataMaskPolicyItems',
  'rowFilterPolicyItems',
]

/** What there is too much of in Ranger's documents; null where there is not. Counts only, so that it is done at once. */
export function rangerExcess(documents: readonly RangerDocument[]): string | null {
  const counts = new Map<Counted, number>()
  const services = new Set<unknown>()
  const zoneNames = new Set<unknown>()
  const add = (what: Counted, count: number): void => void counts.set(what, (counts.get(what) ?? 0) + count)
  for (const { ranger } of documents) {
    const zones = Object.values(objectOf(ranger.securityZones)).map(objectOf)
    add('security zones', zones.length)
    add('tagged resources', listOf(ranger.serviceResources).length)
    add('roles', listOf(ranger.rangerRoles).length)
    services.add(ranger.serviceName ?? ranger.service)
    const holders = [ranger, ...zones, objectOf(ranger.tagPolicies)]
    const nested = holders.flatMap(holder => listOf(holder.policies))
    const policies = [...nested.map(objectOf), ...(nested.length === 0 ? [ranger] : [])]
    add('policies', nested.length)
    for (const policy of policies) {
      if (policy.zoneName !== undefined) zoneNames.add(policy.zoneName)
      const sets = [policy.resources, ...listOf(policy.additionalResources)].map(objectOf)
      for (const resource of sets.flatMap(set => Object.values(set))) {
        const values = listOf(objectOf(resource).values)
        add('values of resources', values.length)
        add('patterns of resources', values.filter(isPattern).length)
      }
      const items = itemLists.flatMap(name => listOf(policy[name]))
      add('policy items', items.length)
      add(
        'conditions',
        [policy, ...items].reduce((sum: number, one) => sum + listOf(objectOf(one).conditions).length, 0),
      )
    }
  }
  add('services', services.size)
  add('security zones', zoneNames.size)
  const found = [...counts].find(([what, count]) => count > most[what])
  return found === undefined ? null : found[0]
}

/** A bare star matches without being tried. */
const isPattern = (value: unknown): boolean => typeof value === 'string' && value !== '*' && /[*?]/.test(value)

type Json = Readonly<Record<string, unknown>>
const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
