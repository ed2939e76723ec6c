import type { Problem } from '../../errors.ts'
import { isObject, type Members, membersOf } from './members.ts'
import type { Read } from './read-policy.ts'
import type { Attributes } from './script/script-request.ts'

/** Attributes of users and groups, and who is in which group. */
export interface UserStore {
  readonly users: ReadonlyMap<string, Attributes>
  readonly groups: ReadonlyMap<string, Attributes>
  readonly groupsOfUsers: ReadonlyMap<string, readonly string[]>
}

export const emptyUserStore: UserStore = { users: new Map(), groups: new Map(), groupsOfUsers: new Map() }

export function readUserStore(json: unknown): Read<UserStore> {
  const problems: Problem[] = []
  const members = membersOf(json, { problems, policy: 'user-store' })
  if (members === null) return { value: emptyUserStore, problems }
  const value = {
    users: attributeMap(members, 'userAttrMapping'),
    groups: attributeMap(members, 'groupAttrMapping'),
    groupsOfUsers: new Map(
      members
        .entries('userGroupMapping')
        .map(([user, groups]): [string, string[]] => [
          user,
          Array.isArray(groups) ? groups.filter(group => typeof group === 'string') : [],
        ]),
    ),
  }
  return { value, problems }
}

function attributeMap(members: Members, name: string): ReadonlyMap<string, Attributes> {
  return new Map(
    members.entries(name).map(([who, attributes]): [string, Attributes] => [who, attributesOf(attributes)]),
  )
}

/** Attributes are texts in Ranger; numbers and flags are taken as they are written. */
export function attributesOf(json: unknown): Attributes {
  if (!isObject(json)) return new Map()
  return new Map(
    Object.entries(json).flatMap(([name, value]): (readonly [string, string])[] => {
      if (typeof value === 'string') return [[name, value]]
      return typeof value === 'number' || typeof value === 'boolean' ? [[name, String(value)]] : []
    }),
  )
}
