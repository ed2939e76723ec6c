import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { exampleKey } from '../support/agreement.ts'
import { disagreements } from '../support/json-converter.ts'
import type { NaiveRecord } from '../support/naive-engine.ts'
import { createRandom, type Random } from '../support/random.ts'
import { object, text } from '../support/random-json.ts'
import { randomFilter, randomProjection } from '../support/random-expression.ts'
import { declarationOf } from '../support/random-policy.ts'
import { createRecordWriter } from '../support/random-record.ts'
import { type RandomColumn, type RandomTable, randomTable } from '../support/random-table.ts'
import { type EngineOutcome, outcomesOf, rawBatch } from '../support/raw-batch.ts'
import { runs } from './runs.ts'

/** Many properties take one seed and make everything from it, so a failure is repeated by its seed. */
const seeds = fc.nat({ max: 2 ** 31 - 1 })

interface Case {
  readonly table: RandomTable
  readonly records: readonly NaiveRecord[]
  readonly random: Random
}

function recordsOf(
  seed: number,
  change: (column: RandomColumn, random: Random) => RandomColumn = column => column,
  note: (table: RandomTable) => RandomTable['notes'] = ({ notes }) => notes,
): Case {
  const random = createRandom(seed)
  const made = randomTable(random)
  // No policy can name a column without a name.
  const columns = made.columns.filter(({ name }) => name !== '').map(column => change(column, random))
  const table = { ...made, columns, notes: note({ ...made, columns }) }
  const writer = createRecordWriter(table, random)
  return { table, records: Array.from({ length: 25 }, () => writer.next()), random }
}

function run(topic: string, documents: unknown[], records: readonly NaiveRecord[]): (EngineOutcome | undefined)[] {
  const { plan, problems } = compile(documents, { keys: { default: exampleKey }, settings: { truncate: 'publish' } })
  const topicPlan = plan?.forTopic(topic, { compacted: false })
  if (topicPlan == null) throw new Error(`does not compile: ${JSON.stringify(problems)}`)
  return outcomesOf(createTransform(() => 0)(rawBatch(records, { topic }), topicPlan), records.length)
}

const fieldOf = ({ name }: RandomColumn): string => `$.after[${JSON.stringify(name)}]`

function policy(
  topic: string,
  conditions: readonly Record<string, unknown>[],
  more: Record<string, unknown> = {},
): unknown {
  return { name: 'p', resources: { topic }, maskingPolicy: { maskingConditions: conditions, ...more } }
}

const all = ({ key, value, headers }: NaiveRecord): Buffer =>
  Buffer.concat([
    key ?? Buffer.alloc(0),
    value ?? Buffer.alloc(0),
    ...headers.flatMap(([name, one]) => [Buffer.from(name), one ?? Buffer.alloc(0)]),
  ])

test('a plan of none for all gives identical bytes', () => {
  let seen = 0
  fc.assert(
    fc.property(seeds, seed => {
      const { table, records } = recordsOf(seed)
      const outcomes = run(
        table.topic,
        [
          policy(
            table.topic,
            table.columns.map(column => ({ field: fieldOf(column), maskType: 'none' })),
            { toast: 'keep' },
          ),
        ],
        records,
      )
      for (const [n, record] of records.entries()) {
        const outcome = outcomes[n]
        if (outcome?.kind !== 'publish') continue
        seen++
        expect(outcome.key).toEqual(record.key)
        expect(outcome.value).toEqual(record.value)
        expect(outcome.headers).toEqual(
          record.headers.filter(([name]) => outcome.headers.some(([kept]) => kept === name)),
        )
      }
    }),
    { numRuns: runs(120) },
  )
  expect(seen).toBeGreaterThan(100)
})

/**
 * A column that may be clear beside masked ones: its name is not made of another's by a few broken bytes (`ab` of `a.b`),
 * and a broken envelope that is read as a row does not show rows under it, which would be as declared.
 */
const isApart = ({ name }: RandomColumn): boolean => name.length > 6 && name !== 'payload'

const isFree = ({ type, logical }: RandomColumn): boolean => logical === null && (type === 'string' || type === 'int64')

