import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** One running process. `born` tells it from a later process that was given the same pid. */
export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly born: string
  readonly residentKb: number
  /** By SIGSTOP. */
  readonly isStopped: boolean
}

const hasProc = existsSync('/proc/self/stat')

function procRow(pid: number): ProcessRow | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The program's name stands in parentheses and may hold spaces and parentheses itself.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie has ended; only its parent has not asked for the exit code yet.
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined
    return {
      pid,
      parent: Number(fields[1]),
      born: fields[19] ?? '',
      residentKb: Number(fields[21]) * 4,
      isStopped: fields[0] === 'T',
    }
  } catch {
    return undefined
  }
}

// Where there is no /proc (macOS).
function psRows(select: string[]): ProcessRow[] {
  let text = ''
  try {
    text = execFileSync('ps', [...select, '-o', 'pid=,ppid=,rss=,stat=,lstart='], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return [] // ps answers 1 when it knows none of the pids
  }
  return text.split('\n').flatMap(line => {
    const [pid, parent, kb, state, ...born] = line.trim().split(/\s+/)
    if (!pid || state?.startsWith('Z')) return []
    const isStopped = state?.startsWith('T') ?? false
    return [{ pid: Number(pid), parent: Number(parent), born: born.join('-'), residentKb: Number(kb), isStopped }]
  })
}

/** The process of this pid, if it runs. */
export function findProcess(pid: number): ProcessRow | undefined {
  return hasProc ? procRow(pid) : psRows(['-p', String(pid)])[0]
}

/** The process of this pid and all its descendants, parents first; empty when it has ended. */
export function processTree(root: number): ProcessRow[] {
  const all = hasProc
    ? readdirSync('/proc').flatMap(name => (/^\d+$/.test(name) ? (procRow(Number(name)) ?? []) : []))
    : psRows(['-A'])
  const tree = all.filter(row => row.pid === root)
  for (let i = 0; i < tree.length; i++) tree.push(...all.filter(row => row.parent === tree[i]?.pid))
  return tree
}

/** Megabytes a process and its descendants hold; pages that they share (Postgres' buffers) are counted once where /proc tells. */
export function memoryMb(root: number): number {
  const kb = processTree(root).map(row => {
    try {
      return Number(
        /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${row.pid}/smaps_rollup`, 'latin1'))?.[1] ?? row.residentKb,
      )
    } catch {
      return row.residentKb
    }
  })
  return Math.round(kb.reduce((sum, one) => sum + one, 0) / 1024)
}

/** Signals a process; false when it has ended already. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw error
  }
}
