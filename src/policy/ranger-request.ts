import type { RangerService } from './ranger-services.ts'
import { readingAccess } from './ranger-tables.ts'
import type { RangerRequest } from './ranger/request.ts'
import type { Profile } from './view.ts'

/** What the readers of a view ask of a service. */
export function requestOf(
  { serviceDef, roles, users }: RangerService,
  profile: Profile,
  now: number,
): Omit<RangerRequest, 'elements'> {
  const user = profile.user ?? ''
  const groups = [...new Set([...profile.groups, ...(users.groupsOfUsers.get(user) ?? [])])]
  return {
    accessType: readingAccess(serviceDef),
    user,
    groups,
    roles: rolesOfProfile(roles, user, groups, profile.roles),
    attributes: new Map([
      ...(users.users.get(user) ?? []),
      ...Object.entries(profile.attributes).map(([name, value]): [string, string] => [name, [value].flat().join(',')]),
    ]),
    accessTime: now,
  }
}

/** Those given, those of the user and the groups, and all that contain one of them. */
function rolesOfProfile(
  roles: RangerService['roles'],
  user: string,
  groups: readonly string[],
  given: ReadonlySet<string>,
): readonly string[] {
  const had = new Set(given)
  for (const { name, users, groups: members } of roles)
    if (users.includes(user) || members.some(group => groups.includes(group))) had.add(name)
  const containing = Map.groupBy(
    roles.flatMap(({ name, roles: contained }) => contained.map(one => ({ name, one }))),
    ({ one }) => one,
  )
  // What is added while it goes on is looked at too.
  for (const role of had) for (const { name } of containing.get(role) ?? []) had.add(name)
  return [...had].sort()
}
