import { type AccessResult, setAudited } from './access-result.ts'
import { type Findings, isObject, membersOf } from './members.ts'
import type { PolicyResources } from './policy.ts'
import { type HierarchyIndex, type PolicyMatcher, policyMatcher } from './policy-matcher.ts'
import { resourcesOf } from './read-policy.ts'
import type { Asked } from './request.ts'
import { hasSay } from './evaluate-policy.ts'

/** Whose accesses are not audited, and who may do everything. */
export interface NamedPrincipals {
  readonly users: ReadonlySet<string>
  readonly groups: ReadonlySet<string>
  readonly roles: ReadonlySet<string>
}

export const principals = (
  users: Iterable<string> = [],
  groups: Iterable<string> = [],
  roles: Iterable<string> = [],
): NamedPrincipals => ({ users: new Set(users), groups: new Set(groups), roles: new Set(roles) })

export const isAmong = ({ users, groups, roles }: NamedPrincipals, asked: Asked): boolean =>
  users.has(asked.user) ||
  [...asked.groups].some(group => groups.has(group)) ||
  [...asked.roles].some(role => roles.has(role))

/** Names in a setting, with commas between them. */
export const namesIn = (text: string | undefined): readonly string[] =>
  (text ?? '')
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')

/** Of `ranger.plugin.audit.filters`: the first that fits says whether an access is audited. */
export interface AuditFilter {
  /** Null: of every outcome. */
  readonly accessResult: string | null
  readonly resources: PolicyResources
  readonly matcher: PolicyMatcher | null
  readonly accessTypes: ReadonlySet<string>
  readonly actions: ReadonlySet<string>
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly roles: readonly string[]
  readonly isAudited: boolean | null
}

/** Ranger writes the list into a text, with single quotes as often as with double ones. */
export function readAuditFilters(
  text: string,
  hierarchies: HierarchyIndex,
  findings: Findings,
): readonly AuditFilter[] {
  const json = parsed(text) ?? parsed(text.replaceAll("'", '"'))
  if (!Array.isArray(json)) {
    membersOf(null, findings, 'ranger.plugin.audit.filters')
    return []
  }
  return json.filter(isObject).flatMap((entry, at) => {
    const members = membersOf(entry, findings, `audit.filters[${at}]`)
    if (members === null) return []
    const resources = members.has('resources')
      ? resourcesOf(members.raw('resources'), findings, `${members.path}.resources`)
      : new Map()
    return {
      accessResult: members.text('accessResult'),
      resources,
      matcher: resources.size === 0 ? null : policyMatcher(resources, hierarchies[0]),
      accessTypes: new Set(members.texts('accessTypes').map(type => type.toLowerCase())),
      actions: new Set(members.texts('actions')),
      users: members.texts('users'),
      groups: members.texts('groups'),
      roles: members.texts('roles'),
      isAudited: members.has('isAudited') ? members.flag('isAudited', true) : null,
    }
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Filters have the last word; those of the tag service speak first. */
export function applyAuditFilters(
  ofTags: readonly AuditFilter[],
  ofResources: readonly AuditFilter[],
  asked: Asked,
  result: AccessResult,
): void {
  for (const tag of asked.tags) {
    for (const filter of ofTags) {
      const isOnTag =
        filter.matcher === null || filter.matcher.match(new Map([['tag', tag.type]]), new Map(), asked.match) === 'SELF'
      if (!isOnTag || !fits(filter, asked, result) || filter.isAudited === null) continue
      setAudited(result, filter.isAudited)
      return
    }
  }
  for (const filter of ofResources) {
    const isOnResource =
      filter.matcher === null || hasSay(filter.matcher.match(asked.elements, asked.scopes, asked.match), asked, null)
    if (!isOnResource || !fits(filter, asked, result) || filter.isAudited === null) continue
    setAudited(result, filter.isAudited)
    return
  }
}

function fits(filter: AuditFilter, asked: Asked, result: AccessResult): boolean {
  return isOfResult(filter, result) && isOfPrincipal(filter, asked) && isOfAction(filter, asked)
}

function isOfResult({ accessResult }: AuditFilter, { isDetermined, isAllowed }: AccessResult): boolean {
  if (accessResult === null) return true
  return accessResult === (isDetermined ? (isAllowed ? 'ALLOWED' : 'DENIED') : 'NOT_DETERMINED')
}

function isOfPrincipal({ users, groups, roles }: AuditFilter, asked: Asked): boolean {
  if (users.length + groups.length + roles.length === 0) return true
  return (
    groups.includes('public') ||
    users.includes('{USER}') ||
    users.includes(asked.user) ||
    (users.includes('{OWNER}') && asked.user === asked.owner) ||
    groups.some(group => asked.groups.has(group)) ||
    roles.some(role => asked.roles.has(role))
  )
}

const isOfAction = ({ actions, accessTypes }: AuditFilter, { request, accessType }: Asked): boolean =>
  (actions.size === 0 && accessTypes.size === 0) || actions.has(request.action ?? '') || accessTypes.has(accessType)
