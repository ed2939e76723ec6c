import { setTimeout as sleep } from 'node:timers/promises'
import { type ErrorCode, errorCatalogue, ScrimError, UnwritableRecord } from '../../errors.ts'
import type { Log } from '../../services/ports/log.ts'
import type { KafkaClient, KafkaSession } from './client.ts'
import { type Codec, type CodecName, codecs } from './codecs.ts'
import { kafkaError, kafkaErrorName } from './kafka-error.ts'
import { type Broker, type Cluster, protocolError } from './overrides/internals.ts'
import { produce } from './wire/produce.ts'
import {
  keepsTimestamps,
  type ProducerIdentity,
  type Records,
  recordsWithin,
  Scratch,
  writeRecordBatch,
} from './wire/record-batch.ts'

/** Raw bytes of one produce request: below the 1 MB that a topic takes by default, however badly it packs. */
const REQUEST_BYTES = 900_000
const LAST_SEQUENCE = 2 ** 31 - 1
const RETRY_FIRST_MS = 50
const RETRY_MOST_MS = 2_000
/** A topic that stays unknown for about 3 s is not just new: it was deleted. */
const UNKNOWN_TOPIC_ATTEMPTS = 6

const NONE = 0
const MESSAGE_TOO_LARGE = 10
const RECORD_LIST_TOO_LARGE = 18
const INVALID_TIMESTAMP = 32
const OUT_OF_ORDER_SEQUENCE = 45
const DUPLICATE_SEQUENCE = 46
const INVALID_PRODUCER_EPOCH = 47
const UNKNOWN_PRODUCER_ID = 59
const INVALID_RECORD = 87

/** The broker lost track of our sequence, or we of its. */
const needsNewIdentity = new Set([OUT_OF_ORDER_SEQUENCE, INVALID_PRODUCER_EPOCH, UNKNOWN_PRODUCER_ID])
/** Of one record, whichever it is: nothing of the request was written. */
const refusals = new Map<number, ErrorCode>([
  [MESSAGE_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [RECORD_LIST_TOO_LARGE, 'RECORD_TOO_LARGE'],
  [INVALID_TIMESTAMP, 'RECORD_NOT_ACCEPTED'],
  [INVALID_RECORD, 'RECORD_NOT_ACCEPTED'],
])

export interface RecordWriterOptions {
  readonly client: KafkaClient
  readonly compression: CodecName
  readonly log: Log
  /** After so long without an acknowledgement the call is given up, for its caller to try again. */
  readonly patienceMs?: number
  /** Records of one request, before they are packed. */
  readonly requestBytes?: number
}

/** Writes records to any partitions; each partition's one batch after another. */
export interface RecordWriter {
  /**
   * Resolves with the offset of each record when all in-sync replicas have them; -1 where the broker does not say. Tries again while `goOn`, then rejects as
   * dependency. `UnwritableRecord` where the broker never takes a record: those before it are written.
   */
  readonly write: (
    topic: string,
    partition: number,
    records: Records,
    goOn: () => boolean,
  ) => Promise<readonly bigint[]>
  readonly close: () => Promise<void>
}

/**
 * The produce side, with its own idempotence. kafkajs rolls its sequence number back when a send fails, and then gives
 * the same numbers to other records: if the broker had the first after all, it takes the others for repeats and drops
 * them, acknowledged. Here a sequence number belongs to the bytes it was first sent with: the same bytes are sent again
 * until the broker has them, or the identity is thrown away and the next records are sent under a new one.
 */
export function createRecordWriter({
  client,
  compression,
  log,
  patienceMs = 60_000,
  requestBytes = REQUEST_BYTES,
}: RecordWriterOptions): RecordWriter {
  const session = client.open()
  const leaders = createLeaders(session)
  const context = {
    leaders,
    scratch: new Scratch(),
    codec: codecs[compression],
    log,
    timeoutMs: client.requestTimeoutMs,
    patienceMs,
    requestBytes,
    session,
  }
  const writers = new Map<string, PartitionWriter>()
  return {
    write: (topic, partition, records, goOn) => {
      const id = `${topic}/${partition}`
      const writer = writers.get(id) ?? new PartitionWriter(topic, partition, context)
      writers.set(id, writer)
      return writer.write(records, goOn)
    },
    close: async () => {
      session.cut(true)
      await leaders.close()
    },
  }
}

interface WriterContext {
  readonly leaders: Leaders
  readonly scratch: Scratch
  readonly codec: Codec
  readonly log: Log
  readonly timeoutMs: number
  readonly patienceMs: number
  readonly requestBytes: number
  readonly session: KafkaSession
}

/** Invariant: at most one request of the partition is under way, and `sequence` is that of the first record not acknowledged. */
class PartitionWriter {
  private readonly topic: string
  private readonly partition: number
  private readonly context: WriterContext
  private identity: ProducerIdentity | null = null
  private sequence = 0
  private last: Promise<unknown> = Promise.resolve()

  constructor(topic: string, partition: number, context: WriterContext) {
    this.topic = topic
    this.partition = partition
    this.context = context
  }

  write(records: Records, goOn: () => boolean): Promise<readonly bigint[]> {
    const mine = this.last.then(() => this.writeAll(records, goOn))
    this.last = mine.catch(() => {})
    return mine
  }

  private async writeAll(records: Records, goOn: () => boolean): Promise<readonly bigint[]> {
    const offsets: bigint[] = []
    const pending: [from: number, to: number][] = []
    for (let from = 0; from < records.count; ) {
      const to = from + recordsWithin(records, from, this.context.requestBytes)
      pending.push([from, to])
      from = to
    }
    for (let range = pending.shift(); range !== undefined; range = pending.shift()) {
      const [from, to] = range
      const answer = await this.send(records, from, to, goOn)
      if (typeof answer === 'bigint') {
        for (let i = 0; i < to - from; i++) offsets.push(answer < 0n ? -1n : answer + BigInt(i))
        continue
      }
      if (to - from === 1)
        throw new UnwritableRecord(answer, from, {
          topic: this.topic,
          partition: this.partition,
        })
      const middle = (from + to) >> 1
      pending.unshift([from, middle], [middle, to])
    }
    return offsets
  }

  /** The offset of the first record; or why the broker refuses the whole, of which it has written nothing. */
  private async send(records: Records, from: number, to: number, goOn: () => boolean): Promise<bigint | ErrorCode> {
    const { context, topic, partition } = this
    if (!keepsTimestamps(records, from, to)) return 'RECORD_NOT_ACCEPTED'
    const giveUpAt = performance.now() + context.patienceMs
    let batch: Buffer | null = null
    for (let attempt = 1; ; attempt++) {
      if (!goOn()) throw this.giveUp('KAFKA_UNAVAILABLE')
      try {
        const broker = await context.leaders.of(topic, partition)
        if (this.identity === null || this.sequence + (to - from) > LAST_SEQUENCE) {
          batch = null
          await this.renewIdentity(broker)
        }
        batch ??= writeRecordBatch(
          records,
          from,
          to,
          this.identity as ProducerIdentity,
          this.sequence,
          context.codec,
          context.scratch,
        )
        // Connecting and naming ourselves took time: the partition may have been taken away meanwhile.
        if (!goOn()) throw this.giveUp('KAFKA_UNAVAILABLE')
        const { errorCode, baseOffset } = await produce(broker, topic, partition, batch, context.timeoutMs)
        if (errorCode === NONE || errorCode === DUPLICATE_SEQUENCE) {
          this.sequence += to - from
          return baseOffset
        }
        const refusal = refusals.get(errorCode)
        if (refusal !== undefined) return refusal
        if (needsNewIdentity.has(errorCode)) {
          this.identity = null
          batch = null
        }
        throw protocolError(errorCode)
      } catch (error) {
        if (error instanceof ScrimError) throw error
        const { code } = kafkaError(error)
        const kind = kafkaErrorName(error)
        // A missing right does not heal within our patience, and somebody must be told.
        if (errorCatalogue[code].kind !== 'dependency' || code === 'KAFKA_NOT_AUTHORISED') throw this.giveUp(code)
        if (
          performance.now() > giveUpAt ||
          (kind === 'UNKNOWN_TOPIC_OR_PARTITION' && attempt >= UNKNOWN_TOPIC_ATTEMPTS)
        ) {
          throw this.giveUp(code)
        }
        // Once for each doubling: an outage lasts, and there may be hundreds of partitions.
        if ((attempt & (attempt - 1)) === 0)
          context.log.warn({ topic, partition, code, kind, attempt }, 'masked records not written yet')
        // A request that nobody answers may still lie in our socket; it must not go out behind a newer one.
        if (kind === 'KafkaJSRequestTimeoutError') context.session.cut(false)
        context.leaders.forget(topic)
        await pauseWhile(goOn, Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** Math.min(attempt - 1, 10)))
      }
    }
  }

  /** What was sent last may or may not be in the log, so its sequence numbers must never be used for other records. */
  private giveUp(code: ErrorCode): ScrimError {
    this.identity = null
    return new ScrimError(code, {
      topic: this.topic,
      partition: this.partition,
    })
  }

  private async renewIdentity(broker: Broker): Promise<void> {
    const { producerId, producerEpoch } = await broker.initProducerId({
      transactionalId: undefined,
      transactionTimeout: 60_000,
    })
    this.identity = { producerId: BigInt(producerId), epoch: producerEpoch }
    this.sequence = 0
  }
}

