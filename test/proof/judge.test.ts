import { expect, test } from 'vitest'
import { type NaiveOutcome, naiveTransform } from '../support/naive-engine.ts'
import { viewOf } from '../support/proof/ground.ts'
import { type Evidence, judge, type LyingRecord, placeOf } from '../support/proof/judge.ts'
import { createPeople, peopleMasks, peoplePolicy } from '../support/proof/people.ts'

const topic = 'w.people'
const plans = new Map([
  [1, viewOf([peoplePolicy(topic)], topic)],
  [2, viewOf([peoplePolicy(topic, { ...peopleMasks, mobile: { maskType: 'null' } })], topic)],
])
const planOf = (version: number) => plans.get(version)!

/** A world in order: 60 records of two partitions, all masked by version 1. */
function sound(): { -readonly [K in keyof Evidence]: Evidence[K] } & { masked: LyingRecord[]; letters: Set<string> } {
  const people = createPeople({ topic, partitions: 2, seed: 5, keys: 6, poison: 0.1 })
  const records = Array.from({ length: 60 }, () => people.next()).flat()
  const raw = [0, 1].flatMap(partition =>
    records
      .filter(record => record.partition === partition)
      .map((record, n): LyingRecord => ({ ...record, offset: BigInt(n) })),
  )
  const outcomes = raw.map(record => [record, naiveTransform(record, planOf(1), 2)] as const)
  const events = { publish: 'mask', drop: 'drop', reject: 'error' }
  return {
    raw,
    masked: outcomes.flatMap(([record, outcome]) => (outcome.kind === 'publish' ? [maskOf(record, outcome)] : [])),
    audit: outcomes.map(([{ partition, offset }, { kind }]) => ({
      partition,
      offset,
      event: events[kind],
      version: 1,
    })),
    letters: new Set(outcomes.flatMap(([record, { kind }]) => (kind === 'reject' ? [placeOf(record)] : []))),
    planOf,
    versions: [1, 2],
  }
}

const maskOf = (record: LyingRecord, outcome: Extract<NaiveOutcome, { kind: 'publish' }>): LyingRecord => ({
  ...record,
  key: outcome.key,
  value: outcome.value,
  headers: outcome.headers,
})

test('a world in order has no faults, also when a batch came twice', () => {
  expect(judge(sound())).toMatchObject({ faults: [], repeated: 0 })
  const twice = sound()
  twice.masked = [...twice.masked.slice(0, 5), ...twice.masked.slice(2)]
  expect(judge(twice)).toMatchObject({ faults: [], repeated: 3 })
})

const damages: [name: string, fault: RegExp, damage: (world: ReturnType<typeof sound>) => void][] = [
  ['one is not there', /^lost: 1/, world => void world.masked.splice(3, 1)],
  ['the last of all is not there', /^lost: 1/, world => void world.masked.pop()],
  [
    'one is raw',
    /^not the mask of its raw record: 1/,
    world => {
      world.masked[2] = {
        ...world.masked[2]!,
        value: world.raw.find(({ timestamp }) => timestamp === world.masked[2]!.timestamp)!.value,
      }
    },
  ],
  [
    'one has a header more',
    /^not the mask of its raw record/,
    world => {
      world.masked[2] = { ...world.masked[2]!, headers: [['x', Buffer.from('y')]] }
    },
  ],
  [
    'one is of nobody',
    /^masked record without a raw one/,
    world => void world.masked.push({ ...world.masked[0]!, timestamp: 7 }),
  ],
  [
    'two changed places',
    /^out of order/,
    world => {
      const [a, b] = [world.masked[4]!, world.masked[5]!]
      world.masked.splice(4, 2, b, a)
    },
  ],
  [
    'an old one came again at the end',
    /^the key does not end with/,
    world => {
      const n = world.masked.findLastIndex(({ partition }) => partition === 0)
      world.masked.splice(n + 1, 0, world.masked[0]!)
    },
  ],
  ['a row is not there', /^no audit row: 1/, world => void (world.audit = world.audit.slice(1))],
  [
    'a row says something else',
    /^audit row says drop for mask/,
    world => {
      world.audit = world.audit.map(row => (row.event === 'mask' ? { ...row, event: 'drop' } : row))
    },
  ],
  [
    'a row names another policy',
    /^not the mask of the version in its audit row/,
    world => {
      world.audit = world.audit.map(row => ({ ...row, version: 2 }))
    },
  ],
  ['a letter is not there', /^no dead letter: 1/, world => void world.letters.delete([...world.letters][0]!)],
  [
    'a broken one was published',
    /^published against the plan/,
    world => {
      const broken = world.raw.find(record => world.letters.has(placeOf(record)))!
      world.masked.push({ ...broken })
    },
  ],
]
test.each(damages)('it is told that %s', (_, fault, damage) => {
  const world = sound()
  damage(world)
  expect(judge(world).faults.join('\n')).toMatch(new RegExp(fault.source, 'm'))
})

test('the sample has what the damages need', () => {
  expect(sound().letters.size).toBeGreaterThan(0)
})
