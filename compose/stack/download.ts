import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createKeeper } from './keeper.ts'
import { hasLivingOwner, killTree, ownerTag } from './work-dir.ts'

/** How far a download is. Files that Maven has in its own repository already cost no bytes. */
export interface DownloadProgress {
  readonly files: number
  readonly bytes: number
  readonly elapsedMs: number
}

/** A pom.xml whose phase `generate-resources` fills the folder `stack.dir`, and where such folders are kept. */
export interface MavenParts {
  readonly pom: string
  /** Ignored by git, not touched by `npm ci`. Nothing else may be in it. */
  readonly cache: string
}

const stackParts: MavenParts = {
  pom: fileURLToPath(new URL('pom.xml', import.meta.url)),
  cache: fileURLToPath(new URL('../../.cache/stack/', import.meta.url)),
}
const stamp = 'complete.json'

/** Where the jars of the present pom.xml are, or will be. */
function distDir({ pom, cache }: MavenParts): string {
  return join(cache, createHash('sha256').update(readFileSync(pom)).digest('hex').slice(0, 12))
}

/** True when `download` would have nothing to do. */
export function isDownloaded(parts: MavenParts = stackParts): boolean {
  const dist = distDir(parts)
  try {
    const { jars } = JSON.parse(readFileSync(join(dist, stamp), 'utf8')) as { jars: number }
    return countJars(dist) === jars
  } catch {
    return false
  }
}

/** Lets Maven fetch Kafka, Connect and the Debezium connectors, or other `parts`, once; answers where they are. Starts nothing when they are there. */
export async function download(
  progress: (so: DownloadProgress) => void = () => {},
  signal: AbortSignal = new AbortController().signal,
  parts: MavenParts = stackParts,
): Promise<string> {
  const { pom, cache } = parts
  const dist = distDir(parts)
  if (isDownloaded(parts)) return dist
  mkdirSync(cache, { recursive: true })
  // Filled beside its place and renamed when complete: what lies under the final name is never half a download, and two
  // downloads at once do not meet. What an interrupted one has fetched is in Maven's own repository.
  const partial = `${dist}.partial-${ownerTag()}`
  try {
    await runMaven(pom, [`-Dstack.dir=${partial}`], progress, signal)
    writeFileSync(join(partial, stamp), JSON.stringify({ jars: countJars(partial) }))
    if (isDownloaded(parts)) return dist // somebody was quicker, and may be running from it
    removeRests(cache)
    renameSync(partial, dist)
  } finally {
    rmSync(partial, { recursive: true, force: true })
  }
  return dist
}

async function runMaven(
  pom: string,
  args: string[],
  progress: (so: DownloadProgress) => void,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted()
  const startedAt = Date.now()
  const so = { files: 0, bytes: 0 }
  const lastLines: string[] = []
  const keeper = await createKeeper(tmpdir())
  const tell = () => progress({ ...so, elapsedMs: Date.now() - startedAt })
  const ticker = setInterval(tell, 1000)
  try {
    const command = ['-B', '-f', pom, 'generate-resources', ...args]
    const child = keeper.spawn('mvn', { command: 'mvn', args: command }, 'pipe')
    const kill = () => child.pid !== undefined && killTree(child.pid)
    signal.addEventListener('abort', kill, { once: true })
    for (const stream of [child.stdout, child.stderr]) {
      if (!stream) continue
      createInterface({ input: stream }).on('line', line => {
        const size = /^(?:\[INFO\] )?Downloaded from \S+ \S+ \(([\d.]+) ([kMG]?B)/.exec(line)
        if (size) {
          so.files += 1
          so.bytes += Number(size[1]) * (unitBytes[size[2] ?? 'B'] ?? 1)
        } else if (/ERROR/.test(line)) lastLines.push(line)
      })
    }
    const code = await new Promise<number | null>((resolve, reject) =>
      child.once('error', reject).once('close', resolve),
    )
    signal.removeEventListener('abort', kill)
    signal.throwIfAborted()
    if (code !== 0) {
      const why = lastLines.slice(0, 5).join('\n') || 'it printed no error'
      throw new Error(`Maven could not download what ${pom} names (exit code ${code}):\n${why}`)
    }
    tell()
  } finally {
    clearInterval(ticker)
    await keeper.release()
  }
}

const unitBytes: Record<string, number> = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }

function countJars(dir: string): number {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.jar')).length
}

// Downloads of earlier pom.xml, and what downloads left that were killed.
function removeRests(cache: string): void {
  for (const name of readdirSync(cache)) {
    if (!hasLivingOwner(name)) rmSync(join(cache, name), { recursive: true, force: true })
  }
}
