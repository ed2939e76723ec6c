import type { TSchema } from 'typebox'
import type { ErrorCode } from '../../errors.ts'
import type { ColumnType } from '../schema.ts'
import type { KeyRing } from '../plan.ts'

/** Rewrites one JSON value inside the bytes. Made once per (policy entry, column type); must keep no state between values. */
export interface ValueMask {
  /**
   * Writes the masked form of the literal src[start, end) at out[at] and returns the position after it. The literal is
   * never null: null stays null under every mask. Fails with RECORD_MASK_TYPE_MISMATCH where it is not of the bound type.
   */
  readonly write: (src: Buffer, start: number, end: number, out: Buffer, at: number) => number
  /** An upper bound of the bytes that `write` produces for the literal of `length` bytes at src[start]. */
  readonly maxBytes: (length: number, src: Buffer, start: number) => number
}

/** What a mask does to a column, as far as the schema block must say so. */
export interface MaskEffect {
  readonly mask: ValueMask
  /** The kind after masking; null: unchanged. */
  readonly becomes: 'string' | null
  /** Longest result in characters for a value of that many characters; null: no bound can be told. */
  readonly maxCharacters: ((characters: number) => number) | null
  /** The only values that can come out, where that is so: an enum keeps just these. */
  readonly constant: string | null
  readonly writesNull: boolean
}

export interface Misfit {
  readonly code: ErrorCode
  /** Made of type names only. */
  readonly detail: string
}

/**
 * Can two different values come out equal? `preserved`: no, so the mask may stand on key columns. `not-guaranteed`: by
 * accident or by shortening. `lossy`: by design.
 */
export type Uniqueness = 'preserved' | 'not-guaranteed' | 'lossy'

export interface MaskExample {
  readonly params: Record<string, unknown>
  /** The JSON value before and after, with the type it stands in. */
  readonly type: ColumnType['kind']
  readonly input: unknown
  readonly output: unknown
}

/** A mask is one file in types/ and one line in mask-types.ts; validation, documents and tests are made from this. */
export interface MaskType {
  readonly summary: string
  /** `keep` leaves the value, `remove` takes the column out of payload and schema, `rewrite` binds a ValueMask. */
  readonly effect: 'keep' | 'remove' | 'rewrite'
  readonly params: TSchema
  /** In words, for documents: what it stands on. */
  readonly accepts: string
  readonly produces: string
  readonly uniqueness: Uniqueness
  readonly needsKey: boolean
  /** May it be bound without knowing the column's type? Only what writes the same whatever comes in. */
  readonly typeless: boolean
  /** Its other dialects than `strict` agree with other products where these leave text readable; who uses them is warned. */
  readonly hasLooseDialects?: true
  readonly examples: readonly MaskExample[]
  /** `type` is null where the record has no schema and none was declared. */
  readonly bind: (params: Record<string, unknown>, type: ColumnType | null, keys: KeyRing) => MaskEffect | Misfit
}

export const isMisfit = <T extends object>(result: T | Misfit): result is Misfit => 'code' in result
