import { mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Kafka } from 'kafkajs'
import type pg from 'pg'
import { connect, createRoles, createServiceDatabase, withClient } from '../../../compose/demo/databases.ts'
import { createKeeper } from '../../../compose/stack/keeper.ts'
import { type PostgresAddress, postgresUrl } from '../../../compose/stack/postgres.ts'
import { registerCodecs } from '../../../src/adapters/kafka/codecs.ts'
import { compile } from '../../../src/engine.ts'
import type { ViewPlan } from '../../../src/pipeline/plan.ts'
import type { PolicyDocument } from '../../../src/policy/document.ts'
import { createTopic, kafkaClient, readTopic, type TopicRecord } from '../stack/kafka-clients.ts'
import { freshPrefix } from '../stack/require-stack.ts'
import { until } from '../stack/until.ts'
import { judge, type LyingRecord, placeOf, type Verdict } from './judge.ts'
import { createRawWriter, type Load, startLoad } from './load.ts'
import { type PeopleOptions, peoplePolicy, personRecord } from './people.ts'
import { type Scrim, startScrim } from './scrim.ts'

export interface GroundOptions {
  readonly brokers: string
  readonly postgres: PostgresAddress
  readonly partitions?: number
  readonly policies?: (topic: string) => readonly PolicyDocument[]
  /** Further keys of the environment, for every process. */
  readonly env?: Readonly<Record<string, string>>
  /** Where the broker lets Scrim in, if that is another door. */
  readonly scrimBrokers?: string
  readonly topicSettings?: Readonly<Record<string, string>>
}

/** Topics, a database and a policy folder of its own, on which real Scrim processes are tried. */
export interface Ground {
  readonly topic: string
  readonly maskedTopic: string
  readonly deadLetterTopic: string
  readonly group: string
  readonly partitions: number
  /** Scratch; the policy folder, logs and caches of the processes are in it. */
  readonly dir: string
  readonly kafka: Kafka
  /** The name of Scrim's database. */
  readonly database: string
  /** A superuser's client on it; made anew after an outage. */
  db(): Promise<pg.Client>
  start(env?: Readonly<Record<string, string>>): Promise<Scrim>
  load(options: Pick<PeopleOptions, 'seed' | 'poison'> & { readonly perSecond?: number; readonly keys?: number }): Load
  /** Writes records by hand, one millisecond apart. */
  write(records: readonly Omit<Parameters<typeof personRecord>[1], 'timestamp'>[]): Promise<void>
  /** Records that the group has committed, of all partitions. */
  committed(topic?: string): Promise<number>
  /** Waits until the group has committed all that lies in the raw topic. */
  caughtUp(timeoutMs?: number): Promise<void>
  judge(order?: 'partition' | 'key'): Promise<Verdict>
  /** How many masked records are there more than once by now. */
  repeated(): Promise<number>
  /** Ends all processes, removes the database. */
  release(): Promise<void>
}

export const sealingKeyHex = '9'.repeat(64)

