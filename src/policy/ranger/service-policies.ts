import type { Problem } from '../../errors.ts'
import { isObject, type Members, membersOf, textMap } from './members.ts'
import type { RangerPolicy } from './policy.ts'
import { policyOf, type Read } from './read-policy.ts'
import { type ServiceDef, serviceDefOf } from './service-def.ts'

/** A part of the resources that has policies of its own. */
export interface SecurityZone {
  readonly name: string
  /** Lists of values by resource name; one set is enough of several. */
  readonly resources: readonly ReadonlyMap<string, readonly string[]>[]
  readonly policies: readonly RangerPolicy[]
  readonly hasTagService: boolean
}

export interface TagPolicies {
  readonly serviceName: string
  readonly serviceDef: ServiceDef | null
  readonly policies: readonly RangerPolicy[]
}

/** What a plugin downloads and keeps. */
export interface ServicePolicies {
  readonly serviceName: string
  readonly policyVersion: number | null
  readonly policies: readonly RangerPolicy[]
  readonly serviceDef: ServiceDef | null
  readonly auditMode: string | null
  readonly tagPolicies: TagPolicies | null
  readonly zones: readonly SecurityZone[]
  readonly serviceConfig: ReadonlyMap<string, string>
}

export function readServicePolicies(json: unknown): Read<ServicePolicies | null> {
  const problems: Problem[] = []
  const members = membersOf(json, { problems, policy: 'service-policies' })
  if (members === null) return { value: null, problems }
  if (members.has('policyDeltas')) {
    members.problem('POLICY_SHAPE', 'a whole set is expected: ask with supportsPolicyDeltas=false', 'policyDeltas')
    return { value: null, problems }
  }
  const value = {
    serviceName: members.text('serviceName') ?? '',
    policyVersion: members.whole('policyVersion'),
    policies: policiesIn(members, problems),
    serviceDef: serviceDefIn(members, problems),
    auditMode: members.text('auditMode'),
    tagPolicies: tagPoliciesOf(members.object('tagPolicies'), problems),
    zones: zonesOf(members.raw('securityZones'), problems),
    serviceConfig: textMap(members, 'serviceConfig'),
  }
  return { value, problems }
}

/** The file that Ranger's user interface exports: policies alone, the service-def must be known otherwise. */
export function readExport(json: unknown): Read<readonly RangerPolicy[]> {
  const problems: Problem[] = []
  const members = membersOf(json, { problems, policy: 'export' })
  return { value: members === null ? [] : policiesIn(members, problems), problems }
}

/** A policy, or a list of them as the public API answers. */
export function readPolicies(json: unknown): Read<readonly RangerPolicy[]> {
  const problems: Problem[] = []
  const list: readonly unknown[] = Array.isArray(json) ? json : [json]
  return { value: list.flatMap(policy => policyOf(policy, problems) ?? []), problems }
}

function policiesIn(members: Members, problems: Problem[]): readonly RangerPolicy[] {
  // The list is read for its form, each policy under its own name.
  return members.objects('policies').length === 0 ? [] : listOf(members.raw('policies'), problems)
}

const listOf = (json: unknown, problems: Problem[]): readonly RangerPolicy[] =>
  Array.isArray(json) ? json.flatMap(policy => policyOf(policy, problems) ?? []) : []

const serviceDefIn = (members: Members, problems: Problem[]): ServiceDef | null =>
  members.has('serviceDef') ? serviceDefOf(members.raw('serviceDef'), { problems, policy: 'service-def' }) : null

export function tagPoliciesOf(members: Members | null, problems: Problem[]): TagPolicies | null {
  if (members === null) return null
  return {
    serviceName: members.text('serviceName') ?? '',
    serviceDef: serviceDefIn(members, problems),
    policies: policiesIn(members, problems),
  }
}

export function zonesOf(json: unknown, problems: Problem[]): readonly SecurityZone[] {
  if (!isObject(json)) return []
  return Object.entries(json).flatMap(([name, zone]) => {
    const members = membersOf(zone, { problems, policy: 'service-policies' }, `securityZones.${name}`)
    if (members === null) return []
    return {
      name,
      resources: members.objects('resources').map(set => new Map(set.names.map(key => [key, set.texts(key)]))),
      policies: listOf(members.raw('policies'), problems).map(policy => ({ ...policy, zoneName: name })),
      hasTagService: members.flag('containsAssociatedTagService', false),
    }
  })
}
