import { errorCatalogue, placeText, type Problem } from '../errors.ts'

/** A problem as a line for people: severity, code, place, what and what to do. */
export function problemLine({ code, severity, where, detail }: Problem): string {
  const { message, hint } = errorCatalogue[code]
  return `${severity} ${code} at ${placeText(where)}: ${message}${detail === undefined ? '' : ` (${detail})`}. ${hint}\n`
}

export const hasErrors = (problems: readonly Problem[]): boolean =>
  problems.some(({ severity }) => severity === 'error')
