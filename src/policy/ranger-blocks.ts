import type { Plan, TopicBlock, TopicBlocks } from '../pipeline/plan.ts'
import { isRanger, type PolicyDocument } from './document.ts'
import { type RangerDocument, rangerPolicyName, rangerShape } from './ranger-document.ts'
import { policyFault } from './ranger-policy-fault.ts'
import { globMatches } from './topic-pattern.ts'

type Json = Readonly<Record<string, unknown>>

/** How the documents of a polled service are named; no name that Ranger allows begins so. */
export const sourceName = (service: string): string => `ranger:${service}`

/**
 * The topics that have to wait because of what a Ranger Admin says: of a service that is gone those of its last policies, of
 * a policy that has not the form of one those that it names.
 */
export function rangerBlocks(documents: readonly PolicyDocument[]): readonly TopicBlock[] {
  const polled = documents.filter(isRanger).filter(({ source }) => source !== undefined)
  return polled.filter(isPolicySet).flatMap(set => blocksOf(set, polled))
}

/** All topics, as long as a service that has to be there was never read: nobody knows which ones it governs. */
export function missingServices(
  documents: readonly PolicyDocument[],
  services: readonly string[],
): readonly TopicBlock[] {
  const sets = documents.filter(isRanger).filter(isPolicySet)
  return services
    .filter(service => !sets.some(({ source }) => source?.service === service))
    .map(service => ({ code: 'RANGER_SERVICE_MISSING', policy: sourceName(service), path: '', topics: 'all' }))
}

const isPolicySet = ({ ranger }: RangerDocument): boolean => rangerShape(ranger) === 'service-policies'

function blocksOf(set: RangerDocument, polled: readonly RangerDocument[]): TopicBlock[] {
  const { service = '', isGone = false } = set.source ?? {}
  const tagged = taggedTopics(polled.filter(({ source }) => source?.service === service))
  const policies = policiesOf(set.ranger)
  if (isGone) {
    const topics = together(policies.map(({ policy }) => touchedTopics(policy, tagged)))
    return [{ code: 'RANGER_SERVICE_GONE', policy: set.name, path: '', topics }]
  }
  return policies.flatMap(({ policy, path }): TopicBlock[] => {
    const fault = policyFault(policy)
    if (fault === null) return []
    const topics = touchedTopics(policy, tagged)
    if (topics.length === 0) return []
    const name = isObject(policy) && typeof policy.name === 'string' ? policy.name.slice(0, 180) : ''
    const at = fault === '' ? path : `${path}.${fault}`
    return [{ code: 'POLICY_RANGER_INVALID', policy: rangerPolicyName(service, '', name), path: at, topics }]
  })
}

/** Does the service have any policy of its own? One that is disabled is given without. */
export const hasPolicies = (set: Json): boolean => policiesOf(set).some(({ path }) => !path.startsWith('tagPolicies.'))

/** Every policy of a service, of its zones and its tags, and where it stands. */
export function policiesOf(set: Json): { readonly policy: unknown; readonly path: string }[] {
  const zones = isObject(set.securityZones) ? Object.entries(set.securityZones) : []
  return [
    ...listAt(set.policies, 'policies'),
    ...zones.flatMap(([name, zone]) =>
      isObject(zone) ? listAt(zone.policies, `securityZones.${name}.policies`) : [{ policy: null, path: name }],
    ),
    ...(isObject(set.tagPolicies) ? listAt(set.tagPolicies.policies, 'tagPolicies.policies') : []),
  ]
}

/** What is not a list counts as one policy that cannot be read. */
function listAt(list: unknown, path: string): { policy: unknown; path: string }[] {
  if (list === undefined || list === null) return []
  if (!Array.isArray(list)) return [{ policy: null, path }]
  return list.map((policy: unknown, index) => ({ policy, path: `${path}[${index}]` }))
}

/** Resources of Ranger's Kafka that are no topics. */
const notTopics = new Set(['cluster', 'consumergroup', 'delegationtoken', 'transactionalid'])

