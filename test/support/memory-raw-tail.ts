import { batchOfLines, type RecordLine } from '../../src/pipeline/record-line.ts'
import type { RecordReader } from '../../src/services/ports/dead-letters.ts'
import type { RawTail } from '../../src/services/ports/dry-run.ts'

/** The raw topics of a test, partition 0 each. */
export interface MemoryRawTail extends RawTail {
  readonly records: Map<string, RecordLine[]>
  readonly reader: Pick<RecordReader, 'read'>
  /** Called before each batch. */
  beforeBatch: () => Promise<void>
}

export function createMemoryRawTail(lines: readonly RecordLine[] = []): MemoryRawTail {
  const records = new Map<string, RecordLine[]>()
  for (const line of lines) records.set(line.topic, [...(records.get(line.topic) ?? []), line])
  const batchOf = (topic: string, from: number, to: number) => {
    const some = (records.get(topic) ?? []).slice(from, to)
    return batchOfLines(some.map((line, n) => ({ ...line, partition: 0, offset: from + n })))
  }
  const tail: MemoryRawTail = {
    records,
    beforeBatch: async () => {},
    topics: async () => [...records.keys()],
    facts: async () => ({ compacted: false }),
    read: async (topic, count, visit, signal) => {
      const all = records.get(topic)?.length ?? 0
      for (let from = Math.max(0, all - count); from < all && !signal.aborted; from += 50) {
        await tail.beforeBatch()
        if (!signal.aborted) await visit(batchOf(topic, from, Math.min(all, from + 50)))
      }
      return 1
    },
    reader: {
      read: async (topic, partition, offset) =>
        partition === 0 && offset < BigInt(records.get(topic)?.length ?? 0)
          ? batchOf(topic, Number(offset), Number(offset) + 1)
          : null,
    },
  }
  return tail
}
