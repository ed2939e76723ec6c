import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import { batchOfLines } from '../../src/pipeline/record-line.ts'
import { compilePolicies } from '../../src/policy/compile.ts'
import {
  createDeadLetterWorld,
  createMemoryDeadLetters,
  type DeadLetterWorld,
  type MemoryDeadLettersOptions,
} from '../support/memory-dead-letters.ts'
import { aKeyedPolicy, testKeys, testSettings } from '../support/policy-documents.ts'

let world: DeadLetterWorld
let stop: AbortController
beforeEach(() => {
  world = createDeadLetterWorld()
  stop = new AbortController()
})
afterEach(() => stop.abort())

const { plan } = compilePolicies([aKeyedPolicy('a')], { keys: testKeys, settings: testSettings, version: 4, now: 0 })
/** An instance that reads these partitions. */
const instance = (reads: readonly number[], options: Partial<MemoryDeadLettersOptions> = {}) =>
  createMemoryDeadLetters(world, {
    plans: { current: () => plan },
    reads: ({ partition }) => reads.includes(partition),
    patienceMs: 5_000,
    ...options,
  })
const record = (partition: number, offset: number, after: object = { email: 'canary-4711' }) => ({
  topic: 'raw.a',
  partition,
  offset,
  timestamp: 7,
  key: { id: 1 },
  value: { before: null, after, source: {}, op: 'u', ts_ms: 1 },
})
const order = { force: false, caller: 'anna', requestId: 'r1' }

describe('a replay asked of an instance that does not read the partition', () => {
  test('is done by the one that does, under the name of who asked', async () => {
    const [here, there] = [instance([0]), instance([1])]
    const ids = [world.bury(record(0, 1)), world.bury(record(1, 1))]
    void there.run(stop.signal)
    expect(await here.replay(ids, order)).toEqual(ids.map(id => ({ id, outcome: 'published', error: null })))
    expect(world.called).toMatchObject([
      { call: 'replay', caller: 'anna', requestId: 'r1', facts: { partition: 0 } },
      { call: 'replay', caller: 'anna', requestId: 'r1', facts: { partition: 1 } },
    ])
    expect(ids.map(id => world.entries.get(id)?.state)).toEqual(['replayed', 'replayed'])
  })

  test('is refused there with its reason, and can be forced', async () => {
    const here = instance([])
    void instance([1]).run(stop.signal)
    const id = world.bury(record(1, 1))
    world.overtaken.add(1n)
    expect(await here.replay([id], order)).toMatchObject([
      {
        id,
        outcome: 'refused',
        error: { code: 'REPLAY_OVERTAKES', where: { topic: 'raw.a', partition: 1, offset: '1' } },
      },
    ])
    expect(await here.replay([id], { ...order, force: true })).toMatchObject([{ outcome: 'published' }])
  })

  test('that nobody takes up is withdrawn: it does not happen later', async () => {
    const here = instance([], { patienceMs: 5 })
    const id = world.bury(record(1, 1))
    expect(await here.replay([id], order)).toMatchObject([{ outcome: 'refused', error: { code: 'REPLAY_ELSEWHERE' } }])
    const counts = vi.fn()
    void instance([1], { metrics: { deadLetters: counts } }).run(stop.signal)
    await vi.waitFor(() => expect(counts.mock.calls.length).toBeGreaterThan(2))
    expect(world.published).toEqual([])
  })

  test('of a topic that no policy names waits for nobody', async () => {
    const here = instance([], { names: () => false })
    expect(await here.replay([world.bury(record(1, 1))], order)).toMatchObject([
      { outcome: 'refused', error: { code: 'RECORD_TOPIC_WITHOUT_POLICY' } },
    ])
  })

  test('waits in the other one for what is away', async () => {
    const here = instance([])
    void instance([1]).run(stop.signal)
    world.isSinkAway = true
    const [result] = await here.replay([world.bury(record(1, 1))], order)
    expect(result).toMatchObject({ outcome: 'refused', error: { code: 'KAFKA_UNAVAILABLE' } })
  })
})

test('what is due is tried by the instance that reads the partition', async () => {
  const ids = [0, 1].map(partition => world.bury(record(partition, 1), { nextAttemptAt: new Date(0) }))
  void instance([1]).run(stop.signal)
  await vi.waitFor(() => expect(world.entries.get(ids[1] ?? '')?.state).toBe('replayed'))
  expect(world.entries.get(ids[0] ?? '')).toMatchObject({ state: 'open', attempts: 0 })
})

