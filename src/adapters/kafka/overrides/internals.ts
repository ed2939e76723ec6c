import { createRequire } from 'node:module'
import type { Kafka } from 'kafkajs'

/**
 * The parts of kafkajs that we reach into, with the types that we rely on. kafkajs has had no release since 2.2.4 and
 * will have none; the version is pinned and checked, so its inside is as stable as its outside.
 */
const load = createRequire(import.meta.url)
const PINNED = '2.2.4'

export interface PartitionMetadata {
  readonly partitionId: number
  readonly leader: number
  readonly replicas: readonly number[]
}

/** A request of which we write the bytes and read the answer ourselves. */
export interface WireRequest<T> {
  readonly request: {
    readonly apiKey: number
    readonly apiVersion: number
    readonly apiName: string
    readonly encode: () => Promise<WireEncoder>
  }
  readonly response: {
    readonly decode: (payload: Buffer) => Promise<T & { readonly clientSideThrottleTime: number }>
    readonly parse: (decoded: T) => Promise<T>
  }
  readonly requestTimeout?: number
  readonly logResponseError: boolean
}

export interface WireEncoder {
  readonly buffer: Buffer
  writeInt16(value: number): WireEncoder
  writeInt32(value: number): WireEncoder
  writeString(value: string | null): WireEncoder
  writeBuffer(value: Buffer): WireEncoder
}

export interface Broker {
  readonly nodeId: string | number
  readonly connectionPool: { send<T>(request: WireRequest<T>): Promise<T> }
  disconnect(): Promise<void>
  initProducerId(request: { transactionalId: undefined; transactionTimeout: number }): Promise<{
    readonly producerId: string
    readonly producerEpoch: number
  }>
}

export interface Cluster {
  /** What metadata is asked for; empty means everything. */
  targetTopics: Set<string>
  connect(): Promise<void>
  disconnect(): Promise<void>
  isConnected(): boolean
  refreshMetadata(): Promise<void>
  refreshMetadataIfNecessary(): Promise<void>
  findTopicPartitionMetadata(topic: string): readonly PartitionMetadata[]
  findBroker(id: { readonly nodeId: string | number }): Promise<Broker>
  /** The end of each partition, as read_committed sees it where the cluster reads so. */
  fetchTopicsOffset(
    topics: readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number }[]
      readonly fromBeginning: false
    }[],
  ): Promise<
    readonly {
      readonly topic: string
      readonly partitions: readonly { readonly partition: number; readonly offset: string }[]
    }[]
  >
}

export interface OffsetManager {
  resolveOffsets(): Promise<void>
  committedOffsets(): Readonly<Record<string, Readonly<Record<number, string>>>>
  clearOffsets(partition: { readonly topic: string; readonly partition: number }): void
  commitOffsets(offsets: {
    readonly topics: readonly {
      readonly topic: string
      readonly partitions: readonly {
        readonly partition: number
        readonly offset: string
      }[]
    }[]
  }): Promise<void>
}

export interface ConsumerGroup {
  readonly cluster: Cluster
  readonly offsetManager: OffsetManager
  readonly partitionsPerSubscribedTopic: ReadonlyMap<string, readonly number[]> | null
  /** Of the last heartbeat that was answered. */
  readonly lastRequest: number
  assigned(): readonly {
    readonly topic: string
    readonly partitions: readonly number[]
  }[]
  filterPartitionsByNode(
    nodeId: string,
    assigned: readonly {
      readonly topic: string
      readonly partitions: readonly number[]
    }[],
  ): readonly {
    readonly topic: string
    readonly partitions: readonly number[]
  }[]
  checkForStaleAssignment(): void
}

/** The methods that we replace, as they are before. */
export interface ConsumerGroupMethods {
  joinAndSync: (this: ConsumerGroup) => Promise<void>
  fetch: (this: ConsumerGroup, nodeId: string) => Promise<readonly unknown[]>
  heartbeat: (this: ConsumerGroup, options: { readonly interval: number }) => Promise<void>
}

export interface RequestQueueMethods {
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

export interface RequestQueue {
  readonly pending: readonly unknown[]
}

/** One connection to a broker; only its identity matters. */
export interface Connection {
  readonly connectionStatus: string
}

export interface ConnectionMethods {
  connect: (this: Connection) => Promise<unknown>
}

/** Throws where another kafkajs is installed than the one that was read. */
export function requirePinnedKafkajs(): void {
  const { version }: { readonly version: string } = load('kafkajs/package.json')
  if (version !== PINNED)
    throw new Error(`kafkajs must be exactly ${PINNED}, not ${version}: see src/adapters/kafka/overrides`)
}

export const newEncoder = (sizeBytes: number): WireEncoder => new (load('kafkajs/src/protocol/encoder'))(sizeBytes)

/** kafkajs' own Fetch v11 request (Kafka 2.3 and later), as it is written on the wire. */
export const fetchRequest: (options: {
  readonly replicaId: -1
  readonly maxWaitTime: number
  readonly minBytes: number
  readonly maxBytes: number
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly {
      readonly partition: number
      readonly fetchOffset: string
      readonly maxBytes: number
    }[]
  }[]
}) => WireRequest<unknown>['request'] = options => load('kafkajs/src/protocol/requests/fetch/v11/request')(options)

/** The error that kafkajs itself makes of a broker's error code. */
export const protocolError: (code: number) => Error = code =>
  load('kafkajs/src/protocol/error').createErrorFromCode(code)

export const consumerGroupMethods = (): ConsumerGroupMethods => load('kafkajs/src/consumer/consumerGroup').prototype

export const connectionMethods = (): ConnectionMethods => load('kafkajs/src/network/connection').prototype

export const requestQueueMethods = (): RequestQueueMethods => load('kafkajs/src/network/requestQueue').prototype

/** A cluster of its own for a client: connections and metadata, without producer, consumer or admin around them. */
export function openCluster(kafka: Kafka, options: { readonly metadataMaxAge: number }): Cluster {
  const name = Object.getOwnPropertySymbols(kafka).find(symbol => symbol.description === 'private:Kafka:createCluster')
  if (name === undefined) throw new Error('kafkajs has no createCluster')
  return Reflect.get(kafka, name)({ ...options, allowAutoTopicCreation: false })
}

/** Sends to the broker; like kafkajs' own private method it gives up a connection that the other side closed. */
export async function sendTo<T>(broker: Broker, request: WireRequest<T>): Promise<T> {
  try {
    return await broker.connectionPool.send(request)
  } catch (error) {
    if (error instanceof Error && error.name === 'KafkaJSConnectionClosedError') await broker.disconnect()
    throw error
  }
}
