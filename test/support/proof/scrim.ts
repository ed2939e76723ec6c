import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Keeper } from '../../../compose/stack/keeper.ts'
import { signalProcess } from '../../../compose/stack/process-table.ts'
import { until } from '../stack/until.ts'

/** One real Scrim process, `node src/main.ts run`. */
export interface Scrim {
  readonly pid: number
  readonly url: string
  /** Standard output and error, all of it. */
  log(): string
  /** Resolves with what it ended with: an exit code or a signal's name. */
  readonly ended: Promise<number | NodeJS.Signals>
  signal(which: NodeJS.Signals): void
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code and how long that took. */
  stop(): Promise<{ readonly code: number | NodeJS.Signals; readonly tookMs: number }>
  call(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** The answer of /health/ready, whatever its status. */
  ready(): Promise<Readiness>
}

/** What HTTP answered. */
export interface Answer {
  readonly status: number
  readonly text: string
  readonly headers: Headers
  json<T>(): T
}

/** What a proof reads of /health/ready. */
export interface Readiness {
  readonly reasons: readonly {
    readonly code: string
    readonly where: {
      readonly topic?: string
      readonly partition?: number
      readonly offset?: string
      readonly path?: string
    }
  }[]
  readonly notices: readonly string[]
}

export const proofToken = 'proof-token-0123456789'

const main = fileURLToPath(new URL('../../../src/main.ts', import.meta.url))
let count = 0

/** Starts one with this environment and nothing of ours but PATH and HOME; resolves when it listens. */
export async function startScrim(keeper: Keeper, env: Readonly<Record<string, string>>): Promise<Scrim> {
  const logFile = join(keeper.dir, `scrim-${++count}.log`)
  const output = openSync(logFile, 'a')
  const clean = Object.fromEntries(
    Object.keys(process.env)
      .filter(name => !['PATH', 'HOME'].includes(name))
      .map(name => [name, undefined]),
  )
  const child = keeper.spawn(
    `scrim-${count}`,
    {
      command: process.execPath,
      args: [main, 'run'],
      env: { ...clean, SCRIM_HTTP_PORT: '0', SCRIM_TOKENS: `proof:all:${proofToken}`, ...env },
    },
    output,
  )
  closeSync(output)
  const log = (): string => readFileSync(logFile, 'utf8')
  const { pid } = child
  if (pid === undefined) throw new Error('Scrim could not be started')
  const ended = new Promise<number | NodeJS.Signals>(resolve => {
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'SIGKILL'))
  })
  let isEnded = false
  void ended.then(() => (isEnded = true))
  const url = await until(
    'Scrim to listen',
    () => isEnded || /"address":"(http:[^"]+)".*"msg":"listening"/.exec(log())?.[1],
    60_000,
  )
  if (url === true) throw new Error(`Scrim ended at once:\n${log().slice(-2000)}`)

  const call: Scrim['call'] = async (method, path, body, headers = {}) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${proofToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, text, headers: answer.headers, json: () => JSON.parse(text) }
  }
  const signal = (which: NodeJS.Signals): void => {
    if (!isEnded) signalProcess(pid, which)
  }
  return {
    pid,
    url,
    log,
    ended,
    signal,
    kill: async () => {
      signal('SIGKILL')
      await ended
    },
    stop: async () => {
      const from = performance.now()
      signal('SIGTERM')
      const code = await ended
      return { code, tookMs: performance.now() - from }
    },
    call,
    ready: async () => (await call('GET', '/health/ready')).json<Readiness>(),
  }
}
