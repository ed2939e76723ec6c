import type { Config } from '../config.ts'
import { type Arguments, EXIT_FAILED, EXIT_OK, EXIT_USAGE, type Terminal } from './command.ts'
import { configOf } from './load-plan.ts'
import { pretty } from './policies/answers.ts'
import { createClient } from './policies/client.ts'
import { type Asked, readText, type Task, tasks, UsageError } from './policies/tasks.ts'

export const policiesOptions = {
  url: { type: 'string' },
  'token-file': { type: 'string' },
  reason: { type: 'string' },
  version: { type: 'string' },
  'if-version': { type: 'string' },
  all: { type: 'boolean' },
  force: { type: 'boolean' },
  state: { type: 'string' },
  limit: { type: 'string' },
  json: { type: 'boolean' },
} as const

export const policiesHelp = (): string => `Usage: scrim policies WHAT [ARGUMENT ...] [options]

Asks a running Scrim over HTTP, or changes its policies there.

${Object.entries(tasks)
  .map(([name, { takes, about }]) => `  ${[name, ...takes].join(' ').padEnd(18)} ${about}`)
  .join('\n')}

      --url URL           where it is (default: SCRIM_URL, else http://127.0.0.1:8080); https: where others could listen
      --token-file FILE   file with the token (default: SCRIM_TOKEN or SCRIM_TOKEN_FILE)
      --reason TEXT       why; kept with the version or the proposal
      --if-version N      make the change on this version only (put, remove, rollback)
      --version N         the version to show
      --all               the file of put is the whole set: what it does not name goes
      --force             reload over what was changed since the files were read
      --state STATE       proposals in this state: open, approved, rejected, withdrawn or stale
      --limit N           so many versions or proposals
      --json              the answer as JSON

Under the rule of two persons (SCRIM_POLICY_APPROVAL at the server) a change becomes a proposal, and says so.
The token is never shown.
Exit code: 0 done or proposed, 1 Scrim refused it or does not answer, 2 usage, 130 interrupted.
`

/** Asks a running Scrim; all that it refuses is told as it says it. */
export async function policies({ values, positionals }: Arguments, terminal: Terminal): Promise<number> {
  const [what = '', ...args] = positionals
  const task = Object.hasOwn(tasks, what) ? tasks[what] : undefined
  try {
    if (task === undefined) throw new UsageError(what === '' ? 'say what to do' : 'there is nothing of this name to do')
    checkArguments(task, args, values)
    const config = configOf(terminal)
    if (config === null) return EXIT_USAGE
    const asked = askedOf(values)
    const call = await task.call(args, asked)
    const client = createClient({ ...(await addressOf(values, config)), signal: terminal.signal })
    const answer = await client(call)
    if (!answer.isDone) {
      if (asked.isJson && answer.body !== null) terminal.out(pretty(answer.body))
      for (const line of answer.lines) terminal.err(`scrim policies: ${line}\n`)
      return EXIT_FAILED
    }
    if (asked.isJson) terminal.out(pretty(answer.body))
    else terminal.out(task.tell === undefined ? answer.text : task.tell(answer.body))
    return EXIT_OK
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    terminal.err(`scrim policies: ${error.message}\n\n${policiesHelp()}`)
    return EXIT_USAGE
  }
}

function checkArguments({ takes, options = [] }: Task, args: readonly string[], values: Arguments['values']): void {
  const least = takes.filter(name => !name.startsWith('[')).length
  if (args.length < least || args.length > takes.length)
    throw new UsageError(takes.length === 0 ? 'it takes no argument' : `it takes ${takes.join(' ')}`)
  const known = new Set<string>(['url', 'token-file', 'json', ...options])
  for (const name of Object.keys(values)) if (!known.has(name)) throw new UsageError(`--${name} does not belong to it`)
}

function askedOf(values: Arguments['values']): Asked {
  const one = (name: string): string | null => (typeof values[name] === 'string' ? (values[name] as string) : null)
  return {
    reason: one('reason'),
    version: one('version'),
    ifVersion: one('if-version'),
    isAll: values.all === true,
    isForced: values.force === true,
    state: one('state'),
    limit: one('limit'),
    isJson: values.json === true,
  }
}

async function addressOf(values: Arguments['values'], config: Config): Promise<{ url: string; token: string }> {
  const url = typeof values.url === 'string' ? values.url : config.url
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError('--url must be a URL with http: or https:')
  if (new URL(url).username !== '') throw new UsageError('--url takes no user; the token is read from a file')
  const file = values['token-file']
  const token = typeof file === 'string' ? (await readText(file)).trim() : config.token
  if (token === null || token === '')
    throw new UsageError('a token is needed: --token-file, SCRIM_TOKEN or SCRIM_TOKEN_FILE')
  return { url, token }
}
