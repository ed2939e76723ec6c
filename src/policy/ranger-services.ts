import type { Problem } from '../errors.ts'
import { isRanger, type PolicyDocument } from './document.ts'
import { withGuessedZones } from './guessed-zones.ts'
import { policyProblem } from './policy-problem.ts'
import { rangerPolicyName, rangerShape } from './ranger-document.ts'
import { createRangerEngine, type RangerEngine, type RangerEngineInput } from './ranger/engine.ts'
import { knownServiceDefs } from './ranger/known-service-defs.ts'
import type { RangerPolicy } from './ranger/policy.ts'
import { policyOf, type Read } from './ranger/read-policy.ts'
import { readRoles, type Role } from './ranger/roles.ts'
import ownServiceDef from './ranger/servicedef-kafka-cdc.json' with { type: 'json' }
import { readServiceDef, type ServiceDef } from './ranger/service-def.ts'
import { readServicePolicies, type SecurityZone, type ServicePolicies } from './ranger/service-policies.ts'
import { readServiceTags, type ServiceTags } from './ranger/service-tags.ts'
import { forComponent } from './ranger/tag-prefix.ts'
import { emptyUserStore, readUserStore, type UserStore } from './ranger/user-store.ts'

/** A service of Ranger's with all that decides in it. */
export interface RangerService {
  readonly name: string
  readonly serviceDef: ServiceDef
  /** Those of zones too, and those of tags; disabled ones are left out. */
  readonly policies: readonly RangerPolicy[]
  readonly engine: RangerEngine
  readonly config: ReadonlyMap<string, string>
  readonly roles: readonly Role[]
  readonly users: UserStore
  readonly hasTags: boolean
  /** `audit-all`, `audit-none`, else the policies decide. */
  readonly auditMode: string | null
}

const known = knownServiceDefs(ownServiceDef)

/** The services of a set: each made of what its download, its single policies and the side files say of it. */
export function readRangerServices(documents: readonly PolicyDocument[]): {
  readonly services: readonly RangerService[]
  readonly problems: readonly Problem[]
} {
  const problems: Problem[] = []
  const taken = <T>({ value, problems: found }: Read<T>, name: string): T => {
    problems.push(
      ...found.map(problem => ({ ...problem, where: { ...problem.where, policy: problem.where.policy ?? name } })),
    )
    return value
  }
  const parts: Parts = {
    downloads: [],
    policies: [],
    serviceDefs: new Map(),
    tags: new Map(),
    roles: [],
    users: emptyUserStore,
  }
  for (const { name, ranger, source } of documents.filter(isRanger)) {
    switch (rangerShape(ranger)) {
      case 'service-policies': {
        const download = taken(readServicePolicies(ranger), name)
        if (download !== null) parts.downloads.push(download)
        break
      }
      case 'policy': {
        const policy = policyOf(ranger, problems)
        if (policy !== null) parts.policies.push(policy)
        break
      }
      case 'service-def': {
        const serviceDef = taken(readServiceDef(ranger), name)
        if (serviceDef !== null) parts.serviceDefs.set(serviceDef.name, serviceDef)
        break
      }
      case 'service-tags': {
        const tags = taken(readServiceTags(ranger), name)
        if (tags !== null) parts.tags.set(source?.service ?? name.replace(/^tags:/, ''), tags)
        break
      }
      case 'roles':
        parts.roles.push(...taken(readRoles(ranger), name))
        break
      case 'user-store':
        parts.users = taken(readUserStore(ranger), name)
        break
      default:
        problems.push(policyProblem('POLICY_SHAPE', name, 'ranger', 'is none of the shapes of Apache Ranger'))
    }
  }
  const names = serviceNames(parts)
  const services = names.flatMap(name => serviceOf(name, parts, problems) ?? [])
  // What tag policies hide in a service of which nothing else is known would be hidden nowhere.
  if (parts.policies.some(isTagPolicy)) {
    for (const name of [...parts.tags.keys()].filter(one => !names.includes(one)))
      problems.push(policyProblem('POLICY_RESOURCE', `tags:${name}`, 'serviceName', 'no policy is of this service'))
  }
  return { services, problems }
}

interface Parts {
  readonly downloads: ServicePolicies[]
  readonly policies: RangerPolicy[]
  readonly serviceDefs: Map<string, ServiceDef>
  readonly tags: Map<string, ServiceTags>
  readonly roles: Role[]
  users: UserStore
}

const TAG_TYPE = 'tag'

const hidesSomething = ({ isEnabled, isDenyAllElse, deny, masks, filters }: RangerPolicy): boolean =>
  isEnabled && (isDenyAllElse || deny.length + masks.length + filters.length > 0)

