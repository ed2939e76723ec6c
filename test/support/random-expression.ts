import type { Random } from './random.ts'
import type { RandomColumn, RandomTable } from './random-table.ts'

/** Expressions over a table, most of them of the right types. */

/** A name as the language reads it. */
const quoted = (name: string): string => (/^[a-z]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)

const readable = ({ columns }: RandomTable): readonly RandomColumn[] => columns.filter(({ name }) => name !== '')

/** A row filter, with or without its settings. */
export function randomFilter(table: RandomTable, random: Random): Record<string, unknown> {
  return {
    filterExpr: condition(table, random, 2),
    ...(random.chance(0.2) ? { undecidedDelete: 'drop' } : {}),
    ...(random.chance(0.2) ? { replicaIdentity: 'full' } : {}),
  }
}

function condition(table: RandomTable, random: Random, depth: number): string {
  if (depth > 0 && random.chance(0.4)) {
    const [left, right] = [condition(table, random, depth - 1), condition(table, random, depth - 1)]
    return random.pick([`${left} and ${right}`, `(${left} or ${right})`, `not (${left})`])
  }
  if (random.chance(0.1))
    return random.pick([
      'true',
      "op() <> 'd'",
      "op() = 'c'",
      "source('ts_ms') > 5",
      '1 = 0',
      "now() > timestamp '1960-01-01 00:00:00'",
      "now() > timestamp '2020-01-01 00:00:00'",
    ])
  const columns = readable(table)
  if (columns.length === 0) return 'true'
  return comparison(random.pick([...columns, ...columns.filter(({ isKey }) => isKey)]), random)
}

function comparison({ name, type, logical }: RandomColumn, random: Random): string {
  const column = quoted(name)
  const anyway = [`${column} is null`, `${column} is not null`, `${column} is not null`, `changed(${column})`]
  if (random.chance(0.3)) return random.pick(anyway)
  if (type === 'string' && logical === null)
    return random.pick([
      `${column} > 'm'`,
      `length(${column}) > 4`,
      `${column} like '%a%'`,
      `${column} in ('a', 'b', 'c')`,
      `${column} <> 'x'`,
    ])
  if (type.startsWith('int') && logical === null)
    return random.pick([`${column} > 0`, `${column} % 2 = 0`, `${column} between 1 and 50`, `${column} <> 1`])
  if (type === 'boolean') return random.pick([column, `not ${column}`, `${column} is true`])
  if (type === 'double' || type === 'float') return `${column} > 0.5`
  if (logical?.endsWith('Decimal') === true) return `${column} >= 1.5`
  if (logical?.endsWith('Date') === true) return `${column} < date '2010-01-01'`
  return random.pick(anyway)
}

/** Of a CUSTOM mask. */
export function randomValueOf(
  name: string,
  type: string,
  table: RandomTable,
  random: Random,
): { valueExpr: string; readsRaw?: boolean } {
  const when = condition(table, random, 1)
  const valueExpr = random.pick([
    '{col}',
    `case when ${when} then {col} end`,
    `case when ${when} then {col} else ${constantOf(type)} end`,
    constantOf(type),
    ...(type === 'string' ? ["concat('x', {col})", "coalesce({col}, '?')", 'substr({col}, 1, 2)'] : []),
    ...(type.startsWith('int') ? ['{col} + 1', 'abs({col})'] : []),
    quoted(name),
  ])
  return { valueExpr, ...(random.chance(0.95) ? { readsRaw: true } : {}) }
}

const constantOf = (type: string): string =>
  type === 'string' ? "'***'" : type === 'boolean' ? 'false' : type === 'double' || type === 'float' ? '0.5' : '0'

/** A projection; now and then one that cannot be. */
export function randomProjection(table: RandomTable, random: Random): Record<string, unknown> {
  const names = readable(table).map(({ name }) => name)
  const some = (chance: number): string[] => names.filter(() => random.chance(chance))
  const rest = readable(table).filter(({ isKey }) => !isKey || random.chance(0.05))
  const droppable = rest.map(({ name }) => name).filter(name => !name.startsWith('__'))
  const columns: Record<string, unknown> = {}
  for (const column of rest) {
    if (!random.chance(0.12) || column.name.startsWith('__')) continue
    const { valueExpr, readsRaw } = randomValueOf(column.name, column.type, table, random)
    columns[column.name] = {
      valueExpr: valueExpr.replaceAll('{col}', quoted(column.name)),
      readsRaw: readsRaw ?? false,
    }
  }
  if (random.chance(0.5))
    columns.made = random.pick(["'shop'", '1', "'a'", { valueExpr: condition(table, random, 1), readsRaw: true }])
  if (random.chance(0.2)) columns['made too'] = { valueExpr: "'a\"b'", readsRaw: true }
  const keep = random.chance(0.25) ? { keep: [...new Set([...some(0.7), ...keyNames(table)])] } : {}
  const renamed = some(0.25).filter(name => !name.startsWith('__') && !(name in columns))
  const rename = Object.fromEntries(renamed.map((name, n) => [name, random.chance(0.03) ? 'made' : `new ${n}`]))
  return { ...keep, drop: droppable.filter(() => random.chance(0.15)), rename, columns }
}

const keyNames = ({ columns }: RandomTable): string[] => columns.flatMap(({ isKey, name }) => (isKey ? [name] : []))
