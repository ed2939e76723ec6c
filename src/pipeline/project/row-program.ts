import type { BoundCondition } from '../expression/bound-expression.ts'
import type { FittedExpression } from '../expression/fit.ts'
import type { ValueReader } from '../expression/read-value.ts'
import type { SourceMember } from '../expression/row.ts'
import type { ColumnType } from '../schema.ts'
import type { SchemaProblem } from './schema-plan.ts'

/** What filter and projection do to the records of one layout; bound when a schema is seen first, never per record. */
export interface RowProgram {
  readonly slots: readonly Slot[]
  readonly filter: RowJudge | null
  /** The columns of the row, those included that expressions cannot read. */
  readonly columns: ReadonlySet<string>
  /** Some expression compares `before` with `after`. */
  readonly compares: boolean
  /** Members of `source` that expressions read. */
  readonly sourceMembers: readonly SourceMember[]
  /** What a row has of columns that cannot be null, where nothing of it is told; null without a schema block. */
  readonly madeUp: readonly MadeUp[] | null
  /** Columns that rows lack, in the order in which they go out. */
  readonly added: readonly AddedColumn[]
  /** The same of `before`: its own struct may have others. */
  readonly addedBefore: readonly AddedColumn[]
  /** Not null: nothing of this layout goes out. */
  readonly problem: SchemaProblem | null
}

/** A column that expressions can read. */
export interface Slot {
  readonly name: string
  /** Its place without the image. */
  readonly told: string
  readonly reader: ValueReader
  readonly isOptional: boolean
  /** The literal that stands for null where the column has a default. */
  readonly byDefault: Buffer | null
}

export interface RowJudge {
  readonly condition: BoundCondition
  /** Those that it reads, changed() included. */
  readonly slots: readonly number[]
  readonly undecidedDelete: 'delete' | 'drop'
  readonly isBeforeWhole: boolean
}

export interface MadeUp {
  readonly name: string
  /** The whole member. */
  readonly text: Buffer
}

export interface AddedColumn {
  readonly name: string
  /** `"name":` */
  readonly text: Buffer
  /** Optional whatever it is made of: a sink adds no other column to a table that is there. */
  readonly type: ColumnType
  readonly computed: FittedExpression
}
