import { choiceFunctions } from './choices.ts'
import { dateFunctions } from './dates.ts'
import { maskFunctions } from './masks.ts'
import { numberFunctions } from './numbers.ts'
import type { SqlFunction } from './sql-function.ts'
import { streamFunctions } from './stream.ts'
import { textFunctions } from './texts.ts'

/** Every function an expression may call, by its name in small letters; `changed` is the binder's own. Adding one is one entry. */
export const sqlFunctions: Readonly<Record<string, SqlFunction>> = {
  ...choiceFunctions,
  ...dateFunctions,
  ...maskFunctions,
  ...numberFunctions,
  ...streamFunctions,
  ...textFunctions,
}

/** Second names. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['char_length', 'length'],
  ['ceiling', 'ceil'],
  ['char', 'chr'],
  ['ifnull', 'nvl'],
  ['lcase', 'lower'],
  ['ucase', 'upper'],
])

/** The table's name of a function, or undefined: unknown. Letter case does not count. */
export function functionName(written: string): string | undefined {
  const name = written.toLowerCase()
  const known = aliases.get(name) ?? name
  return known === CHANGED || Object.hasOwn(sqlFunctions, known) ? known : undefined
}

/** `changed(column, ...)`: did one of them change? It takes names, not values, so it stands apart. */
export const CHANGED = 'changed'
export const MAX_CHANGED = 100

/** How many arguments a function takes. */
export function arityOf(name: string): { readonly least: number; readonly most: number } {
  if (name === CHANGED) return { least: 1, most: MAX_CHANGED }
  const { least, most } = sqlFunctions[name] as SqlFunction
  return { least, most }
}
