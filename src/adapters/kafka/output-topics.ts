import kafkajs, { type Admin } from 'kafkajs'
import { ScrimError } from '../../errors.ts'
import type { TopicFacts } from '../../pipeline/plan.ts'
import type { Log } from '../../services/ports/log.ts'
import type { KafkaClient } from './client.ts'
import { kafkaErrorType } from './kafka-error.ts'

// Of this CommonJS package Node sees only some names as exports; this one it does not.
const { ConfigResourceTypes } = kafkajs

/** Settings of a topic that its masked copy shares; where the raw topic has the cluster's default, so has the copy. */
const copied = new Set([
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'max.message.bytes',
  'segment.ms',
  'segment.bytes',
  'min.compaction.lag.ms',
  'max.compaction.lag.ms',
  'min.cleanable.dirty.ratio',
  'delete.retention.ms',
  'min.insync.replicas',
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
])
const TIMESTAMP_TYPE = 'message.timestamp.type'
const SET_ON_TOPIC = 1

export interface OutputTopicsOptions {
  readonly client: KafkaClient
  /** Is this topic read as raw? Such a one is never written. */
  readonly isInput: (topic: string) => boolean
  readonly log: Log
  /** How long facts of a topic are believed. */
  readonly maxAgeMs?: number
  readonly now?: () => number
}

export interface OutputTopics {
  /** Resolves when the masked topic fits the raw one: there, with as many partitions, settings and timestamps. OUTPUT_TOPIC_UNFIT where it cannot be made to. */
  readonly ensure: (
    raw: {
      readonly topic: string
      readonly partition: number
      readonly partitions: number
    },
    maskedTopic: string,
  ) => Promise<void>
  /** The next `ensure` looks again. */
  readonly forget: (maskedTopic: string) => void
  /** What the broker knows of a raw topic and the plan depends on. */
  readonly facts: (rawTopic: string) => Promise<TopicFacts>
}

interface Topic {
  readonly partitions: number
  readonly replicas: number
  readonly settings: ReadonlyMap<string, { readonly value: string; readonly isOwn: boolean }>
}

