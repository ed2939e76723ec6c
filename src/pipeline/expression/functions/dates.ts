import { type Bound, mapped, refuse } from '../bound.ts'
import { cast } from '../cast.ts'
import { kindNames } from '../expression-type.ts'
import { civilOfDays, keptDays, truncateDays, truncateMicros, type TruncUnit } from '../temporal.ts'
import type { Value, Whole } from '../values.ts'
import { asDate, plain, type SqlFunction } from './sql-function.ts'

const units: ReadonlySet<string> = new Set<TruncUnit>([
  'year',
  'quarter',
  'month',
  'week',
  'day',
  'hour',
  'minute',
  'second',
])

/** A date stays a date, a timestamp a timestamp. */
function dateTrunc(at: number, unit: Bound, input: Bound, dialect: Parameters<typeof asDate>[1]): Bound {
  const name = typeof unit.constant?.value === 'string' ? unit.constant.value.toLowerCase() : ''
  if (!units.has(name)) return refuse(unit.at, `the unit must be one of ${[...units].join(', ')}`)
  const to = name as TruncUnit
  const { kind } = input.type
  if (kind === 'date') return { ...mapped(input, input.type, value => truncateDays(value as number, to), false), at }
  if (kind !== 'timestamp' && kind !== 'timestamptz' && kind !== 'text' && kind !== 'json' && kind !== 'null') {
    return refuse(input.at, `a date or a timestamp is needed, this is ${kindNames[kind]}`)
  }
  const moment = kind === 'timestamp' || kind === 'timestamptz' ? input : cast(input, { kind: 'timestamp' }, dialect)
  return { ...mapped(moment, moment.type, (value: Value) => truncateMicros(value as Whole, to), false), at }
}

export const dateFunctions: Readonly<Record<string, SqlFunction>> = {
  year: plain({
    signature: 'date',
    summary: 'The year.',
    takes: ['date'],
    returns: { kind: 'integer' },
    call: (days: number) => civilOfDays(days).year,
    examples: [
      ["year(date '2016-04-20')", '2016'],
      ["year('2016-04-20 23:59:59')", '2016'],
    ],
  }),
  month: plain({
    signature: 'date',
    summary: 'The month, 1 to 12.',
    takes: ['date'],
    returns: { kind: 'integer' },
    call: (days: number) => civilOfDays(days).month,
    examples: [["month(date '2016-04-20')", '4']],
  }),
  day: plain({
    signature: 'date',
    summary: 'The day of the month.',
    takes: ['date'],
    returns: { kind: 'integer' },
    call: (days: number) => civilOfDays(days).day,
    examples: [["day(date '2016-04-20')", '20']],
  }),
  to_date: {
    signature: 'date, timestamp or text',
    summary: 'The day of a timestamp or a text; NULL for any other text.',
    least: 1,
    most: 1,
    bind: ({ at, dialect }, [input]) => ({ ...asDate(input as Bound, dialect), at, slot: null }),
    examples: [
      ["to_date('2016-04-20 10:00:00')", "date '2016-04-20'"],
      ["to_date('2016-02-30')", 'null'],
    ],
  },
  date_add: plain({
    signature: 'date, days',
    summary: 'So many days later.',
    takes: ['date', 'count'],
    returns: { kind: 'date' },
    fails: true,
    call: (days: number, count: number) => keptDays(days + count),
    examples: [["date_add(date '2016-02-28', 2)", "date '2016-03-01'"]],
  }),
  date_sub: plain({
    signature: 'date, days',
    summary: 'So many days earlier.',
    takes: ['date', 'count'],
    returns: { kind: 'date' },
    fails: true,
    call: (days: number, count: number) => keptDays(days - count),
    examples: [["date_sub('2016-03-01', 1)", "date '2016-02-29'"]],
  }),
  datediff: plain({
    signature: 'date, date',
    summary: 'How many days the first is after the second.',
    takes: ['date', 'date'],
    returns: { kind: 'integer' },
    call: (a: number, b: number) => a - b,
    examples: [["datediff('2016-03-01', '2016-02-28')", '2']],
  }),
  date_trunc: {
    signature: 'unit, date or timestamp',
    summary: `The start of the unit: ${[...units].join(', ')}.`,
    least: 2,
    most: 2,
    bind: ({ at, dialect }, [unit, input]) => dateTrunc(at, unit as Bound, input as Bound, dialect),
    examples: [
      ["date_trunc('month', date '2016-04-20')", "date '2016-04-01'"],
      ["date_trunc('hour', timestamp '2016-04-20 10:15:30')", "timestamp '2016-04-20 10:00:00'"],
    ],
  },
}