test('no value of a masked column is anywhere in the output, in any spelling', () => {
  let seen = 0
  fc.assert(
    fc.property(seeds, seed => {
      let count = 0
      const canaries: string[] = []
      /** Strings and numbers that occur nowhere else; in defaults and comments too. */
      const canary = (asNumber: boolean, isKey: boolean): string => {
        const digits = String(7_000_000_000_000_000 + (seed % 1_000_000) * 1_000_000 + count++)
        const made = asNumber ? digits : isKey ? `key${digits}` : `canary"${digits}आ\n@x`
        canaries.push(digits)
        return made
      }
      const change = (column: RandomColumn): RandomColumn => {
        if (!isFree(column)) return column
        const isInteger = column.type === 'int64'
        const value = (): string =>
          (isInteger ? canary(true, column.isKey) : text(canary(false, column.isKey))) as string
        const extra = {
          ...column.extra,
          ...(column.extra.default === undefined ? {} : { default: value() }),
          ...(column.extra.doc === undefined ? {} : { doc: text(canary(false, false)) }),
        }
        return { ...column, parameters: {}, extra, value }
      }
      // A table with a masked column may tell of it wherever the schema block has room for a comment.
      const note = ({ columns, notes }: RandomTable): RandomTable['notes'] =>
        columns.some(isFree)
          ? [
              ['doc', text(canary(false, false))],
              ['parameters', object({ owner: text(canary(false, false)), length: text(canary(false, false)) })],
            ]
          : notes
      const { table, records, random } = recordsOf(seed, change, note)
      const conditions = table.columns.map(column => {
        if (!isFree(column) && !isApart(column)) return { field: fieldOf(column), maskType: 'drop' }
        if (!isFree(column))
          return { field: fieldOf(column), maskType: column.isKey ? 'none' : random.pick(['none', 'drop']) }
        if (column.isKey) return { field: fieldOf(column), maskType: 'hash' }
        const choices: Record<string, unknown>[] = [{ maskType: 'drop' }, { maskType: 'hash' }]
        if (column.optional) choices.push({ maskType: 'null' })
        if (column.type === 'string')
          choices.push(
            { maskType: 'email' },
            { maskType: 'partial', unmaskCharCount: 2 },
            { maskType: 'full', maskValue: 'x' },
          )
        return { field: fieldOf(column), ...random.pick(choices) }
      })
      const unknownColumns = random.pick(['hold', 'drop', 'null'])
      const documents = [
        policy(table.topic, conditions, {
          unknownColumns,
          toast: random.pick(['omit', 'keep', 'reject']),
          ...(random.chance(0.4) ? { rowFilter: randomFilter(table, random) } : {}),
          ...(random.chance(0.4) ? { projection: showsNothing(table, random) } : {}),
        }),
        ...(random.chance(0.5) ? [declarationOf(table)] : []),
      ]
      const outcomes = run(table.topic, documents, records)
      for (const [n, outcome] of outcomes.entries()) {
        if (outcome?.kind !== 'publish') continue
        // Only what this record had can be in it.
        const raw = all(records[n] as NaiveRecord).toString('latin1')
        const follower = outcome.follower === null ? Buffer.alloc(0) : all(outcome.follower)
        const out = Buffer.concat([all(outcome), follower]).toString('latin1')
        const plain = unescaped(out)
        // Six digits are in a digest now and then by chance.
        const withoutDigests = plain.replace(/"[0-9a-f]{32,64}"/g, '""')
        for (const digits of canaries) {
          if (!raw.includes(digits)) continue
          seen++
          const tail = digits.slice(-6)
          if (withoutDigests.includes(tail)) throw new Error(`record ${n} still shows the end of a canary: ${tail}`)
          for (const spelled of [digits, Buffer.from(digits).toString('hex'), digits.slice(0, 10)]) {
            if (plain.includes(spelled)) throw new Error(`record ${n} still shows a canary: ${spelled}`)
          }
        }
      }
    }),
    { numRuns: runs(250) },
  )
  expect(seen).toBeGreaterThan(500)
})

/** A projection that reads hidden columns and tells of them yes or no; it renames and drops others. */
function showsNothing(table: RandomTable, random: Random): Record<string, unknown> {
  const { filterExpr } = randomFilter(table, random)
  const { keep, drop, rename } = randomProjection(table, random)
  const yesOrNo = { valueExpr: `case when ${String(filterExpr)} then 'yes' else 'no' end`, readsRaw: true }
  return { ...(keep === undefined ? {} : { keep }), drop, rename, columns: { answer: yesOrNo } }
}

/** JSON escapes of ASCII characters undone, so that a value spelled by them is found. */
const unescaped = (out: string): string =>
  out.replace(/\\u00([0-7][0-9a-fA-F])/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))

test('what agreed with its schema before, agrees with it after', () => {
  let seen = 0
  fc.assert(
    fc.property(seeds, seed => {
      const { table, records, random } = recordsOf(seed)
      const conditions = table.columns.map(column => {
        const choices: Record<string, unknown>[] = [{ maskType: 'none' }]
        if (column.logical === null && (column.type === 'string' || column.type.startsWith('int')))
          choices.push({ maskType: 'hash' })
        if (!column.isKey)
          choices.push({ maskType: 'drop' }, ...(column.optional ? [{ maskType: 'null' }] : []), ...constantFor(column))
        return { field: fieldOf(column), ...random.pick(choices) }
      })
      // Half of them keep their columns: what agreed is told by the column's name.
      const shaped = random.chance(0.5) ? { projection: { ...randomProjection(table, random), rename: {} } } : {}
      const outcomes = run(
        table.topic,
        [policy(table.topic, conditions, { unknownColumns: 'drop', toast: 'omit', ...shaped })],
        records,
      )
      for (const [n, outcome] of outcomes.entries()) {
        if (outcome?.kind !== 'publish') continue
        const record = records[n] as NaiveRecord
        for (const [before, after] of [
          [record.key, outcome.key],
          [record.value, outcome.value],
        ] as const) {
          if (before === null || after === null || !before.includes('"schema"')) continue
          const told = disagreements(before)
          if (told[0] === 'not exactly schema and payload' || told[0] === 'no schema') continue
          seen++
          // A null that became the default becomes an error once the default, which is data, has gone: no Connect source writes one.
          const known = new Set(
            told.flatMap(one => [one, one.replace('null becomes the default', 'null in a required field')]),
          )
          expect(disagreements(after).filter(one => !known.has(one))).toEqual([])
        }
      }
    }),
    { numRuns: runs(200) },
  )
  expect(seen).toBeGreaterThan(200)
})

