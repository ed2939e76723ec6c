import { createRandom } from '../test/support/random.ts'

/** Change events of a 28-column table as Debezium writes them: made from a seed, varied in length and escapes. */

export const topic = 'warehouse-to-citizen-cdc.golden_records'

type Field = readonly [name: string, type: string, extra?: Record<string, unknown>]
const decimal = {
  name: 'org.apache.kafka.connect.data.Decimal',
  version: 1,
  parameters: { scale: '2', 'connect.decimal.precision': '12' },
}
const rowFields: readonly Field[] = [
  ['record_id', 'int64', { optional: false }],
  ['family_id', 'string', { name: 'io.debezium.data.Uuid', version: 1 }],
  ['jan_aadhaar', 'string'],
  ['aadhaar_number', 'string'],
  ['full_name', 'string'],
  ['full_name_hi', 'string'],
  ['date_of_birth', 'int32', { name: 'io.debezium.time.Date', version: 1 }],
  ['gender', 'string'],
  ['mobile_number', 'string'],
  ['email', 'string'],
  ['address_line1', 'string'],
  ['address_line2', 'string'],
  ['city', 'string'],
  ['district', 'string'],
  ['pincode', 'string'],
  ['bank_account', 'string'],
  ['bank_ifsc', 'string'],
  ['bank_name', 'string'],
  ['income_band', 'string'],
  ['annual_income', 'bytes', decimal],
  ['caste_category', 'string'],
  ['occupation', 'string'],
  ['status', 'string'],
  ['quality_score', 'int32'],
  ['remarks', 'string'],
  ['is_verified', 'boolean', { optional: false }],
  ['created_at', 'int64', { name: 'io.debezium.time.MicroTimestamp', version: 1 }],
  ['updated_at', 'int64', { name: 'io.debezium.time.MicroTimestamp', version: 1 }],
]
export const columns = rowFields.map(([name]) => name)

/** Ten columns are masked; the policy of the benchmark, in the documents' shape. */
export const policy = {
  name: 'bench',
  resources: { topic },
  maskingPolicy: {
    maskingConditions: [
      ...['jan_aadhaar', 'aadhaar_number', 'mobile_number', 'bank_account'].map(name => ({
        field: `after.${name}`,
        maskType: 'partial',
        maskCharCount: 8,
        unmaskCharCount: 4,
      })),
      { field: 'after.email', maskType: 'email' },
      ...['income_band', 'bank_name', 'occupation'].map(name => ({
        field: `after.${name}`,
        maskType: 'full',
        maskValue: 'CONFIDENTIAL',
      })),
      ...['address_line1', 'address_line2'].map(name => ({ field: `after.${name}`, maskType: 'null' })),
      ...columns
        .filter(
          name =>
            ![
              'jan_aadhaar',
              'aadhaar_number',
              'mobile_number',
              'bank_account',
              'email',
              'income_band',
              'bank_name',
              'occupation',
              'address_line1',
              'address_line2',
            ].includes(name),
        )
        .map(name => ({ field: `after.${name}`, maskType: 'none' })),
    ],
  },
}

const field = ([name, type, extra = {}]: Field): object => {
  const { optional = true, ...rest } = extra
  return { type, optional, ...rest, field: name }
}
const plain = (names: readonly (readonly [string, string])[], optional = true): object[] =>
  names.map(([name, type]) => ({ type, optional, field: name }))
const image = (name: string): object => ({
  type: 'struct',
  fields: rowFields.map(field),
  optional: true,
  name: `${topic}.Value`,
  field: name,
})
const sourceFields = [
  ['version', 'string'],
  ['connector', 'string'],
  ['name', 'string'],
  ['ts_ms', 'int64'],
  ['snapshot', 'string'],
  ['db', 'string'],
  ['sequence', 'string'],
  ['ts_us', 'int64'],
  ['ts_ns', 'int64'],
  ['schema', 'string'],
  ['table', 'string'],
  ['txId', 'int64'],
  ['lsn', 'int64'],
  ['xmin', 'int64'],
  ['origin', 'string'],
  ['origin_lsn', 'int64'],
] as const
const schema = JSON.stringify({
  type: 'struct',
  fields: [
    image('before'),
    image('after'),
    {
      type: 'struct',
      fields: plain(sourceFields),
      optional: false,
      name: 'io.debezium.connector.postgresql.Source',
      version: 1,
      field: 'source',
    },
    {
      type: 'struct',
      fields: plain(
        [
          ['id', 'string'],
          ['total_order', 'int64'],
          ['data_collection_order', 'int64'],
        ],
        false,
      ),
      optional: true,
      name: 'event.block',
      version: 1,
      field: 'transaction',
    },
    ...plain([
      ['op', 'string'],
      ['ts_ms', 'int64'],
      ['ts_us', 'int64'],
      ['ts_ns', 'int64'],
    ]),
  ],
  optional: false,
  name: `${topic}.Envelope`,
  version: 2,
})

