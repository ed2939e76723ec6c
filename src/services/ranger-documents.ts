import { isRanger, isView, type PolicyDocument } from '../policy/document.ts'
import { diffDocuments } from '../policy/json-patch.ts'
import { hasPolicies, sourceName } from '../policy/ranger-blocks.ts'
import { type RangerDocument, rangerShape } from '../policy/ranger-document.ts'
import type { RangerShape } from '../policy/ranger/shape.ts'
import { rangerDownloads, type RangerDownload, type RangerJson } from './ports/ranger.ts'

/** What came of one look at a service; null: this kind stays as it is. */
export type RangerNews = Readonly<Record<RangerDownload, RangerJson | null>>

const shapes: Readonly<Record<RangerDownload, RangerShape>> = {
  policies: 'service-policies',
  tags: 'service-tags',
  roles: 'roles',
  users: 'user-store',
}

const versionNames: Readonly<Record<RangerDownload, string>> = {
  policies: 'policyVersion',
  tags: 'tagVersion',
  roles: 'roleVersion',
  users: 'userStoreVersion',
}

/** The number that Ranger gave a download; -1 where it gave none. */
export function versionOf(what: RangerDownload, json: RangerJson): number {
  const version = json[versionNames[what]]
  return typeof version === 'number' && Number.isSafeInteger(version) ? version : -1
}

/** Why JSON is not what was asked for, in words; null where it is. */
export function rangerFault(what: RangerDownload, service: string, json: RangerJson): string | null {
  if (rangerShape(json) !== shapes[what]) return `${what}: another shape`
  // Changes alone were not asked for, and are worth nothing without what they change.
  if (json.policyDeltas != null || json.isDelta === true) return `${what}: deltas`
  if (what === 'users') return null
  const { serviceName } = json
  // Roles are those of all services.
  return serviceName === service || (what === 'roles' && serviceName == null) ? null : `${what}: another service`
}

/** The documents of a set that came from a service. */
export const documentsFrom = (documents: readonly PolicyDocument[], service: string): readonly RangerDocument[] =>
  documents.filter(isRanger).filter(({ source }) => source?.service === service)

const kindOf = ({ ranger }: RangerDocument): RangerDownload | undefined =>
  rangerDownloads.find(what => shapes[what] === rangerShape(ranger))

export const documentOf = (documents: readonly RangerDocument[], what: RangerDownload): RangerDocument | undefined =>
  documents.find(document => kindOf(document) === what)

/**
 * What the documents of a service become. A service that is disabled is given without policies: where there were some it
 * counts as gone, like one that is unknown, and its last policies stay, to tell the topics that wait.
 */
export function renewed(
  before: readonly RangerDocument[],
  service: string,
  news: RangerNews,
  isUnknown: boolean,
): readonly RangerDocument[] {
  const last = documentOf(before, 'policies')
  const isEmptied =
    news.policies !== null && last !== undefined && hasPolicies(last.ranger) && !hasPolicies(news.policies)
  if (isUnknown || isEmptied)
    return before.map(document => ({ ...document, source: { service, isGone: true as const } }))
  return [...rangerDownloads].reverse().flatMap((what): RangerDocument[] => {
    const ranger = news[what] ?? documentOf(before, what)?.ranger
    if (ranger === undefined) return []
    const name = what === 'policies' ? sourceName(service) : `${sourceName(service)}:${what}`
    return [{ name, ranger, source: { service } }]
  })
}

export const isGone = (documents: readonly RangerDocument[]): boolean =>
  documents.some(({ source }) => source?.isGone === true)

/** The set with other documents of a service, which stand at its end. */
export const withSource = (
  documents: readonly PolicyDocument[],
  service: string,
  mine: readonly RangerDocument[],
): readonly PolicyDocument[] => {
  const others = documents.filter(document => !(isRanger(document) && document.source?.service === service))
  return [...others, ...mine]
}

export const saysTheSame = (a: readonly PolicyDocument[], b: readonly PolicyDocument[]): boolean =>
  diffDocuments(a, b).length === 0

/**
 * Of all users of an organisation those that views are made for, with their groups. Without the number of the download:
 * it changes with every user, and each change would be a version.
 */
export function usersOfViews(json: RangerJson, documents: readonly PolicyDocument[]): RangerJson {
  const views = documents.filter(isView)
  const users = new Set(views.flatMap(({ user }) => user ?? []))
  const userGroupMapping = picked(json.userGroupMapping, users)
  const groups = new Set([
    ...views.flatMap(view => view.groups ?? []),
    ...Object.values(userGroupMapping).flatMap(names => (Array.isArray(names) ? names.map(String) : [])),
  ])
  return {
    userAttrMapping: picked(json.userAttrMapping, users),
    groupAttrMapping: picked(json.groupAttrMapping, groups),
    userGroupMapping,
  }
}

function picked(mapping: unknown, names: ReadonlySet<string>): RangerJson {
  if (typeof mapping !== 'object' || mapping === null || Array.isArray(mapping)) return {}
  return Object.fromEntries(Object.entries(mapping).filter(([name]) => names.has(name)))
}
