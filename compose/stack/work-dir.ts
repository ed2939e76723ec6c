import { chmodSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findProcess, processTree, signalProcess } from './process-table.ts'

const prefix = 'scrim-stack-'

/** The file in a work directory that lists what was started there, one `pid born name` per line. */
export const processList = 'processes'

/** A file name part that says which process a thing belongs to: in the name, so that it is never there without its owner. */
export function ownerTag(pid: number = process.pid): string {
  return `${pid}-${findProcess(pid)?.born.replaceAll(/\W/g, '')}`
}

/** False when a name does not hold an owner, or one that has ended. */
export function hasLivingOwner(name: string): boolean {
  const [tag, pid] = /(?<=-)(\d+)-\w+/.exec(name) ?? []
  return tag !== undefined && ownerTag(Number(pid)) === tag
}

/** Makes the scratch directory of one stack; the name says which process it belongs to. */
export function makeWorkDir(base: string): string {
  const dir = mkdtempSync(join(base, `${prefix}${ownerTag()}-`))
  // Postgres may run as another user (see postgres-user.ts), who has to walk through, but not to look around.
  chmodSync(dir, process.getuid?.() === 0 ? 0o711 : 0o700)
  return dir
}

/** Ends what was started in a work directory and removes it. The data goes with it, so nothing is asked politely. */
export async function sweep(dir: string): Promise<void> {
  const listed = readList(dir).filter(({ pid, born }) => findProcess(pid)?.born === born)
  // Postgres gets the chance to remove its shared memory, which outlives a kill -9.
  for (const { pid } of listed.filter(({ name }) => name === 'postgres')) {
    for (const row of processTree(pid)) signalProcess(row.pid, 'SIGCONT')
    signalProcess(pid, 'SIGQUIT')
  }
  for (const { pid } of listed.filter(({ name }) => name !== 'postgres')) killTree(pid)
  const isLeft = ({ pid, born }: { pid: number; born: string }) => findProcess(pid)?.born === born
  for (let waitedMs = 0; waitedMs < 2000 && listed.some(isLeft); waitedMs += 10) await sleep(10)
  for (const { pid } of listed.filter(isLeft)) killTree(pid)
  for (let waitedMs = 0; waitedMs < 2000 && listed.some(isLeft); waitedMs += 10) await sleep(10)
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
}

/** Sweeps the work directories whose owner has ended: runs that were killed together with their watcher, or a power cut. */
export async function sweepStale(base: string): Promise<void> {
  for (const name of readdirSync(base)) {
    if (!name.startsWith(prefix) || hasLivingOwner(name)) continue
    const dir = join(base, name)
    const stat = lstatSync(dir, { throwIfNoEntry: false })
    // Beware: the base is open to all users. A directory that is not ours could make us kill whatever its list says.
    if (!stat?.isDirectory() || stat.uid !== process.getuid?.()) continue
    await sweep(dir)
  }
}

/** Kills a process and all its descendants, frozen ones too. */
export function killTree(pid: number): void {
  for (const row of processTree(pid)) signalProcess(row.pid, 'SIGKILL')
}

function readList(dir: string): { pid: number; born: string; name: string }[] {
  let text = ''
  try {
    text = readFileSync(join(dir, processList), 'utf8')
  } catch {
    return [] // nothing was started yet
  }
  return text.split('\n').flatMap(line => {
    const [pid, born, name] = line.split(' ')
    return pid && born && name ? [{ pid: Number(pid), born, name }] : []
  })
}
