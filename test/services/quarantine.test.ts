import { createSecretKey } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import { batchOfLines, type RecordLine } from '../../src/pipeline/record-line.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { createDeadLetterSink } from '../../src/services/dead-letter-sink.ts'
import { createQuarantine } from '../../src/services/quarantine.ts'
import {
  added,
  createQuarantineWorld,
  planOf,
  row,
  tombstone,
  topic,
  truncate,
} from '../support/proof/quarantine-world.ts'
import { createRandom } from '../support/random.ts'

describe('an unknown column', () => {
  test('parks its record and all later ones of the key, tombstones included; other keys go on', async () => {
    const partition = createQuarantineWorld([
      row(0, 1),
      added(1, 1),
      row(2, 2),
      row(3, 1),
      tombstone(4, 1),
      tombstone(5, 2),
    ])
    expect(await partition.run()).toBe('done')
    expect(partition.published).toEqual([
      expect.stringContaining('"n":0'),
      expect.stringContaining('"n":2'),
      'tombstone {"id":2}',
    ])
    expect(partition.parked()).toEqual([1, 3, 4])
    expect([...partition.world.entries.values()].map(({ code }) => code)).toEqual([
      'RECORD_QUARANTINED',
      'RECORD_BEHIND_QUARANTINED',
      'RECORD_BEHIND_QUARANTINED',
    ])
    expect(
      JSON.stringify([
        partition.published,
        [...partition.world.entries.values()],
        partition.world.audited.map(({ offset, ...rest }) => [String(offset), rest]),
      ]),
    ).not.toContain('canary')
  })

  test('parks across batches and processes', async () => {
    const partition = createQuarantineWorld([added(0, 1), row(1, 2), row(2, 1), row(3, 1)])
    expect(await partition.run(1, 3)).toBe('killed')
    expect(await partition.run(1)).toBe('done')
    expect([partition.order(), partition.parked()]).toEqual([[1], [0, 2, 3]])
  })

  test('of records without a key parks all without a key', async () => {
    const partition = createQuarantineWorld([added(0, null), row(1, null), row(2, 1)])
    await partition.run()
    expect([partition.order(), partition.parked()]).toEqual([[2], [0, 1]])
  })

  test('is let out in order once it is known; what follows then goes on by itself', async () => {
    const raw = [added(0, 1), row(1, 1), tombstone(2, 1), added(3, 2), row(4, 3)]
    const partition = createQuarantineWorld(raw)
    await partition.run()
    partition.knows('nick')
    expect(await partition.release()).toEqual({
      released: 4,
      expelled: 0,
      waiting: 0,
      code: null,
      path: null,
      offset: null,
    })
    expect(partition.published.slice(1)).toEqual([
      expect.stringContaining('"n":0'),
      expect.stringContaining('"n":1'),
      'tombstone {"id":1}',
      expect.stringContaining('"n":3'),
    ])
    expect(partition.parked()).toEqual([])
    expect(partition.world.called).toMatchObject([{ call: 'release', caller: 'anna', facts: { records: 4 } }])
    raw.push(row(5, 1), row(6, 2))
    await partition.run()
    expect(partition.order().slice(-2)).toEqual([5, 6])
  })

  test('that is still unknown keeps back its key only, and says why', async () => {
    const partition = createQuarantineWorld([added(0, 1), row(1, 1, { other: 1 }), row(2, 1), added(3, 2)])
    await partition.run()
    partition.knows('nick')
    expect(await partition.release()).toEqual({
      released: 2,
      expelled: 0,
      waiting: 2,
      code: 'RECORD_QUARANTINED',
      path: 'after.other',
      offset: '1',
    })
    expect([partition.order(), partition.parked()]).toEqual([
      [0, 3],
      [1, 2],
    ])
  })

  test('stops the partition when more wait than may', async () => {
    const partition = createQuarantineWorld([added(0, 1), row(1, 1), row(2, 1), row(3, 2)], { limit: 2 })
    expect(await partition.run()).toBe('held')
    expect(partition.held()).toEqual(['held at 2', 'QUARANTINE_FULL'])
    expect(partition.parked()).toEqual([0, 1])
    // Also when it begins anew.
    expect(await partition.run()).toBe('held')
    expect([partition.order(), partition.parked()]).toEqual([[], [0, 1]])
  })

  test('and a truncate behind it do not change places', async () => {
    const partition = createQuarantineWorld([added(0, 1), truncate(1), row(2, 2)])
    expect(await partition.run()).toBe('held')
    expect(partition.held()).toEqual(['held at 1', 'QUARANTINE_BEFORE_TRUNCATE'])
    partition.knows('nick')
    await partition.release()
    expect(await partition.run()).toBe('done')
    expect(partition.published).toEqual([
      expect.stringContaining('"n":0'),
      expect.stringContaining('"op":"t"'),
      expect.stringContaining('"n":2'),
    ])
  })
})

