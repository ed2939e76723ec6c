import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../../services/ports/log.ts'
import type { Assignment } from './assignment.ts'
import type { Flow } from './flow.ts'
import { kafkaErrorName, kafkaErrorType } from './kafka-error.ts'
import { RejoinNeeded } from './overrides/consumer-group.ts'
import { protocolError } from './overrides/internals.ts'
import { type FetchedPartition, fetchRecords } from './wire/fetch.ts'
import { endOf, UnreadableRecords } from './wire/whole-batches.ts'

const MAX_BYTES = 16 * 1024 * 1024
const MAX_BYTES_PER_PARTITION = 2 * 1024 * 1024
const LONG_POLL_MS = 500
/** While partitions wait for room in the queue, a long poll of the others would keep them waiting. */
const SHORT_POLL_MS = 20
const RETRY_MS = 250
const STALL_ALARM_MS = 30_000
const HELD_END_MS = 5_000

const NONE = 0
const OFFSET_OUT_OF_RANGE = 1
const TOPIC_AUTHORIZATION_FAILED = 29
const NOT_AUTHORISED_RETRY_MS = 5_000

export interface FetcherOptions {
  /** Record bytes that may wait or be under way, of all partitions together. */
  readonly queueBytes: number
  readonly log: Log
}

export interface Fetcher {
  /** One fetch from one broker into the queues; waits where all queues are full. Throws `RejoinNeeded`. */
  readonly fetch: (assignment: Assignment, nodeId: string) => Promise<void>
}

/** Asks for what there is room for. kafkajs calls it again and again, once for each broker, with a heartbeat in between. */
export function createFetcher({ queueBytes, log }: FetcherOptions): Fetcher {
  return {
    fetch: async (assignment, nodeId) => {
      if (assignment.isEnded()) throw new RejoinNeeded()
      const { group } = assignment
      try {
        await group.cluster.refreshMetadataIfNecessary()
        checkForNewPartitions(assignment)
        await assignment.locate()
        await refreshEndsOfHeld(assignment, nodeId)
        const { flows, pollMs, room } = choose(assignment, nodeId, queueBytes)
        if (flows.length === 0) {
          await sleep(pollMs)
          return
        }
        const broker = await group.cluster.findBroker({ nodeId })
        const asked = new Map(flows.map(flow => [flow, { turn: flow.turn, position: flow.position }]))
        for (const flow of flows) flow.isFetching = true
        try {
          const positions = flows.map(({ topic, partition, position }) => ({
            topic,
            partition,
            offset: position as bigint,
          }))
          const answers = await fetchRecords(broker, positions, {
            maxWaitMs: pollMs,
            maxBytes: Math.min(MAX_BYTES, room),
            maxBytesPerPartition: MAX_BYTES_PER_PARTITION,
          })
          for (const answer of answers) {
            const flow = assignment.flows.get(`${answer.topic}/${answer.partition}`)
            const was = flow === undefined ? undefined : asked.get(flow)
            // Held, released, stepped aside or taken away meanwhile: this is no longer what comes next.
            if (flow === undefined || flow.turn !== was?.turn || flow.position !== was.position) continue
            if (!flow.isAside && !assignment.isEnded()) accept(assignment, flow, answer)
          }
          if (answers.some(({ errorCode }) => errorCode !== NONE)) await group.cluster.refreshMetadata()
        } finally {
          for (const flow of flows) flow.isFetching = false
        }
      } catch (error) {
        if (error instanceof RejoinNeeded) throw error
        await recover(assignment, error)
      }
    },
  }

  /** A number for the metrics: what goes wrong here stands in nobody's way. */
  async function refreshEndsOfHeld(assignment: Assignment, nodeId: string): Promise<void> {
    try {
      await askEndsOfHeld(assignment, nodeId)
    } catch (error) {
      if (error instanceof TypeError || error instanceof RangeError) throw error
      log.debug({ kind: kafkaErrorName(error) }, 'ends of held partitions not known')
    }
  }

  function accept(assignment: Assignment, flow: Flow, answer: FetchedPartition): void {
    const { topic, partition } = flow
    const position = flow.position as bigint
    flow.isRefused = answer.errorCode === TOPIC_AUTHORIZATION_FAILED
    if (answer.errorCode === OFFSET_OUT_OF_RANGE) {
      flow.notBefore = performance.now() + RETRY_MS
      // What was fetched before is worked off first.
      if (flow.isIdle) assignment.stick(flow, position, 'OFFSET_OUT_OF_RANGE')
      return
    }
    if (answer.errorCode === TOPIC_AUTHORIZATION_FAILED) {
      flow.notBefore = performance.now() + NOT_AUTHORISED_RETRY_MS
      log.warn({ topic, partition, code: 'KAFKA_NOT_AUTHORISED' }, 'partition not fetched')
      return
    }
    if (answer.errorCode !== NONE) {
      flow.notBefore = performance.now() + RETRY_MS
      log.debug(
        {
          topic,
          partition,
          kind: kafkaErrorName(protocolError(answer.errorCode)),
        },
        'partition not fetched',
      )
      return
    }
    flow.highWatermark = answer.highWatermark
    let end = position
    try {
      end = endOf(answer.records, position)
    } catch (error) {
      if (!(error instanceof UnreadableRecords)) throw error
      if (flow.isIdle) assignment.stick(flow, position, 'KAFKA_RECORDS_UNREADABLE')
      else flow.notBefore = performance.now() + RETRY_MS
      return
    }
    watch(flow, end > position || answer.lastStableOffset <= position)
    if (end === position) return
    flow.push({
      records: answer.records,
      aborted: answer.aborted,
      offset: position,
      end,
    })
    assignment.work(flow)
  }

  function watch(flow: Flow, moves: boolean): void {
    if (moves) {
      flow.stalledSince = null
      return
    }
    flow.stalledSince ??= performance.now()
    if (performance.now() - flow.stalledSince < STALL_ALARM_MS) return
    flow.stalledSince = performance.now()
    log.warn(
      {
        topic: flow.topic,
        partition: flow.partition,
        offset: String(flow.position),
      },
      'partition stands still below its end',
    )
  }

  async function recover(assignment: Assignment, error: unknown): Promise<void> {
    // A bug of ours must end the process, not spin; and a refusal must be told.
    if (error instanceof TypeError || error instanceof RangeError) throw error
    const type = kafkaErrorType(error)
    if (type?.endsWith('AUTHORIZATION_FAILED')) throw error
    log.debug({ kind: kafkaErrorName(error) }, 'fetch failed')
    try {
      await assignment.group.cluster.refreshMetadata()
    } catch (again) {
      log.debug({ kind: kafkaErrorName(again) }, 'metadata not refreshed')
    }
    await sleep(RETRY_MS)
  }
}

