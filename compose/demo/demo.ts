#!/usr/bin/env node
// The main job with real parts and no outside service: smart_warehouse to smart_citizen through Scrim, watched.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { memoryMb } from '../stack/process-table.ts'
import { detectTools } from '../stack/tools.ts'
import { changes, readKey } from './changes.ts'
import { eventOf } from './compare-records.ts'
import type { Comparison } from './compare-rows.ts'
import { showCalls } from './curl.ts'
import { findTable, keptColumns } from './expected.ts'
import { showChanges } from './live.ts'
import { policyTag } from './policy-call.ts'
import { type Releasers, type Road, startRoad } from './road.ts'
import { createScreen, type Screen } from './screen.ts'
import { showJourney } from './side-by-side.ts'
import type { TopicRecord } from './tail.ts'
import { verifyChange, verifyPolicyChange, verifyRecords, verifySilence, verifyTables } from './verify.ts'
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

Needs Java 17 or newer and Maven (about 140 MB are downloaded, once); with Docker in
their place it runs compose/docker-compose.yml, and --once cannot verify. All data is thrown away at the end.
`

const shownId = '1001'
const limits = { firstRowMs: 20_000, memoryMb: 1536 }

/** Runs the demo; answers the exit code. Nothing that it started is left when it resolves, or when this process dies. */
export async function runDemo({ once, signal: stopped }: DemoOptions): Promise<number> {
  const screen = createScreen()
  const signal = AbortSignal.any([stopped, screen.closed])
  screen.progress('looking for Java, Maven and Docker')
  const tools = await detectTools()
  const releasers: Releasers = []
  try {
    signal.throwIfAborted()
    if (tools.java.ok && tools.mvn.ok) return await runRoad(screen, releasers, once, signal)
    if (tools.docker.ok && !once) return await runCompose(screen, signal)
    tellMissing(screen, tools)
    showSamples(screen)
    if (once) screen.line(screen.bad('\nnot verified: --once needs Java 17 or newer and Maven'))
    return once ? 1 : 0
  } catch (error) {
    if (signal.aborted) return once ? 130 : 0
    screen.step(screen.bad(`failed: ${error instanceof Error ? error.message : 'no reason was told'}`))
    return 1
  } finally {
    if (releasers.length > 0)
      screen.step('ending; after a first run this takes some seconds and makes the next start quicker')
    // What cannot be ended in order ends with this process.
    for (const release of releasers.reverse()) await release().catch(() => {})
  }
}

async function runRoad(screen: Screen, releasers: Releasers, once: boolean, signal: AbortSignal): Promise<number> {
  const peakMb = watchMemory()
  const road = await startRoad(screen, releasers, signal)
  tellRows(screen, 'the target holds the mask of every row', await verifyTables(road, signal))
  await tellJourney(screen, road, signal)
  if (once) {
    await verifyAll(screen, road, signal)
    tellCosts(screen, road, peakMb())
    screen.step(screen.good('everything is as the documents want it'))
    return 0
  }
  screen.line(screen.bold('Try, in another terminal:'))
  showCalls(screen, road.service, await policyTag(road.service))
  tellCosts(screen, road, peakMb())
  screen.line(screen.bold('\nThe warehouse changes; what the citizen portal gets (Ctrl-C ends it):'))
  return showChanges(screen, road, signal)
}

async function verifyAll(screen: Screen, road: Road, signal: AbortSignal): Promise<void> {
  const watched = <T>(work: Promise<T>): Promise<T> => Promise.race([work, road.service.failed])
  const ok = (what: string) => screen.step(`${screen.good('ok')}  ${what}`)
  for (const change of changes(0)) {
    const ms = await watched(verifyChange(road, change, signal))
    ok(`${change.title}: in ${change.table.target} after ${Math.round(ms)} ms`)
  }
  tellRows(screen, 'the target still holds the mask of every row', await watched(verifyTables(road, signal)))
  const { rows, cells } = await watched(verifyRecords(road, signal))
  ok(`${rows} raw records against their masked ones: key, headers, before, after, schema, ${cells} cells`)
  await watched(verifyPolicyChange(road, 'WITHHELD', signal))
  ok('a policy changed over HTTP: the next record shows it; a change on top of an old version is refused')
  const { secrets, places, bytes } = await watched(verifySilence(road))
  ok(
    `no Aadhaar, phone, income, bank value or address line got out: ${secrets} spellings looked for in ${places} places, ${(bytes / 1e6).toFixed(1)} MB`,
  )
}

function tellRows(screen: Screen, what: string, { rows, cells }: Comparison): void {
  screen.step(`${screen.good('ok')}  ${what}: ${rows} rows of 4 tables, ${cells} cells`)
}

async function tellJourney(screen: Screen, { source, target, tail }: Road, signal: AbortSignal): Promise<void> {
  const table = findTable('golden_records')
  const isShown = (record: TopicRecord) => String(eventOf(record)?.payload.after?.golden_record_id) === shownId
  // The tail has joined its topics later than Scrim and the sink.
  const find = async (topic: string): Promise<TopicRecord> => {
    for (;;) {
      const record = tail.records(topic).find(isShown)
      if (record !== undefined) return record
      await sleep(50, undefined, { signal })
    }
  }
  const [raw, masked] = [await find(table.rawTopic), await find(table.maskedTopic)]
  const row = await readKey(source, table.source, table, [shownId], Object.keys(table.columns))
  const loaded = await readKey(target, table.target, table, [shownId], keptColumns(table))
  screen.line()
  showJourney(screen, { table, source: row ?? {}, raw, masked, loaded: loaded ?? {} })
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

/** Watches until this process ends; answers the most that it and all its descendants held at any time. */
function watchMemory(): () => number {
  let peak = 0
  const look = () => {
    peak = Math.max(peak, memoryMb(process.pid))
    return peak
  }
  setInterval(look, 1000).unref()
  return look
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
