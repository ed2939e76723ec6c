import { createSecretKey } from 'node:crypto'
import { compile } from '../../../src/engine.ts'
import type { MaskedBatch, RawBatch } from '../../../src/pipeline/batch.ts'
import type { PolicyDocument } from '../../../src/policy/document.ts'
import { createMaskStream, type MaskStream } from '../../../src/services/mask-stream.ts'
import type { AuditRow } from '../../../src/services/ports/audit.ts'
import type { DeadLetter } from '../../../src/services/ports/dead-letters.ts'
import type { RawSource } from '../../../src/services/ports/stream.ts'
import { createQuarantine } from '../../../src/services/quarantine.ts'
import { testSealing } from '../memory-dead-letters.ts'
import { createQuietLog } from '../quiet-log.ts'
import { rawBatch, recordAt } from '../raw-batch.ts'
import { viewOf } from './ground.ts'
import { judge, type LyingRecord, placeOf, type Verdict } from './judge.ts'
import type { PeopleRecord } from './people.ts'

export const steps = ['publish', 'letters', 'audit', 'commit'] as const
export type Step = (typeof steps)[number]

/** The process ends at the n-th time of a step: before it does anything, when all is done but nobody was told, or in order. */
export interface CrashPoint {
  readonly step: Step
  readonly when: 'before' | 'after' | 'in order'
  readonly nth: number
}

/** What outlives a process, in memory, and processes that work on it. */
export interface CrashWorld {
  /** Runs a new process from what was committed: to the end of the raw topic, or to its crash. */
  readonly live: (crash: CrashPoint | null) => Promise<'crashed' | 'stopped' | 'done'>
  readonly judge: () => Verdict
}

const secret = createSecretKey(Buffer.alloc(32, 3))

class Crash extends Error {}

export function createCrashWorld(options: {
  readonly topic: string
  readonly records: readonly PeopleRecord[]
  readonly documents: readonly PolicyDocument[]
  readonly batchRecords: number
}): CrashWorld {
  const { topic, documents, batchRecords } = options
  const partitions = new Set(options.records.map(({ partition }) => partition)).size
  const raw = [...Map.groupBy(options.records, ({ partition }) => partition).values()].map(some =>
    some.map((record, n): LyingRecord => ({ ...record, offset: BigInt(n) })),
  )
  const committed = new Map<number, bigint>()
  const masked: LyingRecord[] = []
  const audit = new Map<string, AuditRow>()
  const letters = new Set<string>()

  async function live(crash: CrashPoint | null): Promise<'crashed' | 'stopped' | 'done'> {
    let isDead = false
    let left = crash?.nth ?? 0
    const stop = new AbortController()
    const step = async (name: Step, effect: () => void): Promise<void> => {
      // A turn of the event loop, so that the partitions' steps mix.
      await new Promise(setImmediate)
      if (isDead) throw new Crash()
      const isHere = crash?.step === name && --left === 0
      if (isHere && crash?.when === 'in order') stop.abort()
      const isNow = isHere && crash?.when !== 'in order'
      isDead ||= isNow && crash?.when === 'before'
      if (!isDead) effect()
      isDead ||= isNow
      if (isDead) throw new Crash()
    }
    const source: RawSource = {
      setTopics: () => {},
      hold: () => {},
      release: () => {},
      assigned: () => [],
      run: async onBatch => {
        const works = raw.map(async (records, partition) => {
          const partitionOf = records[0]?.partition ?? partition
          for (
            let at = Number(committed.get(partitionOf) ?? 0n);
            at < records.length && !stop.signal.aborted;
            at += batchRecords
          ) {
            const some = records.slice(at, at + batchRecords)
            await onBatch({
              raw: batchOf(some, topic, partitions),
              facts: async () => ({ compacted: false }),
              nextOffset: BigInt(at + some.length),
              highWatermark: BigInt(records.length),
              assignment: source,
              isCurrent: () => true,
              commit: offset => step('commit', () => void committed.set(partitionOf, offset)),
            })
          }
        })
        const ends = await Promise.allSettled(works)
        const failed = ends.find(end => end.status === 'rejected')
        if (failed !== undefined) throw failed.reason
      },
    }
    const stream = streamOf(source, step)
    try {
      await stream.run(stop.signal)
      return stop.signal.aborted ? 'stopped' : 'done'
    } catch (error) {
      if (!(error instanceof Crash)) throw error
      return 'crashed'
    }
  }

  function streamOf(source: RawSource, step: (name: Step, effect: () => void) => Promise<void>): MaskStream {
    const { plan } = compile(documents)
    return createMaskStream({
      source,
      sink: { publish: batch => step('publish', () => void masked.push(...recordsOf(batch))) },
      deadLetters: {
        put: (put: readonly DeadLetter[]) =>
          step('letters', () => {
            for (const letter of put) letters.add(placeOf(letter))
          }).then(() => true),
      },
      audit: {
        write: rows =>
          step('audit', () => {
            for (const row of rows) audit.set(placeOf(row), row)
          }),
      },
      quarantine: createQuarantine({
        register: { takeOver: async place => ({ claim: { ...place, number: '1' }, keys: [] }) },
        secret,
        limit: 1,
      }),
      plans: { current: () => plan, onChange: () => {} },
      sealing: testSealing,
      auditSecret: secret,
      settings: { audit: 'record', deadLetterPayload: 'seal', deadLetterLimit: 1e6, deadLetterWindowMs: 60_000 },
      metrics: { batch: () => {} },
      log: createQuietLog(),
    })
  }

  return {
    live,
    judge: () =>
      judge({
        raw: raw.flat(),
        masked: masked.toSorted((a, b) => a.partition - b.partition),
        audit: [...audit.values()].map(({ partition, offset, event }) => ({ partition, offset, event, version: 1 })),
        letters,
        versions: [1],
        planOf: () => viewOf(documents, topic),
      }),
  }
}

function batchOf(records: readonly LyingRecord[], topic: string, partitions: number): RawBatch {
  return {
    ...rawBatch(records, { topic, partitions }),
    partition: records[0]?.partition ?? 0,
    timestamps: Float64Array.from(records, ({ timestamp }) => timestamp),
    offsets: BigInt64Array.from(records, ({ offset }) => offset),
  }
}

function recordsOf(batch: MaskedBatch): LyingRecord[] {
  return Array.from({ length: batch.count }, (_, n) => ({
    partition: batch.partition,
    offset: 0n,
    timestamp: batch.timestamps[n] as number,
    ...recordAt(batch, n),
  }))
}
