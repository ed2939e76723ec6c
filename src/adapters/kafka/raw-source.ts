import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer } from 'kafkajs'
import { type ErrorCode, errorCatalogue, ScrimError } from '../../errors.ts'
import type { TopicFacts } from '../../pipeline/plan.ts'
import type { OwnPartitions } from '../../services/ports/dead-letters.ts'
import type { FetchedBatch, RawSource } from '../../services/ports/stream.ts'
import type { Log } from '../../services/ports/log.ts'
import { Assignment } from './assignment.ts'
import type { KafkaClient } from './client.ts'
import { createFetcher } from './fetcher.ts'
import type { Flow } from './flow.ts'
import { kafkaError, kafkaErrorName } from './kafka-error.ts'
import { type GroupHooks, hookedAssigner, RejoinNeeded } from './overrides/consumer-group.ts'
import { createPlaces } from './places.ts'
import { createTopicWatch } from './topic-watch.ts'
import type { BatchLimits } from './wire/record-set.ts'
import { within } from './within.ts'

const STOP_MS = 5_000
const RESTART_FIRST_MS = 200
const RESTART_MOST_MS = 5_000
const TIMES: GroupTimes = {
  sessionTimeoutMs: 30_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatIntervalMs: 1_000,
}

/** How a member of the group is timed. */
export interface GroupTimes {
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly heartbeatIntervalMs: number
}

export interface RawSourceOptions {
  readonly client: KafkaClient
  readonly group: string
  /** Record bytes, as they came, that may wait or be under way; as many again may be held by batches that wait for something outside. */
  readonly queueBytes: number
  /** Partitions worked on at the same time; those that wait for something outside are not counted. */
  readonly concurrency: number
  readonly topicRefreshMs: number
  /** How long `run` may take to end after the signal. */
  readonly graceMs: number
  readonly facts: (topic: string) => Promise<TopicFacts>
  /** A partition cannot go on and is held at this offset. */
  readonly onStuck: (topic: string, partition: number, offset: bigint, code: ErrorCode) => void
  /** All partitions went away; those that come back come with a new assignment. */
  readonly onEnded: () => void
  readonly log: Log
  readonly limits?: BatchLimits
  readonly times?: Partial<GroupTimes>
}

/** The source, with what only the adapter can promise. */
export interface KafkaRawSource extends RawSource {
  /** Runs the work while no batch of the partition is under way here. */
  readonly alone: OwnPartitions['alone']
  /** Why we could not join the group, or may not read all that it gave us; null where nothing is wrong. */
  readonly trouble: () => ErrorCode | null
  /** The topics that are read: of those wanted, those that Kafka shows. Null as long as it was not asked for them. */
  readonly topics: () => readonly string[] | null
  /** What nobody else reads, as far as the group has told us. */
  readonly ours: OwnPartitions['list']
  /** When its loop moved last: fetched, beat, tried to join (milliseconds since 1970); now, where it has nothing to do. */
  readonly movedAt: () => number
}

/** An error that kafkajs' own loops take for a reason to try again. */
class NotJoinedYet extends Error {
  readonly retriable = true
}

/** An error that ends them. */
class SourceClosed extends Error {
  readonly retriable = false
}

/**
 * The raw topics as one member of a consumer group. kafkajs joins, leaves and heart-beats; fetching, queues and commits
 * are ours (overrides/consumer-group.ts has the reasons).
 */