/** Makes the ground; nothing of it is left after `release`. */
export async function createGround(options: GroundOptions): Promise<Ground> {
  const { brokers, postgres, partitions = 4, policies = topic => [peoplePolicy(topic)] } = options
  registerCodecs()
  const prefix = freshPrefix()
  const topic = `${prefix}.people`
  const keeper = await createKeeper(tmpdir())
  const kafka = kafkaClient(brokers)
  await createTopic(kafka, topic, {
    numPartitions: partitions,
    configEntries: Object.entries(options.topicSettings ?? {}).map(([name, value]) => ({ name, value })),
  })
  await withClient(postgres, 'postgres', client => client.query(`create database ${prefix}`))
  const urls = await createServiceDatabase(postgres, prefix, await createRoles(postgres))
  const folder = join(keeper.dir, 'policies')
  mkdirSync(folder)
  writeFileSync(join(folder, 'policies.json'), JSON.stringify(policies(topic)))

  let timestamp = Date.now() - 600_000
  let client: pg.Client | null = null
  const db = async (): Promise<pg.Client> => {
    try {
      await client?.query('select 1')
    } catch {
      client = null
    }
    client ??= await connect(postgresUrl(postgres, prefix))
    return client
  }

  const ground: Ground = {
    topic,
    maskedTopic: `${topic}.masked`,
    deadLetterTopic: `${prefix}-dlq`,
    group: prefix,
    partitions,
    dir: keeper.dir,
    kafka,
    database: prefix,
    db,
    start: (env = {}) =>
      startScrim(keeper, {
        KAFKA_BROKERS: options.scrimBrokers ?? brokers,
        KAFKA_ENCRYPTION_KEY: sealingKeyHex,
        SCRIM_DATABASE_URL: urls.databaseUrl,
        SCRIM_MIGRATIONS_URL: urls.migrationsUrl,
        SCRIM_POLICIES: folder,
        SCRIM_GROUP: prefix,
        SCRIM_DEAD_LETTER_TOPIC: `${prefix}-dlq`,
        SCRIM_DEAD_LETTER_LIMIT: '100000',
        SCRIM_TOPIC_REFRESH_MS: '500',
        SCRIM_SESSION_TIMEOUT_MS: '3000',
        ...options.env,
        ...env,
      }),
    load: load => startLoad(brokers, { topic, partitions, ...load }),
    write: async records => {
      const writer = createRawWriter(brokers)
      await writer
        .write(
          topic,
          records.map(record => personRecord(topic, { ...record, timestamp: timestamp++ })),
        )
        .finally(() => writer.close())
    },
    committed: async (of = topic) => {
      const admin = kafka.admin()
      await admin.connect()
      try {
        // A broker that has just started, or lost its group, first says that it does not know.
        const [offsets] = await until('the offsets', () => admin.fetchOffsets({ groupId: prefix, topics: [of] }))
        return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0)
      } finally {
        await admin.disconnect()
      }
    },
    caughtUp: async (timeoutMs = 60_000) => {
      const admin = kafka.admin()
      await admin.connect()
      const ends = await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect())
      const all = ends.reduce((sum, { high }) => sum + Number(high), 0)
      await until('everything to be committed', async () => (await ground.committed()) === all, timeoutMs)
    },
    judge: async order => {
      const { rows: stored } = await (await db()).query<{ version: number; documents: PolicyDocument[] }>(
        'select version, documents from scrim_policy_version order by version',
      )
      const plans = new Map(stored.map(({ version, documents }) => [version, viewOf(documents, topic)]))
      const { rows } = await (await db()).query<{ partition: number; offset: string; event: string; version: number }>(
        `select topic_partition as partition, topic_offset as offset, event_type as event, policy_version as version
           from cdc_audit_effective where topic = $1`,
        [topic],
      )
      return judge({
        raw: (await readTopic(kafka, topic)).map(lying),
        masked: (await readTopic(kafka, `${topic}.masked`)).map(lying),
        audit: rows.map(row => ({ ...row, offset: BigInt(row.offset) })),
        letters: await lettersOf(ground),
        versions: [...plans.keys()],
        ...(order === undefined ? {} : { order }),
        planOf: version => {
          const plan = plans.get(version)
          if (plan === undefined) throw new Error(`an audit row names version ${version}, which is not stored`)
          return plan
        },
      })
    },
    repeated: async () => {
      const masked = await readTopic(kafka, `${topic}.masked`)
      return masked.length - new Set(masked.map(({ partition, timestamp }) => `${partition}/${timestamp}`)).size
    },
    release: async () => {
      await keeper.release()
      await client?.end().catch(() => {})
      await withClient(postgres, 'postgres', admin => admin.query(`drop database if exists ${prefix} with (force)`))
    },
  }
  return ground
}

/** The one view of the people's topic under these documents. */
export function viewOf(documents: readonly PolicyDocument[], topic: string): ViewPlan {
  const view = compile(documents).plan?.forTopic(topic, { compacted: false })?.views[0]
  if (view === undefined) throw new Error('the stored documents do not compile to a view of the topic')
  return view
}

export const lying = ({ partition, offset, timestamp, key, value, headers = {} }: TopicRecord): LyingRecord => ({
  partition,
  offset: BigInt(offset),
  timestamp: Number(timestamp),
  key,
  value,
  headers: Object.entries(headers).flatMap(([name, one]) =>
    (Array.isArray(one) ? one : [one]).map(part => [name, part === undefined ? null : Buffer.from(part)] as const),
  ),
})

async function lettersOf({ kafka, deadLetterTopic, topic }: Ground): Promise<ReadonlySet<string>> {
  const admin = kafka.admin()
  await admin.connect()
  const there = (await admin.listTopics().finally(() => admin.disconnect())).includes(deadLetterTopic)
  if (!there) return new Set()
  const letters = await readTopic(kafka, deadLetterTopic)
  return new Set(
    letters
      .filter(({ headers }) => String(headers?.['scrim.topic']) === topic)
      .map(({ headers }) =>
        placeOf({
          partition: Number(String(headers?.['scrim.partition'])),
          offset: BigInt(String(headers?.['scrim.offset'])),
        }),
      ),
  )
}
