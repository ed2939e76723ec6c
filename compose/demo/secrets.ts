import type { Row } from './compare-rows.ts'
import type { Table } from './expected.ts'

/** A value that must not get out, in one of the forms in which it could. */
export interface Secret {
  /** Where it comes from: `golden_records.aadhaar_number`. */
  readonly column: string
  readonly spelling: string
}

/** By table: what the documents protect. Of JSON columns every text in them counts. */
const secretColumns: Readonly<Record<string, readonly string[]>> = {
  golden_records: [
    'jan_aadhaar',
    'aadhaar_number',
    'mobile_number',
    'annual_income',
    'bank_name',
    'bank_account_number',
    'bank_ifsc',
    'address_line1',
    'address_line2',
  ],
  profile_360: ['jan_aadhaar', 'contact_mobile', 'inferred_income_band', 'bank_accounts', 'home_address'],
}

/** Shorter texts turn up by chance, in offsets and timestamps. */
const shortest = 7

/** All spellings of all secrets in rows of the source, as Postgres prints them. */
export function secretsOf(table: Table, rows: readonly Row[]): Secret[] {
  const found = new Map<string, Secret>()
  for (const column of secretColumns[table.name] ?? []) {
    const values = rows.flatMap(row => leaves(row[column] ?? null))
    for (const spelling of values.flatMap(value => spellings(column, value))) {
      if (spelling.length >= shortest) found.set(spelling, { column: `${table.name}.${column}`, spelling })
    }
  }
  return [...found.values()]
}

/** The columns whose secrets stand in a text. One walk over the text, however many secrets there are. */
export function findSecrets(text: string, secrets: readonly Secret[]): string[] {
  const byStart = Map.groupBy(secrets, ({ spelling }) => spelling.slice(0, shortest))
  const found = new Set<string>()
  for (let at = 0; at + shortest <= text.length; at++)
    for (const { column, spelling } of byStart.get(text.slice(at, at + shortest)) ?? [])
      if (text.startsWith(spelling, at)) found.add(column)
  return [...found]
}

function leaves(cell: string | null): string[] {
  if (cell === null) return []
  if (!/^[[{]/.test(cell)) return [cell]
  const texts: string[] = []
  JSON.parse(cell, (_, value: unknown) => {
    if (typeof value === 'string') texts.push(value)
    return value
  })
  return texts
}

function spellings(column: string, value: string): string[] {
  const bytes = Buffer.from(value)
  const digits = value.replace(/\D/g, '')
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    [...value].map(one => (one > '~' ? `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}` : one)).join(''),
    encodeURIComponent(value),
    bytes.toString('base64'),
    bytes.toString('hex'),
    ...(digits.length >= 10 ? [digits] : []),
    ...(column === 'annual_income' ? [`"${unscaled(value)}"`] : []),
  ]
}

/** A decimal as Debezium writes it: the number without its point as big-endian bytes, in base64. */
function unscaled(decimal: string): string {
  let hex = BigInt(decimal.replace('.', '')).toString(16)
  if (hex.length % 2 === 1 || /^[89a-f]/.test(hex)) hex = hex.length % 2 === 1 ? `0${hex}` : `00${hex}`
  return Buffer.from(hex, 'hex').toString('base64')
}