export function createRawSource(options: RawSourceOptions): KafkaRawSource {
  const { client, group, graceMs, log } = options
  const times = { ...TIMES, ...options.times }
  const limits = options.limits ?? { records: 2_000, bytes: 4 * 1024 * 1024 }
  const places = createPlaces({ count: options.concurrency, asideBytes: options.queueBytes })
  const fetcher = createFetcher({ queueBytes: options.queueBytes, log })
  const watch = createTopicWatch({
    client,
    refreshMs: options.topicRefreshMs,
    log,
  })
  // Within the rebalance timeout the group waits for us; a third for finishing and a third for giving up leave room to join.
  const drainMs = Math.min(times.rebalanceTimeoutMs / 3, times.sessionTimeoutMs / 2)
  let assignment: Assignment | null = null
  let notJoined: ErrorCode | null = null
  /** Null before the run and while there are no topics. */
  let lastMove: number | null = null
  const moves = (): void => {
    lastMove = Date.now()
  }

  async function onStuck(mine: Assignment, flow: Flow, offset: bigint, code: ErrorCode): Promise<void> {
    const { topic, partition } = flow
    if (code === 'OFFSET_OUT_OF_RANGE' && (await hasNoOffset(topic, partition))) {
      // A new group begins at the beginning, and that has moved on before the first record was read.
      if (mine.isOpen && flow.release()) mine.relocate(flow)
      return
    }
    if (mine.isOpen) options.onStuck(topic, partition, offset, code)
  }

  async function hasNoOffset(topic: string, partition: number): Promise<boolean> {
    try {
      const [offsets] = await client.admin(admin => admin.fetchOffsets({ groupId: group, topics: [topic] }))
      return offsets?.partitions.some(one => one.partition === partition && Number(one.offset) < 0) ?? false
    } catch {
      return false // held is the safe answer
    }
  }

  /** One life of a kafkajs consumer: until the topics change or the signal; rejects when the consumer breaks. */
  async function consume(
    topics: readonly string[],
    onBatch: (batch: FetchedBatch) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    const session = client.open()
    const over = Promise.withResolvers<void>()
    over.promise.catch(() => {})
    let isClosed = false

    const hooks: GroupHooks = {
      beforeJoin: async () => {
        moves()
        await assignment?.end(drainMs, drainMs)
        assignment = null
        if (isClosed) throw new SourceClosed()
      },
      joined: joined => {
        const mine: Assignment = new Assignment({
          group: joined,
          sessionTimeoutMs: times.sessionTimeoutMs,
          limits,
          places,
          facts: options.facts,
          onBatch,
          onStuck: (flow, offset, code) => void onStuck(mine, flow, offset, code),
          onEnded: options.onEnded,
          // Whatever the work threw: a bug must end the process, not look like an outage.
          onFailure: error =>
            over.reject(error instanceof ScrimError ? error : new ScrimError('INTERNAL', {}, { cause: error })),
          log,
        })
        assignment = mine
        notJoined = null
        moves()
        log.info({ partitions: mine.flows.size, topics: topics.length }, 'partitions assigned')
      },
      // As the same member: one that breaks off and comes back as another is waited for by the group until its session ends.
      joinFailed: error => (kafkaError(error).code === 'KAFKA_UNAVAILABLE' ? new NotJoinedYet() : error),
      fetch: async (of, nodeId) => {
        moves()
        if (isClosed) throw new SourceClosed()
        if (assignment === null || assignment.group !== of) throw new RejoinNeeded()
        await fetcher.fetch(assignment, nodeId)
      },
      beforeHeartbeat: () => {
        moves()
        if (isClosed) throw new SourceClosed()
        if (assignment?.isEnded()) throw new RejoinNeeded()
      },
      alive: sentAt => assignment?.alive(sentAt),
      heartbeatFailed: type => {
        // While the group only prepares to rebalance the partitions are still ours, and what is under way may finish.
        if (type !== undefined && type !== 'REBALANCE_IN_PROGRESS') assignment?.lose()
      },
    }

    const consumer = session.kafka.consumer({
      groupId: group,
      partitionAssigners: [hookedAssigner(hooks)],
      sessionTimeout: times.sessionTimeoutMs,
      rebalanceTimeout: times.rebalanceTimeoutMs,
      heartbeatInterval: times.heartbeatIntervalMs,
      metadataMaxAge: options.topicRefreshMs,
      allowAutoTopicCreation: false,
      retry: {
        initialRetryTime: 100,
        maxRetryTime: 1_000,
        retries: Number.MAX_SAFE_INTEGER,
        restartOnFailure: async () => false,
      },
    })
    consumer.on(consumer.events.CRASH, ({ payload }) => {
      log.debug({ kind: kafkaErrorName(payload.error) }, 'consumer stopped')
      over.reject(kafkaError(payload.error))
    })
    const stop = (): void => over.resolve()
    signal.addEventListener('abort', stop, { once: true })
    const unwatch = watch.onChange(topics, stop)
    try {
      if (signal.aborted) return
      await Promise.race([start(consumer, topics), over.promise])
      await over.promise
    } catch (error) {
      throw kafkaError(error)
    } finally {
      unwatch()
      signal.removeEventListener('abort', stop)
      // Of the grace a half is for finishing what is under way, and something stays for whoever ends after us.
      const [drain, giveUp, leave] = signal.aborted
        ? [graceMs / 2, graceMs / 8, graceMs / 4]
        : [drainMs, STOP_MS, STOP_MS]
      await assignment?.end(drain, giveUp)
      await within(consumer.disconnect(), leave)
      isClosed = true
      session.cut(true)
      assignment = null
    }
  }

  async function start(consumer: Consumer, topics: readonly string[]): Promise<void> {
    await consumer.connect()
    await consumer.subscribe({ topics: [...topics], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      eachBatch: async () => {},
    })
  }

  const flowOf = (topic: string, partition: number): Flow | undefined => assignment?.flows.get(`${topic}/${partition}`)

  return {
    run: async (onBatch, signal) => {
      const over = new AbortController()
      const watching = watch.run(AbortSignal.any([signal, over.signal]))
      try {
        for (let failures = 0; !signal.aborted; ) {
          lastMove = null
          // With nothing to read there is nothing to join for; between two attempts to join the reason stands.
          if (watch.isEmpty()) notJoined = null
          const topics = await watch.some(signal)
          if (topics.length === 0) break
          moves()
          const startedAt = performance.now()
          try {
            await consume(topics, onBatch, signal)
            failures = 0
          } catch (error) {
            const problem = kafkaError(error)
            if (signal.aborted) break
            if (problem.kind !== 'dependency') throw problem
            notJoined = problem.code
            failures = performance.now() - startedAt > 60_000 ? 1 : failures + 1
            log.warn({ code: problem.code, attempt: failures }, errorCatalogue[problem.code].message)
            await sleep(Math.min(RESTART_MOST_MS, RESTART_FIRST_MS * 2 ** Math.min(failures - 1, 10)), undefined, {
              signal,
            }).catch(() => {})
          }
        }
      } finally {
        over.abort()
        await watching
      }
    },
    setTopics: watch.setNames,
    topics: watch.topics,
    hold: (topic, partition, offset) => flowOf(topic, partition)?.hold(offset),
    release: (topic, partition) => {
      flowOf(topic, partition)?.release()
    },
    alone: async ({ topic, partition }, work) => {
      const flow = flowOf(topic, partition)
      return flow === undefined || assignment === null ? null : assignment.alone(flow, work)
    },
    movedAt: () => lastMove ?? Date.now(),
    trouble: () =>
      notJoined ??
      ([...(assignment?.flows.values() ?? [])].some(flow => flow.isRefused) ? 'KAFKA_NOT_AUTHORISED' : null),
    ours: () => (assignment?.isOpen === true ? [...assignment.flows.values()] : []),
    assigned: () =>
      [...(assignment?.flows.values() ?? [])].map(({ topic, partition, settled, highWatermark }) => ({
        topic,
        partition,
        position: settled ?? 0n,
        highWatermark,
      })),
  }
}
