import type pg from 'pg'
import { expectedText, keptColumns, type Table } from './expected.ts'

/** A row, every cell as Postgres prints it. */
export type Row = Readonly<Record<string, string | null>>

/** What a comparison has looked at and what it did not like. Differences name places, never what stands there. */
export interface Comparison {
  readonly rows: number
  readonly cells: number
  readonly differences: readonly string[]
}

/** Compares each row of a source table, masked by the rules, with its row in the target: all cells, and no row more or less. */
export async function compareRows(source: pg.Client, target: pg.Client, table: Table): Promise<Comparison> {
  const kept = keptColumns(table)
  const [rawRows, loadedRows, columns] = await Promise.all([
    readRows(source, table.source, Object.keys(table.columns)),
    readRows(target, table.target, kept),
    columnsOf(target, table.target),
  ])
  const id = (row: Row): string => table.key.map(name => row[name]).join(' ')
  const loaded = new Map(loadedRows.map(row => [id(row), row]))
  const differences = columns
    .filter(name => !kept.includes(name))
    .map(name => `${table.target}.${name} has no place there`)
  let cells = 0
  for (const raw of rawRows) {
    const row = loaded.get(id(raw))
    loaded.delete(id(raw))
    if (row === undefined) {
      differences.push(`${table.target} [${id(raw)}] is missing`)
      continue
    }
    for (const name of kept) {
      cells++
      const rule = table.columns[name] ?? 'absent'
      if (expectedText(rule, raw[name] ?? null) !== row[name])
        differences.push(`${table.target} [${id(raw)}].${name} is not the mask of its source`)
    }
  }
  for (const extra of loaded.keys()) differences.push(`${table.target} [${extra}] is not in the source`)
  return { rows: rawRows.length, cells, differences }
}

/** Rows in order of the table's own; `where` with its parameters selects some of them. */
export async function readRows(
  client: pg.Client,
  from: string,
  columns: readonly string[],
  where = 'true',
  parameters: unknown[] = [],
): Promise<Row[]> {
  const list = columns.map(name => `${name}::text`).join(', ')
  const { rows } = await client.query<Row>(`select ${list} from ${from} where ${where} order by 1`, parameters)
  return rows
}

async function columnsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    'select attname::text as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped',
    [table],
  )
  return rows.map(({ name }) => name)
}
