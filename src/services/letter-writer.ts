import type { KeyObject } from 'node:crypto'
import type { ErrorCode } from '../errors.ts'
import type { Departure, RawBatch } from '../pipeline/batch.ts'
import { recordIdOf, type SealingKey, secretId } from '../pipeline/seal.ts'
import type { DeadLetter } from './ports/dead-letters.ts'
import { isParked } from './quarantine.ts'
import { createSealer } from './sealer.ts'

export interface LettersOptions {
  /** Null: nothing can be sealed. */
  readonly sealing: SealingKey | null
  readonly payload: 'seal' | 'withhold'
  readonly secret: KeyObject
  readonly now: () => number
}

/** Writes the letters for the records of a batch that were rejected. */
export interface LetterWriter {
  /** Without a key there are no letters, unless they go without what was in the record. */
  readonly canWrite: boolean
  /** One letter for each record, with all views that it is about; what waits in quarantine is apart from what does not. */
  readonly lettersOf: (raw: RawBatch, departures: readonly Departure[], policyVersion: number) => DeadLetter[]
}

export function createLetterWriter({ sealing, payload, secret, now }: LettersOptions): LetterWriter {
  const sealer = payload === 'seal' ? createSealer(sealing) : null
  const parkedBy = secretId(secret)
  return {
    canWrite: payload === 'withhold' || sealer !== null,
    lettersOf: (raw, departures, policyVersion) => {
      const found = new Map<string, { index: number; code: ErrorCode; path: string; views: string[] }>()
      for (const departure of departures) {
        if (departure.kind !== 'reject') continue
        const { index, code, path, view } = departure
        const id = `${index} ${isParked(code)}`
        const known = found.get(id)
        if (known === undefined) found.set(id, { index, code, path, views: [view] })
        else known.views.push(view)
      }
      return [...found.values()].map(({ index, code, path, views }) => ({
        topic: raw.topic,
        partition: raw.partition,
        offset: raw.offsets[index] as bigint,
        timestamp: raw.timestamps[index] as number,
        views,
        code,
        path,
        policyVersion,
        recordId: recordIdOf(secret, raw, index),
        parkedBy: isParked(code) ? parkedBy : null,
        sealed: sealer === null ? null : sealer(raw, index, now()),
      }))
    },
  }
}
