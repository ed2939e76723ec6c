#!/usr/bin/env node
// Boots the real parts without containers: Postgres from npm, Kafka and Connect from jars. Nothing outlives this process.
import { startConnect } from './connect.ts'
import { type DownloadProgress, download } from './download.ts'
import { createJvm, type Jvm } from './jvm.ts'
import { type Props, type Security, startCluster } from './kafka.ts'
import { createKeeper, type Keeper } from './keeper.ts'
import type { Part } from './part.ts'
import { type PostgresAddress, postgresUrl, startPostgres } from './postgres.ts'
import { postgresUser, scratchBase } from './postgres-user.ts'
import { sweepStale } from './work-dir.ts'

/** Which parts to start, and how. */
export interface StackOptions {
  readonly brokers: 0 | 1 | 3
  /** One distributed Connect worker; needs brokers. */
  readonly connect: boolean
  /** Clients come by TLS with SASL or a certificate, and need ACLs. */
  readonly secure: boolean
  readonly databases: readonly string[]
  readonly brokerProps?: Props
  readonly connectProps?: Props
  /** Java boots slower, takes more memory, and then runs at full speed: for measurements. */
  readonly fast?: boolean
  /** Ends the start, and what was started; once started, `stop` is the way. */
  readonly signal?: AbortSignal
  readonly progress?: (so: StackProgress) => void
}

/** What a start tells about itself. */
export type StackProgress =
  | ({ readonly kind: 'download' } & DownloadProgress)
  | { readonly kind: 'ready'; readonly part: string; readonly elapsedMs: number }

/** A running stack. */
export interface Stack {
  /** Data, settings and logs of all parts; gone after `stop`. */
  readonly dir: string
  /** Bootstrap servers for clients; empty without brokers. */
  readonly brokers: string
  /** Bootstrap servers of a plain-text listener that allows everything; the same as `brokers` unless `secure`. */
  readonly internalBrokers: string
  /** Undefined without Connect. */
  readonly connectUrl: string | undefined
  readonly postgres: PostgresAddress & { url(database: string): string }
  /** Undefined unless `secure`. */
  readonly security: Security | undefined
  /** All parts, in the order in which they were started. */
  readonly parts: readonly Part[]
  /** The broker with this node id, from 1. */
  broker(nodeId: number): Part
  /** The Connect worker; throws without one. */
  connect(): Part
  readonly postgresProcess: Part
  /** Megabytes resident, by part. */
  memory(): Record<string, number>
  /** Milliseconds until each part was ready, counted from the start of all. */
  readonly readyMs: Readonly<Record<string, number>>
  /** Ends all parts and removes all data. May be called again. */
  stop(): Promise<void>
}

