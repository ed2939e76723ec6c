import { Column } from '../layout.ts'
import { placedName } from '../tellable-name.ts'
import { skipColon, skipSpace, skipString, skipValue } from './scanner.ts'

/** Before a failure at the member at `i`: a name that is not told gets its place in the object, which was read so far. */
export function placed(column: Column, b: Buffer, opening: number, i: number, end: number): Column {
  if (column.told !== '?') return column
  let index = 0
  for (let at = skipSpace(b, opening + 1); at < i; index++) {
    const valueEnd = skipValue(b, skipColon(b, skipString(b, at, end)), end, 0)
    at = skipSpace(b, skipSpace(b, valueEnd) + 1)
  }
  return new Column(column.name, { ...column, told: placedName(column.told, index) })
}
