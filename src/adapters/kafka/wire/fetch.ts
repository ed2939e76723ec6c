import { type Broker, fetchRequest, protocolError, sendTo } from '../overrides/internals.ts'
import { Cursor } from './cursor.ts'
import type { AbortedTransaction } from './record-set.ts'

export interface FetchPosition {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

export interface FetchLimits {
  readonly maxWaitMs: number
  readonly maxBytes: number
  readonly maxBytesPerPartition: number
}

/** What a broker answered for one partition. */
export interface FetchedPartition {
  readonly topic: string
  readonly partition: number
  /** 0: none. */
  readonly errorCode: number
  readonly highWatermark: bigint
  /** Where read_committed ends. */
  readonly lastStableOffset: bigint
  readonly aborted: readonly AbortedTransaction[]
  /** Record batches, a view of the response. */
  readonly records: Buffer
}

/** Reads committed records of partitions that the broker leads. An error of one partition does not touch the others. */
export async function fetchRecords(
  broker: Broker,
  positions: readonly FetchPosition[],
  limits: FetchLimits,
): Promise<readonly FetchedPartition[]> {
  const topics = new Map<string, { partition: number; fetchOffset: string; maxBytes: number }[]>()
  for (const { topic, partition, offset } of positions) {
    const partitions = topics.get(topic) ?? []
    topics.set(topic, partitions)
    partitions.push({
      partition,
      fetchOffset: String(offset),
      maxBytes: limits.maxBytesPerPartition,
    })
  }
  const request = fetchRequest({
    replicaId: -1,
    maxWaitTime: limits.maxWaitMs,
    minBytes: 1,
    maxBytes: limits.maxBytes,
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
  })
  const { errorCode, partitions } = await sendTo(broker, {
    request,
    response: {
      decode: async payload => readResponse(payload),
      parse: async decoded => decoded,
    },
    requestTimeout: limits.maxWaitMs + 100,
    logResponseError: false,
  })
  if (errorCode !== 0) throw protocolError(errorCode)
  return partitions
}

interface Response {
  readonly clientSideThrottleTime: number
  readonly errorCode: number
  readonly partitions: readonly FetchedPartition[]
}

/** Fetch response, version 11. */
function readResponse(payload: Buffer): Response {
  const cursor = new Cursor(payload)
  const clientSideThrottleTime = cursor.int32()
  const errorCode = cursor.int16()
  cursor.int32() // session id
  const topics = cursor.list(() => {
    const topic = cursor.string()
    return cursor.list(() => readPartition(cursor, topic))
  })
  return { clientSideThrottleTime, errorCode, partitions: topics.flat() }
}

function readPartition(cursor: Cursor, topic: string): FetchedPartition {
  const partition = cursor.int32()
  const errorCode = cursor.int16()
  const highWatermark = cursor.int64()
  const lastStableOffset = cursor.int64()
  cursor.int64() // log start offset
  const aborted = cursor.list(() => ({
    producerId: cursor.int64(),
    firstOffset: cursor.int64(),
  }))
  cursor.int32() // preferred read replica: only with a rack id
  return {
    topic,
    partition,
    errorCode,
    highWatermark,
    lastStableOffset,
    aborted,
    records: cursor.slice(cursor.int32()),
  }
}
