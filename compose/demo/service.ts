import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Keeper } from '../stack/keeper.ts'
import { memoryMb } from '../stack/process-table.ts'

/** What Scrim is told by its environment. */
export interface ServiceSettings {
  readonly brokers: string
  readonly connectUrl: string
  readonly databaseUrl: string
  readonly migrationsUrl: string
  /** The policy folder; the project's own where it is left out. */
  readonly policies?: string
  /** Further keys of the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** Scrim as a process of its own, started as a user starts it. */
export interface Service {
  /** Where it listens. */
  readonly url: string
  /** Carries every permission. */
  readonly token: string
  /** All that it has printed. */
  log(): string
  memoryMb(): number
  /** Rejects when it ends by itself; never resolves. */
  readonly failed: Promise<never>
  /** Ends it as an operator would; resolves with its exit code when it has ended. */
  stop(): Promise<number | null>
}

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const policyFolder = fileURLToPath(new URL('../../policies', import.meta.url))
const stopTimeoutMs = 20_000

/** Starts `scrim run` and resolves when it listens. It ends with the keeper at the latest. */
export async function startService(keeper: Keeper, settings: ServiceSettings, signal: AbortSignal): Promise<Service> {
  signal.throwIfAborted()
  const token = randomBytes(24).toString('base64url')
  const logFile = join(keeper.dir, 'scrim.log')
  const cacheDir = join(keeper.dir, 'cache')
  mkdirSync(cacheDir, { mode: 0o700 })
  const output = openSync(logFile, 'a')
  const child = keeper.spawn(
    'scrim',
    {
      command: process.execPath,
      args: [main, 'run'],
      env: {
        ...withoutOwnKeys(),
        KAFKA_BROKERS: settings.brokers,
        KAFKA_ENCRYPTION_KEY: randomBytes(32).toString('hex'),
        SCRIM_CONNECT_URL: settings.connectUrl,
        SCRIM_DATABASE_URL: settings.databaseUrl,
        SCRIM_MIGRATIONS_URL: settings.migrationsUrl,
        SCRIM_KEYS: JSON.stringify({ default: randomBytes(32).toString('hex') }),
        SCRIM_TOKENS: `demo:all:${token}`,
        SCRIM_POLICIES: settings.policies ?? policyFolder,
        SCRIM_CACHE_DIR: cacheDir,
        SCRIM_HTTP_PORT: '0',
        SCRIM_TOPIC_REFRESH_MS: '500', // topics appear while we look on
        ...settings.env,
      },
    },
    output,
  )
  closeSync(output)

  const log = () => readFileSync(logFile, 'utf8')
  let isStopping = false
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve))
  const failed = ended.then(code =>
    isStopping
      ? new Promise<never>(() => {})
      : Promise.reject(new Error(`Scrim ended with code ${code}; it said:\n${lastLines(log())}`)),
  )
  failed.catch(() => {}) // it may end before anybody waits for it
  const listening = async () => {
    for (;;) {
      const url = /"address":"(http:[^"]+)".*"msg":"listening"/.exec(log())?.[1]
      if (url !== undefined) return url
      await sleep(20, undefined, { signal })
    }
  }
  return {
    url: await Promise.race([listening(), failed]),
    token,
    log,
    memoryMb: () => (child.pid === undefined ? 0 : memoryMb(child.pid)),
    failed,
    stop: async () => {
      isStopping = true
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs)
      return ended.finally(() => clearTimeout(timer))
    },
  }
}

/** The visitor's own settings of Scrim and Kafka are for another Scrim: a child must not inherit them. */
function withoutOwnKeys(): NodeJS.ProcessEnv {
  const own = Object.keys(process.env).filter(name => /^(?:SCRIM|KAFKA)_/.test(name))
  return Object.fromEntries(own.map(name => [name, undefined]))
}

const lastLines = (text: string): string => text.trimEnd().split('\n').slice(-12).join('\n')
