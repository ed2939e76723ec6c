import { type MaskedBatch, SPANS_PER_RECORD, VALUE_END, VALUE_START } from '../../../src/pipeline/batch.ts'
import { UnwritableRecord } from '../../../src/errors.ts'
import type { Plan } from '../../../src/pipeline/plan.ts'
import { batchOfLines, type RecordLine } from '../../../src/pipeline/record-line.ts'
import { compilePolicies } from '../../../src/policy/compile.ts'
import { createDeadLetterSink } from '../../../src/services/dead-letter-sink.ts'
import { createLetterOpener } from '../../../src/services/letter-opener.ts'
import { createMaskStream } from '../../../src/services/mask-stream.ts'
import type { DeadLetter, DeadLetterEntry } from '../../../src/services/ports/dead-letters.ts'
import type { FetchedBatch, RawSource } from '../../../src/services/ports/stream.ts'
import { createQuarantine } from '../../../src/services/quarantine.ts'
import { createRelease, type ReleaseResult } from '../../../src/services/release.ts'
import { createDeadLetterWorld, type DeadLetterWorld, testSealing, testSecret } from '../memory-dead-letters.ts'
import { testKeys, testSettings } from '../policy-documents.ts'
import { createQuietLog } from '../quiet-log.ts'

export const topic = 'raw.a'

/** A plan that parks what it does not know, and knows these columns beside its own. */
export function planOf(...known: string[]): Plan {
  const maskingConditions = [
    { field: 'email', maskType: 'full' },
    ...['id', 'n', ...known].map(field => ({ field, maskType: 'none' })),
  ]
  const document = {
    name: 'a',
    resources: { topic },
    maskingPolicy: { unknownColumns: 'quarantine' as const, maskingConditions },
  }
  const { plan } = compilePolicies([document], { keys: testKeys, settings: testSettings, version: 1, now: 0 })
  if (plan === null) throw new Error('the policy of the test is bad')
  return plan
}

export const row = (offset: number, id: number | null, columns: object = {}, envelope: object = {}): RecordLine => ({
  topic,
  partition: 0,
  offset,
  timestamp: 7,
  key: id === null ? null : { id },
  value: { before: null, after: { id, n: offset, ...columns }, source: {}, op: 'u', ts_ms: 1, ...envelope },
})
/** With a column that was added. */
export const added = (offset: number, id: number | null): RecordLine => row(offset, id, { nick: 'canary-4711' })
export const tombstone = (offset: number, id: number): RecordLine => ({ ...row(offset, id), value: null })
export const truncate = (offset: number): RecordLine => ({
  ...row(offset, null),
  value: { before: null, after: null, source: {}, op: 't', ts_ms: 1 },
})

/** One life of a process that reads the partition. */
export interface Life {
  /** Hands over the records from this offset on; resolves when the batch was left, settled or not. */
  readonly settle: (from: number, records: number) => Promise<void>
  readonly held: () => string[]
}

export interface LifeOptions {
  /** False once another process has the partition. */
  readonly isCurrent?: () => boolean
  /** Between the letters and their listing. */
  readonly beforeListing?: () => Promise<void>
}

export interface QuarantineWorld {
  readonly world: DeadLetterWorld
  /** Texts of the values, in order; a tombstone names its key. */
  readonly published: readonly string[]
  /** What the stream has published behind a parked record of its key. */
  readonly overtaken: readonly string[]
  /** Offsets of records that Kafka never takes. */
  readonly tooLarge: Set<number>
  readonly live: (options?: LifeOptions) => Promise<Life>
  /** Runs a process until everything is committed or held. Dies at that write, if one is given. */
  readonly run: (batchRecords?: number, dieAt?: number) => Promise<'done' | 'held' | 'killed'>
  readonly held: () => readonly string[]
  /** From now on these columns are known. */
  readonly knows: (...columns: string[]) => void
  readonly release: (options?: { readonly dieAt?: number; readonly force?: boolean }) => Promise<ReleaseResult>
  /** Offsets of what was published, in order. */
  readonly order: () => number[]
  readonly parked: () => number[]
}

const NEVER = Number.POSITIVE_INFINITY

