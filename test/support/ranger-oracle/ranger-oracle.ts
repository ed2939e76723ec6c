import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { download, type MavenParts } from '../../../compose/stack/download.ts'
import { detectTools, javaCommand } from '../../../compose/stack/tools.ts'
import { suiteZone } from '../../conformance/ranger-engine-file.ts'

/** What Ranger answers of an access, a mask, or a row filter. */
export type OracleAnswer = Readonly<Record<string, unknown>>

/** What the validators of a Ranger server say: null, or why they refuse. */
export interface Verdicts {
  readonly serviceDef: string | null
  readonly policies: readonly (string | null)[]
}

/** Apache Ranger's own code, in a process of its own. */
export interface RangerOracle {
  /** Three answers for each of the document's `tests`: access, mask, row filter. */
  readonly decide: (document: object) => Promise<readonly (readonly OracleAnswer[])[]>
  readonly validate: (document: {
    readonly serviceName: string
    readonly serviceDef: unknown
    readonly policies: readonly unknown[]
  }) => Promise<Verdicts>
  readonly stop: () => Promise<void>
}

const parts: MavenParts = {
  pom: fileURLToPath(new URL('pom.xml', import.meta.url)),
  cache: fileURLToPath(new URL('../../../.cache/ranger-oracle/', import.meta.url)),
}
const source = fileURLToPath(new URL('RangerOracle.java', import.meta.url))

/** What this machine lacks for it; empty where nothing is missing. */
export async function missingForOracle(): Promise<string> {
  const { java, mvn } = await detectTools()
  const missing = [java, mvn].flatMap(({ ok, found, hint }) => (ok ? [] : [`${found} (${hint})`]))
  if (missing.length > 0) return missing.join('; ')
  const { stdout } = await promisify(execFile)(javaCommand(), ['--list-modules'])
  return stdout.includes('jdk.compiler')
    ? ''
    : 'this Java has no compiler (sudo apt-get install -y openjdk-17-jdk-headless)'
}

/** Fetches Ranger at first use; Java compiles the source at each start. */
export async function startRangerOracle(): Promise<RangerOracle> {
  const dist = await download(undefined, undefined, parts)
  const options = [`-Duser.timezone=${suiteZone}`, '-Xmx700m', '-Dpolyglot.engine.WarnInterpreterOnly=false']
  const java = spawn(javaCommand(), [...options, '-cp', join(dist, 'libs', '*'), source], {
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const complaints: string[] = []
  createInterface({ input: java.stderr }).on('line', line => complaints.splice(0, complaints.length - 20, line))
  const waiting: { readonly resolve: (line: string) => void; readonly reject: (error: Error) => void }[] = []
  createInterface({ input: java.stdout }).on('line', line => waiting.shift()?.resolve(line))
  const ended = new Promise<void>(resolve => {
    const end = (why: string): void => {
      for (const { reject } of waiting.splice(0)) reject(new Error(`${why}\n${complaints.join('\n')}`))
      resolve()
    }
    java.once('error', error => end(error.message)).once('close', code => end(`Ranger ended with code ${code}`))
  })
  java.stdin.on('error', () => {})
  const ask = async (question: object): Promise<unknown> => {
    const answer = new Promise<string>((resolve, reject) => waiting.push({ resolve, reject }))
    java.stdin.write(`${JSON.stringify(question)}\n`)
    return JSON.parse(await answer)
  }
  return {
    decide: async document => (await ask(document)) as readonly (readonly OracleAnswer[])[],
    validate: async document => (await ask(document)) as Verdicts,
    stop: async () => {
      java.stdin.end()
      await ended
    },
  }
}
