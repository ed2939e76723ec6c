import { readFile } from 'node:fs/promises'
import * as answers from './answers.ts'
import type { Call } from './client.ts'

/** What one can ask: its arguments, the call made of them, and how the answer reads. */
export interface Task {
  readonly takes: readonly string[]
  readonly about: string
  readonly options?: readonly string[]
  /** What is wrong with the arguments is thrown as a UsageError. */
  readonly call: (args: readonly string[], asked: Asked) => Call | Promise<Call>
  /** Left out: the answer is a text, or JSON, as it is. */
  readonly tell?: (body: unknown) => string
}

export interface Asked {
  readonly reason: string | null
  readonly version: string | null
  readonly ifVersion: string | null
  readonly isAll: boolean
  readonly isForced: boolean
  readonly state: string | null
  readonly limit: string | null
  readonly isJson: boolean
}

/** The command line is wrong; the text says how. */
export class UsageError extends Error {}

const at = (path: string, query: Readonly<Record<string, string | null>> = {}): string => {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== null)
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`
}
const named = (name: string): string => `/v1/policies/${encodeURIComponent(name)}`
const number = (text: string): number => {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError('a version is a number')
  return Number(text)
}
const proposal = (id: string, what = ''): string => {
  if (!/^[1-9]\d{0,17}$/.test(id)) throw new UsageError('a proposal is named by its number')
  return `/v1/policies/proposals/${id}${what}`
}
const why = ({ reason }: Asked): { readonly reason?: string } => (reason === null ? {} : { reason })
const needed = ({ reason }: Asked): { readonly reason: string } => {
  if (reason === null || reason.trim() === '') throw new UsageError('--reason is needed')
  return { reason }
}
const on = ({ ifVersion }: Asked): string => (ifVersion === null ? '*' : `"${number(ifVersion)}"`)

export const tasks: Readonly<Record<string, Task>> = {
  list: {
    takes: [],
    about: 'the set in force',
    call: () => ({ method: 'GET', path: '/v1/policies' }),
    tell: answers.setText,
  },
  show: {
    takes: ['[NAME]'],
    about: 'one policy in force, or with --version a whole version, as JSON',
    options: ['version'],
    call: ([name], { version }) => {
      if (version === null && name === undefined) throw new UsageError('show takes a name, or --version')
      if (version !== null && name !== undefined) throw new UsageError('show takes a name or --version, not both')
      const path = version === null ? named(name ?? '') : `/v1/policies/versions/${number(version)}`
      return { method: 'GET', path }
    },
    tell: answers.pretty,
  },
  versions: {
    takes: [],
    about: 'stored versions, newest first',
    options: ['limit'],
    call: (_args, { limit }) => ({ method: 'GET', path: at('/v1/policies/versions', { limit }) }),
    tell: answers.versionsText,
  },
  diff: {
    takes: ['A', 'B'],
    about: 'what changed from version A to version B',
    call: ([a = '', b = ''], { isJson }) => ({
      method: 'GET',
      path: `/v1/policies/versions/${number(a)}/diff/${number(b)}`,
      asText: !isJson,
    }),
  },
  put: {
    takes: ['FILE'],
    about: 'add or replace the policy of the file; with --all the file is the whole set',
    options: ['reason', 'if-version', 'all'],
    call: async ([file = ''], asked) => {
      const text = await readText(file)
      const name = nameIn(text)
      if (!asked.isAll && name === null)
        throw new UsageError('the file must be one policy with a name (a list of them: --all)')
      const path = asked.isAll ? '/v1/policies' : named(name ?? '')
      return { method: 'PUT', path: at(path, { reason: asked.reason }), text, ifMatch: on(asked) }
    },
    tell: answers.changeText,
  },
  remove: {
    takes: ['NAME'],
    about: 'remove one policy',
    options: ['reason', 'if-version'],
    call: ([name = ''], asked) => ({
      method: 'DELETE',
      path: at(named(name), { reason: asked.reason }),
      ifMatch: on(asked),
    }),
    tell: answers.changeText,
  },
  rollback: {
    takes: ['VERSION'],
    about: 'make a new version that says what an older one said',
    options: ['reason', 'if-version'],
    call: ([version = ''], asked) => ({
      method: 'POST',
      path: '/v1/policies/rollback',
      body: { version: number(version), ...why(asked) },
      ifMatch: on(asked),
    }),
    tell: answers.changeText,
  },
  pin: {
    takes: ['VERSION'],
    about: 'hold all instances at one version; `none` lets go',
    options: ['reason'],
    call: ([version = ''], asked) => ({
      method: 'POST',
      path: '/v1/policies/pin',
      body: { version: version === 'none' ? null : number(version), ...why(asked) },
    }),
    tell: answers.changeText,
  },
  reload: {
    takes: [],
    about: 'read the policy files again; with --force over what was changed since',
    options: ['reason', 'force'],
    call: (_args, { reason, isForced }) => ({
      method: 'POST',
      path: at('/v1/policies/reload', { reason, force: isForced ? 'true' : null }),
    }),
    tell: answers.changeText,
  },
  proposals: {
    takes: [],
    about: 'changes that wait for a second person, and those that waited',
    options: ['state', 'limit'],
    call: (_args, { state, limit }) => ({ method: 'GET', path: at('/v1/policies/proposals', { state, limit }) }),
    tell: answers.proposalsText,
  },
  proposal: {
    takes: ['ID'],
    about: 'what a proposal would change of the set as it is now',
    call: ([id = ''], { isJson }) => ({ method: 'GET', path: proposal(id), asText: !isJson }),
  },
  approve: {
    takes: ['ID'],
    about: 'approve what another one has proposed (needs --reason)',
    options: ['reason'],
    call: ([id = ''], asked) => ({ method: 'POST', path: proposal(id, '/approve'), body: needed(asked) }),
    tell: answers.changeText,
  },
  reject: {
    takes: ['ID'],
    about: 'end a proposal without a change (needs --reason)',
    options: ['reason'],
    call: ([id = ''], asked) => ({ method: 'POST', path: proposal(id, '/reject'), body: needed(asked) }),
    tell: answers.closedText,
  },
  withdraw: {
    takes: ['ID'],
    about: 'end a proposal of your own',
    options: ['reason'],
    call: ([id = ''], asked) => ({ method: 'POST', path: proposal(id, '/withdraw'), body: why(asked) }),
    tell: answers.closedText,
  },
  instances: {
    takes: [],
    about: 'which instance runs which version',
    call: () => ({ method: 'GET', path: '/v1/policies/instances' }),
    tell: answers.instancesText,
  },
}

export async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw new UsageError(`a file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})`)
  }
}

/** The file goes to Scrim as it lies there: only its name is read here. */
function nameIn(text: string): string | null {
  try {
    const document: unknown = JSON.parse(text)
    const name: unknown = typeof document === 'object' && document !== null && 'name' in document ? document.name : null
    return typeof name === 'string' ? name : null
  } catch {
    throw new UsageError('the file is not JSON')
  }
}