describe('a release', () => {
  const park = (partition: number, offset: number, after?: object): string =>
    world.bury(record(partition, offset, after), { state: 'quarantined', code: 'RECORD_QUARANTINED' })

  test('asks each partition where it is read, and answers for each', async () => {
    const released = vi.fn()
    void instance([1], { onReleased: released }).run(stop.signal)
    park(0, 1)
    park(1, 5)
    park(1, 6, { email: 'canary-4711', nick: 'canary-4712' })
    park(1, 7)
    park(2, 1)
    const answers = await instance([0], { patienceMs: 2_000 }).release('raw.a', order)
    expect(answers).toMatchObject([
      { topic: 'raw.a', partition: 0, result: { released: 1, waiting: 0, code: null }, error: null },
      {
        partition: 1,
        result: { released: 1, waiting: 2, code: 'RECORD_UNKNOWN_COLUMN', path: 'after.nick', offset: '6' },
        error: null,
      },
      { partition: 2, result: null, error: { code: 'REPLAY_ELSEWHERE' } },
    ])
    expect(released.mock.calls).toMatchObject([[{ topic: 'raw.a', partition: 1 }]])
    expect(JSON.stringify(world.called)).not.toContain('canary')
  })

  test('of a topic that was made anew lets out both records of one offset', async () => {
    world.bury(record(0, 5), { state: 'quarantined', code: 'RECORD_QUARANTINED' })
    const anew = { ...record(0, 5), timestamp: 99, key: { id: 2 } }
    world.bury(anew, { state: 'quarantined', code: 'RECORD_QUARANTINED' })
    expect(await instance([0]).release(null, order)).toMatchObject([{ result: { released: 2 } }])
    expect(world.audited).toMatchObject([
      { event: 'mask', timestamp: 7 },
      { event: 'mask', timestamp: 99 },
    ])
  })

  test('of a withheld record takes no other one for it', async () => {
    const withheld = { keyId: null, bucket: null } as const
    world.bury(record(0, 5), { state: 'quarantined', code: 'RECORD_QUARANTINED', ...withheld })
    world.raw.set('raw.a/0@5', batchOfLines([{ ...record(0, 5), timestamp: 99 }]))
    expect(await instance([0]).release(null, order)).toMatchObject([
      { result: { released: 0, waiting: 1, code: 'REPLAY_UNREADABLE' } },
    ])
    expect(world.published).toEqual([])
  })

  test('of many partitions releases them in turn, also when the caller has gone', async () => {
    for (let partition = 0; partition < 20; partition++) park(partition, 1)
    let [under, most, done] = [0, 0, 0]
    const goOn = Promise.withResolvers<void>()
    const sink = {
      publish: async () => {
        most = Math.max(most, ++under)
        await goOn.promise
        under--
        done++
      },
    }
    const all = Array.from({ length: 20 }, (_, n) => n)
    const answers = await instance(all, { sink, patienceMs: 1 }).release(null, order)
    expect(answers.map(({ result, error }) => [result, error])).toEqual(all.map(() => [null, null]))
    goOn.resolve()
    await vi.waitFor(() => expect(done).toBe(20))
    expect(most).toBe(1)
  })

  test('that finds nothing parked has nothing to say', async () => {
    expect(await instance([0]).release(null, order)).toEqual([])
  })

  test('that cannot begin says why, and leaves all parked', async () => {
    const id = park(0, 1)
    const [answer] = await instance([0], { plans: { current: () => null } }).release(null, order)
    expect(answer).toMatchObject({ result: null, error: { code: 'POLICY_NOT_LOADED' } })
    expect(world.entries.get(id)?.state).toBe('quarantined')
  })

  test('that Kafka breaks off lets the stream look anew', async () => {
    const released = vi.fn()
    park(0, 1)
    world.isSinkAway = true
    const [answer] = await instance([0], { onReleased: released }).release(null, order)
    expect(answer).toMatchObject({ error: { code: 'KAFKA_UNAVAILABLE' } })
    expect(released).toHaveBeenCalledOnce()
  })

  test('goes on without the caller when it takes long', async () => {
    park(0, 1)
    const goOn = Promise.withResolvers<void>()
    const sink = { publish: () => goOn.promise }
    expect(await instance([0], { sink, patienceMs: 1 }).release(null, order)).toEqual([
      { topic: 'raw.a', partition: 0, result: null, error: null },
    ])
    goOn.resolve()
    await vi.waitFor(() => expect(world.entries.get('1')?.state).toBe('replayed'))
  })

  test('asks the others at once, however long it takes here', async () => {
    park(0, 1)
    park(1, 1)
    const goOn = Promise.withResolvers<void>()
    void instance([1]).run(stop.signal)
    const asked = instance([0], { sink: { publish: () => goOn.promise } }).release(null, order)
    await vi.waitFor(() => expect(world.entries.get('2')?.state).toBe('replayed'))
    goOn.resolve()
    expect(await asked).toMatchObject([
      { partition: 0, result: { released: 1 } },
      { partition: 1, result: { released: 1 } },
    ])
  })

  test('of a partition that is busy does not keep those of others', async () => {
    park(0, 1)
    const letter = world.bury(record(1, 1))
    const goOn = Promise.withResolvers<void>()
    const here = instance([0, 1], {
      sink: { publish: ({ partition }) => (partition === 0 ? goOn.promise : Promise.resolve()) },
    })
    const released = here.release(null, order)
    expect(await here.replay([letter], order)).toMatchObject([{ outcome: 'published' }])
    goOn.resolve()
    expect(await released).toMatchObject([{ result: { released: 1 } }])
  })
})

