import type { PolicyDocument } from '../../../src/policy/document.ts'
import type { NaiveRecord } from '../naive-engine.ts'
import { createRandom, type Random } from '../random.ts'

/** A record of the proofs' table, as a source connector writes it. */
export interface PeopleRecord extends NaiveRecord {
  readonly partition: number
  /** Unlike any other of its run: a masked record keeps it, so it tells which raw record that was. */
  readonly timestamp: number
}

type Field = readonly [name: string, type: string, optional: boolean]
const fields: readonly Field[] = [
  ['id', 'int64', false],
  ['name', 'string', true],
  ['aadhaar', 'string', true],
  ['mobile', 'string', true],
  ['email', 'string', true],
  ['income_band', 'string', true],
  ['note', 'string', true],
]

const fieldOf = ([name, type, optional]: Field): object => ({ type, optional, field: name })
const image = (topic: string, name: string, columns: readonly Field[]): object => ({
  type: 'struct',
  fields: columns.map(fieldOf),
  optional: true,
  name: `${topic}.Value`,
  field: name,
})

/** The schema blocks of the table's records; `more` are columns that were added to it. */
export function schemaBlocks(
  topic: string,
  more: readonly string[] = [],
): { readonly key: string; readonly value: string } {
  const columns = [...fields, ...more.map((name): Field => [name, 'string', true])]
  const source = ['version', 'connector', 'db', 'table'].map((name): Field => [name, 'string', true])
  return {
    key: JSON.stringify({
      type: 'struct',
      fields: [fieldOf(['id', 'int64', false])],
      optional: false,
      name: `${topic}.Key`,
    }),
    value: JSON.stringify({
      type: 'struct',
      fields: [
        image(topic, 'before', columns),
        image(topic, 'after', columns),
        { ...image(topic, 'source', source), name: 'io.debezium.connector.postgresql.Source', optional: false },
        fieldOf(['op', 'string', false]),
        fieldOf(['ts_ms', 'int64', true]),
      ],
      optional: false,
      name: `${topic}.Envelope`,
    }),
  }
}

/** What the policy of a set says of each column. */
export function peoplePolicy(topic: string, masks: Readonly<Record<string, object>> = peopleMasks): PolicyDocument {
  return {
    name: 'people',
    resources: { topic },
    maskingPolicy: {
      maskingConditions: fields.map(([name]) => ({ field: `after.${name}`, maskType: 'none', ...masks[name] })),
    },
  }
}

export const peopleMasks: Readonly<Record<string, object>> = {
  aadhaar: { maskType: 'partial', maskCharCount: 8, unmaskCharCount: 4 },
  mobile: { maskType: 'partial', unmaskCharCount: 4 },
  email: { maskType: 'email' },
  income_band: { maskType: 'full', maskValue: 'CONFIDENTIAL' },
  note: { maskType: 'null' },
}

export interface PeopleOptions {
  readonly topic: string
  readonly partitions: number
  readonly seed: number
  readonly keys?: number
  /** Of each record: that it is one which cannot be masked. */
  readonly poison?: number
}

/** Writes the life of a table: rows come, change, go (with a tombstone) and come again; some records cannot be masked. */
export function createPeople({ topic, partitions, seed, keys = 60, poison = 0 }: PeopleOptions): {
  readonly next: () => PeopleRecord[]
} {
  const random = createRandom(seed)
  const schema = schemaBlocks(topic)
  const rows = new Map<number, string>()
  // Behind the present, so that a run that is faster than a record a millisecond does not write into the future.
  let timestamp = Date.now() - 1_800_000
  const record = (id: number, value: string | null): PeopleRecord => ({
    partition: id % partitions,
    timestamp: timestamp++,
    key: Buffer.from(`{"schema":${schema.key},"payload":{"id":${id}}}`),
    value: value === null ? null : Buffer.from(value),
    headers: [],
  })
  const event = (op: string, before: string | null, after: string | null): string =>
    `{"schema":${schema.value},"payload":{"before":${before},"after":${after},"source":{"version":"3","connector":"postgresql",` +
    `"db":"w","table":"people"},"op":"${op}","ts_ms":${timestamp}}}`
  return {
    next: () => {
      const id = random.below(keys)
      const before = rows.get(id) ?? null
      if (before !== null && random.chance(0.1)) {
        rows.delete(id)
        return [record(id, event('d', before, null)), record(id, null)]
      }
      const after = JSON.stringify(row(id, random))
      const value = event(before === null ? 'c' : 'u', before, after)
      // Broken off inside the row: the raw values are there, the end is not.
      if (random.chance(poison)) return [record(id, value.slice(0, -40))]
      rows.set(id, after)
      return [record(id, value)]
    },
  }
}

function row(id: number, random: Random): object {
  const digits = (n: number): string => Array.from({ length: n }, () => random.below(10)).join('')
  const name = random.pick(['Asha Sharma', 'रवि मीणा', "Peter D'Souza", 'Lakshmi "L" Rao'])
  return {
    id,
    name,
    aadhaar: digits(12),
    mobile: random.chance(0.1) ? null : `98${digits(8)}`,
    email: `u${digits(6)}@example.in`,
    income_band: random.pick(['LOW', 'MIDDLE', 'HIGH']),
    note: random.chance(0.3) ? null : `seen ${digits(5)}\n${'again '.repeat(random.below(20))}`,
  }
}

/** One record of a key, by hand: `raw` columns are JSON text, so that they may be of a wrong type or unknown. */
export function personRecord(
  topic: string,
  {
    id,
    partition,
    timestamp,
    raw = {},
    more = [],
  }: {
    readonly id: number
    readonly partition: number
    readonly timestamp: number
    readonly raw?: Readonly<Record<string, string>>
    /** Columns that were added to the table. */
    readonly more?: readonly string[]
  },
): PeopleRecord {
  const schema = schemaBlocks(topic, more)
  const columns: Record<string, string> = {
    id: String(id),
    name: '"Asha Sharma"',
    aadhaar: '"123412341234"',
    mobile: '"9812345678"',
    email: '"asha@example.in"',
    income_band: '"HIGH"',
    note: 'null',
    ...raw,
  }
  const row = Object.entries(columns).map(([name, value]) => `"${name}":${value}`)
  return {
    partition,
    timestamp,
    key: Buffer.from(`{"schema":${schema.key},"payload":{"id":${id}}}`),
    value: Buffer.from(
      `{"schema":${schema.value},"payload":{"before":null,"after":{${row}},"source":{"version":"3","connector":"postgresql",` +
        `"db":"w","table":"people"},"op":"c","ts_ms":${timestamp}}}`,
    ),
    headers: [],
  }
}
