import { EXIT_FAILED, type Arguments, type Terminal } from './command.ts'

export const demoOptions = { once: { type: 'boolean' } } as const

export const demoHelp = (): string => `Usage: scrim demo [--once]

Runs the whole road with real parts on this machine: Kafka, Kafka Connect, Debezium, two Postgres databases and Scrim
between them. Needs a JDK 17 or newer and Maven, or Docker.

      --once   verify everything cell by cell and end: exit code 0, or 1 with the reason
`

interface Demo {
  readonly runDemo: (options: { readonly once: boolean; readonly signal: AbortSignal }) => Promise<number>
}

/** The demo lies beside the sources, in compose/demo: it needs the development dependencies, an image has none of both. */
export async function demo({ values }: Arguments, { err, signal }: Terminal): Promise<number> {
  // Not a literal, so that a build without the folder does not look for it.
  const module = new URL('../../compose/demo/demo.ts', import.meta.url).href
  let loaded: Demo
  try {
    loaded = (await import(module)) as Demo
  } catch (error) {
    err(
      `scrim demo: the demo runs from a checkout (npm run demo); it is not here (${(error as NodeJS.ErrnoException).code ?? 'error'})\n`,
    )
    return EXIT_FAILED
  }
  return loaded.runDemo({ once: values.once === true, signal })
}
