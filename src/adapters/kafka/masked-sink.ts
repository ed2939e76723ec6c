import type { Log } from '../../services/ports/log.ts'
import type { MaskedSink } from '../../services/ports/stream.ts'
import type { KafkaClient } from './client.ts'
import type { CodecName } from './codecs.ts'
import type { OutputTopics } from './output-topics.ts'
import { createRecordWriter } from './partition-writer.ts'

export interface MaskedSinkOptions {
  readonly client: KafkaClient
  readonly outputTopics: OutputTopics
  readonly compression: CodecName
  readonly log: Log
}

/** Publishes masked batches, idempotent, acknowledged by all in-sync replicas, in order per partition. */
export function createMaskedSink({
  client,
  outputTopics,
  compression,
  log,
}: MaskedSinkOptions): MaskedSink & { readonly close: () => Promise<void> } {
  const writer = createRecordWriter({ client, compression, log })
  return {
    publish: async (batch, { raw, isCurrent }) => {
      await outputTopics.ensure(raw, batch.topic)
      try {
        if (batch.count > 0) await writer.write(batch.topic, batch.partition, batch, isCurrent)
      } catch (error) {
        // It may have been deleted: the next attempt looks, and makes it again.
        outputTopics.forget(batch.topic)
        throw error
      }
    },
    close: writer.close,
  }
}
