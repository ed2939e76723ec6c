import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProcess } from './process-table.ts'
import { killTree, makeWorkDir, processList } from './work-dir.ts'

/** How a kept process is started; the rest of what `spawn` needs is the keeper's business. */
export interface Launch {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  /** The user to run as; needs root. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined
}

/** Starts processes that cannot outlive the one that made the keeper. */
export interface Keeper {
  /** Scratch, gone with the keeper. */
  readonly dir: string
  /**
   * Starts one; `output` is a file descriptor or 'pipe'. The child is out of reach of the terminal's Ctrl-C. One that writes
   * to a file does not keep this process from ending by itself (and then ends too).
   */
  spawn(name: string, launch: Launch, output: number | 'pipe'): ChildProcess
  /** Runs one to its end; throws with what it printed when it fails. */
  run(name: string, launch: Launch, signal: AbortSignal): Promise<void>
  /** Ends all that still runs, without asking, and removes the directory. */
  release(): Promise<void>
}

// Why no process can slip through: a child waits for one line on descriptor 3 before it becomes the real program, and the
// line is sent when its pid is on the list. If we die before that, the child reads an end of file and leaves.
const waitForGo = 'read -r go <&3 || exit 1; exec 3<&- "$@"'

/** Makes a directory below `base` and a watcher that, once this process has ended, ends all that was spawned. */
export async function createKeeper(base: string): Promise<Keeper> {
  const dir = makeWorkDir(base)
  const watcher = spawn(process.execPath, [fileURLToPath(new URL('watcher.ts', import.meta.url)), dir], {
    cwd: '/',
    detached: true, // its own session: Ctrl-C goes to the whole foreground group
    env: {}, // a NODE_OPTIONS of ours (a debugger, a coverage hook) is not for it
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(watcher, 'exit')
  const isWatching = await Promise.race([once(watcher.stdout, 'data').then(() => true), ended.then(() => false)])
  if (!isWatching) throw new Error(`the watcher of ${dir} did not start; Node ${process.version} may be too old`)
  watcher.stdout.destroy()
  // A forgotten stop() must not keep a script from ending: when it ends, the watcher cleans up.
  watcher.unref()
  if ('unref' in watcher.stdin) (watcher.stdin as Socket).unref()

  function spawnKept(name: string, launch: Launch, output: number | 'pipe'): ChildProcess {
    const options: SpawnOptions = {
      cwd: '/', // another user may not be able to enter ours
      detached: true,
      env: { ...process.env, ...launch.env },
      stdio: ['ignore', output, output, 'pipe'],
      ...launch.user,
    }
    const child = spawn('/bin/sh', ['-c', waitForGo, 'sh', launch.command, ...launch.args], options)
    if (child.pid === undefined) return child // the caller hears of it by the 'error' event
    const born = findProcess(child.pid)?.born
    appendFileSync(join(dir, processList), `${child.pid} ${born} ${name}\n`)
    const go = child.stdio[3]
    if (go && 'end' in go) {
      go.on('error', () => {}) // the child was killed in the meantime; its exit says so
      go.end('go\n', () => go.destroy())
    }
    if (output !== 'pipe') child.unref()
    return child
  }

  return {
    dir,
    spawn: spawnKept,
    run: async (name, launch, signal) => {
      signal.throwIfAborted()
      const child = spawnKept(name, launch, 'pipe')
      const kill = () => child.pid !== undefined && killTree(child.pid)
      signal.addEventListener('abort', kill, { once: true })
      let printed = ''
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', chunk => (printed += String(chunk)))
      const code = await new Promise<number | null>((resolve, reject) =>
        child.once('error', reject).once('close', resolve),
      )
      signal.removeEventListener('abort', kill)
      signal.throwIfAborted()
      if (code !== 0) throw new Error(`${name} failed (${code ?? 'killed'}):\n${printed.trim()}`)
    },
    release: async () => {
      watcher.ref()
      watcher.stdin.destroy()
      if (watcher.exitCode === null && watcher.signalCode === null) await ended
    },
  }
}
