import { type ErrorCode, ScrimError } from '../../errors.ts'

/**
 * The one place where an error of pg becomes one of ours. Nothing of its texts goes along: message, detail, where and hint
 * quote rows and statements. What stays is the SQLSTATE or the system's error code, as the place.
 */
export function postgresError(error: unknown): ScrimError {
  if (error instanceof ScrimError) return error
  const { code, message } =
    error instanceof Error ? (error as Error & { code?: unknown }) : { code: undefined, message: '' }
  if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)) {
    return new ScrimError(codeOfSqlState(code), { path: `SQLSTATE ${code}` })
  }
  // The system's and TLS' codes: ECONNREFUSED, EPIPE, ENOTFOUND, CERT_HAS_EXPIRED ... Not Node's own: ERR_INVALID_ARG_TYPE is a bug.
  if (
    typeof code === 'string' &&
    /^[A-Z][A-Z0-9_]*$/.test(code) &&
    !(error instanceof TypeError || error instanceof RangeError)
  ) {
    return new ScrimError('POSTGRES_UNAVAILABLE', { path: code })
  }
  if (lostConnection.test(message)) return new ScrimError('POSTGRES_UNAVAILABLE', { path: 'connection lost' })
  if (message.startsWith('SASL')) return new ScrimError('POSTGRES_NOT_AUTHORISED', { path: 'password' })
  return new ScrimError('INTERNAL', { path: 'postgres' })
}

// pg's own errors have no code. The texts are constants of pg 8 (client.js, pg-pool); they are matched, not passed on.
const lostConnection =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Client was closed|Cannot use a pool after|The server does not support SSL)/

function codeOfSqlState(state: string): ErrorCode {
  if (heals.test(state)) return 'POSTGRES_UNAVAILABLE'
  if (refused.test(state)) return 'POSTGRES_NOT_AUTHORISED'
  if (notOurTables.test(state)) return 'POSTGRES_NOT_MIGRATED'
  return 'INTERNAL'
}

/**
 * Connection (08), resources and too many connections (53), cancelled by a timeout (57014), shutdown and start (57P..),
 * system (58), serialization and deadlock (40), lock timeout (55P03), read-only standby (25006), timeouts in a transaction.
 */
const heals = /^(08...|53...|57014|57P0.|58...|40...|55P03|25006|25P0[34])$/
/** Role or password (28), a missing grant, no such database. */
const refused = /^(28...|42501|3D000)$/
/** A table, column or function that is not there. */
const notOurTables = /^(42P01|42703|42883)$/
