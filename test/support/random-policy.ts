import type { Random } from './random.ts'
import { randomPath } from './random-inside.ts'
import { randomWord } from './random-json.ts'
import { randomFilter, randomProjection, randomValueOf } from './random-expression.ts'
import type { RandomColumn, RandomTable } from './random-table.ts'

/** Policies about a table, most of them sensible, some not. */
export function randomPolicies(table: RandomTable, random: Random): unknown[] {
  const named = table.columns.filter(() => random.chance(0.85))
  // Expressions read what is named; now and then they try to read more.
  const known = random.chance(0.95) ? { ...table, columns: named } : table
  // Many rules make many refusals: half of the sets have few, so that what filters and projections do is seen.
  const isCalm = random.chance(0.5)
  const calm = ({ name, optional, isKey }: RandomColumn): unknown => {
    const field = `$.after[${JSON.stringify(name)}]`
    if (isKey) return { field, maskType: 'none' }
    return { field, maskType: random.pick(['none', 'none', 'drop', optional ? 'null' : 'none']) }
  }
  const inParts = new Set(
    table.columns.filter(column => (!isCalm || random.chance(0.2)) && random.chance(chanceOfParts(column))),
  )
  const conditions: unknown[] = named.flatMap(column => {
    if (isCalm) return [calm(column)]
    // One that is hidden as a whole shows nothing of what is done to its parts.
    return inParts.has(column) && random.chance(0.9) ? [] : [condition(column, known, random)]
  })
  for (const column of inParts) conditions.push(...onParts(column, random))
  if (random.chance(0.04))
    conditions.push({ field: `$..${random.pick(['phone', 'city', '["e mail"]'])}`, ...ofPart(random, false) })
  if (random.chance(0.2))
    conditions.push({
      field: 'after.*',
      ...random.pick([
        { maskType: 'drop' },
        { maskType: 'null' },
        { maskType: 'full' },
        { maskType: 'hash' },
        { maskType: 'partial' },
      ]),
    })
  const name = random.pick(['a policy', 'Zwei'])
  const policies: unknown[] = [
    {
      name,
      resources: { topic: random.pick([table.topic, '*', ['nothing', table.topic]]) },
      maskingPolicy: {
        maskingConditions: conditions,
        ...(random.chance(0.5) ? { unknownColumns: random.pick(['hold', 'quarantine', 'drop', 'null']) } : {}),
        ...(random.chance(0.4) ? { toast: random.pick(['omit', 'keep', 'reject']) } : {}),
        ...(random.chance(isCalm ? 0.8 : 0.3) ? { rowFilter: randomFilter(known, random) } : {}),
        ...(random.chance(0.3) ? { projection: randomProjection(known, random) } : {}),
      },
    },
  ]
  if (random.chance(0.2)) {
    const column = random.pick(table.columns)
    policies.push({
      name: 'another',
      policyPriority: random.below(2),
      resources: { topic: table.topic },
      maskingPolicy: { maskingConditions: column === undefined ? [] : [condition(column, table, random)] },
    })
  }
  if (random.chance(0.45)) policies.push(tableSchema(table, random))
  return policies
}

function condition({ name, type, logical }: RandomColumn, table: RandomTable, random: Random): Record<string, unknown> {
  const field =
    /^[\w]+$/.test(name) && random.chance(0.7)
      ? random.pick([name, `after.${name}`, `key.${name}`])
      : `$.${random.pick(['after', 'before'])}[${JSON.stringify(name)}]`
  if (random.chance(0.08)) return { field, maskType: 'custom', ...randomValueOf(name, type, table, random) }
  return { field, ...maskFor(type, logical, random) }
}

const rangerMasks = ['MASK', 'MASK_SHOW_LAST_4', 'MASK_SHOW_FIRST_4', 'MASK_HASH', 'MASK_DATE_SHOW_YEAR', 'MASK_NULL']

const randomDialect = (random: Random): Record<string, unknown> =>
  random.chance(0.5) ? {} : { dialect: random.pick(['strict', 'hive', 'trino', 'nestedstructure']) }

const nestedTypes = ['struct', 'array', 'map']

function chanceOfParts({ type, logical }: RandomColumn): number {
  if (logical === 'io.debezium.data.Json') return 0.8
  if (nestedTypes.includes(type)) return 0.5
  return type === 'string' ? 0.03 : 0.01
}

