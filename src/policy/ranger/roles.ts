import type { Problem } from '../../errors.ts'
import { type Members, membersOf } from './members.ts'
import type { Read } from './read-policy.ts'

/** Who has a role: users, groups, and whoever has one of the roles in it. */
export interface Role {
  readonly name: string
  readonly users: readonly string[]
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

/** RangerRoles as a plugin downloads them. */
export function readRoles(json: unknown): Read<readonly Role[]> {
  const problems: Problem[] = []
  const members = membersOf(json, { problems, policy: 'roles' })
  const names = (role: Members, list: string): readonly string[] =>
    role.objects(list).flatMap(member => member.text('name') ?? [])
  const roles = members?.objects('rangerRoles').map(role => ({
    name: role.text('name') ?? '',
    users: names(role, 'users'),
    groups: names(role, 'groups'),
    roles: names(role, 'roles'),
  }))
  return { value: roles ?? [], problems }
}

/** All roles of a user with these groups: those given, and those that contain one that is had. Circles end by themselves. */
export function rolesOf(roles: readonly Role[]): (user: string, groups: readonly string[]) => readonly string[] {
  if (roles.length === 0) return () => []
  const byUser = containers(roles, role => role.users)
  const byGroup = containers(roles, role => role.groups)
  const byRole = containers(roles, role => role.roles)
  return (user, groups) => {
    const had = new Set([...(byUser.get(user) ?? []), ...groups.flatMap(group => byGroup.get(group) ?? [])])
    // A Set is walked to its end while it grows.
    for (const name of had) for (const container of byRole.get(name) ?? []) had.add(container)
    return [...had].sort()
  }
}

function containers(roles: readonly Role[], of: (role: Role) => readonly string[]): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>()
  for (const role of roles) for (const name of of(role)) found.set(name, [...(found.get(name) ?? []), role.name])
  return found
}
