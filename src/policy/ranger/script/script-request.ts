import type { MatchType } from '../policy-matcher.ts'
import type { ElementValue } from '../resource-matcher.ts'
import type { Value, ValueMap } from './value.ts'

export type Attributes = ReadonlyMap<string, string>

/** A tag as conditions see it. */
export interface ScriptTag {
  readonly type: string
  readonly attributes: Attributes
  readonly matchType: MatchType
}

/** All that a condition may ask about a request. */
export interface ScriptRequest {
  readonly accessType: string
  readonly accessTime: number
  readonly action: string | null
  readonly clientIp: string | null
  readonly clientType: string | null
  readonly clusterName: string | null
  readonly clusterType: string | null
  readonly remoteIp: string | null
  readonly forwardedAddresses: readonly string[]
  readonly requestData: string | null
  readonly elements: ReadonlyMap<string, ElementValue>
  readonly owner: string | null
  readonly user: string
  /** Sorted. */
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly userAttributes: Attributes
  readonly groupAttributes: ReadonlyMap<string, Attributes>
  readonly tags: readonly ScriptTag[]
  readonly currentTag: ScriptTag | null
  readonly context: ReadonlyMap<string, string>
  readonly zoneName: string
  /** For times that are written without a zone. */
  readonly defaultZone: string
}

const mapOf = (entries: Iterable<readonly [string, Value]>): ValueMap => new Map(entries)

export const tagValue = (tag: ScriptTag | null): ValueMap =>
  tag === null ? mapOf([]) : mapOf([...tag.attributes, ['_type', tag.type], ['_matchType', tag.matchType]])

export const tagsByType = (request: ScriptRequest): ReadonlyMap<string, ScriptTag> =>
  new Map(request.tags.map(tag => [tag.type, tag]))

export const groupsWithNames = (request: ScriptRequest): ReadonlyMap<string, Attributes> =>
  new Map(request.groups.map(name => [name, new Map([...(request.groupAttributes.get(name) ?? []), ['_name', name]])]))

export const userWithName = (request: ScriptRequest): Attributes =>
  new Map([...request.userAttributes, ['_name', request.user]])

/** The objects that Ranger hands to a script, by name. */
export function rootValue(name: string, request: ScriptRequest): Value {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined
  return make === undefined ? undefined : make(request)
}

const makers: Readonly<Record<string, (request: ScriptRequest) => Value>> = {
  REQ: requestValue,
  RES: request => resourceValue(request),
  TAG: request => tagValue(request.currentTag),
  tag: request => (request.currentTag === null ? null : tagValue(request.currentTag)),
  tagAttr: request => request.currentTag?.attributes ?? mapOf([]),
  TAGNAMES: request => [...tagsByType(request).keys()].sort(),
  TAGS: request => mapOf([...tagsByType(request)].map(([type, tag]) => [type, tagValue(tag)])),
  UG: groupsWithNames,
  UGA: groupValues,
  UGNAMES: request => request.groups,
  URNAMES: request => request.roles,
  USER: userWithName,
}

const resourceValue = (request: ScriptRequest): ValueMap => mapOf([...request.elements, ['_ownerUser', request.owner]])

/** `sVal` has the first value of each attribute over all groups, `mVal` the list of them. */
function groupValues(request: ScriptRequest): ValueMap {
  const lists = new Map<string, string[]>()
  for (const attributes of groupsWithNames(request).values()) {
    for (const [name, value] of attributes) lists.set(name, [...(lists.get(name) ?? []), value])
  }
  return mapOf([
    ['sVal', mapOf([...lists].map(([name, values]) => [name, values[0]]))],
    ['mVal', mapOf(lists)],
  ])
}

function requestValue(request: ScriptRequest): ValueMap {
  return mapOf([
    ['accessTime', request.accessTime],
    ['accessType', request.accessType],
    ['action', request.action],
    ['clientIPAddress', request.clientIp],
    ['clientType', request.clientType],
    ['clusterName', request.clusterName],
    ['clusterType', request.clusterType],
    ['forwardedAddresses', request.forwardedAddresses],
    ['remoteIPAddress', request.remoteIp],
    ['requestData', request.requestData],
    ['resource', resourceValue(request)],
    ['user', request.user],
    ['userGroups', request.groups],
    ['userRoles', request.roles],
    ['userAttributes', userWithName(request)],
    ['userGroupAttributes', groupsWithNames(request)],
    ['uga', groupValues(request)],
  ])
}
