import { createHash } from 'node:crypto'
import { type FSWatcher, watch as watchPath } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Problem } from '../../errors.ts'
import type { PolicyFileSet, PolicyFiles } from '../../services/ports/policies.ts'

export interface PolicyFolderOptions {
  /** A folder, whose *.json files are read in the order of their names, or one file. */
  readonly path: string
  readonly pollMs?: number
  /** Bound of all files together. */
  readonly maxBytes?: number
}

/** Policy documents in a folder, as they come out of git or a mounted volume. A missing folder holds no files. */
export function createPolicyFolder({ path, pollMs = 500, maxBytes = 10_000_000 }: PolicyFolderOptions): PolicyFiles {
  return {
    read: () => readSet(path, maxBytes),
    watch: async (changed, signal) => {
      // fs.watch is quick but silent on some mounted volumes, so times and sizes are looked at as well.
      const bell = createBell()
      const watcher = watchQuietly(path, bell.ring)
      let last: string | null = null
      try {
        while (!signal.aborted) {
          const now = await signature(path)
          if (now !== last) {
            last = now
            changed()
          }
          await bell.heard(pollMs, signal)
        }
      } finally {
        watcher?.close()
      }
    },
  }
}

async function readSet(path: string, maxBytes: number): Promise<PolicyFileSet> {
  const files: { name: string; text: string }[] = []
  const problems: Problem[] = []
  const digest = createHash('sha256')
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  let rest = maxBytes
  for (const { name, file } of await filesOf(path)) {
    const refuse = (detail: string): void =>
      void problems.push({ code: 'POLICY_SHAPE', severity: 'error', where: { policy: name }, detail })
    try {
      const { size } = await stat(file)
      if (size > rest) {
        refuse(`all policy files together may have ${maxBytes} bytes`)
        digest.update(`${name}\0${size}\0`)
        continue
      }
      const bytes = await readFile(file)
      rest -= bytes.length
      digest.update(`${name}\0${bytes.length}\0`).update(bytes)
      files.push({ name, text: decoder.decode(bytes) })
    } catch (error) {
      // Removed between listing and reading: the next look will tell. A TypeError is the decoder's.
      if (codeOf(error) !== 'ENOENT')
        refuse(error instanceof TypeError ? 'is not valid UTF-8' : `cannot be read (${codeOf(error)})`)
    }
  }
  return { digest: digest.digest('hex'), files, problems }
}

/** In the order of names, so that digest and meaning are the same on every machine. */
async function filesOf(path: string): Promise<readonly { readonly name: string; readonly file: string }[]> {
  try {
    if ((await stat(path)).isFile()) return [{ name: basename(path), file: path }]
    const names = (await readdir(path)).filter(name => name.endsWith('.json') && !name.startsWith('.')).sort()
    const candidates = names.map(name => ({ name, file: join(path, name) }))
    const kinds = await Promise.all(
      candidates.map(({ file }) =>
        stat(file).then(
          found => found.isFile(),
          () => true,
        ),
      ),
    )
    return candidates.filter((_, n) => kinds[n])
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    return [{ name: basename(path), file: path }] // reading it will say what is wrong
  }
}

/** Changes whenever a file is added, removed, replaced or written. */
async function signature(path: string): Promise<string> {
  const parts = await Promise.all(
    (await filesOf(path)).map(async ({ name, file }) => {
      try {
        const { mtimeNs, size, ino } = await stat(file, { bigint: true })
        return `${name} ${mtimeNs} ${size} ${ino}`
      } catch (error) {
        return `${name} ${codeOf(error)}`
      }
    }),
  )
  return parts.join('\n')
}

function watchQuietly(path: string, ring: () => void): FSWatcher | null {
  try {
    const watcher = watchPath(path, ring)
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    return null // polling alone has to do
  }
}

/** A wait that a ring cuts short; a burst of rings (an editor's save) is one. */
function createBell(): {
  readonly ring: () => void
  readonly heard: (mostMs: number, signal: AbortSignal) => Promise<void>
} {
  let cut: AbortController | null = null
  let rang = false
  const settleMs = 50
  return {
    ring: () => {
      rang = true
      cut?.abort()
    },
    heard: async (mostMs, signal) => {
      cut = new AbortController()
      if (!rang) await quietly(sleep(mostMs, undefined, { signal: AbortSignal.any([signal, cut.signal]) }))
      cut = null
      if (rang) await quietly(sleep(settleMs, undefined, { signal }))
      rang = false
    },
  }
}

const quietly = async (waiting: Promise<unknown>): Promise<void> => void (await waiting.catch(() => undefined))

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'error'