async function pauseWhile(goOn: () => boolean, ms: number): Promise<void> {
  const until = performance.now() + ms
  while (goOn() && performance.now() < until) await sleep(Math.min(50, ms))
}

/** Who leads which partition. */
interface Leaders {
  readonly of: (topic: string, partition: number) => Promise<Broker>
  readonly forget: (topic: string) => void
  readonly close: () => Promise<void>
}

function createLeaders(session: KafkaSession): Leaders {
  const cluster: Cluster = session.cluster()
  const known = new Map<string, ReadonlyMap<number, number>>()
  let turn: Promise<unknown> = Promise.resolve()

  /** One topic at a time: kafkajs fails the whole answer when one of the topics asked for is gone. */
  const lookUp = (topic: string): Promise<void> => {
    const mine = turn.then(async () => {
      if (known.has(topic)) return
      if (!cluster.isConnected()) await cluster.connect()
      cluster.targetTopics = new Set([topic])
      await cluster.refreshMetadata()
      known.set(
        topic,
        new Map(cluster.findTopicPartitionMetadata(topic).map(({ partitionId, leader }) => [partitionId, leader])),
      )
    })
    turn = mine.catch(() => {})
    return mine
  }

  return {
    of: async (topic, partition) => {
      if (!known.has(topic)) await lookUp(topic)
      const leader = known.get(topic)?.get(partition)
      if (leader === undefined) {
        known.delete(topic)
        throw protocolError(3) // UNKNOWN_TOPIC_OR_PARTITION: it is being created, or grown
      }
      return cluster.findBroker({ nodeId: leader })
    },
    forget: topic => known.delete(topic),
    close: async () => {
      known.clear()
      cluster.disconnect().catch(() => {})
    },
  }
}
