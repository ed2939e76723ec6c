import { createLog } from '../adapters/telemetry/log.ts'
import { createApp } from '../app.ts'
import { ConfigError, describeConfig, printableConfig } from '../config.ts'
import { errorCatalogue, placeText, ScrimError } from '../errors.ts'
import { type Arguments, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal } from './command.ts'
import { configOf } from './load-plan.ts'

export const runOptions = {} as const

export const runHelp = (): string => `Usage: scrim run

Consumes the raw topics that policies name and publishes their masked forms. Configured by the environment:

${describeConfig()
  .map(({ env, fallback, about }) => `  ${env}\n      ${about}${fallback === '' ? '' : ` Default: ${fallback}`}`)
  .join('\n')}

Signals: SIGTERM and SIGINT stop it in order, a second one at once; SIGHUP reads the policy files again.
Exit code: 0 after a stop that was asked for, 1 when it cannot go on, 2 when the configuration is not valid.
`

/** Runs the service until it is stopped. */
export async function run(_args: Arguments, terminal: Terminal): Promise<number> {
  const config = configOf(terminal)
  if (config === null) return EXIT_USAGE
  const log = createLog({ level: config.logLevel })
  try {
    log.info(printableConfig(terminal.env), 'starting')
    const app = await createApp(config, log)
    terminal.reload(app.reload)
    await app.run(terminal.signal)
    log.info({}, 'stopped')
    return EXIT_OK
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const problem of error.problems) terminal.err(`error CONFIG_INVALID: ${problem}\n`)
      return EXIT_USAGE
    }
    const code = error instanceof ScrimError ? error.code : 'INTERNAL'
    const name = error instanceof Error ? error.constructor.name : typeof error
    const place = error instanceof ScrimError ? placeText(error.where) : ''
    log.error({ code, class: name, place, hint: errorCatalogue[code].hint }, errorCatalogue[code].message)
    return EXIT_FAILED
  }
}
