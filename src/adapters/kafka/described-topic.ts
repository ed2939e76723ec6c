import kafkajs, { type Admin } from 'kafkajs'
import { kafkaErrorType } from './kafka-error.ts'

// Of this CommonJS package Node sees only some names as exports; this one it does not.
const { ConfigResourceTypes } = kafkajs

const SET_ON_TOPIC = 1

/** A topic as the broker describes it: each setting as it counts, whether it is the topic's own or the cluster's. */
export interface DescribedTopic {
  readonly partitions: number
  readonly replicas: number
  readonly settings: ReadonlyMap<string, { readonly value: string; readonly isOwn: boolean }>
}

/** Null where there is no such topic. */
export async function describeTopic(admin: Admin, topic: string): Promise<DescribedTopic | null> {
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

/** Changes settings and leaves the others as they are. */
export async function alterTopic(
  admin: Admin,
  topic: string,
  { settings }: DescribedTopic,
  changes: ReadonlyMap<string, string>,
): Promise<void> {
  // The old call, the only one kafkajs has, replaces all settings of the topic: its own ones are said again.
  const own = [...settings].filter(([, { isOwn }]) => isOwn).map(([name, { value }]) => [name, value] as const)
  const configEntries = [...new Map([...own, ...changes])].map(([name, value]) => ({ name, value }))
  await admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: topic, configEntries }],
  })
}

export const isCompacted = (topic: DescribedTopic): boolean => cleansUp(topic, 'compact')

const cleansUp = ({ settings }: DescribedTopic, how: 'compact' | 'delete'): boolean =>
  settings.get('cleanup.policy')?.value.split(',').includes(how) ?? false

/** What ends how long a topic keeps its records, by age and by size. */
const retentions = ['retention.ms', 'retention.bytes'] as const

/** The settings by which one topic keeps its records shorter than another, as they count. */
export const shorterRetention = (topic: DescribedTopic, than: DescribedTopic): (typeof retentions)[number][] =>
  retentions.filter(name => retentionOf(topic, name) < retentionOf(than, name))

/** A topic that is only compacted keeps the last record of each key for good, whatever these settings say. */
function retentionOf(topic: DescribedTopic, name: (typeof retentions)[number]): number {
  const limit = Number(topic.settings.get(name)?.value ?? -1)
  return limit < 0 || !cleansUp(topic, 'delete') ? Number.POSITIVE_INFINITY : limit
}