/** The topics that a policy names, wide rather than narrow: `all` where they cannot be told. */
export function touchedTopics(policy: unknown, tagged: TopicBlock['topics'] = []): TopicBlock['topics'] {
  if (!isObject(policy)) return 'all'
  if (policy.isEnabled === false) return []
  const { resources, additionalResources = [] } = policy
  if (!isObject(resources) || !(Array.isArray(additionalResources) || additionalResources === null)) return 'all'
  const others: readonly unknown[] = additionalResources ?? []
  return together([resources, ...others].map(one => topicsOf(one, tagged)))
}

function topicsOf(resources: unknown, tagged: TopicBlock['topics']): TopicBlock['topics'] {
  if (!isObject(resources)) return 'all'
  const names = Object.keys(resources)
  if (names.length > 0 && names.every(name => notTopics.has(name))) return []
  if (names.length > 0 && names.every(name => name === 'tag')) return tagged
  return Object.hasOwn(resources, 'topic') ? valuesOf(resources.topic) : topicsOfTable(resources)
}

/** What names a table in services of databases, from the top. */
const tableLevels = ['catalog', 'database', 'schema', 'table']
const MAX_TABLES = 1_000

/** A topic of Debezium's ends with them, between dots; what stands before or behind is left open. */
function topicsOfTable(resources: Json): TopicBlock['topics'] {
  const levels = tableLevels.filter(level => Object.hasOwn(resources, level)).map(level => valuesOf(resources[level]))
  if (levels.length === 0 || levels.includes('all')) return 'all'
  let names = ['']
  for (const values of levels as (readonly string[])[]) {
    names = names.flatMap(name => values.map(value => (name === '' ? value : `${name}.${value}`)))
    if (names.length > MAX_TABLES) return 'all'
  }
  return names.flatMap(name => [name, `*.${name}`, `${name}.*`, `*.${name}.*`])
}

function valuesOf(element: unknown): TopicBlock['topics'] {
  if (!isObject(element) || !Array.isArray(element.values) || element.isExcludes === true) return 'all'
  const values: readonly unknown[] = element.values
  const texts = values.filter(value => typeof value === 'string')
  // A token stands for whatever the request says.
  const isPlain = texts.length === values.length && !texts.some(text => /[{}]/.test(text))
  return isPlain ? texts : 'all'
}

/** The topics that carry a tag, whichever, by what these documents say. */
export function taggedTopics(documents: readonly RangerDocument[]): TopicBlock['topics'] {
  const tags = documents.filter(({ ranger }) => rangerShape(ranger) === 'service-tags').map(({ ranger }) => ranger)
  return together(
    tags
      .flatMap(({ serviceResources }) => (Array.isArray(serviceResources) ? serviceResources : []))
      .map(resource => {
        const elements: unknown = isObject(resource) ? resource.resourceElements : null
        return topicsOf(elements, [])
      }),
  )
}

/** All of them. */
export const together = (lists: readonly TopicBlock['topics'][]): TopicBlock['topics'] =>
  lists.includes('all') ? 'all' : [...new Set(lists.flat())]

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** The same plan, of which nothing of these topics can be had. */
export function blockTopics(plan: Plan, list: readonly TopicBlock[]): Plan {
  if (list.length === 0) return plan
  const blocks = topicBlocks([...(plan.blocks?.list ?? []), ...list])
  return {
    ...plan,
    blocks,
    forTopic: (topic, facts) => (blocks.of(topic) === null ? plan.forTopic(topic, facts) : null),
  }
}

function topicBlocks(list: readonly TopicBlock[]): TopicBlocks {
  // Ranger takes names of topics for the same whatever their case.
  const tests = list.map(block => {
    const patterns = block.topics === 'all' ? ['*'] : block.topics.map(text => text.toLowerCase())
    const literal = new Set(patterns)
    const wild = patterns.filter(text => /[*?]/.test(text))
    return (topic: string): boolean => literal.has(topic) || wild.some(pattern => globMatches(pattern, topic))
  })
  const known = new Map<string, TopicBlock | null>()
  return {
    list,
    of: topic => {
      const before = known.get(topic)
      if (before !== undefined) return before
      const found = list[tests.findIndex(touches => touches(topic.toLowerCase()))] ?? null
      known.set(topic, found)
      return found
    },
  }
}
