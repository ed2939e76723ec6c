import type { Problem } from '../../errors.ts'
import { isObject, membersOf } from './members.ts'
import type { RangerPolicy } from './policy.ts'
import { policyOf, type Read } from './read-policy.ts'

/** One change of a set of policies. */
export interface PolicyDelta {
  readonly change: 'create' | 'update' | 'delete'
  readonly policy: RangerPolicy
}

const changes = ['create', 'update', 'delete'] as const

/** Ranger's `policyDeltas`. Changes of other things than policies have no meaning here and are left out. */
export function readDeltas(json: unknown): Read<readonly PolicyDelta[]> {
  const problems: Problem[] = []
  const value = (Array.isArray(json) ? json : []).flatMap((entry: unknown, at) => {
    const members = membersOf(entry, { problems, policy: 'deltas' }, `policyDeltas[${at}]`)
    const change = changes[members?.whole('changeType') ?? -1]
    const policy = isObject(entry) && change !== undefined ? policyOf(entry.policy, problems) : null
    return change === undefined || policy === null ? [] : [{ change, policy }]
  })
  return { value, problems }
}

/** The set after the changes. A policy is known by its id. */
export function applyDeltas(
  policies: readonly RangerPolicy[],
  deltas: readonly PolicyDelta[],
): readonly RangerPolicy[] {
  return deltas.reduce<readonly RangerPolicy[]>((before, { change, policy }) => {
    const others = before.filter(({ id }) => id !== policy.id)
    return change === 'delete' ? others : [...others, policy]
  }, policies)
}
