import type { KeyObject } from 'node:crypto'
import { type ErrorCode, ScrimError } from '../errors.ts'
import { type BatchOutcome, type Departure, type MaskedBatch, OP_TRUNCATE, type RawBatch } from '../pipeline/batch.ts'
import { recordIdOf, secretId } from '../pipeline/seal.ts'
import { only } from '../pipeline/serialize/masked-batch.ts'
import { partitionId } from './partition-id.ts'
import type { DeadLetter, ParkedKeys, PartitionClaim } from './ports/dead-letters.ts'
import type { FetchedBatch } from './ports/stream.ts'

/** Which keys of a partition are parked, from which offset on. */
interface Book {
  readonly claim: PartitionClaim
  /** By view and record id. */
  readonly first: Map<string, bigint>
  /** Of all that is parked; -1 where nothing is. */
  last: bigint
  records: number
}

type Mine = Pick<FetchedBatch, 'raw' | 'assignment' | 'highWatermark'>

/**
 * Keeps the order of what waits in quarantine: behind a parked record every later one of its key is parked, too, until
 * they are released. The register has the truth; the book here is a copy of it, good as long as the partition stays ours:
 * whoever reads it takes it over in the register first, and from then on nothing that an earlier reader was about to park
 * is listed any more, however long that one slept.
 */
export interface Quarantine {
  /** The outcome of a batch without the records that have to wait: they leave it as rejects. */
  readonly screen: (fetched: Mine, outcome: BatchOutcome) => Promise<BatchOutcome>
  /** Runs the write of the letters under our claim, and knows afterwards what they park; false where the claim is over. */
  readonly park: (
    fetched: Mine,
    letters: readonly DeadLetter[],
    write: (claim: PartitionClaim) => Promise<boolean>,
  ) => Promise<boolean>
  /** The next batch of the partition asks the register. */
  readonly forget: (topic: string, partition: number) => void
}

export interface QuarantineOptions {
  readonly register: ParkedKeys
  /** Record ids are made with it. */
  readonly secret: KeyObject
  /** Records of a partition that may wait. */
  readonly limit: number
}

export const isParked = (code: ErrorCode): boolean =>
  code === 'RECORD_QUARANTINED' || code === 'RECORD_BEHIND_QUARANTINED'

export function createQuarantine({ register, secret, limit }: QuarantineOptions): Quarantine {
  const parkedBy = secretId(secret)
  // The partitions of an assignment that is over are of no use to the next one.
  let books: { readonly assignment: object; readonly byPartition: Map<string, Book> } | null = null

  const booksOf = (assignment: object): Map<string, Book> => {
    if (books?.assignment !== assignment) books = { assignment, byPartition: new Map() }
    return books.byPartition
  }

  async function bookOf({ raw: { topic, partition }, assignment }: Mine): Promise<Book> {
    const known = booksOf(assignment).get(partitionId({ topic, partition }))
    if (known !== undefined) return known
    const { claim, keys: rows } = await register.takeOver({ topic, partition })
    // Under another secret the same key has another id: a later record would not be known as one of it.
    if (rows.some(row => row.parkedBy !== parkedBy))
      throw new ScrimError('QUARANTINE_KEY_CHANGED', { topic, partition })
    const book: Book = {
      claim,
      first: new Map(rows.map(({ view, recordId, firstOffset }) => [keyId(view, recordId), firstOffset])),
      last: -1n,
      records: rows.reduce((sum, { records }) => sum + records, 0),
    }
    for (const { lastOffset } of rows) if (lastOffset > book.last) book.last = lastOffset
    booksOf(assignment).set(partitionId({ topic, partition }), book)
    return book
  }

  return {
    screen: async (fetched, outcome) => {
      const book = await bookOf(fetched)
      const parksAny = outcome.departures.some(({ kind, ...rest }) => 'code' in rest && isParked(rest.code))
      if (book.first.size === 0 && !parksAny) return outcome
      const { topic, partition } = fetched.raw
      // Offsets began anew, so what came first cannot be told from them.
      if (book.last >= fetched.highWatermark) throw new ScrimError('QUARANTINE_TOPIC_ANEW', { topic, partition })
      const views = outcome.masked.map(batch => {
        const own = outcome.departures.filter(({ view }) => view === batch.view)
        return screenView({ raw: fetched.raw, operations: outcome.operations, batch, own, book, secret, limit })
      })
      const departures = views.flatMap(view => view.departures).sort((a, b) => a.index - b.index)
      return { ...outcome, masked: views.map(({ batch }) => batch), departures }
    },
    park: async (fetched, letters, write) => {
      const book = await bookOf(fetched)
      // A write that fails may have been one that succeeded.
      booksOf(fetched.assignment).delete(partitionId(fetched.raw))
      if (!(await write(book.claim))) return false
      const parked = letters.filter(letter => letter.parkedBy !== null)
      for (const { views, recordId, offset } of parked) {
        for (const id of views.map(view => keyId(view, recordId))) {
          if (!book.first.has(id)) book.first.set(id, offset)
        }
        if (offset > book.last) {
          book.last = offset
          book.records++
        }
      }
      booksOf(fetched.assignment).set(partitionId(fetched.raw), book)
      return true
    },
    forget: (topic, partition) => void books?.byPartition.delete(partitionId({ topic, partition })),
  }
}

/** Records without a key are all of one: nothing tells them apart. */
export const keyId = (view: string, recordId: string | null): string => `${view} ${recordId ?? ''}`

interface Screened {
  readonly raw: RawBatch
  readonly operations: Uint8Array
  readonly batch: MaskedBatch
  /** What left this view, in order. */
  readonly own: readonly Departure[]
  readonly book: Book
  readonly secret: KeyObject
  readonly limit: number
}

/** Walks the records of one view in their order: masked ones and those that left it. */
function screenView({ raw, operations, batch, own, book, secret, limit }: Screened): {
  readonly batch: MaskedBatch
  readonly departures: readonly Departure[]
} {
  const { view, sources, count } = batch
  const started = new Set<string>()
  const waiting = new Map<number, ErrorCode>()
  const left = new Map(own.map(departure => [departure.index, departure]))
  let room = limit - book.records
  // One record may go out as two.
  const sorted = [...new Set([...left.keys(), ...sources.subarray(0, count)])].sort((a, b) => a - b)
  for (const index of sorted) {
    const departure = left.get(index)
    const begins = departure?.kind === 'reject' && departure.code === 'RECORD_QUARANTINED'
    if (departure !== undefined && !begins) continue
    const offset = raw.offsets[index] as bigint
    if (operations[index] === OP_TRUNCATE && (started.size > 0 || [...book.first.values()].some(at => at < offset))) {
      // The partition stops here, so nothing behind it matters.
      waiting.set(index, 'QUARANTINE_BEFORE_TRUNCATE')
      break
    }
    const id = keyId(view, recordIdOf(secret, raw, index))
    const first = book.first.get(id)
    const follows = started.has(id) || (first !== undefined && first <= offset)
    if (!begins && !follows) continue
    // What comes again after a crash is parked already.
    if (offset > book.last && room-- <= 0) {
      waiting.set(index, 'QUARANTINE_FULL')
      break
    }
    started.add(id)
    if (!begins) waiting.set(index, 'RECORD_BEHIND_QUARANTINED')
  }
  const rejects = [...waiting].map(([index, code]): Departure => ({ kind: 'reject', index, view, code, path: 'key' }))
  return {
    batch: only(batch, n => !waiting.has(sources[n] as number)),
    departures: [...own.filter(({ index }) => !waiting.has(index)), ...rejects],
  }
}