/** Makes output topics as their inputs are, and keeps them so when the inputs grow. */
export function createOutputTopics({
  client,
  isInput,
  log,
  maxAgeMs = 60_000,
  now = Date.now,
}: OutputTopicsOptions): OutputTopics {
  /** Masked topics that fit, with the number of partitions they were made to fit for. */
  const fit = new Map<string, number>()
  const underWay = new Map<string, Promise<void>>()
  const facts = new Map<string, { readonly at: number; readonly facts: TopicFacts }>()

  async function makeFit(rawTopic: string, maskedTopic: string): Promise<number> {
    if (rawTopic === maskedTopic || isInput(maskedTopic))
      throw new ScrimError('OUTPUT_TOPIC_UNFIT', {
        topic: maskedTopic,
        path: 'is an input',
      })
    return client.admin(async admin => {
      const raw = await describe(admin, rawTopic)
      if (raw === null) throw new ScrimError('KAFKA_UNAVAILABLE', { topic: rawTopic })
      // Where another instance is quicker, what it made is looked at.
      const isMade = (await describe(admin, maskedTopic)) === null && (await create(admin, maskedTopic, raw))
      const masked = isMade ? null : await describe(admin, maskedTopic)
      if (masked !== null) await adapt(admin, maskedTopic, masked, raw)
      return raw.partitions
    })
  }

  /** False where it is there by now. */
  async function create(admin: Admin, topic: string, raw: Topic): Promise<boolean> {
    const configEntries = [...raw.settings]
      .filter(([name, { isOwn }]) => isOwn && copied.has(name))
      .map(([name, { value }]) => ({ name, value }))
    configEntries.push({ name: TIMESTAMP_TYPE, value: 'CreateTime' })
    const isMade = await admin.createTopics({
      topics: [{ topic, numPartitions: raw.partitions, replicationFactor: raw.replicas, configEntries }],
      waitForLeaders: true,
    })
    if (isMade) log.info({ topic, partitions: raw.partitions, replicas: raw.replicas }, 'output topic created')
    return isMade
  }

  async function adapt(admin: Admin, topic: string, masked: Topic, raw: Topic): Promise<void> {
    if (masked.partitions > raw.partitions) throw new ScrimError('OUTPUT_TOPIC_UNFIT', { topic, path: 'partitions' })
    if (isCompacted(masked) !== isCompacted(raw))
      throw new ScrimError('OUTPUT_TOPIC_UNFIT', {
        topic,
        path: 'cleanup.policy',
      })
    if (masked.settings.get(TIMESTAMP_TYPE)?.value !== 'CreateTime') {
      const own = [...masked.settings].filter(([name, { isOwn }]) => isOwn && name !== TIMESTAMP_TYPE)
      // The old call replaces all settings of the topic, so those that are there are said again.
      const configEntries = [
        ...own.map(([name, { value }]) => ({ name, value })),
        { name: TIMESTAMP_TYPE, value: 'CreateTime' },
      ]
      try {
        await admin.alterConfigs({
          validateOnly: false,
          resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
        })
        log.warn({ topic }, 'output topic set to CreateTime')
      } catch (error) {
        if (kafkaErrorType(error) === undefined) throw error
        throw new ScrimError('OUTPUT_TOPIC_UNFIT', {
          topic,
          path: TIMESTAMP_TYPE,
        })
      }
    }
    if (masked.partitions < raw.partitions) {
      await admin.createPartitions({
        topicPartitions: [{ topic, count: raw.partitions }],
      })
      log.info({ topic, partitions: raw.partitions }, 'output topic grown')
    }
  }

  return {
    ensure: async ({ topic: rawTopic, partition, partitions }, maskedTopic) => {
      const needed = Math.max(partitions, partition + 1)
      while ((fit.get(maskedTopic) ?? 0) < needed) {
        const running = underWay.get(maskedTopic)
        if (running !== undefined) {
          await running
          continue
        }
        const work = makeFit(rawTopic, maskedTopic).then(count => {
          if (count < needed) throw new ScrimError('KAFKA_UNAVAILABLE', { topic: rawTopic }) // the broker we asked does not know yet
          fit.set(maskedTopic, count)
        })
        underWay.set(maskedTopic, work)
        try {
          await work
        } finally {
          underWay.delete(maskedTopic)
        }
      }
    },
    forget: maskedTopic => fit.delete(maskedTopic),
    facts: async rawTopic => {
      const known = facts.get(rawTopic)
      if (known !== undefined && now() - known.at < maxAgeMs) return known.facts
      const topic = await client.admin(admin => describe(admin, rawTopic))
      if (topic === null) throw new ScrimError('KAFKA_UNAVAILABLE', { topic: rawTopic })
      const fresh = { compacted: isCompacted(topic) }
      facts.set(rawTopic, { at: now(), facts: fresh })
      return fresh
    },
  }
}

const isCompacted = ({ settings }: Topic): boolean =>
  settings.get('cleanup.policy')?.value.split(',').includes('compact') ?? false

/** Null where there is no such topic. */
async function describe(admin: Admin, topic: string): Promise<Topic | null> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    const partitions = topics[0]?.partitions ?? []
    const { resources } = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
      includeSynonyms: false,
    })
    const entries = resources[0]?.configEntries ?? []
    return {
      partitions: partitions.length,
      replicas: partitions[0]?.replicas.length ?? 1,
      settings: new Map(
        entries.map(({ configName, configValue, configSource }) => [
          configName,
          { value: configValue, isOwn: Number(configSource) === SET_ON_TOPIC },
        ]),
      ),
    }
  } catch (error) {
    if (kafkaErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION') return null
    throw error
  }
}
