import type { CompiledCondition } from './condition.ts'
import type { CompiledPolicy } from './compiled-policy.ts'
import type { TagStore } from './found-tags.ts'
import { timeFunctions } from './script/names.ts'
import { earliest } from './validity.ts'
import { usesTime } from './expression-text.ts'

/** Asks every schedule, recurrence, condition and expression when time alone may turn its answer. */
export function createNextChange(
  policies: readonly CompiledPolicy[],
  tagStore: TagStore | null,
): (instant: number) => number | null {
  const validities = policies.map(({ validity }) => validity)
  const conditions = policies.flatMap(conditionsOf)
  const isTimed = policies.some(({ texts }) =>
    [...texts.values()].some(({ scripts }) => usesTime(scripts, name => timeFunctions.has(name))),
  )
  return instant =>
    earliest([
      ...validities.map(one => one.nextChange(instant)),
      ...conditions.map(one => one.nextChange(instant)),
      tagStore?.nextChange(instant) ?? null,
      isTimed ? Math.floor(instant / 60_000) * 60_000 + 60_000 : null,
    ])
}

const conditionsOf = (policy: CompiledPolicy): readonly CompiledCondition[] => [
  ...policy.conditions,
  ...[
    ...policy.allow,
    ...policy.deny,
    ...policy.allowExceptions,
    ...policy.denyExceptions,
    ...policy.masks,
    ...policy.filters,
  ].flatMap(item => item.conditions),
]
