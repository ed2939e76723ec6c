import { createSecretKey } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { batchOfLines } from '../../src/pipeline/record-line.ts'
import { compilePolicies } from '../../src/policy/compile.ts'
import type { PolicyDocument } from '../../src/policy/document.ts'
import type { DeadLetterEntry } from '../../src/services/ports/dead-letters.ts'
import type { ReplayOrder } from '../../src/services/replay.ts'
import { isRetriable, nextAttemptAt } from '../../src/services/retry-schedule.ts'
import {
  createDeadLetterWorld,
  createMemoryDeadLetters,
  type DeadLetterWorld,
  type MemoryDeadLettersOptions,
  testSealing,
} from '../support/memory-dead-letters.ts'
import { aKeyedPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'

let world: DeadLetterWorld
let stop: AbortController
let clock: number
beforeEach(() => {
  world = createDeadLetterWorld()
  stop = new AbortController()
  clock = 1_000_000
})
afterEach(() => stop.abort())

const planOf = (...documents: PolicyDocument[]): Plan => {
  const { plan } = compilePolicies(documents, { keys: testKeys, settings: testSettings, version: 4, now: 0 })
  if (plan === null) throw new Error('the policies of the test are bad')
  return plan
}
const create = (options: Partial<MemoryDeadLettersOptions> = {}) =>
  createMemoryDeadLetters(world, {
    plans: { current: () => planOf(aKeyedPolicy('a')) },
    now: () => clock,
    random: () => 1,
    ...options,
  })
const how: ReplayOrder = { force: false, caller: 'anna', requestId: 'r1' }
const record = (
  offset: number,
  value: Record<string, unknown> | null = {
    before: null,
    after: { email: 'canary-4711' },
    source: {},
    op: 'u',
    ts_ms: 1,
  },
) => ({
  topic: 'raw.a',
  partition: 0,
  offset,
  timestamp: 7,
  key: { id: offset },
  value,
})
const entry = (id: string): DeadLetterEntry | undefined => world.entries.get(id)

describe('a replay', () => {
  test('of a withheld record reads the raw topic again', async () => {
    const id = world.bury(record(1), { keyId: null, bucket: null })
    world.raw.set('raw.a/0@1', batchOfLines([record(1)]))
    expect(await create().replay([id], how)).toEqual([{ id, outcome: 'published', error: null }])
    expect(world.published).toHaveLength(1)
  })

  test('leaves the audit row of the record under the plan that masked it', async () => {
    await create().replay([world.bury(record(1))], how)
    expect(world.audited).toMatchObject([
      {
        event: 'mask',
        topic: 'raw.a',
        offset: 1n,
        policyVersion: 4,
        operation: 'update',
        view: 'public',
        recordId: expect.any(String),
      },
    ])
  })

  test('leaves its own row before it publishes', async () => {
    const order: string[] = []
    const deadLetters = create({
      calls: { write: async () => void order.push('row') },
      sink: { publish: async () => void order.push('publish') },
    })
    await deadLetters.replay([world.bury(record(1))], how)
    expect(order).toEqual(['row', 'publish'])
  })

  test('publishes only the views that the letter is about', async () => {
    const [result] = await create().replay([world.bury(record(1), { views: ['another'] })], how)
    expect(result).toMatchObject({ outcome: 'refused', error: { code: 'RECORD_TOPIC_WITHOUT_POLICY' } })
    expect(world.published).toEqual([])
  })

  test('of a record that still cannot be masked is refused with its code, and the letter stays', async () => {
    const id = world.bury(
      record(1, { before: null, after: { nickname: 'canary-4711' }, source: {}, op: 'u', ts_ms: 1 }),
    )
    const [result] = await create().replay([id], how)
    expect(result).toMatchObject({
      outcome: 'refused',
      error: { code: 'RECORD_UNKNOWN_COLUMN', where: { path: 'after.nickname' } },
    })
    expect(entry(id)).toMatchObject({ state: 'open', attempts: 0 })
  })

  test('of a tombstone goes out as one', async () => {
    await create().replay([world.bury(record(1, null))], how)
    expect(world.published).toHaveLength(1)
    expect(world.audited).toMatchObject([{ operation: 'tombstone' }])
  })

  test('of a truncate needs force: it concerns every key', async () => {
    const id = world.bury({ ...record(1, { before: null, after: null, source: {}, op: 't', ts_ms: 1 }), key: null })
    expect(await create().replay([id], how)).toMatchObject([{ error: { code: 'REPLAY_OVERTAKES' } }])
    expect(await create().replay([id], { ...how, force: true })).toMatchObject([{ outcome: 'published' }])
  })

  test('needs force where newer records cannot be ruled out, and is kept as such', async () => {
    const asked: unknown[] = []
    const deadLetters = create({
      facts: async () => ({ compacted: true }),
      reader: {
        read: async () => null,
        newer: async than => {
          asked.push(than)
          return 'unknown'
        },
      },
    })
    const id = world.bury(record(1))
    expect(await deadLetters.replay([id], how)).toMatchObject([
      { error: { code: 'REPLAY_UNREADABLE', where: { path: 'newer records' } } },
    ])
    expect(world.published).toEqual([])
    expect(asked).toEqual([{ topic: 'raw.a', partition: 0, offset: 1n, row: Buffer.from('{"id":1}'), compacted: true }])
    expect(await deadLetters.replay([id], { ...how, force: true })).toMatchObject([{ outcome: 'published' }])
    expect(world.called.map(({ facts }) => facts)).toMatchObject([
      { force: false, overtakes: 'unknown' },
      { force: true, overtakes: 'unknown' },
    ])
  })

  test('without policies in force says so', async () => {
    const id = world.bury(record(1))
    const results = await create({ plans: { current: () => null } }).replay([id], how)
    expect(results).toMatchObject([{ error: { code: 'POLICY_NOT_LOADED', kind: 'dependency' } }])
  })

  test('looks for newer records and publishes while the stream is kept off the partition', async () => {
    const order: string[] = []
    const deadLetters = create({
      partitions: {
        list: () => [],
        alone: async ({ topic, partition }, work) => {
          order.push(`begin ${topic}/${partition}`)
          const result = await work(() => true)
          order.push('end')
          return result
        },
      },
      reader: {
        read: async () => null,
        newer: async () => {
          order.push('look')
          return 'none'
        },
      },
      sink: { publish: async () => void order.push('publish') },
    })
    await deadLetters.replay([world.bury(record(1))], how)
    expect(order).toEqual(['begin raw.a/0', 'look', 'publish', 'end'])
  })

  test('of one letter from two sides at once happens once', async () => {
    const release = Promise.withResolvers<void>()
    let publishing = 0
    const sink = {
      publish: async () => {
        publishing++
        await release.promise
      },
    }
    const id = world.bury(record(1))
    const deadLetters = create({ sink })
    const replays = Promise.all([deadLetters.replay([id], how), deadLetters.replay([id], how)])
    await vi.waitFor(() => expect(publishing).toBe(1))
    await new Promise(setImmediate)
    release.resolve()
    expect((await replays).flat()).toMatchObject([{ outcome: 'published' }, { outcome: 'unchanged' }])
    expect(publishing).toBe(1)
  })

  test('cannot be opened without the sealing key, or with another', async () => {
    const id = world.bury(record(1))
    const other = { id: testSealing.id, key: createSecretKey(Buffer.alloc(32, 5)) }
    for (const sealing of [null, other])
      expect(await create({ sealing }).replay([id], how)).toMatchObject([{ error: { code: 'REPLAY_UNREADABLE' } }])
  })
})

describe('retries', () => {
  const due = (id = '1'): void => {
    clock = entry(id)?.nextAttemptAt?.getTime() ?? clock
  }

  test('go on later and later, then the letter is for review', async () => {
    const id = world.bury(record(1, { before: null, after: { nickname: 'x' }, source: {}, op: 'u', ts_ms: 1 }), {
      nextAttemptAt: new Date(clock),
    })
    const done = create().run(stop.signal)
    const waits: number[] = []
    for (const attempts of [1, 2]) {
      await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'retrying', attempts }))
      waits.push((entry(id)?.nextAttemptAt?.getTime() ?? 0) - clock)
      due()
    }
    await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'review', attempts: 3, nextAttemptAt: null }))
    expect(waits).toEqual([60_000, 120_000])
    stop.abort()
    await done
  })

  test('succeed when the cause has gone', async () => {
    let documents = [aKeyedPolicy('b')]
    const id = world.bury(record(1), { nextAttemptAt: new Date(clock) })
    void create({ plans: { current: () => planOf(...documents) } }).run(stop.signal)
    await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'retrying' }))
    documents = [aKeyedPolicy('a')]
    due()
    await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'replayed' }))
    expect(world.called.at(-1)).toMatchObject({ caller: 'scrim' })
  })

  test('never overtake newer data: such a letter is for review', async () => {
    const id = world.bury(record(1), { nextAttemptAt: new Date(clock) })
    world.overtaken.add(1n)
    void create().run(stop.signal)
    await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'review' }))
    expect(world.published).toEqual([])
  })

  test('do not count while Kafka is away', async () => {
    const id = world.bury(record(1), { nextAttemptAt: new Date(clock) })
    world.isSinkAway = true
    const log = createQuietLog()
    void create({ log }).run(stop.signal)
    for (const refusals of [1, 2, 3]) {
      await vi.waitFor(() => expect(entry(id)?.nextAttemptAt).toEqual(new Date(clock + 30_000)))
      expect(world.refusals).toBe(refusals)
      expect(entry(id)).toMatchObject({ state: 'open', attempts: 0 })
      if (refusals < 3) due()
    }
    expect(log.lines).toHaveLength(1)
    world.isSinkAway = false
    due()
    await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'replayed' }))
  })

  test('of one letter that waits for something do not keep the others, nor the counts', async () => {
    const [gone, there] = [1, 2].map(n => world.bury(record(n), { nextAttemptAt: new Date(clock) })) as [string, string]
    const deadLetters = vi.fn()
    const letters = {
      read: async (_partition: number, [offset = 0n]: readonly bigint[]) => {
        if (String(offset) === gone) throw new ScrimError('KAFKA_UNAVAILABLE', { topic: 'raw.a' })
        return new Map([[offset, world.letters.get(String(offset)) ?? Buffer.alloc(0)]])
      },
    }
    void create({ letters, metrics: { deadLetters } }).run(stop.signal)
    await vi.waitFor(() =>
      expect(deadLetters).toHaveBeenCalledWith({ open: 1, retrying: 0, review: 0, quarantined: 0, replayed: 1 }),
    )
    expect(entry(there)).toMatchObject({ state: 'replayed' })
    expect(entry(gone)).toMatchObject({ state: 'open', attempts: 0, nextAttemptAt: new Date(clock + 30_000) })
  })

  test('of two instances never meet at one letter', async () => {
    const release = Promise.withResolvers<void>()
    let publishing = 0
    const sink = {
      publish: async () => {
        publishing++
        await release.promise
      },
    }
    const id = world.bury(record(1), { nextAttemptAt: new Date(clock) })
    const counted = vi.fn()
    void create({ sink }).run(stop.signal)
    await vi.waitFor(() => expect(publishing).toBe(1))
    void create({ sink, metrics: { deadLetters: counted } }).run(stop.signal)
    await vi.waitFor(() => expect(counted.mock.calls.length).toBeGreaterThan(2))
    release.resolve()
    await vi.waitFor(() => expect(entry(id)).toMatchObject({ state: 'replayed' }))
    expect(publishing).toBe(1)
  })

  test('leave alone what another instance has marked for review meanwhile', async () => {
    const id = world.bury(record(1), { state: 'review' })
    const due = vi.fn(async () => [{ ...(entry(id) as DeadLetterEntry), state: 'retrying' as const }])
    void create({ index: { ...world.index, claim: due } }).run(stop.signal)
    await vi.waitFor(() => expect(due.mock.calls.length).toBeGreaterThan(2))
    expect(world.published).toEqual([])
  })

  test('counts are told', async () => {
    const deadLetters = vi.fn()
    world.bury(record(1), { state: 'review' })
    void create({ metrics: { deadLetters } }).run(stop.signal)
    await vi.waitFor(() =>
      expect(deadLetters).toHaveBeenCalledWith({ open: 0, retrying: 0, review: 1, quarantined: 0, replayed: 0 }),
    )
  })
})

test('only what may heal by itself is tried again', () => {
  expect(isRetriable('RECORD_TOO_LARGE')).toBe(true)
  expect(isRetriable('RECORD_TOPIC_WITHOUT_POLICY')).toBe(true)
  expect(isRetriable('RECORD_MALFORMED')).toBe(false)
  expect(nextAttemptAt('RECORD_MALFORMED', 0, 0)).toBeNull()
  expect(nextAttemptAt('RECORD_TOO_LARGE', 0, 0, () => 0)).toEqual(new Date(15_000))
  expect(nextAttemptAt('RECORD_TOO_LARGE', 30, 0, () => 1)).toEqual(new Date(3_600_000))
})
