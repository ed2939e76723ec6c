import { createSecretKey } from 'node:crypto'
import { ScrimError } from '../../src/errors.ts'
import type { MaskedBatch, RawBatch } from '../../src/pipeline/batch.ts'
import { batchOfLines, type RecordLine } from '../../src/pipeline/record-line.ts'
import { bucketKey, seal, type SealingKey } from '../../src/pipeline/seal.ts'
import type { AuditRow, CallRow } from '../../src/services/ports/audit.ts'
import type { DeadLetterEntry, DeadLetterIndex, DeadLetterState } from '../../src/services/ports/dead-letters.ts'
import type { MaskedSink } from '../../src/services/ports/stream.ts'

export const testSealing: SealingKey = { id: 'default', key: createSecretKey(Buffer.alloc(32, 9)) }

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
  readonly index: DeadLetterIndex
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
    index: createIndex(entries),
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
        timestamp: new Date(0),
        views: ['public'],
        code: 'RECORD_TOO_LARGE',
        path: '',
        policyVersion: 1,
        keyId: testSealing.id,
        bucket: '2026-11',
        state: 'open',
        attempts: 0,
        nextAttemptAt: null,
        at: new Date(0),
        letterPartition: 0,
        letterOffset: id,
        ...entry,
      })
      return id
    },
  }
  return world
}

function createIndex(entries: Map<string, DeadLetterEntry>): DeadLetterIndex {
  const all = (): DeadLetterEntry[] => [...entries.values()]
  return {
    list: async ({ state, topic, limit, after = '0' }) =>
      all()
        .filter(
          entry =>
            (state ?? entry.state) === entry.state &&
            (topic ?? entry.topic) === entry.topic &&
            Number(entry.id) > Number(after),
        )
        .slice(0, limit),
    get: async id => entries.get(id) ?? null,
    claim: async (now, until, limit) => {
      const at = ({ nextAttemptAt }: DeadLetterEntry): number => nextAttemptAt?.getTime() ?? Number.POSITIVE_INFINITY
      const due = all()
        .filter(entry => at(entry) <= now.getTime() && (entry.state === 'open' || entry.state === 'retrying'))
        .sort((a, b) => at(a) - at(b))
        .slice(0, limit)
        .map(entry => ({ ...entry, nextAttemptAt: until }))
      for (const entry of due) entries.set(entry.id, entry)
      return due
    },
    update: async (id, change) => {
      const entry = entries.get(id)
      if (entry === undefined || (entry.state === 'replayed' && change.state !== 'replayed')) return
      entries.set(id, { ...entry, ...change })
    },
    counts: async () => {
      const counts: Record<DeadLetterState, number> = { open: 0, retrying: 0, review: 0, replayed: 0 }
      for (const { state } of entries.values()) counts[state]++
      return counts
    },
  }
}