describe('a batch that comes again', () => {
  test('does not count twice against the limit', async () => {
    const partition = createQuarantineWorld([added(0, 1), row(1, 1), row(2, 1), row(3, 2)], { limit: 3 })
    expect(await partition.run(100, 3)).toBe('killed') // published, letters, listed, not committed
    expect(partition.parked()).toEqual([0, 1, 2])
    expect(await partition.run()).toBe('done')
  })

  test('is not held at a truncate that was before what is parked', async () => {
    const partition = createQuarantineWorld([truncate(0), added(1, 1), row(2, 2)])
    expect(await partition.run(100, 3)).toBe('killed')
    expect(partition.parked()).toEqual([1])
    expect(await partition.run()).toBe('done')
  })
})

describe('a record that no policy helps', () => {
  test('becomes a dead letter when it is to be released, and its key goes on without it', async () => {
    // Its schema was looked at before the rest of it, so the unknown column was found first.
    const broken = row(0, 1, { nick: 'x' }, { surprise: 1 })
    const partition = createQuarantineWorld([broken, row(1, 1), row(2, 1)])
    await partition.run()
    partition.knows('nick')
    expect(await partition.release()).toMatchObject({ released: 2, expelled: 1, waiting: 0 })
    expect(partition.order()).toEqual([1, 2])
    expect([...partition.world.entries.values()].map(({ state, code }) => [state, code])).toEqual([
      ['open', 'RECORD_UNKNOWN_MEMBER'],
      ['replayed', 'RECORD_BEHIND_QUARANTINED'],
      ['replayed', 'RECORD_BEHIND_QUARANTINED'],
    ])
    expect(partition.world.audited.filter(({ offset }) => offset === 0n).at(-1)).toMatchObject({
      event: 'error',
      reason: 'RECORD_UNKNOWN_MEMBER',
    })
  })

  test('so does one that Kafka never takes; those before it go out once', async () => {
    const partition = createQuarantineWorld([added(0, 1), row(1, 1), row(2, 1), row(3, 1)])
    await partition.run()
    partition.knows('nick')
    partition.tooLarge.add(2)
    expect(await partition.release()).toMatchObject({ released: 3, expelled: 1, waiting: 0 })
    expect(partition.order()).toEqual([0, 1, 3])
    expect([...partition.world.entries.values()][2]).toMatchObject({ state: 'retrying', code: 'RECORD_TOO_LARGE' })
  })

  test('one whose letter is gone keeps its key back until somebody says that it may go on', async () => {
    const partition = createQuarantineWorld([added(0, 1), row(1, 1), added(2, 2)])
    await partition.run()
    partition.knows('nick')
    partition.world.letters.delete('0')
    expect(await partition.release()).toMatchObject({ released: 1, waiting: 2, code: 'REPLAY_UNREADABLE', offset: '0' })
    expect(await partition.release({ force: true })).toMatchObject({ released: 1, expelled: 1, waiting: 0 })
    expect(partition.order()).toEqual([2, 1])
  })
})

test('a process that slept while another one took over parks nothing behind its back', async () => {
  const partition = createQuarantineWorld([added(0, 1), row(1, 1), row(2, 1)])
  const [asleep, awake] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let isOver = false
  const first = await partition.live({
    isCurrent: () => !isOver,
    beforeListing: () => {
      asleep.resolve()
      return awake.promise
    },
  })
  const sleeps = first.settle(0, 1)
  await asleep.promise
  isOver = true
  partition.knows('nick')
  const second = await partition.live()
  await second.settle(0, 2)
  awake.resolve()
  await sleeps
  await second.settle(2, 1)
  await partition.release()
  expect([partition.order(), partition.parked()]).toEqual([[0, 1, 2], []])
})

test('a topic that was made anew waits for what is parked of the old one', async () => {
  const raw = [row(0, 9), row(1, 9), added(2, 1)]
  const partition = createQuarantineWorld(raw)
  await partition.run()
  expect(partition.parked()).toEqual([2])
  // Two records of another life: the same key, at an offset before.
  raw.splice(0, 3, { ...row(0, 1), timestamp: 99 }, { ...row(1, 1), timestamp: 99 })
  const life = await partition.live()
  await life.settle(0, 2)
  expect(life.held()).toEqual(['held at 0', 'QUARANTINE_TOPIC_ANEW'])
  partition.knows('nick')
  expect(await partition.release()).toMatchObject({ released: 1, waiting: 0 })
  await (await partition.live()).settle(0, 2)
  expect(partition.order()).toEqual([0, 1, 2, 0, 1])
})