/** Rules on parts of a column that passes, most of the time. */
function onParts({ name, type, logical }: RandomColumn, random: Random): Record<string, unknown>[] {
  const isDotted = /^[\w]+$/.test(name) && random.chance(0.4)
  const column = isDotted ? random.pick([name, `after.${name}`]) : `$.after[${JSON.stringify(name)}]`
  const isTyped = nestedTypes.includes(type) && logical === null
  // A path that does not fit holds the topic, so that little would be published with many.
  const parts = Array.from({ length: 1 + random.below(isTyped ? 2 : 4) }, () => ({
    field: column + randomPath(random, isDotted, isTyped),
    ...ofPart(random, isTyped),
  }))
  return random.chance(0.95) ? [{ field: `$.after[${JSON.stringify(name)}]`, maskType: 'none' }, ...parts] : parts
}

const ofPart = (random: Random, isTyped: boolean): Record<string, unknown> =>
  random.chance(0.75)
    ? random.pick<Record<string, unknown>>([
        { maskType: 'full' },
        { maskType: 'full', maskValue: random.pick<unknown>([0, false, 'a"b']) },
        { maskType: 'null' },
        { maskType: 'null' },
        isTyped ? { maskType: 'null' } : { maskType: 'drop' },
      ])
    : random.pick<Record<string, unknown>>([
        { maskType: 'partial', unmaskCharCount: 1 },
        { maskType: 'email' },
        { maskType: 'drop' },
        { maskType: 'hash' },
        { maskType: 'none' },
      ])

function maskFor(type: string, logical: string | null, random: Random): Record<string, unknown> {
  const free = type === 'string' && logical === null
  const general = [{ maskType: 'none' }, { maskType: 'none' }, { maskType: 'drop' }, { maskType: 'null' }]
  if (random.chance(0.25)) return random.pick(general)
  if (random.chance(0.04))
    return random.pick([{ maskType: 'partial' }, { maskType: 'hash' }, { maskType: 'email' }, { maskType: 'full' }])
  if (free) {
    return random.pick<Record<string, unknown>>([
      {
        maskType: 'partial',
        ...(random.chance(0.5) ? { maskCharCount: 1 + random.below(10) } : {}),
        ...(random.chance(0.7) ? { unmaskCharCount: random.below(6) } : {}),
        ...(random.chance(0.5) ? { maskChar: random.pick(['*', 'x', '"', '\\', '•', '👩‍👩‍👧', '\u0001']) } : {}),
        ...(random.chance(0.5) ? { unmaskCharPosition: random.pick(['left', 'right']) } : {}),
      },
      { maskType: 'email' },
      { maskType: 'hash', ...(random.chance(0.5) ? { length: 32 + random.below(33) } : {}) },
      {
        maskType: 'full',
        ...(random.chance(0.6) ? { maskValue: random.chance(0.8) ? 'CONFIDENTIAL' : randomWord(random) } : {}),
      },
      { maskType: 'MASK_HASH' },
      { maskType: random.pick(rangerMasks), ...randomDialect(random) },
    ])
  }
  if (type.startsWith('int'))
    return random.pick<Record<string, unknown>>([
      { maskType: 'hash' },
      { maskType: 'full', maskValue: random.pick<unknown>([0, -1, 100, '1970-01-01']) },
      { maskType: 'none' },
      { maskType: random.pick(rangerMasks), ...randomDialect(random) },
    ])
  if (random.chance(0.1)) return { maskType: random.pick(rangerMasks), ...randomDialect(random) }
  if (type === 'boolean') return { maskType: 'full', maskValue: random.chance(0.5) }
  if (type === 'double' || type === 'float') return { maskType: 'full', maskValue: random.pick([0, 1.5, 1e21]) }
  if (logical?.endsWith('Decimal')) return { maskType: 'full', maskValue: random.pick<unknown>([0, '0.00', '-1.5']) }
  if (logical?.endsWith('Json')) return { maskType: 'full', maskValue: '{}' }
  if (logical?.endsWith('Uuid')) return { maskType: 'full', maskValue: '00000000-0000-0000-0000-000000000000' }
  if (logical?.endsWith('Enum')) return { maskType: 'full', maskValue: random.pick(['F', 'M']) }
  if (logical?.endsWith('ZonedTimestamp')) return { maskType: 'full', maskValue: '1970-01-01T00:00:00Z' }
  if (type === 'bytes') return { maskType: 'full', maskValue: '' }
  return random.pick(general)
}

function tableSchema(table: RandomTable, random: Random): unknown {
  const columns = table.columns.filter(({ name }) => name !== '' && random.chance(0.9))
  return declarationOf({ ...table, columns })
}

/** The policy document that declares the table as it is. */
export function declarationOf({ topic, columns }: RandomTable): unknown {
  return {
    name: 'declared',
    tableSchema: {
      topic,
      columns: columns.map(({ name, type, logical, optional, parameters }) => ({
        name,
        type,
        optional,
        parameters,
        ...(logical === null ? {} : { logical }),
      })),
    },
  }
}
