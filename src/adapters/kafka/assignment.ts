import { ScrimError } from '../../errors.ts'
import type { RawBatch } from '../../pipeline/batch.ts'
import type { TopicFacts } from '../../pipeline/plan.ts'
import type { FetchedBatch } from '../../services/ports/stream.ts'
import type { Log } from '../../services/ports/log.ts'
import { Flow, type Piece } from './flow.ts'
import { kafkaError, kafkaErrorType } from './kafka-error.ts'
import type { ConsumerGroup } from './overrides/internals.ts'
import type { Place, Places } from './places.ts'
import { type BatchLimits, readRecords } from './wire/record-set.ts'
import { UnreadableRecords } from './wire/whole-batches.ts'
import { within } from './within.ts'

/** Errors that say: these partitions are another's by now. */
const LOST = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID', 'REBALANCE_IN_PROGRESS'])
const UNSETTLED_PAUSE_MS = 500
/** A batch takes milliseconds, unless it waits for something that is away. */
const ALONE_MS = 5_000

export interface AssignmentOptions {
  readonly group: ConsumerGroup
  readonly sessionTimeoutMs: number
  readonly limits: BatchLimits
  /** Where batches are worked on. */
  readonly places: Places
  readonly facts: (topic: string) => Promise<TopicFacts>
  readonly onBatch: (batch: FetchedBatch) => Promise<void>
  /** A partition that cannot go on; it is held already. */
  readonly onStuck: (flow: Flow, offset: bigint, code: 'OFFSET_OUT_OF_RANGE' | 'KAFKA_RECORDS_UNREADABLE') => void
  /** Nothing of its partitions may be sent any more; told once. */
  readonly onEnded: () => void
  /** The work ended with an error that is not ours to heal. */
  readonly onFailure: (error: unknown) => void
  readonly log: Log
}

/**
 * What one join of the group gave us, and the work on it.
 *
 * open -> draining: no batch is begun any more, those under way may finish and commit.
 * open, draining -> ended: nothing may be sent or committed; batches under way see `isCurrent` false and give up.
 * There is no way back: after the next join there is another assignment, which reads from the committed offsets.
 */
export class Assignment {
  readonly group: ConsumerGroup
  readonly flows: ReadonlyMap<string, Flow>
  private readonly options: AssignmentOptions
  private phase: 'open' | 'draining' | 'ended' = 'open'
  /** When the coordinator last knew of us (performance.now). */
  private aliveAt = performance.now()
  private located: Promise<void> | null = null
  private readonly working = new Set<Promise<void>>()

  constructor(options: AssignmentOptions) {
    this.options = options
    this.group = options.group
    this.flows = new Map(
      options.group
        .assigned()
        .flatMap(({ topic, partitions }) =>
          partitions.map(partition => [`${topic}/${partition}`, new Flow(topic, partition)] as const),
        ),
    )
  }

  get isOpen(): boolean {
    return this.phase === 'open' && !this.isEnded()
  }

  /** Whoever was not heard for a session timeout may have been replaced, whether or not it has been told. */
  isEnded(): boolean {
    if (this.phase !== 'ended' && performance.now() - this.aliveAt >= this.options.sessionTimeoutMs) this.lose()
    return this.phase === 'ended'
  }

  alive(at: number): void {
    if (this.phase !== 'ended') this.aliveAt = Math.max(this.aliveAt, at)
  }

  /** The partitions are no longer ours. */
  lose(): void {
    if (this.phase === 'ended') return
    this.phase = 'ended'
    for (const flow of this.flows.values()) flow.clear()
    this.options.onEnded()
  }

  /** Lets batches under way finish, then makes them give up; resolves when none is left or both times are over. */
  async end(drainMs: number, giveUpMs: number): Promise<void> {
    if (this.phase === 'open') this.phase = 'draining'
    if (!this.isEnded()) await within(Promise.all(this.working), drainMs)
    this.lose()
    if (!(await within(Promise.all(this.working), giveUpMs))) {
      this.options.log.warn(
        { batches: this.working.size },
        'batches still under way when their partitions were given back',
      )
    }
  }

  /** Looks up where to begin: at the committed offset, without one at the beginning. */
  async locate(): Promise<void> {
    const missing = [...this.flows.values()].some(flow => flow.position === null)
    if (!missing) return
    this.located ??= this.group.offsetManager.resolveOffsets().finally(() => {
      this.located = null
    })
    await this.located
    const offsets = this.group.offsetManager.committedOffsets()
    for (const flow of this.flows.values()) {
      const offset = offsets[flow.topic]?.[flow.partition]
      if (offset !== undefined && BigInt(offset) >= 0n) flow.startAt(BigInt(offset))
    }
  }

  /** Forgets where the partition stood, so that `locate` asks the group again. */
  relocate(flow: Flow): void {
    this.group.offsetManager.clearOffsets(flow)
    flow.forgetPosition()
  }

  /** Takes up what was queued, unless a worker of the partition is at it already. */
  work(flow: Flow): void {
    if (flow.isWorking) return
    flow.isWorking = true
    const done = this.workThrough(flow)
      .catch(error => {
        flow.isWorking = false
        this.options.onFailure(error)
      })
      .finally(() => this.working.delete(done))
    this.working.add(done)
  }

