#!/usr/bin/env node
import { parseArgs } from 'node:util'
import { check, checkHelp, checkOptions } from './commands/check.ts'
import { demo, demoHelp, demoOptions } from './commands/demo.ts'
import { dryRunCommand } from './commands/dry-run.ts'
import { explainCommand } from './commands/explain.ts'
import { type Command, EXIT_INTERRUPTED, EXIT_USAGE, type Terminal } from './commands/command.ts'
import { mask, maskHelp, maskOptions } from './commands/mask.ts'
import { policies, policiesHelp, policiesOptions } from './commands/policies.ts'
import { run, runHelp, runOptions } from './commands/run.ts'

const commands: Record<string, Command> = {
  run: {
    run,
    help: runHelp,
    options: runOptions,
    about: 'consume raw topics and publish masked ones',
    stopsInOrder: true,
  },
  mask: {
    run: mask,
    help: maskHelp,
    options: maskOptions,
    about: 'mask records given as JSON Lines',
    takesFiles: true,
  },
  check: {
    run: check,
    help: checkHelp,
    options: checkOptions,
    about: 'check policies, schemas, the source database, connectors, the audit trail',
    takesFiles: true,
  },
  policies: {
    run: policies,
    help: policiesHelp,
    options: policiesOptions,
    about: 'read, change and approve the policies of a running Scrim',
    takesFiles: true,
  },
  'dry-run': dryRunCommand,
  explain: explainCommand,
  demo: {
    run: demo,
    help: demoHelp,
    options: demoOptions,
    about: 'run the whole road with real parts on this machine',
    stopsInOrder: true,
  },
}

const help = `scrim: the masking gate between Debezium and JDBC sinks

Usage: scrim <command> [options]

${Object.entries(commands)
  .map(([name, { about }]) => `  ${name.padEnd(8)} ${about}`)
  .join('\n')}

scrim <command> --help tells about one of them.
`

/** Parses the command line and runs the command; the exit code. */
async function main(argv: readonly string[], stop: AbortSignal): Promise<number> {
  const [name = '', ...rest] = argv
  const terminal: Terminal = {
    env: process.env,
    stdin: process.stdin,
    out: text => process.stdout.write(text),
    err: text => process.stderr.write(text),
    signal: stop,
    reload: onReload,
  }
  if (name === '' || name === '--help' || name === '-h' || name === 'help') {
    terminal.out(help)
    return name === '' ? EXIT_USAGE : 0
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    terminal.err(`scrim: there is no command of this name\n\n${help}`)
    return EXIT_USAGE
  }
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(rest, command)
  } catch (error) {
    terminal.err(`scrim ${name}: ${(error as Error).message}\n\n${command.help()}`)
    return EXIT_USAGE
  }
  if (parsed.values.help === true) {
    terminal.out(command.help())
    return 0
  }
  const ended = command.run(parsed, terminal)
  // Nothing can be left half done between two turns of the event loop: what writes files does so in one of them.
  return command.stopsInOrder === true ? ended : Promise.race([ended, interrupted(stop)])
}

function parse(argv: readonly string[], { options, takesFiles = false }: Command) {
  return parseArgs({
    args: [...argv],
    options: { ...options, help: { type: 'boolean', short: 'h' } },
    allowPositionals: takesFiles,
  })
}

/** Aborts at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(EXIT_INTERRUPTED)
      controller.abort()
    })
  }
  return controller.signal
}

const interrupted = (stop: AbortSignal): Promise<number> =>
  new Promise(resolve => stop.addEventListener('abort', () => resolve(EXIT_INTERRUPTED), { once: true }))

function onReload(listener: () => void): void {
  process.on('SIGHUP', listener)
}

// Whoever read our output has seen enough (`scrim check | head`): that is the reader's business, not a failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0)
  throw error
})

// A bug must end the process rather than leave it limping; its text may hold data, so only its kind is told.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(
      `${JSON.stringify({ level: 'fatal', msg: 'A bug in Scrim', code: 'INTERNAL', event, class: error instanceof Error ? error.name : typeof error })}\n`,
    )
    process.exit(70)
  })
}

/** Open connections and a standard input that nobody closes must not outlive a stop. */
const LINGER_MS = 500

const stop = stopSignal()
process.exitCode = await main(process.argv.slice(2), stop)
if (process.exitCode === EXIT_INTERRUPTED) process.exit()
if (stop.aborted) setTimeout(() => process.exit(), LINGER_MS).unref()
