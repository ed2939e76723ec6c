#!/usr/bin/env node
// The main job with real parts and no outside service: smart_warehouse to smart_citizen through Scrim, watched.
import { parseArgs } from 'node:util'
import { memoryMb } from '../stack/process-table.ts'
import { detectTools } from '../stack/tools.ts'
import { changes, readKey } from './changes.ts'
import { eventOf } from './compare-records.ts'
import { showCalls } from './curl.ts'
import { tables } from './expected.ts'
import { showChanges } from './live.ts'
import { policyTag } from './policy-call.ts'
import { type Releasers, type Road, startRoad } from './road.ts'
import { createScreen, type Screen } from './screen.ts'
import { showJourney } from './side-by-side.ts'
import {
  tellComparison,
  verifyChange,
  verifyPolicyChange,
  verifyRecords,
  verifySilence,
  verifyTables,
} from './verify.ts'
import { runCompose, showSamples, tellMissing } from './without-stack.ts'

/** How the demo runs. */
export interface DemoOptions {
  /** Verify everything and end, instead of going on until the signal. */
  readonly once: boolean
  readonly signal: AbortSignal
}

const help = `Runs the whole road on this machine: Postgres, Debezium, Kafka, Scrim, the stock JDBC sink, Postgres.

  npm run demo                watch it until Ctrl-C, and try the calls that it prints
  npm run demo -- --once      verify all of it cell by cell, then end: exit code 0, or 1 with the reason

Needs Java 17 or newer and Maven (about 200 MB are downloaded, once), or Docker. All data is thrown away at the end.
`

const shownId = '1001'
const limits = { firstRowMs: 20_000, memoryMb: 1536 }

/** Runs the demo; answers the exit code. Nothing that it started is left when it resolves, or when this process dies. */
export async function runDemo({ once, signal }: DemoOptions): Promise<number> {
  const screen = createScreen()
  const tools = await detectTools()
  try {
    signal.throwIfAborted()
    if (tools.java.ok && tools.mvn.ok) return await runRoad(screen, once, signal)
    if (tools.docker.ok) return await runCompose(screen, signal)
    tellMissing(screen, tools)
    showSamples(screen)
    if (once) screen.line(screen.bad('\nnot verified: without Java and Maven, or Docker, there is no road'))
    return once ? 1 : 0
  } catch (error) {
    if (signal.aborted) return once ? 130 : 0
    screen.step(screen.bad(`failed: ${error instanceof Error ? error.message : 'no reason was told'}`))
    return 1
  }
}

async function runRoad(screen: Screen, once: boolean, signal: AbortSignal): Promise<number> {
  const releasers: Releasers = []
  const memory = watchMemory()
  try {
    const road = await startRoad(screen, releasers, signal)
    tellComparison(
      screen,
      'every row of the four tables, in the target, cell by cell',
      await verifyTables(road, signal),
    )
    await tellJourney(screen, road)
    if (once) await verifyAll(screen, road, signal)
    else {
      screen.line(screen.bold('\nTry, in another terminal:'))
      showCalls(screen, road.service, await policyTag(road.service))
      tellCosts(screen, road, memory.peakMb())
      screen.line(screen.bold('\nThe warehouse changes; what the citizen portal gets (Ctrl-C ends it):'))
      await showChanges(screen, road, signal)
    }
    tellCosts(screen, road, memory.peakMb())
    screen.step(screen.good('everything is as the documents want it'))
    return 0
  } finally {
    memory.stop()
    screen.step('ending; after a first run this takes some seconds and makes the next start quicker')
    // The first failure is the one that matters; what cannot be ended in order ends with this process.
    for (const release of releasers.reverse()) await release().catch(() => {})
  }
}

async function verifyAll(screen: Screen, road: Road, signal: AbortSignal): Promise<void> {
  const watched = <T>(work: Promise<T>): Promise<T> => Promise.race([work, road.service.failed])
  const ok = (what: string) => screen.step(`${screen.good('ok')}  ${what}`)
  for (const change of changes(0)) {
    const ms = await watched(verifyChange(road, change, signal))
    ok(`${change.title}: in ${change.table.target} after ${Math.round(ms)} ms`)
  }
  tellComparison(screen, 'every row again, after the changes', await watched(verifyTables(road, signal)))
  tellComparison(
    screen,
    'every raw record against its masked record (key, headers, before, after, schema)',
    await watched(verifyRecords(road, signal)),
  )
  await watched(verifyPolicyChange(road, 'WITHHELD', signal))
  ok('a policy changed over HTTP: the next record shows it; a change on top of an old version is refused')
  const { secrets, places, bytes } = await watched(verifySilence(road))
  ok(
    `no Aadhaar, phone, income, bank value or address line got out: ${secrets} spellings looked for in ${places} places, ${(bytes / 1e6).toFixed(1)} MB`,
  )
}

async function tellJourney(screen: Screen, { source, target, tail }: Road): Promise<void> {
  const table = tables().find(({ name }) => name === 'golden_records')
  if (table === undefined) throw new Error('there is no golden_records')
  const isShown = (record: Parameters<typeof eventOf>[0]) =>
    String(eventOf(record)?.payload.after?.golden_record_id) === shownId
  const columns = Object.keys(table.columns)
  const kept = columns.filter(name => table.columns[name] !== 'absent')
  const [row, loaded] = [
    await readKey(source, table.source, table, [shownId], columns),
    await readKey(target, table.target, table, [shownId], kept),
  ]
  const [raw, masked] = [tail.records(table.rawTopic).find(isShown), tail.records(table.maskedTopic).find(isShown)]
  if (!row || !loaded || !raw || !masked) throw new Error(`row ${shownId} is not at all places of its way`)
  screen.line()
  showJourney(screen, { table, source: row, raw, masked, loaded })
  screen.line()
}

function tellCosts(screen: Screen, { firstRowMs, service, stack }: Road, peakMb: number): void {
  const verdict = (is: number, limit: number) =>
    is <= limit ? screen.good('ok') : screen.bad('more than it should be')
  const seconds = (ms: number) => (ms / 1000).toFixed(1)
  screen.step(
    `first masked row in the target after ${seconds(firstRowMs)} s (limit ${seconds(limits.firstRowMs)}, downloads left out): ${verdict(firstRowMs, limits.firstRowMs)}`,
  )
  const parts = Object.entries({ ...stack.memory(), scrim: service.memoryMb() }).map(([name, mb]) => `${name} ${mb}`)
  screen.step(
    `at most ${peakMb} MB resident in all (limit ${limits.memoryMb}): ${verdict(peakMb, limits.memoryMb)}; now ${parts.join(', ')}`,
  )
}

/** The most that this process and all its descendants held at any time. */
function watchMemory(): { peakMb: () => number; stop: () => void } {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, memoryMb(process.pid))
    return peak
  }
  const timer = setInterval(look, 1000)
  timer.unref()
  return { peakMb: look, stop: () => clearInterval(timer) }
}

async function runCommandLine(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { once: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  })
  if (values.help) {
    process.stdout.write(help)
    return 0
  }
  const stopped = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      if (stopped.signal.aborted) process.exit(130)
      stopped.abort()
    })
  }
  return runDemo({ once: values.once, signal: stopped.signal })
}

if (import.meta.main) process.exitCode = await runCommandLine(process.argv.slice(2))
