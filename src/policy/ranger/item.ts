import { type CompiledCondition, conditionsHold } from './condition.ts'
import type { PolicyItem } from './policy.ts'
import { ADMIN_ACCESS, type Asked } from './request.ts'
import type { ScriptTag } from './script/script-request.ts'

export const GROUP_PUBLIC = 'public'
const USER_TOKEN = '{USER}'
const OWNER_TOKEN = '{OWNER}'

/** An item of a policy: to whom, for which accesses, when. */
export interface CompiledItem<T extends PolicyItem = PolicyItem> {
  readonly item: T
  /** From 0, as in the policy. */
  readonly index: number
  readonly concerns: (asked: Asked) => boolean
  readonly allows: (accessType: string) => boolean
  readonly conditions: readonly CompiledCondition[]
}

/** Access types with what they imply, one level deep as in Ranger. */
export type ImpliedGrants = ReadonlyMap<string, readonly string[]>

export function compileItem<T extends PolicyItem>(
  item: T,
  index: number,
  implied: ImpliedGrants,
  conditions: readonly CompiledCondition[],
): CompiledItem<T> {
  const listed = item.accesses.filter(({ isAllowed }) => isAllowed).map(({ type }) => type)
  const accesses = new Set([...listed, ...listed.flatMap(type => implied.get(type) ?? [])])
  const users = new Set(item.users)
  const isForAll = item.groups.includes(GROUP_PUBLIC)
  const isForAnyUser = users.has(USER_TOKEN)
  const isForOwner = users.has(OWNER_TOKEN)
  return {
    item,
    index,
    conditions,
    // Names are compared letter by letter, case included. Who names nobody means nobody.
    concerns: asked =>
      isForAll ||
      isForAnyUser ||
      users.has(asked.user) ||
      item.groups.some(group => asked.groups.has(group)) ||
      item.roles.some(role => asked.roles.has(role)) ||
      (isForOwner && asked.owner !== null && asked.owner === asked.user),
    allows: accessType => (accessType === ADMIN_ACCESS ? item.delegateAdmin : accesses.has(accessType)),
  }
}

export const itemMatches = (item: CompiledItem, accessType: string, asked: Asked, tag: ScriptTag | null): boolean =>
  item.allows(accessType) && item.concerns(asked) && conditionsHold(item.conditions, asked, tag)

/** The first that matches; an exception that matches takes it away. */
export function matchingItem<T extends PolicyItem>(
  items: readonly CompiledItem<T>[],
  exceptions: readonly CompiledItem[],
  accessType: string,
  asked: Asked,
  tag: ScriptTag | null,
): CompiledItem<T> | null {
  const found = items.find(item => itemMatches(item, accessType, asked, tag)) ?? null
  if (found === null) return null
  return exceptions.some(exception => itemMatches(exception, accessType, asked, tag)) ? null : found
}
