import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'
import { compile, type RecordLine, transform } from '../../src/engine.ts'
import { createKeeper } from '../stack/keeper.ts'
import type { Tools } from '../stack/tools.ts'
import { fit, type Screen } from './screen.ts'

const composeFile = fileURLToPath(new URL('../docker-compose.yml', import.meta.url))
const here = new URL('.', import.meta.url)
const policyFolder = new URL('../../policies/', import.meta.url)

/** Says what would have to be installed for the real parts. */
export function tellMissing(screen: Screen, { java, mvn, docker }: Tools): void {
  screen.line('The whole road needs Java 17 or newer and Maven, or Docker. Missing:')
  for (const { ok, found, hint } of [java, mvn, docker]) if (!ok) screen.line(`  ${found}: ${hint}`)
}

/** Runs compose/docker-compose.yml until it ends or the signal comes, and takes its containers and data down. */
export async function runCompose(screen: Screen, signal: AbortSignal): Promise<number> {
  const keeper = await createKeeper(tmpdir())
  const docker = (...args: string[]) =>
    keeper.spawn('docker', { command: 'docker', args: ['compose', '-f', composeFile, ...args] }, process.stdout.fd)
  screen.step('no Java and Maven, but Docker: docker compose -f compose/docker-compose.yml up --build')
  // Children of the keeper do not keep this process alive.
  const alive = setInterval(() => {}, 1 << 30)
  const up = docker('up', '--build')
  const stop = () => up.kill('SIGINT')
  signal.addEventListener('abort', stop, { once: true })
  try {
    const [code] = (await once(up, 'exit')) as [number | null]
    return signal.aborted ? 0 : (code ?? 1)
  } finally {
    signal.removeEventListener('abort', stop)
    screen.step('docker compose -f compose/docker-compose.yml down --volumes')
    await once(docker('down', '--volumes'), 'exit').catch(() => {})
    clearInterval(alive)
    await keeper.release()
  }
}

/** Masks the sample records by the project's policies, as `scrim mask` does, and shows columns before and after. */
export function showSamples(screen: Screen): void {
  const policies = readdirSync(policyFolder)
    .filter(name => name.endsWith('.json'))
    .flatMap(name => JSON.parse(readFileSync(new URL(name, policyFolder), 'utf8')) as unknown)
  const { plan, problems } = compile(policies)
  if (plan === null) throw new Error(`the policies are refused: ${problems.map(({ code }) => code).join(', ')}`)
  const lines = readFileSync(new URL('sample-records.jsonl', here), 'utf8').trim().split('\n')
  const records = lines.map(line => JSON.parse(line) as RecordLine)
  screen.line(
    `\nMasked here by the engine alone (${records.length} records of a real Debezium, ${policies.length} policies):`,
  )
  const outcomes = transform(records, plan)
  const width = Math.floor((screen.width - 24) / 2)
  records.forEach((record, i) => {
    const outcome = outcomes[i]
    const masked = outcome?.outcome === 'publish' ? outcome.record.value : null
    const raw = cells(typeof record.value === 'string' ? record.value : null)
    const after = cells(masked)
    screen.line(
      `\n${screen.bold(record.topic)} → ${outcome?.outcome === 'publish' ? outcome.record.topic : outcome?.outcome}${raw === null ? '  (a tombstone: its key goes on)' : ''}`,
    )
    for (const [name, cell] of Object.entries(raw ?? {})) {
      const now = after?.[name]
      const isHidden = now !== cell
      screen.line(
        `  ${fit(name, 20)} ${fit(cell, width)} ${(isHidden ? screen.good : screen.faint)(fit(now ?? '(absent)', width)).trimEnd()}`,
      )
    }
  })
  screen.line('\nThe same by hand: npm run --silent scrim -- mask --text compose/demo/sample-records.jsonl')
}

function cells(base64: string | null): Record<string, string> | null {
  if (base64 === null) return null
  const { payload } = JSON.parse(Buffer.from(base64, 'base64').toString()) as {
    payload: Record<string, Record<string, unknown> | null>
  }
  const row = payload.after ?? payload.before ?? {}
  return Object.fromEntries(
    Object.entries(row).map(([name, cell]) => [name, typeof cell === 'string' ? cell : JSON.stringify(cell)]),
  )
}
