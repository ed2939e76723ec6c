import type { ViewPlan } from '../../../src/pipeline/plan.ts'
import { isSameRecord } from '../agreement.ts'
import { type NaiveOutcome, type NaiveRecord, naiveTransform } from '../naive-engine.ts'

/** A record as it lies in a topic. */
export interface LyingRecord extends NaiveRecord {
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
}

/** A row of cdc_audit_effective. */
export interface EffectiveRow {
  readonly partition: number
  readonly offset: bigint
  readonly event: string
  readonly version: number
}

export interface Evidence {
  readonly raw: readonly LyingRecord[]
  readonly masked: readonly LyingRecord[]
  readonly audit: readonly EffectiveRow[]
  /** `partition/offset` of the raw records that have a dead letter. */
  readonly letters: ReadonlySet<string>
  /** The plan of a stored version. */
  readonly planOf: (version: number) => ViewPlan
  /** Every version that was in force at some time: a repeated attempt may have been masked by another than the last. */
  readonly versions: readonly number[]
  /** Where records waited in quarantine the order is kept within each key only. */
  readonly order?: 'partition' | 'key'
}

export interface Verdict {
  readonly raw: number
  readonly published: number
  readonly rejected: number
  readonly repeated: number
  /** What is wrong, at most so many of each kind; empty: nothing. No values, for they may be raw. */
  readonly faults: readonly string[]
}

const mostFaults = 5

/**
 * Record by record: nothing lost, nothing unmasked, the order kept, each key ending with the mask of its last raw record,
 * each record with its row, each row with the policy that the record shows. The masks are those of the naive engine.
 */
export function judge(evidence: Evidence): Verdict {
  const { raw, masked, letters, planOf, versions, order = 'partition' } = evidence
  const faults = createFaults()
  const rows = new Map(evidence.audit.map(row => [placeOf(row), row]))
  const ids = new Map(raw.map((record, index) => [idOf(record), index]))
  if (ids.size !== raw.length) faults.add('raw records with the same timestamp', '')
  const partitions = new Set(raw.map(({ partition }) => partition)).size

  const cache = new Map<string, NaiveOutcome>()
  const expected = (index: number, version: number): NaiveOutcome => {
    const id = `${index} ${version}`
    const known = cache.get(id) ?? naiveTransform(raw[index] as LyingRecord, planOf(version), partitions)
    cache.set(id, known)
    return known
  }

  // What each masked record was, and the last of each.
  const last = new Map<number, LyingRecord>()
  const sources = masked.map(record => {
    const index = ids.get(idOf(record))
    if (index === undefined) faults.add('masked record without a raw one', placeOf(record))
    else {
      last.set(index, record)
      const mostLikely = rows.get(placeOf(raw[index] as LyingRecord))?.version
      const candidates = mostLikely === undefined ? versions : [mostLikely, ...versions]
      if (!candidates.some(version => isMaskOf(record, expected(index, version))))
        faults.add('not the mask of its raw record', placeOf(record))
    }
    return index
  })

  let rejected = 0
  const publishable = new Map<number, number>()
  const keyOf = (index: number): string => `${raw[index]?.partition} ${raw[index]?.key?.toString('hex')}`
  const lineOf = (index: number): string => (order === 'key' ? keyOf(index) : String(raw[index]?.partition))
  const inLine = new Map<string, number>()
  raw.forEach((record, index) => {
    const row = rows.get(placeOf(record))
    if (row === undefined) {
      faults.add('no audit row', placeOf(record))
      return
    }
    const outcome = expected(index, row.version)
    const event = { publish: 'mask', drop: 'drop', reject: 'error' }[outcome.kind]
    if (row.event !== event) faults.add(`audit row says ${row.event} for ${event}`, placeOf(record))
    if (outcome.kind === 'reject') {
      rejected++
      if (!letters.has(placeOf(record))) faults.add('no dead letter', placeOf(record))
    }
    const published = last.get(index)
    if (outcome.kind !== 'publish') {
      if (published !== undefined) faults.add('published against the plan', placeOf(record))
      return
    }
    const n = inLine.get(lineOf(index)) ?? 0
    publishable.set(index, n)
    inLine.set(lineOf(index), n + 1)
    if (published === undefined) faults.add('lost', placeOf(record))
    else if (!isMaskOf(published, outcome)) faults.add('not the mask of the version in its audit row', placeOf(record))
  })

  // At least once and in order: the next one, or back to one that was there before.
  const at = new Map<string, number>()
  masked.forEach((record, n) => {
    const index = sources[n] ?? -1
    const place = publishable.get(index)
    if (place === undefined) return
    if (place > (at.get(lineOf(index)) ?? -1) + 1) faults.add('out of order: some were passed over', placeOf(record))
    at.set(lineOf(index), place)
  })

  const lastOfKey = (
    records: readonly LyingRecord[],
    indexOf: (n: number) => number | undefined,
  ): Map<string, number> => {
    const found = new Map<string, number>()
    for (let n = 0; n < records.length; n++) {
      const index = indexOf(n)
      if (index !== undefined && publishable.has(index)) found.set(keyOf(index), index)
    }
    return found
  }
  const masks = lastOfKey(masked, n => sources[n])
  for (const [key, index] of lastOfKey(raw, n => n)) {
    if (masks.get(key) !== index)
      faults.add('the key does not end with the mask of its last raw record', placeOf(raw[index] as LyingRecord))
  }

  const published = masked.length
  return { raw: raw.length, published, rejected, repeated: published - last.size, faults: faults.list() }
}

export const placeOf = ({ partition, offset }: { readonly partition: number; readonly offset: bigint }): string =>
  `${partition}/${offset}`
const idOf = ({ partition, timestamp }: LyingRecord): string => `${partition}/${timestamp}`

function isMaskOf(record: NaiveRecord, outcome: NaiveOutcome): boolean {
  return outcome.kind === 'publish' && isSameRecord(record, outcome)
}

function createFaults(): { readonly add: (what: string, where: string) => void; readonly list: () => string[] } {
  const found = new Map<string, string[]>()
  return {
    add: (what, where) => {
      const places = found.get(what) ?? []
      places.push(where)
      found.set(what, places)
    },
    list: () =>
      [...found].map(([what, places]) => `${what}: ${places.length} (${places.slice(0, mostFaults).join(', ')})`),
  }
}
