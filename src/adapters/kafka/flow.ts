import { createGate } from './gate.ts'
import type { AbortedTransaction } from './wire/record-set.ts'

/** Record batches as fetched, not yet unpacked. */
export interface Piece {
  readonly records: Buffer
  readonly aborted: readonly AbortedTransaction[]
  /** Where the fetch began; records before it are not meant. */
  readonly offset: bigint
  /** Where the next fetch begins. */
  readonly end: bigint
}

/**
 * One assigned partition: where its fetching stands and what waits to be worked on. Invariant: the queue's pieces follow
 * each other without a gap from `settled` (or what is under way) up to `position`; when that chain is cut, by a hold or
 * the end of the assignment, `turn` counts up and whatever carries an older turn is dropped.
 */
export class Flow {
  readonly topic: string
  readonly partition: number
  /** The next offset to fetch; null: where the group stands. */
  position: bigint | null = null
  /** The next offset to commit; null as long as that is not known. */
  settled: bigint | null = null
  highWatermark = 0n
  /** While it is held nothing is fetched that would tell its end: asked for again after this time (performance.now). */
  askEndAt = 0
  turn = 0
  isFetching = false
  isWorking = false
  /** Its batch waits for something outside: nothing more of it is fetched meanwhile. */
  isAside = false
  /** The broker does not let us read it, as far as we have asked. */
  isRefused = false
  /** Not fetched before this time (performance.now). */
  notBefore = 0
  /** Since when it stands still below the end; null: it does not. */
  stalledSince: number | null = null
  bytes = 0
  /** Held by whoever sends something of the partition. */
  readonly lock = createGate(1)
  private queue: Piece[] = []
  private heldAt: { readonly offset: bigint } | null = null

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get isHeld(): boolean {
    return this.heldAt !== null
  }

  /** Nothing is queued or under way. */
  get isIdle(): boolean {
    return this.queue.length === 0 && !this.isWorking
  }

  startAt(offset: bigint): void {
    if (this.position !== null) return
    this.position = offset
    this.settled ??= offset
  }

  forgetPosition(): void {
    this.cut()
    this.position = null
    this.settled = null
  }

  push(piece: Piece): void {
    this.queue.push(piece)
    this.bytes += piece.records.length
    this.position = piece.end
  }

  take(): Piece | undefined {
    return this.isHeld ? undefined : this.queue.shift()
  }

  done(piece: Piece): void {
    this.bytes = Math.max(0, this.bytes - piece.records.length)
  }

  /** Its batch waits, behind which nothing is kept: others need the room. What is cut off here is fetched again. */
  stepAside(batchEnd: bigint): void {
    if (this.isHeld) return
    this.isAside = true
    // As where it is held: nobody would learn that it may be read again.
    this.isRefused = false
    this.dropQueue()
    this.position = batchEnd
  }

  hold(offset: bigint): void {
    this.cut()
    // It is not asked for any more, so that nobody would learn that it may be read again.
    this.isRefused = false
    this.heldAt = { offset }
  }

  /** Goes on from the held offset; false if it was not held. */
  release(): boolean {
    if (this.heldAt === null) return false
    this.cut()
    this.position = this.heldAt.offset
    this.heldAt = null
    return true
  }

  clear(): void {
    this.cut()
    this.heldAt = null
  }

  private cut(): void {
    this.turn++
    this.dropQueue()
    this.stalledSince = null
  }

  private dropQueue(): void {
    for (const piece of this.queue) this.done(piece)
    this.queue = []
  }
}
