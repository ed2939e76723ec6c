import { setTimeout as sleep } from 'node:timers/promises'
import { type Change, changes, readKey } from './changes.ts'
import { keptColumns } from './expected.ts'
import type { Road } from './road.ts'
import type { Screen } from './screen.ts'

const pauseMs = 1000
/** A policy that a visitor changed may hold a topic: then we say so and go on. */
const patienceMs = 5000
const keptRecords = 200

/** Changes the source about every second, and tells what came of it in the target, until the signal. */
export async function showChanges(screen: Screen, road: Road, signal: AbortSignal): Promise<never> {
  for (let round = 1; ; round++) {
    for (const change of changes(round)) {
      await Promise.race([showChange(screen, road, change, signal), road.service.failed])
      await sleep(pauseMs, undefined, { signal })
    }
    road.tail.trim(keptRecords)
  }
}

async function showChange(
  screen: Screen,
  { source, target }: Road,
  change: Change,
  signal: AbortSignal,
): Promise<void> {
  const { table, key, oldKey, shows, title } = change
  const columns = keptColumns(table)
  const clear = columns.filter(name => table.columns[name] === 'clear')
  const startedAt = performance.now()
  await change.run(source)
  const raw = await readKey(source, table.source, table, key, columns)
  for (;;) {
    const loaded = await readKey(target, table.target, table, key, columns)
    const left = oldKey && (await readKey(target, table.target, table, oldKey, columns))
    const waitedMs = Math.round(performance.now() - startedAt)
    const hasArrived =
      left === undefined && (raw && loaded ? clear.every(name => raw[name] === loaded[name]) : raw === loaded)
    if (!hasArrived && waitedMs < patienceMs) {
      await sleep(10, undefined, { signal })
      continue
    }
    const when = hasArrived
      ? screen.good(`after ${waitedMs} ms`)
      : screen.bad(`not as it left after ${waitedMs} ms: see /health/ready, or was a policy changed?`)
    screen.step(`${screen.bold(title)}  ${table.target} [${key.join(' ')}] ${when}`)
    for (const name of shows)
      screen.line(`            ${name}  ${screen.faint(short(raw?.[name]))} → ${short(loaded?.[name])}`)
    return
  }
}

function short(cell: string | null | undefined): string {
  if (cell === undefined) return '(absent)'
  if (cell === null) return 'null'
  return cell.length > 50 ? `${cell.slice(0, 49)}…` : cell
}
