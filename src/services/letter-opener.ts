import { ScrimError } from '../errors.ts'
import { type RecordLine, rawLine } from '../pipeline/record-line.ts'
import { bucketKey, type SealingKey, unseal } from '../pipeline/seal.ts'
import type { DeadLetterEntry, LetterReader, RecordReader } from './ports/dead-letters.ts'

export interface LetterOpenerOptions {
  readonly letters: LetterReader
  readonly reader: Pick<RecordReader, 'read'>
  /** Null: sealed letters cannot be opened. */
  readonly sealing: SealingKey | null
}

/** The raw records of letters by the letters' ids; REPLAY_UNREADABLE stands for one that is gone. */
export type LetterOpener = (
  entries: readonly DeadLetterEntry[],
) => Promise<ReadonlyMap<string, RecordLine | ScrimError>>

type Sealed = DeadLetterEntry & {
  readonly letterPartition: number
  readonly letterOffset: string
  readonly bucket: string
}

/** Opens sealed letters; of those whose payload was withheld it reads the raw record again. */
export function createLetterOpener({ letters, reader, sealing }: LetterOpenerOptions): LetterOpener {
  async function readRaw(entry: DeadLetterEntry): Promise<RecordLine | ScrimError> {
    const raw = await reader.read(entry.topic, entry.partition, BigInt(entry.offset))
    // Another one lies there where the topic was made anew.
    const isIt =
      raw !== null && new Date(Math.max(0, raw.timestamps[0] as number)).getTime() === entry.timestamp.getTime()
    return isIt ? rawLine(raw, 0) : unreadable(entry, 'raw record')
  }

  function openOne(entry: Sealed, bytes: Buffer | undefined): RecordLine | ScrimError {
    if (sealing === null || sealing.id !== entry.keyId) return unreadable(entry, `key ${entry.keyId}`)
    const { topic, partition, offset, bucket } = entry
    const line =
      bytes === undefined ? null : unseal(bytes, bucketKey(sealing.key, bucket), topic, partition, BigInt(offset))
    return line ?? unreadable(entry, 'letter')
  }

  return async entries => {
    const lines = new Map<string, RecordLine | ScrimError>()
    const sealed = entries.filter(isSealed)
    for (const [letterPartition, group] of Map.groupBy(sealed, entry => entry.letterPartition)) {
      const offsets = group.map(({ letterOffset }) => BigInt(letterOffset))
      const found = await letters.read(letterPartition, offsets)
      for (const entry of group) lines.set(entry.id, openOne(entry, found.get(BigInt(entry.letterOffset))))
    }
    for (const entry of entries) if (!lines.has(entry.id)) lines.set(entry.id, await readRaw(entry))
    return lines
  }
}

const isSealed = (entry: DeadLetterEntry): entry is Sealed =>
  entry.keyId !== null && entry.bucket !== null && entry.letterPartition !== null && entry.letterOffset !== null

export const unreadable = ({ topic, partition, offset }: DeadLetterEntry, what: string): ScrimError =>
  new ScrimError('REPLAY_UNREADABLE', { topic, partition, offset, path: what })
