import { compile } from '../../src/engine.ts'
import type { PlanSettings } from '../../src/pipeline/plan.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { type NaiveOutcome, type NaiveRecord, naiveTransform } from './naive-engine.ts'
import { createRandom, type Random } from './random.ts'
import { randomPolicies } from './random-policy.ts'
import { createRecordWriter } from './random-record.ts'
import { type RandomTable, randomTable } from './random-table.ts'
import { type EngineOutcome, outcomesOf, rawBatch } from './raw-batch.ts'

/** The examples' key. */
export const exampleKey = Buffer.from(Array.from({ length: 32 }, (_, n) => n))

export interface Disagreement {
  readonly seed: number
  readonly index: number
  readonly policies: readonly unknown[]
  readonly record: {
    readonly key: string | null
    readonly value: string | null
    readonly headers: readonly (readonly [string, string | null])[]
  }
  readonly engine: string
  readonly naive: string
}

export interface Tally {
  pairs: number
  publish: number
  drop: number
  reject: number
}

/** A random table with policies that compile, and what it takes to run them. */
export function randomCase(random: Random): {
  table: RandomTable
  policies: unknown[]
  settings: Partial<PlanSettings>
  compacted: boolean
} {
  for (;;) {
    const table = randomTable(random)
    const policies = randomPolicies(table, random)
    const settings: Partial<PlanSettings> = {
      truncate: random.pick(['auto', 'publish', 'drop']),
      headers: random.chance(0.2) ? ['x-allowed*'] : [],
    }
    if (compile(policies, { keys: { default: exampleKey }, settings }).plan !== null)
      return { table, policies, settings, compacted: random.chance(0.2) }
  }
}

/** Many records under one random set of policies, through both engines. Null: they agree. */
export function compareCase(seed: number, count: number, tally: Tally): Disagreement | null {
  const random = createRandom(seed)
  const { table, policies, settings, compacted } = randomCase(random)
  const { plan } = compile(policies, { keys: { default: exampleKey }, settings })
  const topicPlan = plan?.forTopic(table.topic, { compacted }) ?? null
  const view = topicPlan?.views[0]
  if (topicPlan === null || view === undefined) return null
  const writer = createRecordWriter(table, random)
  const records = Array.from({ length: count }, () => writer.next())
  const partitions = 1 + random.below(2)
  const run = createTransform(() => 0)
  for (let from = 0; from < records.length; ) {
    const some = records.slice(from, from + 1 + random.below(20))
    const gap = random.pick(['', '', '0', '"', '}', ',"payload":{}}', '{"schema":', ' '])
    const outcomes = outcomesOf(run(rawBatch(some, { topic: table.topic, partitions, gap }), topicPlan), some.length)
    for (const [n, record] of some.entries()) {
      const naive = naiveTransform(record, view, partitions)
      const engine = outcomes[n]
      tally.pairs++
      tally[naive.kind]++
      if (engine === undefined || !agree(engine, naive)) return told(seed, from + n, policies, record, engine, naive)
    }
    from += some.length
  }
  return null
}

export function agree(engine: EngineOutcome, naive: NaiveOutcome): boolean {
  if (engine.kind === 'drop') return naive.kind === 'drop' && naive.reason === engine.reason
  if (engine.kind === 'reject') {
    const { code, path } = engine
    // A column without a name is told by what it stands in.
    const places = [path, '*', `${path}.`, ...(path === 'value' || path === 'key' ? [''] : [])]
    return naive.kind === 'reject' && places.some(place => naive.faults.has(`${code}@${place}`))
  }
  if (naive.kind !== 'publish' || !isSameRecord(engine, naive)) return false
  const { follower } = engine
  if (follower === null || !naive.isFollowed) return follower === null && !naive.isFollowed
  return isSameRecord(follower, { ...naive, value: null })
}

/** The same bytes in key, value and every header, in order. */
export function isSameRecord(a: NaiveRecord, b: NaiveRecord): boolean {
  return (
    equal(a.key, b.key) &&
    equal(a.value, b.value) &&
    a.headers.length === b.headers.length &&
    a.headers.every(([name, value], n) => name === b.headers[n]?.[0] && equal(value, b.headers[n]?.[1] ?? null))
  )
}

const equal = (a: Buffer | null, b: Buffer | null): boolean => (a === null || b === null ? a === b : a.equals(b))

function told(
  seed: number,
  index: number,
  policies: readonly unknown[],
  record: NaiveRecord,
  engine: EngineOutcome | undefined,
  naive: NaiveOutcome,
): Disagreement {
  return { seed, index, policies, record: readable(record), engine: outcomeText(engine), naive: outcomeText(naive) }
}

const readable = ({ key, value, headers }: NaiveRecord): Disagreement['record'] => ({
  key: key?.toString('latin1') ?? null,
  value: value?.toString('latin1') ?? null,
  headers: headers.map(([name, one]) => [name, one?.toString('latin1') ?? null] as const),
})

function outcomeText(outcome: EngineOutcome | NaiveOutcome | undefined): string {
  if (outcome === undefined) return 'nothing at all'
  if (outcome.kind === 'drop') return `drop ${outcome.reason}`
  if (outcome.kind === 'reject')
    return `reject ${'faults' in outcome ? [...outcome.faults].join(' or ') : `${outcome.code}@${outcome.path}`}`
  const two = 'isFollowed' in outcome ? outcome.isFollowed : outcome.follower !== null
  return `publish ${JSON.stringify(readable(outcome))}${two ? ' and a tombstone' : ''}`
}
