import type { ItemAccess, MaskItem, PolicyItem, RangerPolicy } from './policy.ts'

/**
 * In a tag policy access and mask types carry the component they are meant for, such as `hive:select`. Ours lose it, those
 * of others are taken out; null where nothing of the policy is meant for us.
 */
export function forComponent(policy: RangerPolicy, component: string): RangerPolicy | null {
  const items = <T extends PolicyItem>(all: readonly T[]): readonly T[] => all.flatMap(item => itemFor(item, component))
  const ours: RangerPolicy = {
    ...policy,
    allow: items(policy.allow),
    deny: items(policy.deny),
    allowExceptions: items(policy.allowExceptions),
    denyExceptions: items(policy.denyExceptions),
    masks: items(policy.masks).flatMap(item => maskItemFor(item, component)),
    filters: items(policy.filters),
  }
  const count = [ours.allow, ours.deny, ours.allowExceptions, ours.denyExceptions, ours.masks, ours.filters].flat()
    .length
  return count === 0 && !policy.isAuditEnabled ? null : ours
}

function itemFor<T extends PolicyItem>(item: T, component: string): readonly T[] {
  const accesses = item.accesses.flatMap((access): readonly ItemAccess[] => {
    const type = withoutPrefix(access.type, component.toLowerCase())
    return type === null ? [] : [{ ...access, type }]
  })
  if (item.accesses.length > 0 && accesses.length === 0 && !item.delegateAdmin) return []
  return [{ ...item, accesses }]
}

function maskItemFor(item: MaskItem, component: string): readonly MaskItem[] {
  if (item.mask === null) return [item]
  const maskType = withoutPrefix(item.mask.maskType, component)
  return maskType === null ? [] : [{ ...item, mask: { ...item.mask, maskType } }]
}

/** Null: it is another component's. */
function withoutPrefix(name: string, component: string): string | null {
  if (name.startsWith(`${component}:`)) return name.slice(component.length + 1)
  return name.includes(':') ? null : name
}
