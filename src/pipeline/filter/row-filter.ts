import { OP_CREATE, OP_DELETE, OP_READ, OP_TOMBSTONE, OP_TRUNCATE } from '../batch.ts'
import type { RecordShape } from '../decode/record-shapes.ts'
import { AFTER, BEFORE } from '../layout.ts'
import type { RowJudge } from '../project/row-program.ts'
import type { CapturedRow } from './captured-row.ts'

/**
 * What a row filter makes of a record. A row is visible where the filter is true; false and NULL hide it. The target of the
 * view must hold the visible rows, so what leaves the filter is deleted there, and what enters it is created.
 *
 * | record                    | before    | after  | with a key                              | without one      |
 * |---------------------------|-----------|--------|-----------------------------------------|------------------|
 * | create, read              |           | in     | as it is                                | as it is         |
 * |                           |           | out    | dropped                                 | dropped          |
 * | update                    | in        | in     | as it is                                | as it is         |
 * |                           | out       | in     | create, without `before`                | the same         |
 * |                           | undecided | in     | update, without `before`                | the same         |
 * |                           | in        | out    | delete with `before`, then a tombstone  | delete           |
 * |                           | undecided | out    | delete without its row, then tombstone  | dropped [1]      |
 * |                           | out       | out    | dropped                                 | dropped          |
 * | delete                    | in        |        | as it is                                | as it is         |
 * |                           | out       |        | dropped                                 | dropped          |
 * |                           | undecided |        | delete without its row [2]              | dropped [1]      |
 * | truncate                  |           |        | as it is                                | as it is         |
 * | tombstone                 | key in    |        | as it is                                |                  |
 * |                           | key out   |        | dropped                                 |                  |
 * |                           | undecided |        | as it is [3]                            | as it is         |
 * | flattened row             |           | in     | as it is                                | as it is         |
 * |   of a create, a read     |           | out    | dropped                                 | dropped          |
 * |   of an update, or unsaid |           | out    | tombstone in its place                  | dropped [1]      |
 * |   deleted                 | in        |        | as it is                                | as it is         |
 * |                           | out       |        | dropped                                 | dropped          |
 * |                           | undecided |        | as it is where it has nothing but the key, else tombstone [2] | dropped [1] |
 *
 * A `before` is undecided where it is not there, or where a value that the filter reads may have been made up by Debezium
 * (replica identity; `made-up.ts`), or where the filter asked for the time: what it hides now it may have shown. Where the filter reads key columns only, the key stands for a `before` that is missing.
 * "Without its row": `before` is null, or has nothing but the key where there is a schema block (see `clears`).
 * [1] Neither a key nor a row that may be shown: nobody could tell which row is meant.
 * [2] Dropped where the policy says `undecidedDelete: drop`.
 * [3] Also then: a tombstone tells nothing but a key, and without it a row that was visible would stay.
 */
export interface Verdict {
  /** False: the record is dropped. */
  readonly goesOut: boolean
  /** In place of the record's own; null: that one stays. */
  readonly operation: number | null
  /**
   * Images that go, by AFTER and BEFORE. They become null, but for the `before` of a delete with a schema block: the stock
   * sink fails on one without any, so there it has the key's columns, and made-up values for what cannot be null.
   */
  readonly clears: readonly [after: boolean, before: boolean]
  /** Key and null: `instead` of the value, or as a record of its own `behind` it. */
  readonly tombstone: 'instead' | 'behind' | null
}

const verdict = (rest: Partial<Verdict>): Verdict =>
  Object.freeze({ goesOut: true, operation: null, clears: [false, false] as const, tombstone: null, ...rest })

export const AS_IT_IS = verdict({})
export const DROPPED = verdict({ goesOut: false })
const ENTERS = verdict({ operation: OP_CREATE, clears: [false, true] })
const WITHOUT_BEFORE = verdict({ clears: [false, true] })
const LEAVES = verdict({ operation: OP_DELETE, clears: [true, false], tombstone: 'behind' })
const LEAVES_UNSEEN = verdict({ operation: OP_DELETE, clears: [true, true], tombstone: 'behind' })
const LEAVES_WITHOUT_KEY = verdict({ operation: OP_DELETE, clears: [true, false] })
const BURIED = verdict({ operation: OP_TOMBSTONE, tombstone: 'instead' })

/** A key that can judge its row: the filter reads nothing else. */
export interface KeyJudge {
  readonly row: CapturedRow
  readonly filter: RowJudge
}

export interface Judged {
  readonly row: CapturedRow
  readonly filter: RowJudge
  readonly shape: RecordShape
  readonly operation: number
  readonly hasKey: boolean
  readonly key: KeyJudge | null
}

export function judge(record: Judged): Verdict {
  const { row, filter, shape, operation, hasKey } = record
  if (operation === OP_TRUNCATE) return AS_IT_IS
  if (shape === 'row') return row.isDeleted() ? judgeDeletedRow(record) : judgeRow(record)
  if (operation === OP_DELETE) {
    const was = judgeBefore(record, BEFORE)
    if (was !== 'undecided') return was === 'in' ? AS_IT_IS : DROPPED
    return hasKey && filter.undecidedDelete === 'delete' ? WITHOUT_BEFORE : DROPPED
  }
  const isIn = isVisible(row, filter, AFTER)
  if (operation === OP_CREATE || operation === OP_READ) return isIn ? AS_IT_IS : DROPPED
  const was = judgeBefore(record, BEFORE)
  if (isIn) return was === 'in' ? AS_IT_IS : was === 'out' ? ENTERS : WITHOUT_BEFORE
  if (was === 'out') return DROPPED
  if (was === 'in') return hasKey ? LEAVES : LEAVES_WITHOUT_KEY
  return hasKey ? LEAVES_UNSEEN : DROPPED
}

/** Of a record without a row: a tombstone, or a flattened delete. */
export const judgeTombstone = (key: KeyJudge | null): Verdict =>
  key === null || wasVisible(key.row, key.filter, AFTER) !== 'out' ? AS_IT_IS : DROPPED

function judgeRow({ row, filter, operation, hasKey }: Judged): Verdict {
  if (isVisible(row, filter, AFTER)) return AS_IT_IS
  return hasKey && operation !== OP_CREATE && operation !== OP_READ ? BURIED : DROPPED
}

function judgeDeletedRow(record: Judged): Verdict {
  const { row, filter, hasKey } = record
  const was = judgeBefore(record, AFTER)
  if (was !== 'undecided') return was === 'in' ? AS_IT_IS : DROPPED
  if (!hasKey || filter.undecidedDelete === 'drop') return DROPPED
  return row.evidence(AFTER) === 'empty' ? AS_IT_IS : BURIED
}

/** `image`: where the old row stands. */
function judgeBefore({ row, filter, key }: Judged, image: number): Past {
  if (!row.has(image)) return key === null ? 'undecided' : wasVisible(key.row, key.filter, AFTER)
  if (!filter.isBeforeWhole && !filter.slots.every(slot => row.isReal(image, slot))) return 'undecided'
  return wasVisible(row, filter, image)
}

type Past = 'in' | 'out' | 'undecided'

/** What is hidden by the time of day may have been visible when it went out. */
function wasVisible(row: CapturedRow, filter: RowJudge, image: number): Past {
  row.askedTime = false
  if (isVisible(row, filter, image)) return 'in'
  return row.askedTime ? 'undecided' : 'out'
}

function isVisible(row: CapturedRow, { condition }: RowJudge, image: number): boolean {
  row.image = image
  return condition.evaluate(row) === true
}
