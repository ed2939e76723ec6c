import type { RawBatch } from '../../pipeline/batch.ts'
import type { TopicFacts } from '../../pipeline/plan.ts'

/** The newest raw records of topics, for looking only: no group, no offset is touched. */
export interface RawTail {
  /** The topics that there are; fails as dependency. */
  readonly topics: () => Promise<readonly string[]>
  readonly facts: (topic: string) => Promise<TopicFacts>
  /**
   * Hands over the last `count` committed records of a topic, batch by batch, each before the next is fetched; the share
   * of a partition that has fewer goes to the others. Ends early at the signal. How many partitions the topic has.
   */
  readonly read: (
    topic: string,
    count: number,
    visit: (batch: RawBatch) => Promise<void>,
    signal: AbortSignal,
  ) => Promise<number>
}