/** Starts the parts, after a download where that is needed. When it throws, nothing is left running. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { brokers, connect, progress = () => {} } = options
  if (connect && brokers === 0) throw new Error('Kafka Connect needs at least one broker')
  // One failing part, or the caller's signal, ends the start of the others.
  const abort = new AbortController()
  const forward = () => abort.abort(options.signal?.reason)
  if (options.signal?.aborted) forward()
  options.signal?.addEventListener('abort', forward, { once: true })
  const { signal } = abort

  const user = postgresUser()
  const base = scratchBase(user)
  await sweepStale(base)
  const dist = brokers === 0 ? undefined : await download(so => progress({ kind: 'download', ...so }), signal)
  const startedAt = performance.now()
  const readyMs: Record<string, number> = {}
  const timed = async <T>(part: string, start: Promise<T>): Promise<T> => {
    const started = await start
    readyMs[part] = Math.round(performance.now() - startedAt)
    progress({ kind: 'ready', part, elapsedMs: readyMs[part] })
    return started
  }

  const keeper = await createKeeper(base)
  const jvm = dist === undefined ? undefined : createJvm(dist, keeper.dir, !options.fast)
  try {
    const [postgres, kafka] = await allOrAbort(abort, [
      timed('postgres', startPostgres({ keeper, signal, base, user, databases: options.databases })),
      jvm ? startKafka(options, { keeper, jvm, signal, timed }) : undefined,
    ])
    signal.throwIfAborted() // it may have come when the last part was ready already
    const parts = [postgres.part, ...(kafka?.cluster.parts ?? []), ...(kafka?.connect ? [kafka.connect.part] : [])]
    return {
      dir: keeper.dir,
      brokers: kafka?.cluster.bootstrap ?? '',
      internalBrokers: (options.secure ? kafka?.cluster.internalBootstrap : kafka?.cluster.bootstrap) ?? '',
      connectUrl: kafka?.connect?.url,
      postgres: { ...postgres.address, url: database => postgresUrl(postgres.address, database) },
      security: kafka?.cluster.security,
      parts,
      broker: nodeId => find(parts, `broker-${nodeId}`),
      connect: () => find(parts, 'connect'),
      postgresProcess: postgres.part,
      memory: () => Object.fromEntries(parts.map(part => [part.name, part.memoryMb()])),
      readyMs,
      stop: once(async () => {
        try {
          if (jvm) await recordArchives(parts, jvm)
        } finally {
          await keeper.release()
        }
      }),
    }
  } catch (error) {
    await keeper.release()
    throw error
  } finally {
    options.signal?.removeEventListener('abort', forward)
  }
}

interface KafkaTools {
  readonly keeper: Keeper
  readonly jvm: Jvm
  readonly signal: AbortSignal
  readonly timed: <T>(part: string, start: Promise<T>) => Promise<T>
}

async function startKafka({ brokers, secure, connect, fast, ...options }: StackOptions, tools: KafkaTools) {
  const { timed } = tools
  const { promise: bootstrap, resolve: onAddresses } = Promise.withResolvers<string>()
  const props = options.brokerProps ?? {}
  const cluster = startCluster({ ...tools, brokers, secure, heap: fast ? '1g' : '256m', props, onAddresses })
  const startWorker = async () => {
    const workerProps = options.connectProps ?? {}
    return startConnect({
      ...tools,
      bootstrap: await bootstrap,
      brokers,
      heap: fast ? '1g' : '384m',
      props: workerProps,
    })
  }
  // Both at once: the worker loads its plugins while the broker boots.
  const [started, worker] = await Promise.all([
    timed('brokers', cluster),
    connect ? timed('connect', startWorker()) : undefined,
  ])
  return { cluster: started, connect: worker }
}

// A class archive is written at a JVM's orderly end. That costs some seconds, once; all other ends are a kill. A stack that
// a test left damaged would not end in order.
async function recordArchives(parts: readonly Part[], jvm: Jvm): Promise<void> {
  if (parts.some(({ pid }) => pid === undefined)) return
  for (const [name, archive] of [
    ['connect', 'connect'],
    ['broker-1', 'broker'],
  ] as const) {
    const part = parts.find(one => one.name === name)
    if (part && jvm.isRecording(archive)) await part.stop()
  }
}

/** Waits for all; when one fails the others are told to give up, are waited for, and the first failure is thrown. */
async function allOrAbort<T extends readonly unknown[]>(
  abort: AbortController,
  starts: readonly [...{ [K in keyof T]: Promise<T[K]> | T[K] }],
): Promise<T> {
  let first: { error: unknown } | undefined
  const guarded = starts.map(start =>
    Promise.resolve(start).catch((error: unknown) => {
      first ??= { error }
      abort.abort(error)
    }),
  )
  const results = await Promise.all(guarded)
  if (first) throw first.error
  return results as unknown as T
}

function find(parts: readonly Part[], name: string): Part {
  const part = parts.find(one => one.name === name)
  if (!part) throw new Error(`this stack has no ${name}; it has ${parts.map(one => one.name).join(', ')}`)
  return part
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => (done ??= work())
}

if (import.meta.main) {
  // No top-level await: the command line imports this module, and would wait for it for ever.
  void import('./command-line.ts').then(async ({ runCommandLine }) => {
    process.exitCode = await runCommandLine(process.argv.slice(2))
  })
}
