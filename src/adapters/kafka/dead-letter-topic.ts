import { ScrimError } from '../../errors.ts'
import { layOut } from '../../pipeline/batch.ts'
import { encodeHeaders, type Header } from '../../pipeline/headers.ts'
import type { DeadLetter } from '../../services/ports/dead-letters.ts'
import type { Log } from '../../services/ports/log.ts'
import type { KafkaClient } from './client.ts'
import { checksum, type CodecName } from './codecs.ts'
import { kafkaErrorType } from './kafka-error.ts'
import { createRecordWriter } from './partition-writer.ts'
import type { Records } from './wire/record-batch.ts'

/** Where a letter lies. */
export interface LetterPlace {
  readonly partition: number
  readonly offset: bigint
}

export interface DeadLetterTopicOptions {
  readonly client: KafkaClient
  readonly topic: string
  readonly compression: CodecName
  /** For a topic that has to be made. */
  readonly partitions?: number
  readonly replicas?: number
  /** After so long the topic counts as refusing. */
  readonly patienceMs?: number
  readonly log: Log
  readonly now?: () => number
}

export interface DeadLetterTopic {
  /** Resolves when all in-sync replicas have the letters, with the place of each in their order. Rejects with DEAD_LETTER_REFUSED. */
  readonly put: (letters: readonly DeadLetter[]) => Promise<readonly LetterPlace[]>
  readonly close: () => Promise<void>
}

/** Writes sealed records, with headers of names and numbers that say what they are. */
export function createDeadLetterTopic({
  client,
  topic,
  compression,
  partitions = 1,
  replicas = -1,
  patienceMs = 10_000,
  log,
  now = Date.now,
}: DeadLetterTopicOptions): DeadLetterTopic {
  const writer = createRecordWriter({ client, compression, log, patienceMs })
  let count: Promise<number> | null = null

  async function partitionCount(): Promise<number> {
    return client.admin(async admin => {
      try {
        const configEntries = [
          { name: 'cleanup.policy', value: 'delete' },
          // A letter that is deleted before somebody has looked at it is a lost record.
          { name: 'retention.ms', value: '-1' },
          { name: 'retention.bytes', value: '-1' },
          { name: 'message.timestamp.type', value: 'CreateTime' },
        ]
        await admin.createTopics({
          topics: [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }],
          waitForLeaders: true,
        })
      } catch (error) {
        // Not allowed to make one is no matter where it is there.
        if (!kafkaErrorType(error)?.endsWith('AUTHORIZATION_FAILED')) throw error
      }
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      return topics[0]?.partitions.length ?? 1
    })
  }

  return {
    close: writer.close,
    put: async letters => {
      try {
        count ??= partitionCount()
        const of = await count
        const places: LetterPlace[] = new Array(letters.length)
        const byPartition = Map.groupBy(letters.keys(), n => {
          const letter = letters[n] as DeadLetter
          // All letters of a raw partition in one, in their order.
          return checksum(Buffer.from(`${letter.topic}/${letter.partition}`)) % of
        })
        const giveUpAt = performance.now() + patienceMs
        for (const [partition, indexes] of byPartition) {
          const records = recordsOf(
            indexes.map(n => letters[n] as DeadLetter),
            now(),
          )
          const offsets = await writer.write(topic, partition, records, () => performance.now() < giveUpAt)
          indexes.forEach((n, i) => {
            places[n] = { partition, offset: offsets[i] as bigint }
          })
        }
        return places
      } catch (error) {
        count = null
        if (!(error instanceof ScrimError)) throw error
        log.warn({ topic, code: error.code }, 'dead letters not written')
        throw new ScrimError('DEAD_LETTER_REFUSED', { topic })
      }
    },
  }
}

function recordsOf(letters: readonly DeadLetter[], timestamp: number): Records {
  const parts = letters.flatMap(letter => [
    Buffer.from(`${letter.topic}/${letter.partition}/${letter.offset}/${letter.views.join('+')}`),
    letter.sealed?.bytes ?? null,
    encodeHeaders(headersOf(letter)),
  ])
  return { ...layOut(parts), timestamps: new Float64Array(letters.length).fill(timestamp) }
}

/** Names and numbers only. */
function headersOf(letter: DeadLetter): Header[] {
  const facts: Record<string, string | number | bigint> = {
    'scrim.topic': letter.topic,
    'scrim.partition': letter.partition,
    'scrim.offset': letter.offset,
    'scrim.timestamp': letter.timestamp,
    'scrim.code': letter.code,
    'scrim.place': letter.path,
    'scrim.views': letter.views.join(','),
    'scrim.policy.version': letter.policyVersion,
    ...(letter.sealed === null ? {} : { 'scrim.key.id': letter.sealed.keyId, 'scrim.bucket': letter.sealed.bucket }),
  }
  return Object.entries(facts).map(([name, value]) => ({ name, value: Buffer.from(String(value)) }))
}
