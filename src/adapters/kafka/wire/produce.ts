import { type Broker, newEncoder, sendTo } from '../overrides/internals.ts'
import { Cursor } from './cursor.ts'

const PRODUCE = 0
/** Version 7, since Kafka 2.1: the first that takes zstd. */
const VERSION = 7
const ALL_REPLICAS = -1

export interface ProduceAnswer {
  /** 0: written. */
  readonly errorCode: number
  /** Offset of the batch's first record. */
  readonly baseOffset: bigint
}

/** Hands one record batch to the partition's leader and waits for all in-sync replicas. */
export async function produce(
  broker: Broker,
  topic: string,
  partition: number,
  batch: Buffer,
  timeoutMs: number,
): Promise<ProduceAnswer> {
  return sendTo(broker, {
    request: {
      apiKey: PRODUCE,
      apiVersion: VERSION,
      apiName: 'Produce',
      encode: async () =>
        newEncoder(batch.length + topic.length * 4 + 64)
          .writeString(null) // transactional id
          .writeInt16(ALL_REPLICAS)
          .writeInt32(timeoutMs)
          .writeInt32(1)
          .writeString(topic)
          .writeInt32(1)
          .writeInt32(partition)
          .writeInt32(batch.length)
          .writeBuffer(batch),
    },
    response: {
      decode: async payload => readResponse(payload),
      parse: async decoded => decoded,
    },
    requestTimeout: timeoutMs,
    logResponseError: false,
  })
}

function readResponse(payload: Buffer): ProduceAnswer & { readonly clientSideThrottleTime: number } {
  const cursor = new Cursor(payload)
  const [answer] = cursor
    .list(() => {
      cursor.string()
      return cursor.list(() => {
        cursor.int32() // partition
        const answer = {
          errorCode: cursor.int16(),
          baseOffset: cursor.int64(),
        }
        cursor.int64() // log append time
        cursor.int64() // log start offset
        return answer
      })
    })
    .flat()
  if (answer === undefined) throw new RangeError('an answer without a partition')
  return { ...answer, clientSideThrottleTime: cursor.int32() }
}
