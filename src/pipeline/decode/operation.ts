import { OP_CREATE, OP_DELETE, OP_NONE, OP_READ, OP_ROW, OP_TRUNCATE, OP_UPDATE } from '../batch.ts'
import type { RecordShape } from './record-shapes.ts'
import { fail } from './scanner.ts'

const byLetter = new Uint8Array(256)
for (const [letter, operation] of Object.entries({
  r: OP_READ,
  c: OP_CREATE,
  u: OP_UPDATE,
  d: OP_DELETE,
  t: OP_TRUNCATE,
})) {
  byLetter[letter.charCodeAt(0)] = operation
}

/** From the first letter that the walker found (0: none). A flattened row need not tell; an event must. */
export function operationOf(shape: RecordShape, letter: number, at: number): number {
  const operation = byLetter[letter] as number
  if (operation !== OP_NONE) return operation
  if (shape === 'row') return OP_ROW
  return shape === 'event' ? fail('RECORD_UNKNOWN_SHAPE', at) : OP_NONE
}
