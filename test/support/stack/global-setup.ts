import type { TestProject } from 'vitest/node'
import type { PostgresAddress } from '../../../compose/stack/postgres.ts'
import { type Stack, startStack } from '../../../compose/stack/stack.ts'
import { detectTools } from '../../../compose/stack/tools.ts'

/** Where the shared stack is; what a test file gets. */
export interface StackAddresses {
  readonly brokers: string
  readonly connectUrl: string
  readonly postgres: PostgresAddress
}

declare module 'vitest' {
  interface ProvidedContext {
    stack: Pick<StackAddresses, 'postgres'> & {
      kafka: Omit<StackAddresses, 'postgres'> | undefined
      /** Why `kafka` is not there. */
      missing: string
    }
  }
}

// Vitest loads this file once for each project that has selected tests; the stack has to be one for all of them, and
// module state is not shared between projects.
const shared = Symbol.for('scrim shared stack')
const here = globalThis as { [shared]?: { stack: Promise<Stack>; users: number } }

/** Starts the shared stack before the first project that needs it, and ends it after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const missing = await missingTools()
  if (missing && process.env.SCRIM_REQUIRE_STACK === '1') throw new Error(`SCRIM_REQUIRE_STACK=1, but ${missing}`)
  if (missing) console.warn(`\nWARNING: tests that need Kafka are skipped: ${missing}\n`)

  here[shared] ??= { stack: start(missing === ''), users: 0 }
  const use = here[shared]
  use.users++
  const release = async () => {
    use.users--
    if (use.users > 0) return
    delete here[shared]
    await (await use.stack).stop()
  }
  const stack = await use.stack
  const { host, port, user, password } = stack.postgres
  project.provide('stack', {
    postgres: { host, port, user, password },
    kafka: stack.connectUrl ? { brokers: stack.brokers, connectUrl: stack.connectUrl } : undefined,
    missing,
  })
  return release
}

// Postgres comes from npm, so that tests of it run on a machine without Java too.
function start(hasKafka: boolean): Promise<Stack> {
  let toldAtMs = 0
  return startStack({
    brokers: hasKafka ? 1 : 0,
    connect: hasKafka,
    secure: false,
    databases: [],
    progress: so => {
      if (so.kind !== 'download' || so.elapsedMs - toldAtMs < 5000) return
      toldAtMs = so.elapsedMs
      console.warn(`downloading the stack: ${so.files} files, ${(so.bytes / 1e6).toFixed(0)} MB`)
    },
  })
}

async function missingTools(): Promise<string> {
  const { java, mvn } = await detectTools()
  return [java, mvn].flatMap(({ ok, found, hint }) => (ok ? [] : [`${found} (${hint})`])).join('; ')
}