function constantFor({ type, logical }: RandomColumn): Record<string, unknown>[] {
  const constants: Record<string, unknown> = {
    string: 'x',
    int8: 1,
    int16: 1,
    int32: 1,
    int64: 1,
    boolean: false,
    double: 1.5,
    float: 1.5,
    bytes: 'AA==',
    'org.apache.kafka.connect.data.Decimal': '-0.01',
    'io.debezium.time.Date': '1970-01-02',
    'io.debezium.time.MicroTimestamp': '2000-01-01',
    'io.debezium.time.ZonedTimestamp': '1970-01-01T00:00:00Z',
    'io.debezium.data.Json': '{}',
    'io.debezium.data.Enum': 'M',
    'io.debezium.data.Uuid': '00000000-0000-0000-0000-000000000000',
  }
  const maskValue = constants[logical ?? type]
  return maskValue === undefined ? [] : [{ maskType: 'full', maskValue }]
}

test('masking is the same in one batch, in many, and whoever the neighbours are', () => {
  fc.assert(
    fc.property(seeds, seed => {
      const { table, records, random } = recordsOf(seed)
      const conditions = table.columns.map(column => ({
        field: fieldOf(column),
        maskType: column.isKey ? 'none' : 'full',
        ...(column.isKey ? {} : (constantFor(column)[0] ?? { maskType: 'drop' })),
      }))
      const documents = [policy(table.topic, conditions, { unknownColumns: 'null' })]
      const { plan } = compile(documents, { settings: { truncate: 'publish' } })
      const topicPlan = plan!.forTopic(table.topic, { compacted: false })!
      const transform = createTransform()
      const together = outcomesOf(
        transform(rawBatch(records, { topic: table.topic, gap: random.pick(['', '0', '"}', ' ']) }), topicPlan),
        records.length,
      )
      for (const [n, record] of records.entries()) {
        const [alone] = outcomesOf(transform(rawBatch([record], { topic: table.topic }), topicPlan), 1)
        // A block that is new is looked at as a whole first, so of two faults it may tell the other.
        const same = (one: EngineOutcome | undefined): void => {
          if (one?.kind !== 'reject' || together[n]?.kind !== 'reject') expect(one).toEqual(together[n])
        }
        same(alone)
        if (n % 5 === 0) same(run(table.topic, documents, [record])[0])
      }
    }),
    { numRuns: runs(80) },
  )
})

test('equal keys stay equal and different keys different; numbers beyond 2^53 survive', () => {
  const integers = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  fc.assert(
    fc.property(integers, fc.bigInt({ min: -2n, max: 2n }), integers, (id, step, kept) => {
      const documents = [
        policy('t', [
          { field: 'id', maskType: 'hash' },
          { field: 'kept', maskType: 'none' },
        ]),
        {
          name: 's',
          tableSchema: {
            topic: 't',
            columns: [
              { name: 'id', type: 'int64' },
              { name: 'kept', type: 'int64' },
            ],
          },
        },
      ]
      const record = (n: bigint): NaiveRecord => ({
        key: Buffer.from(`{"id":${n}}`),
        value: Buffer.from(
          `{"before":null,"after":{"id":${n},"kept":${kept}},"source":{"lsn":18446744073709551615},"op":"c","ts_ns":${kept}}`,
        ),
        headers: [['__debezium.oldkey', Buffer.from(`{"id":${n}}`)]],
      })
      const [a, b] = run('t', documents, [record(id), record(id + step)])
      if (a?.kind !== 'publish' || b?.kind !== 'publish') throw new Error('both go out')
      expect(a.key?.equals(b.key as Buffer)).toBe(step === 0n)
      expect(a.value?.equals(b.value as Buffer)).toBe(step === 0n)
      // The header names the key as the key does.
      expect(a.headers[0]?.[1]?.equals(a.key as Buffer)).toBe(true)
      expect(a.value?.toString()).toContain(`"kept":${kept}}`)
      expect(a.value?.toString()).toContain(`"ts_ns":${kept}}`)
    }),
    { numRuns: runs(300) },
  )
})