test('a request for a partition that is just changing hands is left to the next look', async () => {
  let takes = 0
  const requests = {
    ...world.requests,
    take: async (...args: Parameters<typeof world.requests.take>) => {
      takes++
      return world.requests.take(...args)
    },
  }
  const partitions = { list: () => [{ topic: 'raw.a', partition: 1 }], alone: async () => null }
  await world.requests.add([{ what: 'release', letterId: null, topic: 'raw.a', partition: 1, ...order }], 60_000)
  const counts = vi.fn()
  void instance([1], { requests, partitions, metrics: { deadLetters: counts }, lookEveryMs: 5 }).run(stop.signal)
  await vi.waitFor(() => expect(counts.mock.calls.length).toBeGreaterThan(5))
  expect(takes).toBeLessThanOrEqual(counts.mock.calls.length + 2)
})

test('letters of a partition that waits keep neither each other nor the calls of others', async () => {
  const busy = { topic: 'raw.a', partition: 0 }
  for (let n = 1; n <= 20; n++) world.bury(record(0, n), { nextAttemptAt: new Date(0) })
  let looks = 0
  let tries = 0
  const requests = {
    ...world.requests,
    take: async () => {
      looks++
      return null
    },
  }
  const partitions = {
    list: () => [busy],
    alone: async () => {
      tries++
      await vi.waitFor(() => expect(looks).toBeGreaterThan(3 * tries))
      throw new ScrimError('REPLAY_WAITS', busy)
    },
  }
  const counts = vi.fn()
  void instance([0], { requests, partitions, metrics: { deadLetters: counts } }).run(stop.signal)
  await vi.waitFor(() => expect(counts).toHaveBeenCalled())
  // One in each round, not all that are due.
  expect(tries).toBeLessThanOrEqual(counts.mock.calls.length + 1)
})

describe('a replay beside the quarantine', () => {
  test('of a parked record is no replay: only its order is right', async () => {
    const id = world.bury(record(0, 1), { state: 'quarantined' })
    const results = await instance([0]).replay([id], { ...order, force: true })
    expect(results).toMatchObject([{ error: { code: 'REPLAY_QUARANTINED' } }])
  })

  test('of a record behind a parked one of its key needs force', async () => {
    world.bury(record(0, 1), { state: 'quarantined' })
    const id = world.bury(record(0, 2))
    expect(await instance([0]).replay([id], order)).toMatchObject([{ error: { code: 'REPLAY_QUARANTINED' } }])
    expect(await instance([0]).replay([id], { ...order, force: true })).toMatchObject([{ outcome: 'published' }])
  })
})

test('an error that is no reason of ours is not swallowed', async () => {
  const broken = { publish: async () => Promise.reject(new RangeError('canary')) }
  const id = world.bury(record(0, 1))
  await expect(instance([0], { sink: broken }).replay([id], order)).rejects.toThrow(RangeError)
  expect(new ScrimError('REPLAY_ELSEWHERE').retriable).toBe(true)
})
