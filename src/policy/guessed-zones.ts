import type { Decision, RangerEngine } from './ranger/engine.ts'
import { MASK_NONE } from './ranger/decision.ts'

/**
 * Policies that come without their zone's own form say that they are of it, and not what else is: a zone that is guessed
 * from them may be too small, or overlap another, and then what it hides would be hidden nowhere. So two engines are asked,
 * one with the zones and one that knows none, and what either hides or denies is hidden.
 */
export function withGuessedZones(zoned: RangerEngine, unzoned: RangerEngine): RangerEngine {
  return {
    ...zoned,
    evaluate: (type, request, options) => {
      const first = zoned.evaluate(type, request, options)
      if (hides(first)) return first
      const second = unzoned.evaluate(type, request, options)
      if (hides(second)) return second
      return type === 0 && first.isAllowed ? second : first
    },
  }
}

/** Or denies, or cannot tell. */
const hides = ({ mask, filter, isAllowed, source, faults }: Decision): boolean =>
  faults.length > 0 ||
  (mask !== null && mask.maskType !== MASK_NONE) ||
  (filter !== null && filter.filterExpr.trim() !== '') ||
  (source !== null && !isAllowed)
