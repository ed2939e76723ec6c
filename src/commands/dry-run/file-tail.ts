import { batchOfLines, type RecordLine } from '../../pipeline/record-line.ts'
import type { RawTail } from '../../services/ports/dry-run.ts'
import { readRecords } from '../record-files.ts'

const BATCH = 500

/** The last records of each topic that files hold; one without an offset has the number of its line. A line that is no record is told and passed over. Throws the system's error where a file cannot be read. */
export async function createFileTail(
  files: readonly string[],
  count: number,
  onFault: (number: number, problem: string) => void,
): Promise<RawTail> {
  const topics = new Map<string, RecordLine[]>()
  for await (const line of readRecords(files)) {
    if ('problem' in line) {
      onFault(line.number, line.problem)
      continue
    }
    const { topic } = line.record
    const known = topics.get(topic) ?? []
    topics.set(topic, known)
    known.push({ ...line.record, offset: line.record.offset ?? line.number })
    // Cut now and then, so that a file of any size fits.
    if (known.length >= 2 * count) known.splice(0, known.length - count)
  }
  return {
    topics: async () => [...topics.keys()],
    facts: async () => ({ compacted: false }),
    read: async (topic, wanted, visit, signal) => {
      const lines = (topics.get(topic) ?? []).slice(-wanted)
      const partitions = Map.groupBy(lines, ({ partition = 0 }) => partition)
      for (const some of partitions.values()) {
        for (let from = 0; from < some.length && !signal.aborted; from += BATCH)
          await visit({ ...batchOfLines(some.slice(from, from + BATCH)), partitions: partitions.size })
      }
      return partitions.size
    },
  }
}
