import { COMMA, LETTER_N, skipColon, skipSpace, skipString, skipValue, stringText } from '../decode/scanner.ts'

/**
 * With a replica identity that is not full, Postgres sends of the old row only the columns of the identity, and Debezium
 * makes the others up: null where the column is optional, else its default, zero or nothing. What can be such a value is
 * doubted; what cannot be one was sent.
 */

/** What must be known of a column to tell. */
export interface DoubtedColumn {
  readonly isOptional: boolean
  /** The literal of its default. */
  readonly byDefault: Buffer | null
}

/** Could Debezium have written this literal for a column that was not sent? */
export function mayBeMadeUp(b: Buffer, start: number, end: number, { byDefault }: DoubtedColumn): boolean {
  if (b[start] === LETTER_N) return true
  if (byDefault !== null && b.compare(byDefault, 0, byDefault.length, start, end) === 0) return true
  // Structs (a decimal of any scale, a point) have a zero of their own each.
  return b[start] === 123 || (end - start <= LONGEST_ZERO && zero.test(b.toString('latin1', start, end)))
}

const LONGEST_ZERO = 40
const zero =
  /^(?:false|-?0(?:\.0+)?(?:E0)?|\[\]|"(?:0*(?:\.0+)?|A*={0,2}|\{\}|\[\]|[0-]{36}|1970-01-01(?:T00:00:00(?:\.0+)?)?Z?|00:00:00(?:\.0+)?Z?|P[0YMDTHS.]*)")$/

/**
 * `whole`: the row was sent whole. An identity that is no full one has only columns that are not optional, so the value of
 * an optional one proves it. `empty`: beside the key it says nothing. `doubtful`: it has values, and they prove nothing.
 */
export type Evidence = 'whole' | 'empty' | 'doubtful'

/** Of the object at `start`, which was walked already. `columnOf` is null for key columns and for what is no column. */
export function evidenceIn(
  b: Buffer,
  start: number,
  end: number,
  columnOf: (name: string) => DoubtedColumn | null,
): Evidence {
  let evidence: Evidence = 'empty'
  for (const { name, valueStart, valueEnd } of membersOf(b, start, end)) {
    const column = columnOf(name)
    if (column === null || mayBeMadeUp(b, valueStart, valueEnd, column)) continue
    if (column.isOptional) return 'whole'
    evidence = 'doubtful'
  }
  return evidence
}

/** The names of an object that was walked already. */
export const memberNames = (b: Buffer, start: number, end: number): string[] =>
  membersOf(b, start, end).map(({ name }) => name)

interface MemberSpan {
  readonly name: string
  readonly valueStart: number
  readonly valueEnd: number
}

function membersOf(b: Buffer, start: number, end: number): MemberSpan[] {
  const members: MemberSpan[] = []
  let at = skipSpace(b, start + 1)
  while (at < end - 1) {
    const nameEnd = skipString(b, at, end)
    const valueStart = skipColon(b, nameEnd)
    const valueEnd = skipValue(b, valueStart, end, 0)
    members.push({ name: stringText(b, at, nameEnd), valueStart, valueEnd })
    at = skipSpace(b, valueEnd)
    if (b[at] === COMMA) at = skipSpace(b, at + 1)
  }
  return members
}
