import { type DropReason, OP_TRUNCATE } from '../batch.ts'
import type { RecordShape } from '../decode/record-shapes.ts'
import { fail } from '../decode/scanner.ts'
import type { PlanSettings } from '../plan.ts'

/** Records that are no rows never go out; each kind is dropped by name. Null: go on. */
export function dropByKind(
  shape: RecordShape,
  operation: number,
  partitions: number,
  settings: PlanSettings,
): DropReason | null {
  if (shape !== 'event' && shape !== 'row') return shape
  if (operation !== OP_TRUNCATE || settings.truncate === 'publish') return null
  if (settings.truncate === 'drop') return 'truncate'
  // It has no key, so it lies in a partition of its own choice: rows of other partitions may be wiped or survive wrongly.
  return partitions === 1 ? null : fail('RECORD_TRUNCATE_UNORDERED', 0)
}