/** A partition with what was published of it, and processes that work on it, in memory. */
export function createQuarantineWorld(raw: readonly RecordLine[], { limit = 1000 } = {}): QuarantineWorld {
  const world = createDeadLetterWorld()
  const published: string[] = []
  const overtaken: string[] = []
  const tooLarge = new Set<number>()
  let committed = 0
  let plan = planOf()
  /** Writes that succeed before the process dies. */
  let writes = NEVER
  let held: string[] = []
  let isReleasing = false

  const dies = async (): Promise<void> => {
    if (writes-- <= 0) throw new Error('killed')
  }
  const parked = (): DeadLetterEntry[] => [...world.entries.values()].filter(({ state }) => state === 'quarantined')
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
  const sink = {
    publish: async ({ bytes, spans, count }: MaskedBatch) => {
      await dies()
      for (let n = 0; n < count; n++) {
        const at = n * SPANS_PER_RECORD
        const key = bytes.toString('utf8', spans[at], spans[at + 1])
        const start = spans[at + VALUE_START] as number
        const value = start < 0 ? `tombstone ${key}` : bytes.toString('utf8', start, spans[at + VALUE_END])
        const offset = offsetIn(value)
        if (tooLarge.has(offset)) throw new UnwritableRecord('RECORD_TOO_LARGE', n)
        published.push(value)
        const before = parked().find(
          entry => JSON.stringify(raw[Number(entry.offset)]?.key) === key && Number(entry.offset) <= offset,
        )
        if (!isReleasing && before !== undefined) overtaken.push(`${before.offset} by ${offset}`)
      }
    },
  }

  async function live({ isCurrent = () => true, beforeListing = async () => {} }: LifeOptions = {}): Promise<Life> {
    const assignment = {}
    const codes: string[] = []
    let hand: ((batch: FetchedBatch) => Promise<void>) | undefined
    const source: RawSource = {
      setTopics: () => {},
      hold: (_topic, _partition, offset) => void codes.push(`held at ${offset}`),
      release: () => {},
      assigned: () => [],
      run: async onBatch => {
        hand = onBatch
      },
    }
    const register = {
      add: async (...letters: Parameters<typeof world.index.add>) => {
        await beforeListing()
        await dies()
        return world.index.add(...letters)
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
      settings: { audit: 'record', deadLetterPayload: 'seal', deadLetterLimit: 100, deadLetterWindowMs: 1000 },
      metrics: { batch: () => {} },
      log: createQuietLog(),
    })
    await stream.run(new AbortController().signal)
    return {
      held: () => [...codes, ...stream.held().map(({ code }) => code)],
      settle: async (from, records) => {
        const some = raw.slice(from, from + records)
        await hand?.({
          raw: batchOfLines(some),
          facts: async () => ({ compacted: false }),
          nextOffset: BigInt(from + some.length),
          highWatermark: BigInt(raw.length),
          assignment,
          isCurrent,
          commit: async offset => {
            await dies()
            if (isCurrent()) committed = Number(offset)
          },
        })
      },
    }
  }

  return {
    world,
    published,
    overtaken,
    tooLarge,
    live,
    run: async (batchRecords = 100, dieAt = NEVER) => {
      writes = dieAt
      held = []
      try {
        const life = await live()
        while (committed < raw.length && held.length === 0) {
          await life.settle(committed, batchRecords)
          held = life.held()
        }
        return held.length > 0 ? 'held' : 'done'
      } catch (error) {
        if (!(error instanceof Error) || error.message !== 'killed') throw error
        return 'killed'
      } finally {
        writes = NEVER
      }
    },
    held: () => held,
    knows: (...columns) => {
      plan = planOf(...columns)
    },
    release: ({ dieAt = NEVER, force = false } = {}) => {
      writes = dieAt
      isReleasing = true
      const letters = {
        read: async (_: number, offsets: readonly bigint[]) =>
          new Map(
            offsets.flatMap(offset => {
              const bytes = world.letters.get(String(offset))
              return bytes === undefined ? [] : [[offset, bytes] as const]
            }),
          ),
      }
      const release = createRelease({
        open: createLetterOpener({ letters, reader: { read: async () => null }, sealing: testSealing }),
        quarantine: {
          parked: world.index.parked,
          expelled: world.index.expelled,
          released: async ids => dies().then(() => world.index.released(ids)),
        },
        plans: { current: () => plan },
        facts: async () => ({ compacted: false }),
        sink,
        audit: { write: async rows => void world.audited.push(...rows) },
        auditSecret: testSecret,
        calls: { write: async called => void world.called.push(called) },
      })
      return release({ topic, partition: 0 }, { force, caller: 'anna', requestId: 'r1' }, () => true).finally(() => {
        isReleasing = false
        writes = NEVER
      })
    },
    order: () => published.map(offsetIn),
    parked: () => parked().map(({ offset }) => Number(offset)),
  }
}

const offsetIn = (text: string): number => Number(/"n":(\d+)/.exec(text)?.[1] ?? -1)
