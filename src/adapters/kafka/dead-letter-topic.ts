import type { Admin } from 'kafkajs'
import { ScrimError } from '../../errors.ts'
import { layOut } from '../../pipeline/batch.ts'
import { encodeHeaders, type Header } from '../../pipeline/headers.ts'
import type { DeadLetter } from '../../services/ports/dead-letters.ts'
import type { Log } from '../../services/ports/log.ts'
import type { KafkaClient } from './client.ts'
import { checksum, type CodecName } from './codecs.ts'
import { alterTopic, describeTopic } from './described-topic.ts'
import { isRefusal, kafkaErrorType } from './kafka-error.ts'
import { createRecordWriter } from './partition-writer.ts'
import type { Records } from './wire/record-batch.ts'

/**
 * As large as a letter may be: twice what one fetch asks a broker for, a third of what a broker takes in one request
 * (socket.request.max.bytes). A raw record may well be larger than its topic's own limit, which counts packed bytes.
 */
const MAX_LETTER_BYTES = 32 * 1024 * 1024
const MAX_BYTES = 'max.message.bytes'

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
  let isTold = false

  async function partitionCount(): Promise<number> {
    return client.admin(async admin => {
      try {
        const configEntries = [
          { name: 'cleanup.policy', value: 'delete' },
          // A letter that is deleted before somebody has looked at it is a lost record.
          { name: 'retention.ms', value: '-1' },
          { name: 'retention.bytes', value: '-1' },
          { name: 'message.timestamp.type', value: 'CreateTime' },
          { name: MAX_BYTES, value: String(MAX_LETTER_BYTES) },
        ]
        const isMade = await admin.createTopics({
          topics: [{ topic, numPartitions: partitions, replicationFactor: replicas, configEntries }],
          waitForLeaders: true,
        })
        if (!isMade) await raiseSize(admin)
      } catch (error) {
        // Not allowed to make one is no matter where it is there.
        if (!kafkaErrorType(error)?.endsWith('AUTHORIZATION_FAILED')) throw error
        await raiseSize(admin)
      }
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      return topics[0]?.partitions.length ?? 1
    })
  }

  /** A topic that is there already takes about 1 MB by default. Where it may not be changed only a letter that is larger waits. */
  async function raiseSize(admin: Admin): Promise<void> {
    let size: string | undefined
    try {
      const described = await describeTopic(admin, topic)
      size = described?.settings.get(MAX_BYTES)?.value
      if (described === null || Number(size) >= MAX_LETTER_BYTES) return
      await alterTopic(admin, topic, described, new Map([[MAX_BYTES, String(MAX_LETTER_BYTES)]]))
      log.warn({ topic, settings: [`${MAX_BYTES}=${MAX_LETTER_BYTES}`] }, 'dead-letter topic altered')
    } catch (error) {
      if (!isRefusal(error)) throw error
      if (!isTold)
        log.warn({ topic, setting: MAX_BYTES, size }, 'dead-letter topic may take too small letters; not raised')
      isTold = true
    }
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
          // Old brokers may know that they have a record, and not where: such a letter could not be opened.
          if (offsets.some(offset => offset < 0n)) throw new ScrimError('KAFKA_UNAVAILABLE')
          indexes.forEach((n, i) => {
            places[n] = { partition, offset: offsets[i] as bigint }
          })
        }
        return places
      } catch (error) {
        count = null
        if (!(error instanceof ScrimError)) throw error
        log.warn({ topic, code: error.code }, 'dead letters not written')
        throw new ScrimError('DEAD_LETTER_REFUSED', { topic, path: why(error, letters) })
      }
    },
  }
}

/** Codes and numbers only. */
function why({ code }: ScrimError, letters: readonly DeadLetter[]): string {
  const largest = Math.max(0, ...letters.map(({ sealed }) => sealed?.bytes.length ?? 0))
  return code === 'RECORD_TOO_LARGE' ? `${code}: a letter of ${largest} bytes` : code
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
