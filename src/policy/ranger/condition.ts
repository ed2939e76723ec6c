import { type ConditionMaker, conditionMakers } from './condition-makers.ts'
import type { Condition } from './policy.ts'
import type { Asked } from './request.ts'
import type { ScriptTag } from './script/script-request.ts'
import type { ServiceDef } from './service-def.ts'

/** A condition ready to be asked. */
export interface CompiledCondition {
  readonly type: string
  readonly holds: (asked: Asked, tag: ScriptTag | null) => boolean
  /** The next instant at which the answer may turn by time alone; null where time has no part in it. */
  readonly nextChange: (instant: number) => number | null
}

export type ReadCondition = { readonly condition: CompiledCondition } | { readonly fault: string }

/** Ranger Admin adds this one to every service-def that has none. */
const IMPLICIT_EXPRESSION = '_expression'

export function compileCondition(condition: Condition, serviceDef: ServiceDef, defaultZone: string): ReadCondition {
  const { type, values } = condition
  const def =
    serviceDef.conditions.get(type) ??
    (type === IMPLICIT_EXPRESSION
      ? { name: type, evaluator: 'RangerScriptConditionEvaluator', options: new Map<string, string>() }
      : undefined)
  if (def === undefined) return { fault: `the service-def has no condition ${type}` }
  const make: ConditionMaker | undefined = Object.hasOwn(conditionMakers, def.evaluator)
    ? conditionMakers[def.evaluator]
    : undefined
  if (make === undefined) return { fault: `conditions of the kind ${def.evaluator} are not supported` }
  const made = make({ values, options: def.options, serviceDef, defaultZone })
  return 'fault' in made
    ? { fault: `${type}: ${made.fault}` }
    : { condition: { type, holds: made.holds, nextChange: made.nextChange ?? (() => null) } }
}

export const conditionsHold = (
  conditions: readonly CompiledCondition[],
  asked: Asked,
  tag: ScriptTag | null,
): boolean => conditions.every(condition => condition.holds(asked, tag))
