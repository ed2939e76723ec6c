import type { MaskingPolicyDocument } from './document.ts'
import { PUBLIC, type Profile } from './view.ts'

type Principals = Pick<MaskingPolicyDocument, 'users' | 'groups' | 'roles'>

/** Is a policy with these principals meant for the readers of this profile? Names are compared as they are spelt. */
export function isMeantFor({ users, groups, roles }: Principals, profile: Profile): boolean {
  if (users === undefined && groups === undefined && roles === undefined) return true
  return (
    (users?.some(user => user === profile.user) ?? false) ||
    (groups?.some(group => group === PUBLIC || profile.groups.has(group)) ?? false) ||
    (roles?.some(role => profile.roles.has(role)) ?? false)
  )
}
