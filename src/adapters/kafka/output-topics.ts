import type { Admin } from 'kafkajs'
import { ScrimError } from '../../errors.ts'
import type { TopicFacts } from '../../pipeline/plan.ts'
import type { Log, LogFields } from '../../services/ports/log.ts'
import type { KafkaClient } from './client.ts'
import { alterTopic, type DescribedTopic, describeTopic, isCompacted, shorterRetention } from './described-topic.ts'
import { isRefusal, kafkaError } from './kafka-error.ts'

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
const MAX_BYTES = 'max.message.bytes'

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
  /** Warnings that were given: a topic is looked at again after each failure. */
  const told = new Set<string>()
  const facts = new Map<string, { readonly at: number; readonly facts: TopicFacts }>()

  async function makeFit(rawTopic: string, maskedTopic: string): Promise<number> {
    if (rawTopic === maskedTopic || isInput(maskedTopic))
      throw new ScrimError('OUTPUT_TOPIC_UNFIT', {
        topic: maskedTopic,
        path: 'is an input',
      })
    return client.admin(async admin => {
      const raw = await describeTopic(admin, rawTopic)
      if (raw === null) throw new ScrimError('KAFKA_UNAVAILABLE', { topic: rawTopic })
      // Where another instance is quicker, what it made is looked at.
      const isMade = (await describeTopic(admin, maskedTopic)) === null && (await create(admin, maskedTopic, raw))
      const masked = isMade ? null : await describeTopic(admin, maskedTopic)
      if (masked !== null) await adapt(admin, maskedTopic, masked, raw)
      return raw.partitions
    })
  }

  /** False where it is there by now. */
  async function create(admin: Admin, topic: string, raw: DescribedTopic): Promise<boolean> {
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

  async function adapt(admin: Admin, topic: string, masked: DescribedTopic, raw: DescribedTopic): Promise<void> {
    if (masked.partitions > raw.partitions) throw new ScrimError('OUTPUT_TOPIC_UNFIT', { topic, path: 'partitions' })
    if (isCompacted(masked) !== isCompacted(raw))
      throw new ScrimError('OUTPUT_TOPIC_UNFIT', {
        topic,
        path: 'cleanup.policy',
      })
    await alter(admin, topic, masked, raw)
    const shorter = shorterRetention(masked, raw)
    if (shorter.length > 0)
      warnOnce(topic, { settings: shorter }, 'output topic keeps records shorter than the raw topic; it is left so')
    if (masked.partitions < raw.partitions) {
      await admin.createPartitions({
        topicPartitions: [{ topic, count: raw.partitions }],
      })
      log.info({ topic, partitions: raw.partitions }, 'output topic grown')
    }
  }

  async function alter(admin: Admin, topic: string, masked: DescribedTopic, raw: DescribedTopic): Promise<void> {
    const changes = new Map<string, string>()
    if (masked.settings.get(TIMESTAMP_TYPE)?.value !== 'CreateTime') changes.set(TIMESTAMP_TYPE, 'CreateTime')
    const rawMaxBytes = raw.settings.get(MAX_BYTES)?.value
    if (rawMaxBytes !== undefined && Number(masked.settings.get(MAX_BYTES)?.value) < Number(rawMaxBytes))
      changes.set(MAX_BYTES, rawMaxBytes)
    if (changes.size === 0) return
    try {
      await alterTopic(admin, topic, masked, changes)
      log.warn({ topic, settings: [...changes].map(entry => entry.join('=')) }, 'output topic altered')
    } catch (error) {
      if (!isRefusal(error)) throw error
      // The broker would put its own time over that of every record, and no trace would be left of it. A size that stays
      // too small loses nothing: a record that is too large becomes a dead letter that says so, and most never are.
      if (changes.has(TIMESTAMP_TYPE)) throw new ScrimError('OUTPUT_TOPIC_UNFIT', { topic, path: TIMESTAMP_TYPE })
      warnOnce(topic, { setting: MAX_BYTES }, 'output topic takes smaller records than the raw topic; not raised')
    }
  }

  function warnOnce(topic: string, fields: LogFields, message: string): void {
    const id = `${topic} ${message}`
    if (told.has(id)) return
    told.add(id)
    log.warn({ topic, ...fields }, message)
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
      const topic = await client
        .admin(admin => describeTopic(admin, rawTopic))
        .catch((error: unknown) => {
          throw new ScrimError(kafkaError(error).code, { topic: rawTopic, path: 'settings of the raw topic' })
        })
      if (topic === null) throw new ScrimError('KAFKA_UNAVAILABLE', { topic: rawTopic })
      const fresh = { compacted: isCompacted(topic) }
      facts.set(rawTopic, { at: now(), facts: fresh })
      return fresh
    },
  }
}
