import { createSecretKey } from 'node:crypto'
import { ScrimError } from '../../src/errors.ts'
import type { MaskedBatch, RawBatch } from '../../src/pipeline/batch.ts'
import { batchOfLines, type RecordLine } from '../../src/pipeline/record-line.ts'
import { bucketKey, recordIdOf, seal, type SealingKey } from '../../src/pipeline/seal.ts'
import type { AuditRow, CallRow } from '../../src/services/ports/audit.ts'
import { createDeadLetters, type DeadLetters, type DeadLettersOptions } from '../../src/services/dead-letters.ts'
import { createLetterOpener, type LetterOpenerOptions } from '../../src/services/letter-opener.ts'
import type {
  DeadLetterEntry,
  LetterRequests,
  PartitionName,
  RecordReader,
} from '../../src/services/ports/dead-letters.ts'
import type { MaskedSink } from '../../src/services/ports/stream.ts'
import { createRelease } from '../../src/services/release.ts'
import { createReplay, type ReplayOptions } from '../../src/services/replay.ts'
import { createMemoryLetterIndex, createMemoryLetterRequests, type MemoryLetterIndex } from './memory-letter-index.ts'
import { createQuietLog } from './quiet-log.ts'

export const testSealing: SealingKey = { id: 'default', key: createSecretKey(Buffer.alloc(32, 9)) }

export const testSecret = createSecretKey(Buffer.alloc(32, 1))

export interface Published {
  readonly topic: string
  readonly view: string
  readonly text: string
}

/** Everything that replaying dead letters touches, in memory. */
export interface DeadLetterWorld {
  readonly entries: Map<string, DeadLetterEntry>
  readonly letters: Map<string, Buffer>
  readonly raw: Map<string, RawBatch>
  readonly published: Published[]
  readonly audited: AuditRow[]
  readonly called: CallRow[]
  /** Offsets of records of whose key something newer was published. */
  readonly overtaken: Set<bigint>
  isSinkAway: boolean
  /** How often the sink was asked while it was away. */
  refusals: number
  readonly index: MemoryLetterIndex
  readonly requests: LetterRequests
  readonly sink: MaskedSink
  /** Seals a record away as the stream would; answers its id. */
  readonly bury: (line: RecordLine, entry?: Partial<DeadLetterEntry>) => string
}

export function createDeadLetterWorld(): DeadLetterWorld {
  const entries = new Map<string, DeadLetterEntry>()
  const world: DeadLetterWorld = {
    entries,
    letters: new Map(),
    raw: new Map(),
    published: [],
    audited: [],
    called: [],
    overtaken: new Set(),
    isSinkAway: false,
    refusals: 0,
    index: createMemoryLetterIndex(entries),
    requests: createMemoryLetterRequests(),
    sink: {
      publish: async (batch: MaskedBatch) => {
        if (world.isSinkAway) {
          world.refusals++
          throw new ScrimError('KAFKA_UNAVAILABLE')
        }
        const from = batch.spans[2] as number
        world.published.push({
          topic: batch.topic,
          view: batch.view,
          text: batch.bytes.toString('utf8', from, batch.spans[3]),
        })
      },
    },
    bury: (line, entry = {}) => {
      const id = String(entries.size + 1)
      const batch = batchOfLines([line])
      const sealed = seal(
        batch,
        0,
        bucketKey(testSealing.key, '2026-11'),
        testSealing.id,
        '2026-11',
        Buffer.alloc(12, entries.size),
      )
      world.letters.set(id, sealed.bytes)
      entries.set(id, {
        id,
        topic: batch.topic,
        partition: batch.partition,
        offset: String(batch.offsets[0]),
        timestamp: new Date(batch.timestamps[0] as number),
        views: ['public'],
        code: 'RECORD_TOO_LARGE',
        path: '',
        policyVersion: 1,
        recordId: recordIdOf(testSecret, batch, 0),
        keyId: testSealing.id,
        bucket: '2026-11',
        state: 'open',
        attempts: 0,
        nextAttemptAt: null,
        at: new Date(0),
        letterPartition: 0,
        letterOffset: id,
        letterBytes: sealed.bytes.length,
        ...entry,
      })
      return id
    },
  }
  return world
}

export interface MemoryDeadLettersOptions
  extends Partial<Omit<DeadLettersOptions, 'quarantine' | 'replay' | 'release'>>,
    Partial<Omit<ReplayOptions, 'open' | 'quarantine' | 'reader'>>,
    Partial<Omit<LetterOpenerOptions, 'reader'>> {
  readonly reader?: RecordReader
  readonly plans: ReplayOptions['plans']
  /** Those that this instance reads; left out: all. */
  readonly reads?: (partition: PartitionName) => boolean
}

/** The real services over a world in memory. */
export function createMemoryDeadLetters(world: DeadLetterWorld, options: MemoryDeadLettersOptions): DeadLetters {
  const reads = options.reads ?? (() => true)
  const turns = new Map<string, Promise<unknown>>()
  const defaults = {
    letters: {
      read: async (_partition: number, offsets: readonly bigint[]) =>
        new Map(
          offsets.flatMap(offset => {
            const bytes = world.letters.get(String(offset))
            return bytes === undefined ? [] : [[offset, bytes] as const]
          }),
        ),
    },
    reader: {
      read: async (topic: string, partition: number, offset: bigint) =>
        world.raw.get(`${topic}/${partition}@${offset}`) ?? null,
      newer: async ({ offset }: { readonly offset: bigint }) => (world.overtaken.has(offset) ? 'some' : 'none'),
    } satisfies RecordReader,
    sealing: testSealing,
    facts: async () => ({ compacted: false }),
    sink: world.sink,
    audit: { write: async (rows: readonly AuditRow[]) => void world.audited.push(...rows) },
    auditSecret: testSecret,
    calls: { write: async (row: CallRow) => void world.called.push(row) },
    index: world.index,
    requests: world.requests,
    partitions: {
      list: () => [...world.entries.values()].filter(reads),
      alone: async <T>(partition: PartitionName, work: (isCurrent: () => boolean) => Promise<T>) => {
        if (!reads(partition)) return null
        const id = `${partition.topic}/${partition.partition}`
        const mine = (turns.get(id) ?? Promise.resolve()).then(() => work(() => true))
        turns.set(
          id,
          mine.catch(() => undefined),
        )
        return mine
      },
    },
    names: () => true,
    onReleased: () => undefined,
    metrics: { deadLetters: () => undefined },
    maxAttempts: 3,
    log: createQuietLog(),
    lookEveryMs: 1,
    ...options,
  }
  const again = { ...defaults, open: createLetterOpener(defaults), quarantine: world.index }
  return createDeadLetters({
    ...defaults,
    quarantine: world.index,
    replay: createReplay(again),
    release: createRelease(again),
  })
}
