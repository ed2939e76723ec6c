import type { FindingCode } from './finding-codes.ts'
import type { Finding } from './ports/checks.ts'

type MakeFinding = (code: FindingCode, where: string, message: string, hint: string) => Finding

const make =
  (severity: Finding['severity']): MakeFinding =>
  (code, where, message, hint) => ({ severity, code, where, message, hint })

/** Data is lost, wrong or shown, or nothing works: `scrim check` fails. */
export const error = make('error')
/** Goes wrong under some condition. */
export const warning = make('warning')
/** Somebody should know. */
export const note = make('note')
