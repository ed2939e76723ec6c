import type { Problem } from '../errors.ts'
import type { TopicBlock } from '../pipeline/plan.ts'
import { type Compiled, type CompileOptions, compilePolicies } from './compile.ts'
import { isRanger, isTableSchema, type PolicyDocument } from './document.ts'
import { blockTopics, policiesOf, rangerBlocks, taggedTopics, touchedTopics, together } from './ranger-blocks.ts'
import { type RangerDocument, rangerPolicyName } from './ranger-document.ts'
import { policyFault } from './ranger-policy-fault.ts'

type Documents = readonly PolicyDocument[]

/** A part of a set that is left out, and the topics that wait for it. */
interface LeftOut {
  readonly rest: Documents
  readonly blocks: readonly TopicBlock[]
}

const MAX_ROUNDS = 5

/**
 * From documents to a plan, what a Ranger Admin says taken leniently: a set of files or REST is refused whole, but a policy
 * of Ranger's that cannot be taken is left out, and the topics that it touches wait. What is wrong elsewhere refuses as ever.
 */
export function compileSet(documents: Documents, options: CompileOptions): Compiled {
  const isPolled = documents.some(isSourced)
  const blocks: TopicBlock[] = [...rangerBlocks(documents)]
  let rest = isPolled ? documents.map(wellFormed) : documents
  for (let round = 0; ; round++) {
    const compiled = compilePolicies(rest, options)
    if (compiled.plan !== null) return withBlocks(compiled, blocks)
    if (!rest.some(isSourced)) return compiled
    const errors = compiled.problems.filter(({ severity }) => severity === 'error')
    const found = (round < MAX_ROUNDS ? withoutPolicies(rest, errors) : null) ?? withoutServices(rest, options)
    if (found === null) return compiled
    blocks.push(...found.blocks)
    rest = found.rest
  }
}

function withBlocks({ plan, problems }: Compiled, blocks: readonly TopicBlock[]): Compiled {
  const waiting = blocks.filter(({ topics }) => topics.length > 0)
  const warnings = waiting.map(
    ({ code, policy, path }): Problem => ({ code, severity: 'warning', where: { policy, path } }),
  )
  return { plan: plan === null ? null : blockTopics(plan, waiting), problems: [...problems, ...warnings] }
}

const isSourced = (document: PolicyDocument): document is RangerDocument =>
  isRanger(document) && document.source !== undefined

const serviceOf = (document: PolicyDocument): string => (isSourced(document) ? (document.source?.service ?? '') : '')

const wellFormed = (document: PolicyDocument): PolicyDocument =>
  isSourced(document) ? pruned(document, policy => policyFault(policy) !== null) : document

/** Leaves out the policies, and the table schemas, that the errors name; null where they name none. */
function withoutPolicies(documents: Documents, errors: readonly Problem[]): LeftOut | null {
  const paths = new Map(errors.map(({ where }) => [where.policy ?? '', where.path ?? '']))
  const blocks: TopicBlock[] = []
  const rest = documents.flatMap((document): PolicyDocument[] => {
    // A mask of Ranger's does not fit what a table schema says: without the schema it is found at the first record.
    if (isTableSchema(document) && paths.has(document.name)) {
      blocks.push(block(document.name, paths.get(document.name) ?? '', [document.tableSchema.topic]))
      return []
    }
    if (!isSourced(document)) return [document]
    const tagged = taggedTopics(documents.filter(other => serviceOf(other) === serviceOf(document)).filter(isRanger))
    const isNamed = (policy: unknown, zone: string): boolean => {
      const label = labelsOf(policy, serviceOf(document), zone).find(one => paths.has(one))
      if (label === undefined) return false
      const named = rangerPolicyName(serviceOf(document), zone, nameOf(policy))
      blocks.push(block(named, paths.get(label) ?? '', touchedTopics(policy, tagged)))
      return true
    }
    return [pruned(document, isNamed)]
  })
  return blocks.length === 0 ? null : { rest, blocks }
}

/** Leaves out whole services that do not compile beside what is not Ranger's; null where it is not they that are wrong. */
function withoutServices(documents: Documents, options: CompileOptions): LeftOut | null {
  const others = documents.filter(document => !isSourced(document))
  if (compilePolicies(others, options).plan === null) return null
  const services = [...new Set(documents.filter(isSourced).map(serviceOf))]
  const bad = services.filter(
    service =>
      compilePolicies(
        documents.filter(one => !isSourced(one) || serviceOf(one) === service),
        options,
      ).plan === null,
  )
  // Each is well alone: it is together that they are not.
  const out = bad.length > 0 ? bad : services
  const blocks = out.map(service => {
    const mine = documents.filter(isSourced).filter(document => serviceOf(document) === service)
    const tagged = taggedTopics(mine)
    const policies = mine.flatMap(({ ranger }) => policiesOf(ranger))
    return block(`ranger:${service}`, '', together(policies.map(({ policy }) => touchedTopics(policy, tagged))))
  })
  return { rest: documents.filter(one => !isSourced(one) || !out.includes(serviceOf(one))), blocks }
}

const block = (policy: string, path: string, topics: TopicBlock['topics']): TopicBlock => ({
  code: 'POLICY_RANGER_INVALID',
  policy,
  path,
  topics,
})

/** A service with its policies of zones and tags, without those. */
function pruned(document: RangerDocument, isOut: (policy: unknown, zone: string) => boolean): RangerDocument {
  const { policies, securityZones, tagPolicies } = document.ranger
  const listed = (holder: unknown, zone: string): object => {
    if (!isObject(holder) || holder.policies == null) return isObject(holder) ? holder : {}
    const list: readonly unknown[] = Array.isArray(holder.policies) ? holder.policies : []
    return { ...holder, policies: list.filter(policy => !isOut(policy, zone)) }
  }
  const zones = isObject(securityZones)
    ? Object.fromEntries(Object.entries(securityZones).map(([name, zone]) => [name, listed(zone, name)]))
    : undefined
  const ranger = {
    ...document.ranger,
    ...(policies == null ? {} : listed({ policies }, '')),
    ...(securityZones == null ? {} : { securityZones: zones ?? {} }),
    ...(tagPolicies == null ? {} : { tagPolicies: listed(tagPolicies, '') }),
  }
  return { ...document, ranger }
}

/** The names under which problems may speak of a policy. */
function labelsOf(policy: unknown, service: string, zone: string): readonly string[] {
  const own = (name: string): string => (isObject(policy) && typeof policy[name] === 'string' ? policy[name] : '')
  const zones = [zone, own('zoneName'), '']
  return [service, own('service'), ''].flatMap(one => zones.map(two => rangerPolicyName(one, two, nameOf(policy))))
}

const nameOf = (policy: unknown): string => (isObject(policy) && typeof policy.name === 'string' ? policy.name : '')

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
