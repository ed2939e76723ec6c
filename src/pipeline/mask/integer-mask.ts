import { fail } from '../decode/scanner.ts'
import type { ColumnType } from '../schema.ts'
import type { ValueMask } from './mask-type.ts'
import { SHOWN } from './text-masks.ts'

const MINUS = 45
const ZERO = 48
const ONE = 49
const NINE = 57

/** Digits of the longest value. */
const longest: Partial<Record<ColumnType['kind'], number>> = { int8: 3, int16: 5, int32: 10, int64: 19 }

export interface ShownDigits {
  readonly end: 'first' | 'last'
  /** A number of four digits or fewer is masked whole; if not, it stays as it is. */
  readonly hidesShort: boolean
}

/**
 * A 1 for each digit, the sign stays; zero has a digit too. The result never leaves the range of the type: as many ones, or a
 * shown end among ones, are never more than the greatest value of any width. Hive's digits of the least value of a width
 * come out negative, by a flaw that is not repeated here.
 */
export function integerMask(kind: ColumnType['kind'], shown: ShownDigits | null): ValueMask {
  const most = longest[kind] ?? 0
  return {
    maxBytes: length => length,
    write: (src, start, end, out, at) => {
      const from = src[start] === MINUS ? start + 1 : start
      const digits = end - from
      if (digits < 1 || digits > most) fail('RECORD_MASK_TYPE_MISMATCH', start)
      const kept = shown === null || (shown.hidesShort && digits <= SHOWN) ? 0 : Math.min(SHOWN, digits)
      const keptFrom = shown?.end === 'first' ? from : end - kept
      if (from > start) out[at++] = MINUS
      for (let i = from; i < end; i++) {
        const c = src[i] as number
        if (c < ZERO || c > NINE) fail('RECORD_MASK_TYPE_MISMATCH', start)
        out[at++] = i >= keptFrom && i < keptFrom + kept ? c : ONE
      }
      return at
    },
  }
}
