import { readWallTime, timeZone } from '../time-zone.ts'
import type { CtxFunction } from './names.ts'
import { groupsWithNames, type ScriptRequest, tagsByType, userWithName } from './script-request.ts'
import { ScriptError, textOf, type Value } from './value.ts'

/** What the functions of `ctx` answer. */
export function callCtx(name: CtxFunction, args: readonly Value[], request: ScriptRequest): Value {
  return functions[name](request, args)
}

type Answer = (request: ScriptRequest, args: readonly Value[]) => Value

const first = (args: readonly Value[]): string => (args[0] === undefined ? '' : textOf(args[0]))

const tagNames = (request: ScriptRequest): readonly string[] => [...tagsByType(request).keys()].sort()
const sortedNames = (maps: Iterable<ReadonlyMap<string, unknown>>): readonly string[] =>
  [...new Set([...maps].flatMap(map => [...map.keys()]))].filter(name => !name.startsWith('_')).sort()
const tagAttrs = (request: ScriptRequest) => [...tagsByType(request).values()].map(({ attributes }) => attributes)
const tagAttr = (request: ScriptRequest, name: string): readonly Value[] =>
  tagNames(request).map(type => tagsByType(request).get(type)?.attributes.get(name))
const ugAttr = (request: ScriptRequest, name: string): readonly Value[] =>
  [...groupsWithNames(request).values()].map(attributes => attributes.get(name))

/** (values, default, separator): the values in one text. */
function csv(values: readonly Value[], [absent, separator = ',']: readonly Value[], open = '', close = open): string {
  const present = values.filter(value => value !== null && value !== undefined)
  const all = present.length === 0 && absent !== null && absent !== undefined ? [absent] : present
  return all.map(value => open + textOf(value) + close).join(separator === null ? '' : textOf(separator))
}

/** The same in quotes: (values, default, separator, quote, closing quote). */
function quotedCsv(values: readonly Value[], args: readonly Value[]): string {
  const open = args[2] === undefined ? "'" : args[2] === null ? '' : textOf(args[2])
  return csv(values, args, open, args[3] === undefined || args[3] === null ? open : textOf(args[3]))
}

const plain =
  (values: (request: ScriptRequest) => readonly Value[]): Answer =>
  (request, args) =>
    csv(values(request), args)
const quoted =
  (values: (request: ScriptRequest) => readonly Value[]): Answer =>
  (request, args) =>
    quotedCsv(values(request), args)
const named =
  (values: (request: ScriptRequest, name: string) => readonly Value[]): Answer =>
  (request, args) =>
    csv(values(request, first(args)), args.slice(1))
const namedQuoted =
  (values: (request: ScriptRequest, name: string) => readonly Value[]): Answer =>
  (request, args) =>
    quotedCsv(values(request, first(args)), args.slice(1))

const ofUser = (request: ScriptRequest, name: string): readonly Value[] => [userWithName(request).get(name)]
const userAttrNames = (request: ScriptRequest) => sortedNames([userWithName(request)])
const ugAttrNames = (request: ScriptRequest) => sortedNames(groupsWithNames(request).values())
const tagAttrNames = (request: ScriptRequest) => sortedNames(tagAttrs(request))
const groups = (request: ScriptRequest) => request.groups
const roles = (request: ScriptRequest) => request.roles

/** (attribute) of the tag at hand, or (tag type, attribute). */
function attribute(request: ScriptRequest, args: readonly Value[]): string | null {
  if (args.length < 2) return request.currentTag?.attributes.get(first(args)) ?? null
  const tag = request.tags.find(({ type }) => type === first(args))
  return tag?.attributes.get(textOf(args[1])) ?? null
}

/** An attribute of a tag as a time: a date, or Atlas' form of an instant; wall times count as UTC. */
export function attributeTime(text: string | null): number | null {
  if (text === null) return null
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,3}Z/.test(text)) {
    const instant = Date.parse(text.slice(0, text.indexOf('Z') + 1))
    return Number.isNaN(instant) ? null : instant
  }
  const date = /^\d{4}\/\d{1,2}\/\d{1,2}/.exec(text)
  return date === null ? null : readWallTime(date[0])
}

/** A time written in a condition, with its zone or else the default one. */
export function writtenTime(text: Value, zoneName: Value, defaultZone: string): number | null {
  if (text === null || text === undefined || text === '') return null
  const wall = readWallTime(textOf(text))
  const zone = timeZone(zoneName === null || zoneName === undefined || zoneName === '' ? defaultZone : textOf(zoneName))
  if (wall === null || zone === null) throw new ScriptError('it names no time')
  return zone.instant(wall)
}

