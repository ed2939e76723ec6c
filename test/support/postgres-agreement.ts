import type pg from 'pg'
import { isBindFault } from '../../src/pipeline/expression/bound-expression.ts'
import { bindExpression } from '../../src/pipeline/expression/bind.ts'
import { compareDecimals, decimalOf, parseDecimal } from '../../src/pipeline/expression/decimal.ts'
import { readValue } from '../../src/pipeline/expression/read-value.ts'
import type { Row } from '../../src/pipeline/expression/row.ts'
import { dateText, timestampText } from '../../src/pipeline/expression/temporal.ts'
import type { Decimal, Value, Whole } from '../../src/pipeline/expression/values.ts'
import { printExpression } from '../../src/policy/expression/print.ts'
import { scopeOf } from './expressions.ts'
import { createRandom } from './random.ts'
import { createExpressions, type RandomKind, randomColumns } from './typed-expressions.ts'

export interface Agreement {
  /** Values that both gave. */
  readonly compared: number
  /** Expressions on a row that Postgres would not evaluate: an overflow, a division by zero, a text that is no number. */
  readonly failed: number
  readonly nulls: number
  readonly disagreements: readonly string[]
}

const kinds: readonly RandomKind[] = [
  'boolean',
  'boolean',
  'boolean',
  'integer',
  'decimal',
  'double',
  'text',
  'date',
  'timestamp',
]

/** Functions that Postgres lacks, and one that evaluates each expression on each row and survives what fails. */
const preparation = `
  create function date_add(d date, n bigint) returns date language sql immutable as 'select d + n::int';
  create function date_sub(d date, n bigint) returns date language sql immutable as 'select d - n::int';
  create function evaluate_all(expressions jsonb) returns table (e int, r int, failed boolean, result text)
  language plpgsql as $$
  declare one text;
  begin
    for k in 0 .. jsonb_array_length(expressions) - 1 loop
      e := k;
      one := expressions->>k;
      for r in select n from rows order by n loop
        failed := false;
        begin
          execute format('select (%s)::text from rows where n = $1', one) into result using r;
        exception when others then
          failed := true;
          result := sqlerrm;
        end;
        return next;
      end loop;
    end loop;
  end $$;`

/** Evaluates random expressions over random rows here and in Postgres. The database is empty before. */
export async function compareWithPostgres(
  client: pg.Client,
  { seed, expressions, rows }: { readonly seed: number; readonly expressions: number; readonly rows: number },
): Promise<Agreement> {
  const random = createRandom(seed)
  const table = Array.from({ length: rows }, () =>
    randomColumns.map(({ value }) => (random.chance(0.15) ? (['null', 'null'] as const) : value(random))),
  )
  const columns = randomColumns.map(({ name, sqlType }) => `${name} ${sqlType}`).join(', ')
  await client.query(preparation)
  await client.query(`create table rows (n int primary key, ${columns})`)
  const tuples = table.map((cells, n) => `(${n}, ${cells.map(([, sql]) => sql).join(', ')})`)
  await client.query(`insert into rows values ${tuples.join(', ')}`)

  const make = createExpressions(random)
  const asked = Array.from({ length: expressions }, () => {
    const kind = random.pick(kinds)
    return { kind, expression: make.of(kind, 1 + random.below(4)) }
  })
  const texts = asked.map(({ expression }) => sqlOf(printExpression(expression, 'scrim')))
  const { rows: answers } = await client.query<{ e: number; r: number; failed: boolean; result: string | null }>(
    'select * from evaluate_all($1)',
    [JSON.stringify(texts)],
  )

  const bounds = asked.map(({ expression }, n) => {
    const bound = bindExpression(expression, scopeOf({ columns: randomColumns }))
    if (isBindFault(bound)) throw new Error(`seed ${seed}: ${bound.detail}: ${texts[n]}`)
    return bound
  })
  const disagreements: string[] = []
  let compared = 0
  let failed = 0
  let nulls = 0
  for (const answer of answers) {
    if (answer.failed) {
      failed++
      continue
    }
    compared++
    const bound = bounds[answer.e]
    const value = bound?.evaluate(rowOf(table[answer.r] ?? [])) ?? null
    if (value === null) nulls++
    if (!agrees(value, bound?.type.kind ?? '', answer.result)) {
      const cells = randomColumns.map(({ name }, n) => `${name}=${table[answer.r]?.[n]?.[1]}`).join(' ')
      disagreements.push(`${texts[answer.e]}\n  on ${cells}\n  here ${spelled(value)}, Postgres ${answer.result}`)
    }
  }
  return { compared, failed, nulls, disagreements }
}

/** Postgres takes \`double\` for no type. */
const sqlOf = (text: string): string => text.replaceAll(' AS double)', ' AS double precision)')

function rowOf(cells: readonly (readonly [string, string])[]): Row {
  const nothing = (): null => null
  return {
    value: slot => {
      const bytes = Buffer.from(cells[slot]?.[0] ?? 'null')
      const type = randomColumns[slot]?.type
      return type === undefined ? null : readValue(bytes, 0, bytes.length, type)
    },
    changed: nothing,
    op: nothing,
    source: nothing,
    now: () => 0,
  }
}

const spelled = (value: Value): string =>
  JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? part.toString() : part))

function agrees(value: Value, kind: string, result: string | null): boolean {
  if (value === null || result === null) return value === result
  switch (kind) {
    case 'integer':
    case 'decimal': {
      const theirs = parseDecimal(result)
      const ours = kind === 'integer' ? decimalOf(value as Whole) : (value as Decimal)
      return theirs !== null && compareDecimals(ours, theirs) === 0
    }
    case 'double':
      return Object.is((value as number) + 0, Number(result) + 0)
    case 'date':
      return dateText(value as number) === result
    case 'timestamp':
      return timestampText(value as Whole) === result
    default:
      return String(value) === result
  }
}
