import { expressionText } from './expression-text.ts'
import { ANY_ACCESS, type Asked, elementsOf, noScopes, type RangerRequest } from './request.ts'
import type { ScriptRequest, ScriptTag } from './script/script-request.ts'
import type { TagStore } from './found-tags.ts'
import { compileValidity } from './validity.ts'
import type { UserStore } from './user-store.ts'

/** What the engine knows beside the request. */
export interface Surroundings {
  readonly rolesOf: (user: string, groups: readonly string[]) => readonly string[]
  readonly userStore: UserStore
  readonly tagStore: TagStore | null
  readonly defaultZone: string
  readonly recurrenceZone: string | null
}

/** Makes a request ready for the policies. */
export function ask(request: RangerRequest, around: Surroundings): Asked {
  const elements = elementsOf(request.elements)
  const accessType = request.accessType === '' ? ANY_ACCESS : request.accessType.toLowerCase()
  const groups = request.groups ?? []
  const owner = request.ownerUser ?? null
  const faults = new Set<string>()
  const given = request.roles ?? []
  const roles = given.length > 0 ? given : around.rolesOf(request.user, groups)
  const tokens = new Map([
    ...[...(request.context ?? [])].flatMap(([name, value]): (readonly [string, string])[] =>
      name.startsWith('token:') ? [[name.slice('token:'.length), value]] : [],
    ),
    ['USER', request.user] as const,
    ...(owner === null || owner === '' ? [] : [['OWNER', owner] as const]),
  ])
  const script = (currentTag: ScriptTag | null): ScriptRequest => scriptRequest(currentTag)
  const missingIn = (text: string): readonly string[] =>
    expressionText(text)
      .bind(script(null))
      .flatMap(({ written, value }) => (value === null ? [written] : []))
  const untagged = {
    request,
    elements,
    scopes: request.elementScopes ?? noScopes,
    accessType,
    isAny: accessType === ANY_ACCESS,
    user: request.user,
    groups: new Set(groups),
    roles: new Set(roles),
    owner,
    accessTime: request.accessTime,
    match: {
      tokens,
      resolve: (text: string) => expressionText(text).resolve(script(null)),
      isMissing: (text: string) => missingIn(text).length > 0,
      onMissing: (text: string) => {
        for (const written of missingIn(text)) faults.add(`${written} has no value`)
      },
    },
    script,
    faults,
  }
  const tags = (request.tags ?? around.tagStore?.tagsOf(untagged) ?? []).filter(
    tag =>
      tag.validityPeriods.length === 0 ||
      compileValidity(tag.validityPeriods, around.recurrenceZone).isActive(request.accessTime),
  )
  const sortedGroups = groups.toSorted()
  const sortedRoles = roles.toSorted()
  function scriptRequest(currentTag: ScriptTag | null): ScriptRequest {
    return {
      accessType,
      accessTime: request.accessTime,
      action: request.action ?? null,
      clientIp: request.clientIp ?? null,
      clientType: request.clientType ?? null,
      clusterName: request.clusterName ?? null,
      clusterType: request.clusterType ?? null,
      remoteIp: request.remoteIp ?? null,
      forwardedAddresses: request.forwardedAddresses ?? [],
      requestData: request.requestData ?? null,
      elements,
      owner,
      user: request.user,
      groups: sortedGroups,
      roles: sortedRoles,
      userAttributes: request.attributes ?? around.userStore.users.get(request.user) ?? new Map(),
      groupAttributes: request.groupAttributes ?? around.userStore.groups,
      tags,
      currentTag,
      context: request.context ?? new Map(),
      zoneName: '',
      defaultZone: around.defaultZone,
    }
  }
  return { ...untagged, tags }
}
