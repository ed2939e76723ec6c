import { createHash } from 'node:crypto'
import { accessSync, constants, copyFileSync, existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Launch } from './keeper.ts'
import { javaCommand, javaIdentity } from './tools.ts'
import { ownerTag } from './work-dir.ts'

/** Starts Java programs from the downloaded jars; quicker from the second time on. */
export interface Jvm {
  readonly dist: string
  launch(use: JavaProgram): Launch
  /** As `launch`; writes the archive at the orderly end of the program, if it is missing and can be written. */
  launchRecording(use: JavaProgram): Launch
  /** True when an orderly end of the program would write an archive. */
  isRecording(archive: string): boolean
  /** Puts a written archive into use for the next start. */
  adopt(archive: string): void
}

/** A main class, and the name of the class archive that it may use. */
export interface JavaProgram {
  readonly archive: string
  readonly heap: string
  readonly main: string
  readonly args: readonly string[]
}

const log4j = fileURLToPath(new URL('log4j2.properties', import.meta.url))
const smallestArchive = 1_000_000

/** `isLean` leaves the optimising compiler out: quicker to boot, slower at work; `scratch` takes archives in the making. */
export function createJvm(dist: string, scratch: string, isLean: boolean): Jvm {
  // Beware: an archive holds for one exact class path only, so it is a sorted list and not `libs/*`, whose order is the directory's.
  const jars = readdirSync(join(dist, 'libs')).filter(name => name.endsWith('.jar'))
  const classPath = jars
    .sort()
    .map(name => join(dist, 'libs', name))
    .join(':')
  const flags = ['-XX:+UseSerialGC', ...(isLean ? ['-XX:TieredStopAtLevel=1'] : []), '-XX:-UsePerfData']
  const identity = createHash('sha256')
    .update([javaIdentity(), classPath, ...flags].join('\n'))
    .digest('hex')
    .slice(0, 12)

  const recorded = (archive: string) => join(scratch, `${archive}.jsa`)
  const mode = isLean ? 'lean' : 'fast'
  const isRecording = (archive: string) => !findArchive(dist, `${archive}-${mode}-${identity}-`) && isWritable(dist)

  // The JVM itself checks version, flags and the jars' times and sizes, and (VerifySharedSpaces) a checksum over the whole
  // archive; with -Xshare:auto it goes on without one that does not fit.
  const sharing = (archive: string) => {
    const file = findArchive(dist, `${archive}-${mode}-${identity}-`)
    return file ? [`-XX:SharedArchiveFile=${file}`, '-XX:+VerifySharedSpaces'] : []
  }

  const command = (use: JavaProgram, sharingFlags: string[]): Launch => ({
    command: javaCommand(),
    args: [
      `-Xmx${use.heap}`,
      ...flags,
      '-XX:+UnlockDiagnosticVMOptions',
      '-XX:+IgnoreUnrecognizedVMOptions',
      '-Xshare:auto',
      '-Xlog:disable', // "class X cannot be archived", hundreds of times
      '-Xlog:all=error:stderr',
      ...sharingFlags,
      '-Djava.awt.headless=true',
      '-Dfile.encoding=UTF-8',
      '-Duser.timezone=UTC',
      `-Dlog4j2.configurationFile=${log4j}`,
      '-cp',
      classPath,
      use.main,
      ...use.args,
    ],
    // Flags that somebody set for other programs would be announced on stderr, and could break the archive.
    env: { JAVA_TOOL_OPTIONS: undefined, _JAVA_OPTIONS: undefined, JDK_JAVA_OPTIONS: undefined },
  })

  return {
    dist,
    launch: use => command(use, sharing(use.archive)),
    launchRecording: use => {
      if (!isRecording(use.archive)) return command(use, sharing(use.archive))
      return command(use, [`-XX:ArchiveClassesAtExit=${recorded(use.archive)}`])
    },
    isRecording,
    adopt: archive => {
      const from = recorded(archive)
      if (!isRecording(archive) || !existsSync(from) || statSync(from).size < smallestArchive) return
      // The scratch directory may lie on another disk: copy, then rename, so that nobody maps half an archive.
      const beside = join(dist, `${archive}.partial-${ownerTag()}`)
      try {
        copyFileSync(from, beside)
        removeArchives(dist, `${archive}-${mode}-`)
        renameSync(beside, join(dist, `${archive}-${mode}-${identity}-${statSync(beside).size}.jsa`))
      } catch {
        rmSync(beside, { force: true }) // a full disk: the next start is slower, no more
      }
    },
  }
}

// Named after all that it depends on, so a stale one is never looked at; and after its size, because the JVM dies (SIGBUS)
// of one that was cut short.
function findArchive(dist: string, prefix: string): string | undefined {
  const name = readdirSync(dist).find(file => file.startsWith(prefix) && file.endsWith('.jsa'))
  if (!name) return undefined
  const file = join(dist, name)
  return name.endsWith(`-${statSync(file).size}.jsa`) ? file : undefined
}

// Those of another Java or cut short: each is some 50 MB.
function removeArchives(dist: string, prefix: string): void {
  for (const name of readdirSync(dist)) {
    if (name.startsWith(prefix) && name.endsWith('.jsa')) rmSync(join(dist, name), { force: true })
  }
}

function isWritable(dir: string): boolean {
  try {
    accessSync(dir, constants.W_OK)
    return true
  } catch {
    return false
  }
}
