import { readDate } from '../../src/policy/ranger/dates.ts'
import { applyDeltas, type PolicyDelta, readDeltas } from '../../src/policy/ranger/deltas.ts'
import { createRangerEngine, type RangerEngine, type RangerEngineInput } from '../../src/policy/ranger/engine.ts'
import type { Elements } from '../../src/policy/ranger/policy-matcher.ts'
import type { RangerPolicy } from '../../src/policy/ranger/policy.ts'
import type { RangerRequest } from '../../src/policy/ranger/request.ts'
import type { ElementScope, ElementValue } from '../../src/policy/ranger/resource-matcher.ts'
import type { Role } from '../../src/policy/ranger/roles.ts'
import { readServiceDef } from '../../src/policy/ranger/service-def.ts'
import { readPolicies, type SecurityZone, zonesOf } from '../../src/policy/ranger/service-policies.ts'
import { readRequestTags, readServiceTags } from '../../src/policy/ranger/service-tags.ts'
import { attributesOf, readUserStore } from '../../src/policy/ranger/user-store.ts'
import { type CaseFile, type Json, list, object, tagFile, text, texts } from './cases.ts'

/** Upstream runs with the JVM in this zone. */
export const suiteZone = 'America/Los_Angeles'

/** The time of those tests that name none; none of them depends on it. */
const someTime = Date.UTC(2026, 0, 15, 12)

export interface EngineTest {
  readonly name: string
  readonly test: Json
  /** Made when it is needed, and shared by the tests of one state of the file. */
  readonly engine: () => RangerEngine
}

interface State {
  readonly policies: readonly RangerPolicy[]
  readonly tagPolicies: readonly RangerPolicy[]
  readonly zones: readonly SecurityZone[]
}

type Order = NonNullable<RangerEngineInput['order']>

/** All tests of an engine file, those after changes of its policies included. */
export function engineTests(file: CaseFile, order: Order = 'ranger'): readonly EngineTest[] {
  const json = object(file.json)
  const info = object(json.tagPolicyInfo)
  const state: State = {
    policies: readPolicies(json.policies).value,
    tagPolicies: readPolicies(info.tagPolicies ?? []).value,
    zones: zonesOf(json.securityZones, []),
  }
  return testsOf(json, state, file, order)
}

function testsOf(step: Json, state: State, file: CaseFile, order: Order): readonly EngineTest[] {
  // A chain of changes keeps each step in `testsInfo`, the next one in `updatedTestsInfo`.
  const info = object(step.testsInfo ?? step.updatedTestsInfo)
  const tests = list(step.tests ?? info.tests)
  const updates = object(step.updatedPolicies ?? info.updatedPolicies)
  const engine = once(() => engineOf(file, state, order))
  const own = tests.map(test => ({ name: text(object(test).name) ?? '', test: object(test), engine }))
  const next = step.updatedTests !== undefined ? { tests: step.updatedTests } : { testsInfo: info.updatedTestsInfo }
  const hasNext = step.updatedTests !== undefined || info.updatedTestsInfo !== undefined
  return hasNext ? [...own, ...testsOf(next, changed(state, updates), file, order)] : own
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => (made ??= { value: make() }).value
}

function changed(state: State, updates: Json): State {
  const deltas = readDeltas(updates.policyDeltas).value
  const ofTags = (delta: PolicyDelta): boolean => delta.policy.serviceType === 'tag'
  const zoneDeltas = object(updates.securityZones)
  return {
    policies: applyDeltas(
      state.policies,
      deltas.filter(delta => !ofTags(delta)),
    ),
    tagPolicies: applyDeltas(state.tagPolicies, deltas.filter(ofTags)),
    zones: state.zones.map(zone => ({
      ...zone,
      policies: applyDeltas(zone.policies, readDeltas(object(zoneDeltas[zone.name]).policyDeltas).value),
    })),
  }
}