test('letters are released a few megabytes at a time, those of one offset together', async () => {
  const partition = createQuarantineWorld([added(0, 1), row(1, 1), row(2, 1)])
  await partition.run()
  for (const [id, entry] of partition.world.entries)
    partition.world.entries.set(id, { ...entry, letterBytes: 6_000_000 })
  partition.knows('nick')
  expect(await partition.release()).toMatchObject({ released: 3 })
  expect(partition.world.called.map(({ facts }) => facts.records)).toEqual([1, 1, 1])
  expect(partition.order()).toEqual([0, 1, 2])
})

test('records behind one that Kafka never takes are published once', async () => {
  const partition = createQuarantineWorld([0, 1, 2, 3, 4, 5, 6, 7].map(n => row(n, n % 2)))
  for (const offset of [3, 6]) partition.tooLarge.add(offset)
  await partition.run()
  expect(partition.order()).toEqual([0, 1, 2, 4, 5, 7])
  expect([...partition.world.entries.values()].map(({ offset, code }) => [offset, code])).toEqual([
    ['3', 'RECORD_TOO_LARGE'],
    ['6', 'RECORD_TOO_LARGE'],
  ])
})

test('letters are written once, however often their listing has to be tried', async () => {
  let puts = 0
  let failures = 4
  const sink = createDeadLetterSink({
    box: {
      put: async letters => {
        puts++
        return letters.map(() => ({ partition: 0, offset: 0n }))
      },
    },
    register: {
      add: async () => {
        if (failures-- > 0) throw new ScrimError('POSTGRES_UNAVAILABLE')
        return true
      },
    },
  })
  const claim = { topic, partition: 0, number: '1' }
  const letters: Parameters<typeof sink.put>[0] = []
  while (!(await sink.put(letters, claim).catch(() => false)));
  expect([puts, failures]).toEqual([1, -1])
})

test('records parked under another secret hold the partition: their keys cannot be compared', async () => {
  const register = {
    takeOver: async () => ({
      claim: { topic, partition: 0, number: '1' },
      keys: [{ view: 'public', recordId: null, firstOffset: 0n, lastOffset: 0n, records: 1, parkedBy: 'another' }],
    }),
  }
  const quarantine = createQuarantine({ register, secret: createSecretKey(Buffer.alloc(32, 2)), limit: 10 })
  const raw = batchOfLines([row(0, 1)])
  const topicPlan = planOf().forTopic(topic, { compacted: false })
  if (topicPlan === null) throw new Error('no plan')
  const outcome = createTransform()(raw, topicPlan)
  await expect(quarantine.screen({ raw, assignment: {}, highWatermark: 9n }, outcome)).rejects.toMatchObject({
    code: 'QUARANTINE_KEY_CHANGED',
  })
})

test('whatever is parked, released and killed: of each key nothing is lost, and the last that goes out is the last', async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = createRandom(seed)
    const raw = Array.from({ length: 40 }, (_, n) => (random.chance(0.15) ? added : row)(n, random.below(6)))
    const partition = createQuarantineWorld(raw)
    const parkedEver = new Set<number>()
    for (let life = 0; life < 40; life++) {
      const size = 1 + random.below(8)
      const end = await partition.run(size, random.chance(0.8) ? random.below(12) : Number.POSITIVE_INFINITY)
      for (const offset of partition.parked()) parkedEver.add(offset)
      if (random.chance(0.3)) {
        partition.knows('nick')
        await partition.release(random.chance(0.5) ? { dieAt: random.below(3) } : {}).catch(() => undefined)
        if (random.chance(0.5)) partition.knows()
      }
      if (end === 'done' && life > 20) break
    }
    partition.knows('nick')
    expect(await partition.run()).toBe('done')
    expect(await partition.release()).toMatchObject({ waiting: 0 })
    const order = partition.order()
    expect([seed, [...new Set(order)].sort((a, b) => a - b)]).toEqual([seed, raw.map((_, n) => n)])
    for (const [key, offsets] of Map.groupBy(raw.keys(), n => keyOf(raw, n))) {
      const last = order.findLast(offset => keyOf(raw, offset) === key)
      expect([seed, key, last]).toEqual([seed, key, offsets.at(-1)])
    }
    if (seed === 1) expect(parkedEver.size).toBeGreaterThan(0)
    expect([seed, partition.overtaken]).toEqual([seed, []])
  }
})

const keyOf = (raw: readonly RecordLine[], n: number): string => JSON.stringify(raw[n]?.key)