const between: Answer = (request, [from, to, zoneName]) => {
  const start = writtenTime(from, zoneName, request.defaultZone)
  const end = writtenTime(to, zoneName, request.defaultZone)
  const time = request.accessTime
  if (end === null) return start !== null && time > start
  return start === null ? time < end : time >= start && time < end
}

const functions: Readonly<Record<CtxFunction, Answer>> = {
  getAccessTime: request => request.accessTime,
  getAction: request => request.action,
  getAllTagTypes: request => (request.tags.length === 0 ? null : [...tagsByType(request).keys()]),
  getAttributeValue: attribute,
  getClientIPAddress: request => request.clientIp,
  getClientType: request => request.clientType,
  getCurrentTagType: request => request.currentTag?.type ?? null,
  getRequestContextAttribute: (request, args) => request.context.get(first(args)) ?? null,
  getRequestData: request => request.requestData,
  getResource: request => [...request.elements.values()].map(value => textOf(value ?? '')).join('/'),
  getResourceZone: request => request.zoneName,
  getResult: () => false,
  getTagAttributes: (request, args) => request.tags.find(({ type }) => type === first(args))?.attributes ?? null,
  getUser: request => request.user,
  getUserGroups: groups,
  getUserRoles: roles,
  hasAnyTag: request => request.tags.length > 0,
  hasTag: (request, args) => tagsByType(request).has(first(args)),
  hasTagAttr: (request, args) => request.tags.some(({ attributes }) => attributes.has(first(args))),
  hasUgAttr: (request, args) => [...groupsWithNames(request).values()].some(one => one.has(first(args))),
  hasUserAttr: (request, args) => userWithName(request).has(first(args)),
  isAccessTimeAfter: (request, [time, zone]) => between(request, [time, null, zone]),
  isAccessTimeBefore: (request, [time, zone]) => between(request, [null, time, zone]),
  isAccessTimeBetween: between,
  isAccessTypeAny: request => request.accessType === '_any',
  isAccessedAfter: (request, args) => {
    const expiry = attributeTime(attribute(request, args))
    return expiry === null || request.accessTime >= expiry
  },
  isAccessedBefore: (request, args) => {
    const expiry = attributeTime(attribute(request, args))
    return expiry !== null && request.accessTime <= expiry
  },
  isInAnyGroup: request => request.groups.length > 0,
  isInAnyRole: request => request.roles.length > 0,
  isInGroup: (request, args) => request.groups.includes(first(args)),
  isInRole: (request, args) => request.roles.includes(first(args)),
  tagAttr: named(tagAttr),
  tagAttrCsv: named(tagAttr),
  tagAttrCsvQ: namedQuoted(tagAttr),
  tagAttrNames: plain(tagAttrNames),
  tagAttrNamesCsv: plain(tagAttrNames),
  tagAttrNamesCsvQ: quoted(tagAttrNames),
  tagAttrNamesQ: quoted(tagAttrNames),
  tagAttrQ: namedQuoted(tagAttr),
  tagNames: plain(tagNames),
  tagNamesCsv: plain(tagNames),
  tagNamesCsvQ: quoted(tagNames),
  tagNamesQ: quoted(tagNames),
  ugAttr: named(ugAttr),
  ugAttrCsv: named(ugAttr),
  ugAttrCsvQ: namedQuoted(ugAttr),
  ugAttrNames: plain(ugAttrNames),
  ugAttrNamesCsv: plain(ugAttrNames),
  ugAttrNamesCsvQ: quoted(ugAttrNames),
  ugAttrNamesQ: quoted(ugAttrNames),
  ugAttrQ: namedQuoted(ugAttr),
  ugNames: plain(groups),
  ugNamesCsv: plain(groups),
  ugNamesCsvQ: quoted(groups),
  ugNamesQ: quoted(groups),
  urNames: plain(roles),
  urNamesCsv: plain(roles),
  urNamesCsvQ: quoted(roles),
  urNamesQ: quoted(roles),
  userAttr: named(ofUser),
  userAttrNames: plain(userAttrNames),
  userAttrNamesCsv: plain(userAttrNames),
  userAttrNamesCsvQ: quoted(userAttrNames),
  userAttrNamesQ: quoted(userAttrNames),
  userAttrQ: namedQuoted(ofUser),
}