function engineOf(file: CaseFile, { policies, tagPolicies, zones }: State, order: Order): RangerEngine {
  const json = object(file.json)
  const info = object(json.tagPolicyInfo)
  const serviceDef = readServiceDef(json.serviceDef).value
  if (serviceDef === null) throw new Error(`${file.name}: no service-def`)
  const names = [serviceDef, readServiceDef(info.serviceDef ?? {}).value].flatMap(
    def => def?.enrichers.flatMap(({ options }) => options.get('serviceTagsFileName') ?? []) ?? [],
  )
  const tags = names.flatMap(name => readServiceTags(tagFile(name, file)).value ?? [])[0] ?? null
  return createRangerEngine({
    order,
    defaultZone: suiteZone,
    serviceDef,
    policies,
    tagServiceDef: 'tagPolicyInfo' in json ? readServiceDef(info.serviceDef).value : null,
    tagPolicies,
    tags,
    zones,
    roles: rolesIn(json),
    serviceConfig: attributesOf(json.serviceConfig),
    tagServiceConfig: attributesOf(info.serviceConfig),
    auditMode: text(json.auditMode),
    superUsers: texts(json.superUsers),
    superGroups: texts(json.superGroups),
    auditExcluded: {
      users: texts(json.auditExcludedUsers),
      groups: texts(json.auditExcludedGroups),
      roles: texts(json.auditExcludedRoles),
    },
  })
}

/** The files say who has which roles; roles say who is in them. */
function rolesIn(json: Json): readonly Role[] {
  const of = (member: string, kind: 'users' | 'groups' | 'roles'): readonly Role[] =>
    Object.entries(object(json[member])).flatMap(([who, roles]) =>
      texts(roles).map(name => ({ name, users: [], groups: [], roles: [], [kind]: [who] })),
    )
  return [...of('userRoles', 'users'), ...of('groupRoles', 'groups'), ...of('roleRoles', 'roles')]
}

export function requestOf(test: Json): RangerRequest {
  const request = object(test.request)
  const resource = object(request.resource)
  const context = object(request.context)
  const store = readUserStore({
    userAttrMapping: test.userAttributes,
    groupAttrMapping: test.groupAttributes,
  }).value
  const user = text(request.user) ?? ''
  const tags = text(context.TAGS)
  const requested = text(context.REQUESTED_RESOURCES)
  const groups = context.ALLACCESSTYPEGROUPS
  return {
    elements: elementsIn(resource.elements),
    ownerUser: text(resource.ownerUser),
    accessType: text(request.accessType) ?? '',
    user,
    groups: texts(request.userGroups),
    roles: texts(request.userRoles),
    attributes: store.users.get(user) ?? new Map(),
    groupAttributes: store.groups,
    accessTime: readDate(request.accessTime) ?? someTime,
    ...(tags === null ? {} : { tags: readRequestTags(lenientJson(tags)).value }),
    context: attributesOf(context),
    // Ranger takes the remote address for the client's where nobody set that one.
    clientIp: text(request.clientIPAddress) ?? text(request.remoteIPAddress),
    clientType: text(request.clientType),
    clusterName: text(request.clusterName),
    clusterType: text(request.clusterType),
    remoteIp: text(request.remoteIPAddress),
    forwardedAddresses: texts(request.forwardedAddresses),
    action: text(request.action),
    requestData: text(request.requestData),
    resourceScope: text(request.resourceMatchingScope) === 'SELF_OR_DESCENDANTS' ? 'SELF_OR_DESCENDANTS' : 'SELF',
    elementScopes: new Map(
      Object.entries(object(request.resourceElementMatchingScopes)).map(([name, scope]) => [name, scopeOf(scope)]),
    ),
    ...('ALLACCESSTYPES' in context ? { accessTypes: texts(context.ALLACCESSTYPES) } : {}),
    ...(groups === undefined ? {} : { accessGroups: list(groups).map(texts) }),
    accessesToIgnoreUnlessDenied: texts(context.IGNOREIFNOTDENIEDACCESSTYPES),
    ...(typeof request.ignoreDescendantDeny === 'boolean'
      ? { ignoreDescendantDeny: request.ignoreDescendantDeny }
      : {}),
    ...(requested === null
      ? {}
      : {
          requestedResources: list(object(lenientJson(requested)).requestedResources).map(one =>
            elementsIn(object(one).elements),
          ),
        }),
  }
}

/** Gson reads names without quotes and texts in single ones. */
function lenientJson(source: string): unknown {
  try {
    return JSON.parse(source)
  } catch {
    const quoted = source.replace(/'([^']*)'/g, '"$1"')
    return JSON.parse(quoted.replace(/([{,]\s*)([A-Za-z_]\w*)(\s*:)/g, '$1"$2"$3'))
  }
}

const scopeOf = (scope: unknown): ElementScope =>
  scope === 'SELF_OR_CHILD' || scope === 'SELF_OR_PREFIX' ? scope : 'SELF'

const elementsIn = (json: unknown): Elements =>
  new Map(
    Object.entries(object(json)).map(([name, value]): [string, ElementValue] => [
      name,
      Array.isArray(value) ? texts(value) : text(value),
    ]),
  )
