import type { ChildProcess } from 'node:child_process'
import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Keeper, Launch } from './keeper.ts'
import { findProcess, memoryMb, processTree, signalProcess } from './process-table.ts'
import { killTree } from './work-dir.ts'

/** One process of the stack (Postgres: with its children). Data, ports and settings stay through stop, kill and start. */
export interface Part {
  readonly name: string
  /** Standard output and error of all its runs. */
  readonly logFile: string
  /** Undefined while it does not run. */
  readonly pid: number | undefined
  /** Starts it again; resolves when it is ready for clients. */
  start(): Promise<void>
  /** Ends it as an operator would. Resolves when it has ended; after 20 s it is killed. */
  stop(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** SIGSTOP: connections stay open and nobody answers. */
  freeze(): void
  /** SIGCONT. */
  thaw(): void
  /** Megabytes resident; 0 while it does not run. */
  memoryMb(): number
}

/** What a part is made of. */
export interface PartRecipe {
  readonly name: string
  /** Asked at each start, so that a later start may differ (a class archive that exists by then). */
  readonly launch: () => Launch
  /** Polled after a start, with what this run has printed so far. */
  readonly isReady: (output: string) => boolean | Promise<boolean>
  readonly stopSignal: NodeJS.Signals
  /** Told after each orderly stop. */
  readonly onStopped?: () => void
}

const startTimeoutMs = 90_000
const stopTimeoutMs = 20_000
const pollMs = 20

/** Makes a part that does not run yet. */
export function createPart(keeper: Keeper, signal: AbortSignal, recipe: PartRecipe): Part {
  const { name, isReady } = recipe
  const logFile = join(keeper.dir, `${name}.log`)
  let child: ChildProcess | undefined
  const failed: { why?: string } = {}

  const isRunning = () => child?.pid !== undefined && child.exitCode === null && child.signalCode === null
  const pid = () => (isRunning() ? child?.pid : undefined)

  async function waitForEnd(timeoutMs: number): Promise<boolean> {
    for (let waitedMs = 0; isRunning() && waitedMs < timeoutMs; waitedMs += pollMs) await sleep(pollMs)
    return !isRunning()
  }

  async function start(): Promise<void> {
    if (isRunning()) throw new Error(`${name} runs already`)
    signal.throwIfAborted()
    const output = openSync(logFile, 'a')
    const from = statSync(logFile).size
    delete failed.why
    child = keeper.spawn(name, recipe.launch(), output)
    child.once('error', error => {
      failed.why = error.message
    })
    closeSync(output)
    const printed = () => readFileSync(logFile).subarray(from).toString()
    for (const giveUpAt = Date.now() + startTimeoutMs; ; await sleep(pollMs)) {
      signal.throwIfAborted()
      if (failed.why) throw new Error(`${name} could not be started: ${failed.why}`)
      if (!isRunning()) throw new Error(`${name} ended (${child.signalCode ?? child.exitCode}):\n${tail(printed())}`)
      if (await isReady(printed())) return
      if (Date.now() > giveUpAt) throw new Error(`${name} is not ready after ${startTimeoutMs} ms:\n${tail(printed())}`)
    }
  }

  async function kill(): Promise<void> {
    const running = pid()
    const tree = running === undefined ? [] : processTree(running)
    if (running !== undefined) killTree(running)
    await waitForEnd(stopTimeoutMs)
    // A backend that outlives its parent keeps the shared memory, and the next start is refused.
    const isLeft = () => tree.some(({ pid: one, born }) => findProcess(one)?.born === born)
    for (let waitedMs = 0; isLeft() && waitedMs < stopTimeoutMs; waitedMs += pollMs) await sleep(pollMs)
  }

  async function stop(): Promise<void> {
    const running = pid()
    if (running === undefined) return
    thaw() // a frozen process keeps the signal for later
    signalProcess(running, recipe.stopSignal)
    if (await waitForEnd(stopTimeoutMs)) recipe.onStopped?.()
    else await kill()
  }

  // The whole tree, for Postgres: its backends would go on answering without their parent.
  function signalTree(which: NodeJS.Signals): void {
    const running = pid()
    if (running !== undefined) for (const row of processTree(running)) signalProcess(row.pid, which)
  }

  const freeze = () => signalTree('SIGSTOP')
  const thaw = () => signalTree('SIGCONT')

  return {
    name,
    logFile,
    get pid() {
      return pid()
    },
    start,
    stop,
    kill,
    freeze,
    thaw,
    memoryMb: () => (isRunning() && child?.pid !== undefined ? memoryMb(child.pid) : 0),
  }
}

function tail(text: string): string {
  return text.split('\n').slice(-30).join('\n').trim()
}
