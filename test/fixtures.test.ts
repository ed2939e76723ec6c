import { describe, expect, test } from 'vitest'
import { compile, transform } from '../src/engine.ts'
import { columnLength, type SchemaColumn } from '../src/pipeline/schema.ts'
import { tableSchemaFor } from '../src/policy/table-schema.ts'
import { exampleKey } from './support/agreement.ts'
import {
  decoded,
  type FixtureRecord,
  type FixtureTable,
  fixtureFiles,
  fixtureRecords,
  hasFixtures,
  literalsOf,
  policyFor,
  published,
  tablesOf,
  textWithout,
} from './support/fixture-records.ts'

/** Captured from a real Debezium; they lie beside the project, so elsewhere this file has nothing to do. */
describe.skipIf(!hasFixtures)('captured records', () => {
  const byFile = new Map(fixtureFiles().map(file => [file, fixtureRecords(file)]))
  const typed = tablesOf(byFile.get('visible-schema.jsonl') ?? [])
  const tablesIn = (file: string): FixtureTable[] =>
    file.includes('schemaless') ? typed : tablesOf(byFile.get(file) ?? [])
  /** Types of records that carry none. */
  const declared = (table: FixtureTable, file: string): unknown[] =>
    file.includes('schemaless') ? [tableSchemaFor(table.topic, table.columns)] : []

  describe.each([...byFile.keys()])('%s', file => {
    const records = byFile.get(file) ?? []
    const tables = tablesIn(file)

    test('none for every column gives identical bytes, and what is no row is dropped by name', () => {
      const names = new Set(tables.flatMap(({ columns }) => columns.map(({ name }) => name)))
      const none = [...names].map(name => ({ field: `$.after[${JSON.stringify(name)}]`, maskType: 'none' }))
      const { plan } = compile([policyFor(['benefits.*', '__debezium-heartbeat.*'], none)])
      const reasons = new Map<string, number>()
      for (const record of records) {
        const [outcome] = transform([record], plan!)
        if (outcome?.outcome === 'drop') {
          reasons.set(outcome.reason, (reasons.get(outcome.reason) ?? 0) + 1)
          expect(record.topic).toMatch(
            outcome.reason === 'heartbeat'
              ? /heartbeat/
              : outcome.reason === 'signal'
                ? /signal/
                : new RegExp(`${outcome.reason}$`),
          )
          continue
        }
        expect(record.topic).not.toMatch(/heartbeat|signal|\.message$|\.transaction$/)
        const { key, value, headers } = published(outcome!)
        expect([key, value, headers.map(([name, one]) => [name, one])]).toEqual([
          record.key,
          record.value,
          record.headers,
        ])
      }
      expect(reasons.get('heartbeat')).toBeGreaterThan(0)
      expect(reasons.get('message')).toBeGreaterThan(0)
      expect(reasons.get('signal')).toBeGreaterThan(0)
    })

    const columns = tables.flatMap(table =>
      table.columns.map(column => ({ table, column, topic: table.topic, name: column.name })),
    )
    test.each(columns)('$topic, $name masked: its value is nowhere, all else is as it was', ({ table, column }) => {
      const own = records.filter(({ topic }) => topic === table.topic)
      const expected = own.map(record => ({
        rest: textWithout(record, column.name),
        literals: literalsOf(record, column.name),
      }))
      for (const mask of masksFor(column, table)) {
        const conditions = table.columns.map(({ name }) => ({
          field: `$.after[${JSON.stringify(name)}]`,
          ...(name === column.name ? mask : { maskType: 'none' }),
        }))
        const { plan, problems } = compile([policyFor(table.topic, conditions), ...declared(table, file)], {
          keys: { default: exampleKey },
        })
        expect(problems).toEqual([])
        const outcomes = transform(own, plan!)
        expect(outcomes).toHaveLength(own.length)
        for (const [n, { rest, literals }] of expected.entries()) {
          const out = published(outcomes[n]!)
          expect(textWithout(out, column.name)).toBe(rest)
          expectGone(literals, rest, out)
        }
      }
    })
  })
})

/** Every mask that stands on the column, one of each kind. */
function masksFor({ name, type }: SchemaColumn, { keyColumns }: FixtureTable): Record<string, unknown>[] {
  const isText = type.kind === 'string' && type.logical === null
  const isInteger = type.kind.startsWith('int') && type.logical === null
  // A hash has 64 characters.
  const hash = isInteger || (isText && (columnLength(type) ?? 64) >= 64) ? [{ maskType: 'hash' }] : []
  if (keyColumns.has(name)) return hash
  return [
    { maskType: 'drop' },
    ...(type.optional ? [{ maskType: 'null' }] : []),
    ...(isText
      ? [{ maskType: 'full', maskValue: '#' }, { maskType: 'email' }, { maskType: 'partial', unmaskCharCount: 0 }]
      : []),
    ...hash,
  ]
}

/** In no spelling that the value could have; values that other columns have too, or that are too short to tell, say nothing. */
function expectGone(
  literals: readonly string[],
  rest: string,
  out: Pick<FixtureRecord, 'key' | 'value' | 'headers'>,
): void {
  const all = [decoded(out.key), decoded(out.value), ...out.headers.map(([, value]) => decoded(value))].join('\n')
  for (const literal of literals) {
    if (literal.includes('__debezium_unavailable_value') || literal.includes('X19kZWJleml1bV91bmF2YWls')) continue
    const inner = literal.startsWith('"') ? (JSON.parse(literal) as string) : literal
    for (const needle of new Set([
      inner,
      literal.replace(/^"|"$/g, ''),
      Buffer.from(inner).toString('base64'),
      Buffer.from(inner).toString('hex'),
    ])) {
      // An e-mail mask shows the domain; an address is told by what stands before it.
      if (needle.length >= 4 && !rest.includes(needle)) expect(all).not.toContain(needle)
    }
  }
}
