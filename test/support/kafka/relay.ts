import type { KafkaConfig } from 'kafkajs'
import type { KafkaClient, KafkaSettings } from '../../../src/adapters/kafka/client.ts'
import { createKafkaClient } from '../../../src/adapters/kafka/client.ts'
import { createMaskedSink, type MaskedSinkOptions } from '../../../src/adapters/kafka/masked-sink.ts'
import { createOutputTopics } from '../../../src/adapters/kafka/output-topics.ts'
import { installRequestQueueOverride } from '../../../src/adapters/kafka/overrides/request-queue.ts'
import { createRawSource, type KafkaRawSource, type RawSourceOptions } from '../../../src/adapters/kafka/raw-source.ts'
import { type ErrorCode, ScrimError } from '../../../src/errors.ts'
import type { MaskedBatch, RawBatch } from '../../../src/pipeline/batch.ts'
import type { FetchedBatch } from '../../../src/services/ports/stream.ts'
import type { Log, LogFields } from '../../../src/services/ports/log.ts'

// Node warns of kafkajs' timers; ours are mended when the first client is made, but tests use kafkajs before that.
installRequestQueueOverride()

/** A log that keeps what it was told. */
export interface KeptLog extends Log {
  readonly entries: readonly {
    readonly level: string
    readonly fields: LogFields
    readonly message: string
  }[]
}

export function keptLog(): KeptLog {
  const entries: { level: string; fields: LogFields; message: string }[] = []
  const at = (level: string) => (fields: LogFields, message: string) => void entries.push({ level, fields, message })
  return {
    entries,
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  }
}

export const plainSettings = (brokers: string): KafkaSettings => ({
  brokers: brokers.split(','),
  clientId: 'scrim-test',
  username: null,
  password: null,
  sasl: 'scram-sha-512',
  tls: false,
  tlsCa: null,
  tlsCert: null,
  tlsKey: null,
})

/** The records of a raw batch as if a plan of `none` for all had passed them. */
export function unmasked(raw: RawBatch, topic: string): MaskedBatch {
  const { partition, count, bytes, spans, timestamps } = raw
  return {
    view: 'default',
    topic,
    partition,
    count,
    bytes,
    spans,
    timestamps,
    sources: Int32Array.from({ length: count }, (_, i) => i),
  } as MaskedBatch
}

export interface RelayOptions {
  readonly brokers: string
  readonly group: string
  readonly names: (topic: string) => boolean
  readonly settings?: KafkaSettings
  readonly compression?: MaskedSinkOptions['compression']
  readonly source?: Partial<RawSourceOptions>
  /** In place of publish and commit. */
  readonly onBatch?: (batch: FetchedBatch, relay: Relay) => Promise<void>
  /** Between publish and commit. */
  readonly afterPublish?: (batch: FetchedBatch) => Promise<void>
}

export interface Relay {
  readonly client: KafkaClient
  readonly source: KafkaRawSource
  readonly log: KeptLog
  readonly stuck: {
    readonly topic: string
    readonly partition: number
    readonly offset: bigint
    readonly code: ErrorCode
  }[]
  /** Batches handed over so far. */
  readonly batches: FetchedBatch[]
  readonly running: Promise<void>
  publish(batch: FetchedBatch): Promise<void>
  stop(): Promise<void>
}

export const maskedName = (topic: string): string => `${topic}.masked`

/** The adapters with nothing between them: copies raw topics to masked ones as the mask stream would. */
export function startRelay(options: RelayOptions): Relay {
  const log = keptLog()
  const client = createKafkaClient({
    config: options.settings ?? plainSettings(options.brokers),
    log,
    requestTimeoutMs: 5_000,
    connectionTimeoutMs: 2_000,
  })
  const outputTopics = createOutputTopics({
    client,
    isInput: options.names,
    log,
  })
  const sink = createMaskedSink({
    client,
    outputTopics,
    compression: options.compression ?? 'none',
    log,
  })
  const stuck: Relay['stuck'] = []
  const source = createRawSource({
    client,
    group: options.group,
    queueBytes: 32 * 1024 * 1024,
    concurrency: 8,
    topicRefreshMs: 300,
    graceMs: 15_000,
    facts: outputTopics.facts,
    onStuck: (topic, partition, offset, code) => void stuck.push({ topic, partition, offset, code }),
    onEnded: () => {},
    log,
    times: {
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 15_000,
      heartbeatIntervalMs: 300,
    },
    ...options.source,
  })
  source.setTopics(options.names)
  const abort = new AbortController()

  async function publishAndCommit(batch: FetchedBatch): Promise<void> {
    await whileCurrent(batch, () => sink.publish(unmasked(batch.raw, maskedName(batch.raw.topic)), batch))
    await options.afterPublish?.(batch)
    await whileCurrent(batch, () => batch.commit(batch.nextOffset))
  }

  const relay: Relay = {
    client,
    source,
    log,
    stuck,
    batches: [],
    publish: publishAndCommit,
    running: Promise.resolve().then(() =>
      source.run(async batch => {
        relay.batches.push(batch)
        await (options.onBatch?.(batch, relay) ?? publishAndCommit(batch))
      }, abort.signal),
    ),
    stop: async () => {
      abort.abort()
      await relay.running.finally(async () => {
        await sink.close()
        await client.close()
      })
    },
  }
  relay.running.catch(() => {})
  return relay
}

/** What the mask stream does: tries again as long as it may help and the batch is ours. */
async function whileCurrent(batch: FetchedBatch, attempt: () => Promise<void>): Promise<void> {
  while (batch.isCurrent()) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ScrimError) || !error.retriable) throw error
    }
  }
}

/** Client settings for the log-in of `asUser` and `asCertificate`. */
export const securedSettings = (brokers: string, secured: Partial<KafkaConfig>): KafkaSettings => {
  const ssl = typeof secured.ssl === 'object' ? secured.ssl : {}
  const pem = (part: unknown): Buffer | null =>
    typeof part === 'string' ? Buffer.from(part) : Array.isArray(part) ? Buffer.from(part[0]) : null
  return {
    ...plainSettings(brokers),
    tls: true,
    tlsCa: pem(ssl.ca),
    tlsCert: pem(ssl.cert),
    tlsKey: pem(ssl.key),
  }
}
