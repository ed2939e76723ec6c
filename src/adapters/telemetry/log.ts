import { pino } from 'pino'
import type { Log, LogFields } from '../../services/ports.ts'

/**
 * JSON lines on standard output. The port takes names and numbers only, so there is nothing to redact: an error object
 * cannot even be handed over.
 */
export function createLog({ level, write }: { readonly level: string; readonly write?: (line: string) => void }): Log {
  const options = {
    level,
    base: { service: 'scrim' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
  }
  return wrap(write === undefined ? pino(options) : pino(options, { write }))
}

type Line = (fields: LogFields, message: string) => void

function wrap(logger: { debug: Line; info: Line; warn: Line; error: Line; child: (fields: LogFields) => typeof logger }): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: fields => wrap(logger.child(fields)),
  }
}
