import { createHash } from 'node:crypto'
import { compile } from '../src/engine.ts'
import { layOut, type RawBatch, SPANS_PER_RECORD, VALUE_END, VALUE_START } from '../src/pipeline/batch.ts'
import type { TopicPlan } from '../src/pipeline/plan.ts'
import { createTransform } from '../src/pipeline/transform.ts'
import { readOptions } from '../test/long/proof-options.ts'
import { naiveTransform } from '../test/support/naive-engine.ts'
import * as jsonColumn from './json-column.ts'
import { columns, makeValues, policy, tableSchema, topic } from './records.ts'

const {
  json,
  records: count,
  rounds,
} = readOptions({
  name: 'bench',
  about:
    'The engine alone, on one core: splice against parse + mask + stringify, on the same records in alternating rounds.',
  options: {
    json: { about: 'print {name, recordsPerSecond, ratioToParse}[]', isFlag: true },
    records: { about: 'records of a round', byDefault: 4000, least: 1 },
    rounds: { about: 'rounds of each candidate', byDefault: 15, least: 1 },
  },
})

interface Result {
  readonly name: string
  readonly recordsPerSecond: number
  readonly ratioToParse: number
}

const partial = (text: string): string => '*'.repeat(8) + (text.length > 4 ? text.slice(-4) : '')
const email = (text: string): string =>
  `${'****'.slice(0, text.lastIndexOf('@'))}@${text.slice(text.lastIndexOf('@') + 1)}`
const byColumn = new Map<string, (text: string) => string | null>([
  ...['jan_aadhaar', 'aadhaar_number', 'mobile_number', 'bank_account'].map(name => [name, partial] as const),
  ['email', email],
  ...['income_band', 'bank_name', 'occupation'].map(name => [name, () => 'CONFIDENTIAL'] as const),
  ...['address_line1', 'address_line2'].map(name => [name, () => null] as const),
])

/** What one writes by hand today. (It also changes 64-bit numbers; the splice does not.) */
function parseMaskStringify(value: Buffer): Buffer {
  const document = JSON.parse(value.toString()) as { payload?: Images } & Images
  const { before, after } = document.payload ?? document
  for (const image of [before, after]) {
    if (image === null) continue
    for (const [name, mask] of byColumn) {
      const text = image[name]
      if (typeof text === 'string') image[name] = mask(text)
    }
  }
  return Buffer.from(JSON.stringify(document))
}
interface Images {
  readonly before: Record<string, unknown> | null
  readonly after: Record<string, unknown> | null
}

function batchOf(values: readonly Buffer[], of = topic): RawBatch {
  return {
    topic: of,
    partition: 0,
    partitions: 1,
    ...layOut(values.flatMap(value => [null, value, null])),
    timestamps: new Float64Array(values.length),
    offsets: new BigInt64Array(values.length),
  }
}

function planOf(documents: readonly unknown[], of = topic): TopicPlan {
  const { plan, problems } = compile(documents)
  const topicPlan = plan?.forTopic(of, { compacted: false })
  if (topicPlan == null) throw new Error(`the benchmark's policy does not compile: ${problems[0]?.code}`)
  return topicPlan
}

/** A hundred further policies on other topics: they must cost nothing. */
const bystanders = Array.from({ length: 100 }, (_, n) => ({
  name: `bystander-${n}`,
  resources: { topic: `other.topic-${n}` },
  maskingPolicy: { maskingConditions: columns.map(name => ({ field: name, maskType: 'none' })) },
}))
const clear = {
  ...policy,
  maskingPolicy: { maskingConditions: columns.map(name => ({ field: `after.${name}`, maskType: 'none' })) },
}

const seconds = (run: () => void): number => {
  const start = process.hrtime.bigint()
  run()
  return Number(process.hrtime.bigint() - start) / 1e9
}
const median = (list: readonly number[]): number => list.toSorted((a, b) => a - b)[list.length >> 1] as number

const batchesOf = (values: readonly Buffer[], of = topic): RawBatch[] =>
  Array.from({ length: Math.ceil(count / 500) }, (_, n) => batchOf(values.slice(n * 500, n * 500 + 500), of))