const isTagPolicy = ({ serviceType }: RangerPolicy): boolean => serviceType === TAG_TYPE

const serviceNames = ({ downloads, policies }: Parts): readonly string[] => [
  ...new Set([
    ...downloads.map(({ serviceName }) => serviceName),
    ...policies.filter(policy => !isTagPolicy(policy)).map(({ service }) => service),
  ]),
]

function serviceOf(name: string, parts: Parts, problems: Problem[]): RangerService | null {
  const downloads = parts.downloads.filter(({ serviceName }) => serviceName === name)
  const single = parts.policies.filter(policy => policy.service === name && !isTagPolicy(policy))
  const [download] = downloads
  if (downloads.length > 1) problems.push(policyProblem('POLICY_DUPLICATE_NAME', name, 'serviceName'))
  const types = new Set([...(download?.policies ?? []), ...single].flatMap(({ serviceType }) => serviceType ?? []))
  const type = [...types][0] ?? name
  const serviceDef = download?.serviceDef ?? serviceDefOf(type, parts)
  if (types.size > 1 || serviceDef === null) {
    const detail =
      types.size > 1
        ? 'its policies name several service types'
        : `service type ${type} is not known: its definition is needed too`
    problems.push(policyProblem('POLICY_RESOURCE', labelOf(single[0], name), 'serviceType', detail))
    return null
  }
  // Exports have tag policies apart; whatever they hide is hidden in every service.
  const tagPolicies = [...(download?.tagPolicies?.policies ?? []), ...parts.policies.filter(isTagPolicy)].flatMap(
    policy => forComponent({ ...policy, serviceType: TAG_TYPE }, serviceDef.name) ?? [],
  )
  const tags = parts.tags.get(name) ?? null
  if (tags === null && tagPolicies.some(hidesSomething))
    problems.push({ code: 'POLICY_TAGS_MISSING', severity: 'warning', where: { policy: name, path: 'tagPolicies' } })
  const guessed = zonesOf(single)
  const zones = [...(download?.zones ?? []), ...guessed]
  const policies = [...(download?.policies ?? []), ...single.filter(({ zoneName }) => zoneName === '')]
  const config = download?.serviceConfig ?? new Map<string, string>()
  const input: RangerEngineInput = {
    serviceDef,
    policies,
    tagServiceDef:
      tagPolicies.length === 0 ? null : (download?.tagPolicies?.serviceDef ?? serviceDefOf(TAG_TYPE, parts)),
    tagPolicies,
    tags,
    roles: parts.roles,
    userStore: parts.users,
    zones,
    serviceConfig: config,
    auditMode: download?.auditMode ?? null,
    order: config.get('scrim.order') === 'ranger' ? 'ranger' : 'scrim',
  }
  const zoned = createRangerEngine(input)
  const engine =
    guessed.length === 0
      ? zoned
      : withGuessedZones(
          zoned,
          createRangerEngine({
            ...input,
            policies: [...policies, ...guessed.flatMap(zone => zone.policies)],
            zones: download?.zones ?? [],
          }),
        )
  problems.push(...engine.problems)
  const all = [...policies, ...zones.flatMap(zone => zone.policies), ...tagPolicies]
  return {
    name,
    serviceDef,
    policies: all.filter(({ isEnabled }) => isEnabled),
    engine,
    config,
    roles: parts.roles,
    users: parts.users,
    hasTags: tags !== null && tagPolicies.length > 0,
    auditMode: download?.auditMode ?? null,
  }
}

const labelOf = (policy: RangerPolicy | undefined, service: string): string =>
  policy === undefined ? service : rangerPolicyName(policy.service, policy.zoneName, policy.name)

function serviceDefOf(type: string, { serviceDefs }: Parts): ServiceDef | null {
  const given = serviceDefs.get(type)
  if (given !== undefined) return given
  const json = known.get(type)
  return json === undefined ? null : readServiceDef(json).value
}

/** Policies of a zone that come without the zone's own form: the zone is where they say they are. */
function zonesOf(policies: readonly RangerPolicy[]): readonly SecurityZone[] {
  const byZone = Map.groupBy(
    policies.filter(({ zoneName }) => zoneName !== ''),
    ({ zoneName }) => zoneName,
  )
  return [...byZone].map(([name, own]) => ({
    name,
    resources: own.flatMap(({ resourceSets }) =>
      resourceSets.map(set => new Map([...set].map(([resource, { values }]) => [resource, values]))),
    ),
    policies: own,
    hasTagService: true,
  }))
}
