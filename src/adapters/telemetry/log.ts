import { pino } from 'pino'
import { ScrimError } from '../../errors.ts'
import type { Log, LogFields } from '../../services/ports/log.ts'

/**
 * JSON lines on standard output. The port takes names and numbers only; this is the last door, so what is handed in
 * against the types (an error, a record) is reduced to what may be told.
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

type Line = (fields: Record<string, unknown>, message: string) => void

function wrap(logger: { debug: Line; info: Line; warn: Line; error: Line }): Log {
  return {
    debug: (fields, message) => logger.debug(tellable(fields), message),
    info: (fields, message) => logger.info(tellable(fields), message),
    warn: (fields, message) => logger.warn(tellable(fields), message),
    error: (fields, message) => logger.error(tellable(fields), message),
  }
}

const MAX_CHARACTERS = 1000
const MAX_NAMES = 100

function tellable(fields: LogFields): Record<string, unknown> {
  const told: Record<string, unknown> = {}
  for (const name in fields) told[name] = reduce(fields[name])
  return told
}

function reduce(value: unknown): unknown {
  switch (typeof value) {
    case 'string':
      return value.length > MAX_CHARACTERS ? `${value.slice(0, MAX_CHARACTERS)}…` : value
    case 'number':
    case 'boolean':
    case 'undefined':
      return value
    case 'bigint':
      return String(value)
  }
  if (value === null) return null
  if (value instanceof ScrimError) return { code: value.code, where: value.where }
  // The text of a foreign error quotes data: its class is all that may be told.
  if (value instanceof Error) return { name: value.name }
  if (!Array.isArray(value)) return '[object]'
  return value.every(one => typeof one === 'string') ? value.slice(0, MAX_NAMES).map(reduce) : '[list]'
}