function splicing(batches: readonly RawBatch[], documents: readonly unknown[], of = topic): () => void {
  const plan = planOf(documents, of)
  const transform = createTransform()
  return () => {
    for (const batch of batches) {
      const { masked, departures } = transform(batch, plan)
      if (masked[0]?.count !== batch.count) throw new Error(`a record did not pass: ${JSON.stringify(departures[0])}`)
    }
  }
}

function compare(label: string, withSchema: boolean): Result[] {
  const values = makeValues(count, withSchema)
  const batches = batchesOf(values)
  const splice = (documents: readonly unknown[]): (() => void) => splicing(batches, documents)
  const candidates: [string, () => void][] = [
    [`parse ${label}`, () => values.map(parseMaskStringify)],
    [`splice ${label}`, splice([policy, tableSchema])],
    [`splice ${label}, 100 further policies`, splice([policy, tableSchema, ...bystanders])],
    [`splice ${label}, nothing masked`, splice([clear, tableSchema])],
    [`copy ${label}`, () => batches.map(batch => Buffer.from(batch.bytes))],
  ]
  return timed(candidates)
}

function compareJsonColumn(): Result[] {
  const values = jsonColumn.makeValues(count)
  const splice = splicing(batchesOf(values, jsonColumn.topic), jsonColumn.policies, jsonColumn.topic)
  return timed([
    ['parse json column', () => values.map(jsonColumn.parseMaskStringify)],
    ['splice json column, one rule on a part', splice],
  ])
}

/** In alternating rounds; the first is what the others are compared with. */
function timed(candidates: readonly (readonly [string, () => void])[]): Result[] {
  const times = candidates.map((): number[] => [])
  for (const [, run] of candidates) for (let warm = 0; warm < 3; warm++) run()
  for (let round = 0; round < rounds; round++) {
    for (const [n, [, run]] of candidates.entries()) times[n]?.push(seconds(run))
  }
  const parse = median(times[0] as number[])
  return candidates.map(([name], n) => {
    const time = median(times[n] as number[])
    return { name, recordsPerSecond: Math.round(count / time), ratioToParse: Math.round((parse / time) * 100) / 100 }
  })
}

/** Here printing what was parsed gives the bytes back, so that the two come to the same. */
function verifyJsonColumn(): void {
  const values = jsonColumn.makeValues(500)
  const [batch] = createTransform()(
    batchOf(values, jsonColumn.topic),
    planOf(jsonColumn.policies, jsonColumn.topic),
  ).masked
  values.forEach((value, n) => {
    const at = n * SPANS_PER_RECORD
    const spliced = batch?.bytes.subarray(batch.spans[at + VALUE_START], batch.spans[at + VALUE_END])
    if (spliced?.equals(jsonColumn.parseMaskStringify(value)) !== true)
      throw new Error('the output is not that of parse, mask and stringify')
  })
}

/** The same bytes as the naive engine of the tests, which shares no code with this one: compared before anything is timed. */
function verify(withSchema: boolean): void {
  const values = makeValues(500, withSchema, 11)
  const plan = planOf([policy, tableSchema])
  const [view] = plan.views
  const [batch] = createTransform()(batchOf(values), plan).masked
  if (batch === undefined || view === undefined) throw new Error('there is no view')
  const spliced = createHash('sha256')
  const naive = createHash('sha256')
  values.forEach((value, n) => {
    const at = n * SPANS_PER_RECORD
    spliced.update(batch.bytes.subarray(batch.spans[at + VALUE_START], batch.spans[at + VALUE_END]))
    const outcome = naiveTransform({ key: null, value, headers: [] }, view)
    naive.update(outcome.kind === 'publish' && outcome.value !== null ? outcome.value : outcome.kind)
  })
  if (spliced.digest('hex') !== naive.digest('hex')) throw new Error('the output is not that of the naive engine')
}

verify(true)
verify(false)
verifyJsonColumn()
const results = [...compare('schema', true), ...compare('plain', false), ...compareJsonColumn()]
const lines = results.map(
  ({ name, recordsPerSecond, ratioToParse }) =>
    `${name.padEnd(40)} ${String(recordsPerSecond).padStart(10)} records/s  ${ratioToParse.toFixed(2)} x parse`,
)
process.stdout.write(json ? `${JSON.stringify(results)}\n` : `${lines.join('\n')}\n`)
