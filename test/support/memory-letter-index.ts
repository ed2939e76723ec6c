import type {
  DeadLetterEntry,
  DeadLetterIndex,
  DeadLetterRegister,
  DeadLetterState,
  LetterRequest,
  LetterRequests,
  ParkedKey,
  ParkedKeys,
  PartitionName,
  QuarantineIndex,
  RequestResult,
} from '../../src/services/ports/dead-letters.ts'

export type MemoryLetterIndex = DeadLetterIndex & DeadLetterRegister & ParkedKeys & QuarantineIndex

/** The list of dead letters as Postgres keeps it. */
export function createMemoryLetterIndex(entries: Map<string, DeadLetterEntry>): MemoryLetterIndex {
  const parkedBy = new Map<string, string>()
  const claims = new Map<string, number>()
  const all = (): DeadLetterEntry[] => [...entries.values()]
  const parked = (topic: string, partition: number): DeadLetterEntry[] =>
    all()
      .filter(entry => entry.state === 'quarantined' && entry.topic === topic && entry.partition === partition)
      .sort((a, b) => Number(a.offset) - Number(b.offset))
  return {
    add: async (letters, claim) => {
      if (claim.number !== String(claims.get(`${claim.topic}/${claim.partition}`))) return false
      for (const { parkedBy: by, ...letter } of letters) {
        const known = all().find(
          ({ topic, partition, offset, views, timestamp }) =>
            timestamp.getTime() === letter.timestamp.getTime() &&
            topic === letter.topic &&
            partition === letter.partition &&
            offset === letter.offset &&
            String(views) === String(letter.views),
        )
        if (known !== undefined && known.state !== 'replayed' && (by === null || known.state === 'quarantined'))
          continue
        const id = known?.id ?? String(entries.size + 1)
        const state = by !== null ? 'quarantined' : letter.nextAttemptAt === null ? 'open' : 'retrying'
        if (by !== null) parkedBy.set(id, by)
        entries.set(id, { ...letter, id, state, attempts: 0, at: new Date(0) })
      }
      return true
    },
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
    claim: async (now, until, limit, partitions) => {
      const at = ({ nextAttemptAt }: DeadLetterEntry): number => nextAttemptAt?.getTime() ?? Number.POSITIVE_INFINITY
      const due = all()
        .filter(entry => at(entry) <= now.getTime() && (entry.state === 'open' || entry.state === 'retrying'))
        .filter(entry => partitions.some(isSamePartition(entry)))
        .sort((a, b) => at(a) - at(b))
        .slice(0, limit)
        .map(entry => ({ ...entry, nextAttemptAt: until }))
      for (const entry of due) entries.set(entry.id, entry)
      return due
    },
    update: async (id, change) => {
      const entry = entries.get(id)
      if (entry === undefined || entry.state === 'quarantined') return
      if (entry.state === 'replayed' && change.state !== 'replayed') return
      entries.set(id, { ...entry, ...change })
    },
    counts: async () => {
      const counts: Record<DeadLetterState, number> = { open: 0, retrying: 0, review: 0, quarantined: 0, replayed: 0 }
      for (const { state } of entries.values()) counts[state]++
      return counts
    },
    takeOver: async ({ topic, partition }) => {
      const number = (claims.get(`${topic}/${partition}`) ?? 0) + 1
      claims.set(`${topic}/${partition}`, number)
      const keys = new Map<string, ParkedKey>()
      for (const { id, views, recordId, offset } of parked(topic, partition)) {
        for (const view of views) {
          const known = keys.get(`${view} ${recordId}`)
          const records = (known?.records ?? 0) + 1
          const [firstOffset, lastOffset] = [known?.firstOffset ?? BigInt(offset), BigInt(offset)]
          const by = parkedBy.get(id) ?? ''
          keys.set(`${view} ${recordId}`, { view, recordId, firstOffset, lastOffset, records, parkedBy: by })
        }
      }
      return { claim: { topic, partition, number: String(number) }, keys: [...keys.values()] }
    },
    parked: async ({ topic, partition }, after, limit) =>
      parked(topic, partition)
        .filter(({ offset }) => BigInt(offset) > after)
        .slice(0, limit),
    isParked: async ({ topic, partition, offset }, recordId) =>
      parked(topic, partition).some(entry => entry.recordId === recordId && BigInt(entry.offset) <= offset),
    released: async ids => {
      for (const id of ids) {
        const entry = entries.get(id)
        if (entry?.state === 'quarantined') entries.set(id, { ...entry, state: 'replayed' })
      }
    },
    expelled: async (id, { code, path, nextAttemptAt }) => {
      const entry = entries.get(id)
      const state = nextAttemptAt === null ? 'open' : 'retrying'
      if (entry?.state === 'quarantined') entries.set(id, { ...entry, state, code, path, nextAttemptAt, attempts: 0 })
    },
    withParked: async topic => {
      const found = all().filter(entry => entry.state === 'quarantined' && (topic ?? entry.topic) === entry.topic)
      return [...new Map(found.map(entry => [`${entry.topic}/${entry.partition}`, entry])).values()].map(
        ({ topic, partition }) => ({ topic, partition }),
      )
    },
  }
}

/** What instances ask of one another, as Postgres keeps it. */
export function createMemoryLetterRequests(): LetterRequests {
  const rows = new Map<
    string,
    LetterRequest & { until: number; takenUntil: number | null; result: RequestResult | null; isDone: boolean }
  >()
  return {
    add: async (requests, forMs) =>
      requests.map(request => {
        const id = String(rows.size + 1)
        rows.set(id, {
          ...request,
          id,
          until: performance.now() + forMs,
          takenUntil: null,
          result: null,
          isDone: false,
        })
        return id
      }),
    take: async (forMs, partitions) => {
      const now = performance.now()
      const free = [...rows.values()].find(
        row => !row.isDone && row.until > now && (row.takenUntil ?? 0) <= now && partitions.some(isSamePartition(row)),
      )
      if (free === undefined) return null
      free.takenUntil = now + forMs
      return free
    },
    giveBack: async id => {
      const row = rows.get(id)
      if (row !== undefined) row.takenUntil = null
    },
    finish: async (id, result) => {
      const row = rows.get(id)
      if (row !== undefined && !row.isDone) rows.set(id, { ...row, result, isDone: true })
    },
    results: async ids =>
      new Map(
        ids.flatMap(id => {
          const result = rows.get(id)?.result
          return result == null ? [] : [[id, result] as const]
        }),
      ),
    withdraw: async ids => {
      for (const id of ids) {
        const row = rows.get(id)
        if (row?.takenUntil === null) rows.set(id, { ...row, isDone: true })
      }
    },
  }
}

const isSamePartition =
  (a: PartitionName) =>
  (b: PartitionName): boolean =>
    a.topic === b.topic && a.partition === b.partition