/** kafkajs finds out about new partitions only when it is asked. */
function checkForNewPartitions({ group }: Assignment): void {
  try {
    group.checkForStaleAssignment()
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSStaleTopicMetadataAssignment') throw new RejoinNeeded()
    throw error
  }
}

/** How far a partition is behind that is held, or waits, must go on growing: that is what somebody is woken by. */
async function askEndsOfHeld({ group, flows }: Assignment, nodeId: string): Promise<void> {
  const now = performance.now()
  const due = group.filterPartitionsByNode(nodeId, group.assigned()).flatMap(({ topic, partitions }) => {
    const own = partitions.flatMap(partition => flows.get(`${topic}/${partition}`) ?? [])
    const asked = own.filter(flow => (flow.isHeld || flow.isAside) && flow.askEndAt <= now)
    return asked.length === 0 ? [] : [{ topic, fromBeginning: false as const, partitions: asked }]
  })
  if (due.length === 0) return
  for (const flow of due.flatMap(({ partitions }) => partitions)) flow.askEndAt = now + HELD_END_MS
  const ends = await group.cluster.fetchTopicsOffset(
    due.map(one => ({ ...one, partitions: one.partitions.map(({ partition }) => ({ partition })) })),
  )
  for (const { topic, partitions } of ends) {
    for (const { partition, offset } of partitions) {
      const flow = flows.get(`${topic}/${partition}`)
      const end = BigInt(offset)
      if (flow !== undefined && end > flow.highWatermark) flow.highWatermark = end
    }
  }
}

interface Choice {
  readonly flows: readonly Flow[]
  /** How long the fetch may take: until there may be room for those that wait for it, or the time of one comes. */
  readonly pollMs: number
  readonly room: number
}

function choose({ group, flows }: Assignment, nodeId: string, queueBytes: number): Choice {
  let used = 0
  // What stepped aside is counted there.
  for (const flow of flows.values()) if (!flow.isAside) used += flow.bytes
  const share = Math.max(MAX_BYTES_PER_PARTITION, queueBytes / Math.max(1, flows.size))
  const now = performance.now()
  const chosen: Flow[] = []
  let pollMs = used >= queueBytes ? SHORT_POLL_MS : LONG_POLL_MS
  for (const { topic, partitions } of group.filterPartitionsByNode(nodeId, group.assigned())) {
    for (const partition of partitions) {
      const flow = flows.get(`${topic}/${partition}`)
      if (flow === undefined || flow.isHeld || flow.isAside || flow.isFetching || flow.position === null) continue
      if (flow.notBefore > now) pollMs = Math.min(pollMs, Math.max(SHORT_POLL_MS, Math.ceil(flow.notBefore - now)))
      else if (flow.bytes >= share) pollMs = SHORT_POLL_MS
      else if (used < queueBytes) chosen.push(flow)
    }
  }
  // The broker fills its answer in this order, so whoever waits for data longest comes first.
  chosen.sort((a, b) => a.bytes - b.bytes)
  return { flows: chosen, pollMs, room: Math.max(1, queueBytes - used) }
}