  /** Runs the work while no batch of the partition is under way; null where none may be begun any more. */
  async alone<T>(flow: Flow, work: (isCurrent: () => boolean) => Promise<T>): Promise<T | null> {
    const entered = flow.lock.enter()
    if (!(await within(entered, ALONE_MS))) {
      void entered.then(leave => leave())
      throw new ScrimError('REPLAY_WAITS', { topic: flow.topic, partition: flow.partition })
    }
    const leave = await entered
    try {
      if (!this.isOpen) return null
      const result = work(() => !this.isEnded())
      const done = result.then(noop, noop).finally(() => this.working.delete(done))
      this.working.add(done)
      return await result
    } finally {
      leave()
    }
  }

  /** Holds the partition where it cannot go on. */
  stick(flow: Flow, offset: bigint, code: 'OFFSET_OUT_OF_RANGE' | 'KAFKA_RECORDS_UNREADABLE'): void {
    flow.hold(offset)
    this.options.onStuck(flow, offset, code)
  }

  private async workThrough(flow: Flow): Promise<void> {
    for (;;) {
      const place = await this.options.places.take()
      try {
        const piece = this.isOpen ? flow.take() : undefined
        if (piece === undefined) {
          // Here and not a microtask later: what is queued from now on finds nobody at work, and is taken up.
          flow.isWorking = false
          return
        }
        await this.settle(flow, piece, place).finally(() => flow.done(piece))
      } finally {
        place.leave()
      }
    }
  }

  private async settle(flow: Flow, piece: Piece, place: Place): Promise<void> {
    const { topic, partition, turn } = flow
    const isCurrent = (): boolean => !this.isEnded() && flow.turn === turn
    const partitions = this.group.cluster.findTopicPartitionMetadata(topic).length
    const from = { topic, partition, partitions }
    const batches = readRecords(piece.records, piece.offset, piece.aborted, from, this.options.limits)
    let raw = nextOf(batches)
    if (raw === 'end') return this.commitMarkers(flow, piece.end, isCurrent)
    const stepAside = (): void => {
      if (isCurrent()) flow.stepAside(piece.end)
    }
    // What was not packed is one and the same memory.
    const inPlace = <T>(bytes: number, work: () => Promise<T>): Promise<T> =>
      place.work(Math.max(piece.records.length, bytes), work, stepAside).finally(() => {
        flow.isAside = false
      })
    while (!(raw instanceof UnreadableRecords)) {
      const following: Next = nextOf(batches)
      const nextOffset = following === 'end' ? piece.end : (raw.offsets[raw.count - 1] as bigint) + 1n
      const batch = { raw, nextOffset }
      if (!(await inPlace(raw.bytes.length, () => this.handOver(flow, batch, isCurrent)))) return
      if (following === 'end') return
      raw = following
    }
    if (isCurrent()) this.stick(flow, raw.offset, 'KAFKA_RECORDS_UNREADABLE')
  }

  /** Until the batch is settled; false where the partition does not go on. */
  private async handOver(
    flow: Flow,
    batch: Pick<FetchedBatch, 'raw' | 'nextOffset'>,
    isCurrent: () => boolean,
  ): Promise<boolean> {
    const { topic, partition, highWatermark } = flow
    let isSettled = false
    const commit = async (offset: bigint): Promise<void> => {
      await this.commit(flow, offset, isCurrent)
      if (offset >= batch.nextOffset) isSettled = true
    }
    const facts = (): Promise<TopicFacts> => this.options.facts(topic)
    const fetched = { ...batch, facts, highWatermark, assignment: this, isCurrent, commit }
    while (!isSettled) {
      const leave = await flow.lock.enter()
      try {
        if (!this.isOpen || !isCurrent()) return false
        await this.options.onBatch(fetched)
      } finally {
        leave()
      }
      if (!isSettled && this.isOpen && isCurrent()) {
        // Neither committed nor held: going on would skip it.
        const offset = String(batch.raw.offsets[0])
        this.options.log.warn({ topic, partition, offset }, 'batch was not settled, it is handed over again')
        await pause(UNSETTLED_PAUSE_MS)
      }
    }
    return this.isOpen && isCurrent()
  }

  private async commitMarkers(flow: Flow, offset: bigint, isCurrent: () => boolean): Promise<void> {
    try {
      await this.commit(flow, offset, isCurrent)
    } catch (error) {
      // The next commit of the partition covers it.
      this.options.log.debug(
        {
          topic: flow.topic,
          partition: flow.partition,
          code: kafkaError(error).code,
        },
        'offset behind markers not committed',
      )
    }
  }

  private async commit(flow: Flow, offset: bigint, isCurrent: () => boolean): Promise<void> {
    if (!isCurrent()) return
    const { topic, partition } = flow
    try {
      await this.group.offsetManager.commitOffsets({
        topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }],
      })
      flow.settled = offset
    } catch (error) {
      const type = kafkaErrorType(error)
      if (type === undefined || !LOST.has(type)) throw kafkaError(error, { topic, partition })
      this.lose()
    }
  }
}

type Next = RawBatch | 'end' | UnreadableRecords

function nextOf(batches: Generator<RawBatch>): Next {
  try {
    const { value, done } = batches.next()
    return done ? 'end' : value
  } catch (error) {
    if (error instanceof UnreadableRecords) return error
    throw error
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise(resolve => {
    setTimeout(resolve, ms)
  })

const noop = (): void => {}
