import { parseArgs } from 'node:util'
import { type Stack, type StackProgress, startStack } from './stack.ts'
import { detectTools } from './tools.ts'

const help = `Boots Postgres, Kafka and Kafka Connect without containers, and takes them down again.

  node compose/stack/stack.ts up [options]   start, print the addresses as JSON, stay until Ctrl-C
  node compose/stack/stack.ts tools          say which of Java, Maven and Docker are here, and how to get them

  --brokers N       0, 1 (default) or 3
  --no-connect      leave Kafka Connect out
  --secure          clients come by TLS with SASL or a certificate; ACLs are on
  --database NAME   make this database; may be repeated (default: source, target)
  --fast            full-speed Java, for measurements
  --help
`

/** Runs `stack.ts` with these arguments and answers the exit code. Addresses go to standard output, all else to the error output. */
export async function runCommandLine(args: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(args)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`)
    return 2
  }
  const { values, positionals } = parsed
  const [command] = positionals
  if (values.help || command === undefined) {
    console.log(help)
    return values.help ? 0 : 2
  }
  if (command === 'tools') {
    console.log(JSON.stringify(await detectTools(), null, 2))
    return 0
  }
  const brokers = Number(values.brokers)
  if (command !== 'up' || (brokers !== 0 && brokers !== 1 && brokers !== 3)) {
    console.error(help)
    return 2
  }
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stopped.abort())
  let stack: Stack
  try {
    const options = {
      brokers,
      connect: brokers > 0 && !values['no-connect'],
      secure: values.secure,
      fast: values.fast,
    } as const
    stack = await startStack({ ...options, databases: values.database, signal: stopped.signal, progress: tell })
  } catch (error) {
    if (stopped.signal.aborted) return 130
    console.error((error as Error).message)
    return 1
  }
  console.log(JSON.stringify(stackEnv(stack), null, 2))
  console.error(`memory in MB: ${JSON.stringify(stack.memory())}. Ctrl-C ends it.`)
  // A timer keeps the process alive: the stack itself does not.
  const alive = setInterval(() => {}, 1 << 30)
  if (!stopped.signal.aborted) await new Promise(resolve => stopped.signal.addEventListener('abort', resolve))
  clearInterval(alive)
  console.error('ending; the first time this takes some seconds, and makes the next starts quicker')
  await stack.stop()
  return 0
}

/** The addresses of a stack as environment variables. */
export function stackEnv(stack: Stack): Record<string, string> {
  const { security, postgres } = stack
  return {
    STACK_BROKERS: stack.brokers,
    STACK_INTERNAL_BROKERS: stack.internalBrokers,
    ...(stack.connectUrl ? { STACK_CONNECT_URL: stack.connectUrl } : {}),
    STACK_POSTGRES_URL: postgres.url('postgres'),
    ...(security && {
      STACK_CA: security.ca,
      STACK_ADMIN_PASSWORD: security.users.admin.password,
      STACK_SCRIM_PASSWORD: security.users.scrim.password,
      STACK_MTLS_BROKERS: security.mtls.bootstrap,
      STACK_MTLS_CERT: security.mtls.cert,
      STACK_MTLS_KEY: security.mtls.key,
    }),
  }
}

function tell(so: StackProgress): void {
  const seconds = (so.elapsedMs / 1000).toFixed(1)
  if (so.kind === 'ready') console.error(`${so.part} ready after ${seconds} s`)
  else console.error(`downloading: ${so.files} files, ${(so.bytes / 1e6).toFixed(0)} MB, ${seconds} s`)
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      brokers: { type: 'string', default: '1' },
      'no-connect': { type: 'boolean', default: false },
      secure: { type: 'boolean', default: false },
      fast: { type: 'boolean', default: false },
      database: { type: 'string', multiple: true, default: ['source', 'target'] },
      help: { type: 'boolean', default: false },
    },
  })
}