const names = [
  ['Asha Sharma', 'आशा शर्मा'],
  ['Ravi Kumar Meena', 'रवि कुमार मीणा'],
  ['Fatima Khan', 'फ़ातिमा ख़ान'],
  ["Peter D'Souza", 'पीटर'],
  ['Lakshmi', 'लक्ष्मी'],
] as const
const cities = [
  ['Jaipur', 'Jaipur'],
  ['Udaipur', 'Udaipur'],
  ['Ajmer', 'Ajmer'],
  ['Sri Ganganagar', 'Sri Ganganagar'],
] as const

/** `count` values; about 1.25 KB each, 6.7 KB with the schema block. */
export function makeValues(count: number, withSchema: boolean, seed = 7): Buffer[] {
  const random = createRandom(seed).below
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T
  const digits = (n: number): string => Array.from({ length: n }, () => random(10)).join('')
  const row = (n: number): Record<string, unknown> => {
    const [latin, hindi] = pick(names)
    const [city, district] = pick(cities)
    return {
      record_id: 4_503_599_627_000_000 + n,
      family_id: `3f0e8a52-1c1b-4d7a-9a51-${n.toString(16).padStart(12, '0')}`,
      jan_aadhaar: digits(12),
      aadhaar_number: digits(12),
      full_name: latin,
      full_name_hi: random(3) === 0 ? hindi : null,
      date_of_birth: 3000 + random(12_000),
      gender: pick(['F', 'M', 'X']),
      mobile_number: `+91-98${digits(8)}`,
      email: `${latin.toLowerCase().replaceAll(/[^a-z]/g, '.')}.${n}@example.in`,
      address_line1: `${1 + random(900)}, Gandhi Nagar ${random(8) === 0 ? '"East" ' : ''}Ward ${random(80)}`,
      address_line2: random(3) === 0 ? null : `Near ${latin} Bhawan`,
      city,
      district,
      pincode: digits(6),
      bank_account: digits(14),
      bank_ifsc: `SBIN00${digits(5)}`,
      bank_name: 'State Bank of India',
      income_band: pick(['LOW', 'MIDDLE', 'HIGH']),
      annual_income: Buffer.from([1 + random(126), random(256), random(256), random(256)]).toString('base64'),
      caste_category: pick(['GEN', 'OBC', 'SC', 'ST']),
      occupation: pick(['farmer', 'teacher', 'shopkeeper \\ trader']),
      status: 'active',
      quality_score: random(1000),
      remarks:
        random(2) === 0 ? null : `Called on ${digits(2)}: asked for "new card"\n${'follow up '.repeat(random(5))}`,
      is_verified: random(9) > 0,
      created_at: 1_735_480_000_000_000 + n,
      updated_at: 1_735_480_000_000_000 + n * 7,
    }
  }
  return Array.from({ length: count }, (_, n) => {
    const after = row(n)
    const kind = random(100)
    const [op, before, now] =
      kind < 30
        ? ['c', null, after]
        : kind < 85
          ? ['u', null, after]
          : kind < 95
            ? ['u', { ...after, quality_score: 1 }, after]
            : ['d', after, null]
    const ms = 1_735_480_000_000 + n
    // ts_ns does not fit a double: written by hand so that it is exact.
    const time = `"ts_ms":${ms},"ts_us":${ms}123,"ts_ns":${ms}123456`
    const payload =
      `{"before":${JSON.stringify(before)},"after":${JSON.stringify(now)},"source":{"version":"3.7.0.Final","connector":"postgresql",` +
      `"name":"warehouse-to-citizen-cdc","ts_ms":${ms},"snapshot":"false","db":"smart_warehouse","sequence":"[\\"${n}\\",\\"${24_023_128 + n}\\"]",` +
      `"ts_us":${ms}000,"ts_ns":${ms}000001,"schema":"public","table":"golden_records","txId":${555 + n},"lsn":${24_023_128 + n},"xmin":null,"origin":null,"origin_lsn":null},` +
      `"transaction":null,"op":"${op}",${time}}`
    return Buffer.from(withSchema ? `{"schema":${schema},"payload":${payload}}` : payload)
  })
}

/** Types for the records without a schema block. */
export const tableSchema = {
  name: `schema:${topic}`,
  tableSchema: {
    topic,
    columns: rowFields.map(([name, type, extra = {}]) => ({
      name,
      type,
      optional: extra.optional !== false,
      ...(typeof extra.name === 'string' ? { logical: extra.name } : {}),
    })),
  },
}
