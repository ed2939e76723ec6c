import type { Readable } from 'node:stream'
import type { ParseArgsConfig } from 'node:util'

/** What a command sees of the process. */
export interface Terminal {
  readonly env: NodeJS.ProcessEnv
  readonly stdin: Readable
  readonly out: (text: string) => void
  readonly err: (text: string) => void
  /** Aborts when the process shall stop. */
  readonly signal: AbortSignal
  /** Calls back on SIGHUP. */
  readonly reload: (listener: () => void) => void
}

export interface Arguments {
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>
  readonly positionals: readonly string[]
}

/** A command resolves with the exit code. */
export interface Command {
  readonly run: (args: Arguments, terminal: Terminal) => Promise<number>
  readonly help: () => string
  readonly options: NonNullable<ParseArgsConfig['options']>
  readonly about: string
  /** It takes names of files after the options; to any other command they are a mistake. */
  readonly takesFiles?: boolean
  /** It ends by itself after the signal; any other is left where it is, with EXIT_INTERRUPTED. */
  readonly stopsInOrder?: boolean
}

/** Everything was done. */
export const EXIT_OK = 0
/** Something was found wrong: a problem in the policies, a check that failed, an end that was not asked for. */
export const EXIT_FAILED = 1
/** The command line or the configuration is not valid. */
export const EXIT_USAGE = 2
/** `scrim mask`: at least one record was rejected. */
export const EXIT_REJECTED = 3
/** Ctrl-C or SIGTERM came before the command was done; the number that shells give it too. */
export const EXIT_INTERRUPTED = 130
