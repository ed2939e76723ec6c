import { setTimeout as sleep } from 'node:timers/promises'
import type { Change } from './changes.ts'
import { readKey } from './changes.ts'
import { compareRecords, eventOf } from './compare-records.ts'
import { type Comparison, compareRows, type Row, readRows } from './compare-rows.ts'
import { expectedText, findTable, keptColumns, type Table, tables } from './expected.ts'
import { patchIncome, policyTag } from './policy-call.ts'
import type { Road } from './road.ts'
import { findSecrets, type Secret, secretsOf } from './secrets.ts'

/** Something is not as the documents want it. */
export class Discrepancy extends Error {}

const patienceMs = 30_000

/** Compares the four tables until they agree; throws with the differences when they do not in time. */
export async function verifyTables(
  { source, target }: Pick<Road, 'source' | 'target'>,
  signal: AbortSignal,
  of = tables(),
): Promise<Comparison> {
  for (const giveUpAt = Date.now() + patienceMs; ; await sleep(100, undefined, { signal })) {
    const parts: Comparison[] = []
    for (const table of of) parts.push(await compareRows(source, target, table))
    const all = sum(parts)
    if (all.differences.length === 0) return all
    if (Date.now() > giveUpAt) throw new Discrepancy(all.differences.slice(0, 10).join('\n'))
  }
}

/** Compares every raw record with its masked one; waits for those that are still on their way. */
export async function verifyRecords(
  { tail }: Pick<Road, 'tail'>,
  signal: AbortSignal,
  of = tables(),
): Promise<Comparison> {
  for (const giveUpAt = Date.now() + patienceMs; ; await sleep(100, undefined, { signal })) {
    const all = sum(
      of.map(table => compareRecords(tail.records(table.rawTopic), tail.records(table.maskedTopic), table)),
    )
    if (all.differences.length === 0) return all
    if (Date.now() > giveUpAt) throw new Discrepancy(all.differences.slice(0, 10).join('\n'))
  }
}

/** Makes a change and waits until the target shows it, cell by cell; answers how long that took. */
export async function verifyChange(
  { source, target }: Pick<Road, 'source' | 'target'>,
  change: Change,
  signal: AbortSignal,
): Promise<number> {
  const { table, key, oldKey } = change
  const columns = keptColumns(table)
  const startedAt = performance.now()
  await change.run(source)
  for (const giveUpAt = Date.now() + patienceMs; ; await sleep(20, undefined, { signal })) {
    const raw = await readKey(source, table.source, table, key, columns)
    const loaded = await readKey(target, table.target, table, key, columns)
    const left = oldKey && (await readKey(target, table.target, table, oldKey, columns))
    if (left === undefined && isMaskOf(table, raw, loaded)) return performance.now() - startedAt
    if (Date.now() > giveUpAt) throw new Discrepancy(`"${change.title}" did not arrive in ${table.target} [${key}]`)
  }
}

function isMaskOf(table: Table, raw: Row | undefined, loaded: Row | undefined): boolean {
  if (raw === undefined || loaded === undefined) return raw === loaded
  return keptColumns(table).every(
    name => expectedText(table.columns[name] ?? 'absent', raw[name] ?? null) === loaded[name],
  )
}

/** Changes a policy over HTTP, and sees to it that the next record shows the change and that a stale version is refused. */
export async function verifyPolicyChange(
  road: Pick<Road, 'service' | 'source' | 'target'>,
  constant: string,
  signal: AbortSignal,
): Promise<void> {
  const { service, source, target } = road
  const tag = await policyTag(service)
  const status = await patchIncome(service, constant, tag)
  if (status !== 200) throw new Discrepancy(`the policy change was answered by ${status}`)
  const again = await patchIncome(service, 'NOBODY', tag)
  if (again !== 412)
    throw new Discrepancy(`a change on top of a version that is gone was answered by ${again}, not 412`)
  const table = findTable('profile_360', constant)
  const id = 'a1b2c3d4-0000-4000-8000-000000001003'
  await source.query('update profile_360 set household_size = household_size + 1 where profile_id = $1', [id])
  for (const giveUpAt = Date.now() + patienceMs; ; await sleep(20, undefined, { signal })) {
    const raw = await readKey(source, table.source, table, [id], keptColumns(table))
    const loaded = await readKey(target, table.target, table, [id], keptColumns(table))
    if (isMaskOf(table, raw, loaded)) return
    if (Date.now() > giveUpAt)
      throw new Discrepancy(`the next record does not show the changed policy in ${table.target} [${id}]`)
  }
}

/** What a search for secrets went through. */
export interface Search {
  readonly secrets: number
  readonly places: number
  readonly bytes: number
}

/** Looks for every protected value of the source, in several spellings, wherever Scrim writes; throws where it finds one. */
export async function verifySilence(road: Omit<Road, 'stack' | 'firstRowMs'>): Promise<Search> {
  const { service, target, own, tail } = road
  const secrets = await allSecrets(road)
  const metrics = await fetch(`${service.url}/metrics`)
  const places = new Map<string, string>([
    ['the log of Scrim', service.log()],
    ['/metrics', await metrics.text()],
    ['smart_citizen', await everything(target)],
    ["Scrim's own database", await everything(own)],
    ...tables().map(
      ({ maskedTopic }) =>
        [
          maskedTopic,
          tail
            .records(maskedTopic)
            .map(({ key, value, headers }) => `${key}\n${value}\n${JSON.stringify(headers)}`)
            .join('\n'),
        ] as const,
    ),
  ])
  const found = [...places].flatMap(([place, text]) =>
    findSecrets(text, secrets).map(column => `${column} stands in ${place}`),
  )
  if (found.length > 0) throw new Discrepancy(found.join('\n'))
  for (const [place, text] of places)
    if (text === '') throw new Discrepancy(`${place} is empty: there was nothing to search`)
  return {
    secrets: secrets.length,
    places: places.size,
    bytes: [...places.values()].reduce((total, text) => total + text.length, 0),
  }
}

/** Of the rows that are there, and of all that went through the raw topics. */
async function allSecrets({ source, tail }: Pick<Road, 'source' | 'tail'>): Promise<Secret[]> {
  const secrets: Secret[] = []
  for (const table of tables()) {
    const rows = await readRows(source, table.source, Object.keys(table.columns))
    const gone = tail.records(table.rawTopic).flatMap(record => {
      const payload = eventOf(record)?.payload
      return [payload?.before, payload?.after].flatMap(image => (image ? [textCells(image)] : []))
    })
    secrets.push(...secretsOf(table, [...rows, ...gone]))
  }
  return secrets
}

/** Only texts: numbers of a record (decimals as bytes) are covered by the rows. */
const textCells = (image: Readonly<Record<string, unknown>>): Row =>
  Object.fromEntries(
    Object.entries(image).map(([name, cell]) => [
      name,
      typeof cell === 'string' && name !== 'annual_income' ? cell : null,
    ]),
  )

async function everything(client: Road['target']): Promise<string> {
  const { rows } = await client.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'`,
  )
  const texts: string[] = []
  for (const { name } of rows) {
    const { rows: content } = await client.query<{ text: string }>(
      `select x::text || to_jsonb(x)::text as text from ${name} x`,
    )
    texts.push(...content.map(({ text }) => text))
  }
  return texts.join('\n')
}

const sum = (parts: readonly Comparison[]): Comparison => ({
  rows: parts.reduce((total, { rows }) => total + rows, 0),
  cells: parts.reduce((total, { cells }) => total + cells, 0),
  differences: parts.flatMap(({ differences }) => differences),
})
