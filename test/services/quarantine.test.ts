import { describe, expect, test } from 'vitest'
import { createSecretKey } from 'node:crypto'
import type { MaskedBatch } from '../../src/pipeline/batch.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { batchOfLines, type RecordLine } from '../../src/pipeline/record-line.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { compilePolicies } from '../../src/policy/compile.ts'
import { createDeadLetterSink } from '../../src/services/dead-letter-sink.ts'
import { createLetterOpener } from '../../src/services/letter-opener.ts'
import { createMaskStream } from '../../src/services/mask-stream.ts'
import type { DeadLetter } from '../../src/services/ports/dead-letters.ts'
import type { FetchedBatch, RawSource } from '../../src/services/ports/stream.ts'
import { createQuarantine } from '../../src/services/quarantine.ts'
import { createRelease, type ReleaseResult } from '../../src/services/release.ts'
import { createDeadLetterWorld, testSealing, testSecret } from '../support/memory-dead-letters.ts'
import { testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { createRandom } from '../support/random.ts'

const topic = 'raw.a'

function planOf(...known: string[]): Plan {
  const maskingConditions = [
    { field: 'email', maskType: 'full' },
    ...['id', 'n', ...known].map(field => ({ field, maskType: 'none' })),
  ]
  const document = {
    name: 'a',
    resources: { topic },
    maskingPolicy: { unknownColumns: 'quarantine' as const, maskingConditions },
  }
  const { plan } = compilePolicies([document], { keys: testKeys, settings: testSettings, version: 1 })
  if (plan === null) throw new Error('the policy of the test is bad')
  return plan
}

const row = (offset: number, id: number | null, columns: object = {}): RecordLine => ({
  topic,
  partition: 0,
  offset,
  timestamp: 7,
  key: id === null ? null : { id },
  value: { before: null, after: { id, n: offset, ...columns }, source: {}, op: 'u', ts_ms: 1 },
})
const added = (offset: number, id: number | null): RecordLine => row(offset, id, { nick: 'canary-4711' })
const tombstone = (offset: number, id: number): RecordLine => ({ ...row(offset, id), value: null })

/** A partition, what was published of it, and processes that work on it one after the other. */
function createPartition(raw: readonly RecordLine[], { limit = 1000 } = {}) {
  const world = createDeadLetterWorld()
  let committed = 0
  let plan = planOf()
  /** Batches that a process settles before it dies within the next one; null: none. */
  let writes = Number.POSITIVE_INFINITY
  const holds: string[] = []
  const published: string[] = []
  const dies = async (): Promise<void> => {
    if (writes-- <= 0) throw new Error('killed')
  }
  const box = {
    put: async (letters: readonly DeadLetter[]) => {
      await dies()
      return letters.map(({ sealed }) => {
        const offset = String(world.letters.size)
        world.letters.set(offset, sealed?.bytes ?? Buffer.alloc(0))
        return { partition: 0, offset: BigInt(offset) }
      })
    },
  }
  const overtaken: string[] = []
  let isReleasing = false
  const sink = {
    publish: async (batch: MaskedBatch) => {
      await dies()
      const text = (from: number, to: number): string =>
        batch.bytes.toString('utf8', batch.spans[from], batch.spans[to])
      for (let n = 0; n < batch.count; n++) {
        const at = n * 6
        const key = text(at, at + 1)
        const value = (batch.spans[at + 2] as number) < 0 ? `tombstone ${key}` : text(at + 2, at + 3)
        published.push(value)
        const offset = offsetIn(value)
        const parked = raw.find(
          line => JSON.stringify(line.key) === key && offset >= Number(line.offset) && isParked(line),
        )
        // The stream sends nothing that lies behind a parked record of its key.
        if (!isReleasing && parked !== undefined) overtaken.push(`${parked.offset} by ${offset}`)
      }
    },
  }
  const isParked = ({ offset }: RecordLine): boolean =>
    [...world.entries.values()].some(entry => entry.state === 'quarantined' && entry.offset === String(offset))

  async function process(batchRecords: number): Promise<void> {
    const register = {
      ...world.index,
      add: (letters: Parameters<typeof world.index.add>[0]) => dies().then(() => world.index.add(letters)),
    }
    const source: RawSource = {
      setTopics: () => {},
      hold: (_topic, _partition, offset) => void holds.push(`held at ${offset}`),
      release: () => {},
      assigned: () => [],
      run: async onBatch => {
        const assignment = {}
        while (committed < raw.length && holds.length === 0) {
          const some = raw.slice(committed, committed + batchRecords)
          const fetched: FetchedBatch = {
            raw: batchOfLines(some),
            facts: async () => ({ compacted: false }),
            nextOffset: BigInt(committed + some.length),
            highWatermark: BigInt(raw.length),
            assignment,
            isCurrent: () => true,
            commit: async offset => {
              await dies()
              committed = Number(offset)
            },
          }
          await onBatch(fetched)
        }
      },
    }
    const stream = createMaskStream({
      source,
      sink,
      deadLetters: createDeadLetterSink({ box, register }),
      quarantine: createQuarantine({ register: world.index, secret: testSecret, limit }),
      audit: { write: async rows => void world.audited.push(...rows) },
      plans: { current: () => plan, onChange: () => {} },
      sealing: testSealing,
      auditSecret: testSecret,
      settings: { audit: 'record', deadLetterPayload: 'seal', deadLetterLimit: 0, deadLetterWindowMs: 1000 },
      metrics: { batch: () => {} },
      log: createQuietLog(),
    })
    await stream.run(new AbortController().signal)
    holds.push(...stream.held().map(({ code }) => code))
  }

  return {
    world,
    published,
    /** Runs until everything is committed or held. Dies at that write, if one is given. */
    run: async (batchRecords = 100, dieAt = Number.POSITIVE_INFINITY): Promise<'done' | 'held' | 'killed'> => {
      holds.length = 0
      writes = dieAt
      try {
        await process(batchRecords)
        return holds.length > 0 ? 'held' : 'done'
      } catch (error) {
        if (!(error instanceof Error) || error.message !== 'killed') throw error
        return 'killed'
      } finally {
        writes = Number.POSITIVE_INFINITY
      }
    },
    held: () => holds,
    knows: (...columns: string[]) => {
      plan = planOf(...columns)
    },
    release: (dieAt = Number.POSITIVE_INFINITY): Promise<ReleaseResult> => {
      writes = dieAt
      isReleasing = true
      const reader = { read: async () => null }
      const letters = {
        read: async (_: number, offsets: readonly bigint[]) =>
          new Map(offsets.map(offset => [offset, world.letters.get(String(offset)) ?? Buffer.alloc(0)])),
      }
      const release = createRelease({
        open: createLetterOpener({ letters, reader, sealing: testSealing }),
        quarantine: {
          parked: world.index.parked,
          released: async ids => dies().then(() => world.index.released(ids)),
        },
        plans: { current: () => plan },
        facts: async () => ({ compacted: false }),
        sink,
        audit: null,
        auditSecret: testSecret,
        calls: { write: async called => void world.called.push(called) },
      })
      return release({ topic, partition: 0 }, { caller: 'anna', requestId: 'r1' }, () => true).finally(() => {
        isReleasing = false
        writes = Number.POSITIVE_INFINITY
      })
    },
    /** Offsets of what was published, in order. */
    order: () => published.map(offsetIn),
    overtaken,
    parked: () =>
      [...world.entries.values()].filter(({ state }) => state === 'quarantined').map(({ offset }) => Number(offset)),
  }
}

describe('an unknown column', () => {
  test('parks its record and all later ones of the key, tombstones included; other keys go on', async () => {
    const partition = createPartition([row(0, 1), added(1, 1), row(2, 2), row(3, 1), tombstone(4, 1), tombstone(5, 2)])
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
    const partition = createPartition([added(0, 1), row(1, 2), row(2, 1), row(3, 1)])
    expect(await partition.run(1, 3)).toBe('killed')
    expect(await partition.run(1)).toBe('done')
    expect([partition.order(), partition.parked()]).toEqual([[1], [0, 2, 3]])
  })

  test('of records without a key parks all without a key', async () => {
    const partition = createPartition([added(0, null), row(1, null), row(2, 1)])
    await partition.run()
    expect([partition.order(), partition.parked()]).toEqual([[2], [0, 1]])
  })

  test('is let out in order once it is known; what follows then goes on by itself', async () => {
    const raw = [added(0, 1), row(1, 1), tombstone(2, 1), added(3, 2), row(4, 3)]
    const partition = createPartition(raw)
    await partition.run()
    partition.knows('nick')
    expect(await partition.release()).toEqual({ released: 4, waiting: 0, code: null, path: null, offset: null })
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
    const partition = createPartition([added(0, 1), row(1, 1, { other: 1 }), row(2, 1), added(3, 2)])
    await partition.run()
    partition.knows('nick')
    expect(await partition.release()).toEqual({
      released: 2,
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
    const partition = createPartition([added(0, 1), row(1, 1), row(2, 1), row(3, 2)], { limit: 2 })
    expect(await partition.run()).toBe('held')
    expect(partition.held()).toEqual(['held at 2', 'QUARANTINE_FULL'])
    expect(partition.parked()).toEqual([0, 1])
    // Also when it begins anew.
    expect(await partition.run()).toBe('held')
    expect([partition.order(), partition.parked()]).toEqual([[], [0, 1]])
  })

  test('and a truncate behind it do not change places', async () => {
    const truncate = { ...row(1, null), value: { before: null, after: null, source: {}, op: 't', ts_ms: 1 } }
    const partition = createPartition([added(0, 1), truncate, row(2, 2)])
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

test('records parked under another secret hold the partition: their keys cannot be compared', async () => {
  const register = {
    parkedKeys: async () => [{ view: 'public', recordId: null, firstOffset: 0n, records: 1, parkedBy: 'another' }],
  }
  const quarantine = createQuarantine({ register, secret: createSecretKey(Buffer.alloc(32, 2)), limit: 10 })
  const raw = batchOfLines([row(0, 1)])
  const topicPlan = planOf().forTopic(topic, { compacted: false })
  if (topicPlan === null) throw new Error('no plan')
  const outcome = createTransform()(raw, topicPlan)
  await expect(quarantine.screen({ raw, assignment: {} }, outcome)).rejects.toMatchObject({
    code: 'QUARANTINE_KEY_CHANGED',
  })
})

test('whatever is parked, released and killed: of each key nothing is lost, and the last that goes out is the last', async () => {
  for (let seed = 1; seed <= 150; seed++) {
    const random = createRandom(seed)
    const raw = Array.from({ length: 40 }, (_, n) => (random.chance(0.15) ? added : row)(n, random.below(6)))
    const partition = createPartition(raw)
    const parkedEver = new Set<number>()
    for (let life = 0; life < 40; life++) {
      const size = 1 + random.below(8)
      const end = await partition.run(size, random.chance(0.8) ? random.below(12) : Number.POSITIVE_INFINITY)
      for (const offset of partition.parked()) parkedEver.add(offset)
      if (random.chance(0.3)) {
        partition.knows('nick')
        await partition.release(random.chance(0.5) ? random.below(3) : Number.POSITIVE_INFINITY).catch(() => undefined)
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

const offsetIn = (text: string): number => Number(/"n":(\d+)/.exec(text)?.[1] ?? -1)
const keyOf = (raw: readonly RecordLine[], n: number): string => JSON.stringify(raw[n]?.key)
