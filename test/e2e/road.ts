import type pg from 'pg'
import { afterAll, beforeAll } from 'vitest'
import { connect } from '../../compose/demo/databases.ts'
import type { Releasers } from '../../compose/demo/road.ts'
import type { Tail } from '../../compose/demo/tail.ts'
import { type Direction, type RoadOptions, type RunningRoad, startRoad } from '../support/proof/road.ts'
import type { StackAddresses } from '../support/stack/global-setup.ts'
import { kafkaClient } from '../support/stack/kafka-clients.ts'
import { freshDatabase } from '../support/stack/require-stack.ts'
import { until } from '../support/stack/until.ts'

/** A road with what a test looks at it by. */
export interface TestRoad extends RunningRoad {
  readonly source: pg.Client
  readonly target: pg.Client
  /** Scrim's own database. */
  readonly own: pg.Client
  readonly tail: Tail
}

/**
 * Starts Scrim and both connectors of a direction on the shared stack, with databases of its own, before the tests of a
 * `describe`; ends them after. `prepare` fills the source before the snapshot.
 */
export function useRoad(
  stack: StackAddresses,
  direction: Direction,
  prepare: RoadOptions['prepare'] = async () => {},
): () => TestRoad {
  const databases = {
    warehouse: freshDatabase(stack.postgres).name,
    citizen: freshDatabase(stack.postgres).name,
    scrim: freshDatabase(stack.postgres).name,
  }
  const releasers: Releasers = []
  let road: TestRoad | undefined

  beforeAll(async () => {
    releasers.push(() => deleteTopics(stack.brokers, direction))
    const running = await startRoad(stack, { databases, direction, prepare }, releasers)
    const open = async (url: string) => {
      const client = await connect(url)
      releasers.push(() => client.end())
      return client
    }
    const { urls } = running
    const [source, target, own] = [await open(urls.source), await open(urls.target), await open(urls.own)]
    road = { ...running, source, target, own, tail: await running.follow() }
  })
  afterAll(async () => {
    for (const release of releasers.reverse()) await release()
  })
  return () => {
    if (!road) throw new Error('the road is not there yet: ask for it inside a test')
    return road
  }
}

/** The topics have the names of the documents, so the next road on the same broker would begin with the records of this one. */
async function deleteTopics(brokers: string, { rawTopics }: Direction): Promise<void> {
  const admin = kafkaClient(brokers).admin()
  await admin.connect()
  try {
    const named = new Set(rawTopics.flatMap(topic => [topic, `${topic}.masked`]))
    const left = async () => (await admin.listTopics()).filter(topic => named.has(topic))
    const topics = await left()
    if (topics.length > 0) await admin.deleteTopics({ topics })
    await until('the topics to go', async () => (await left()).length === 0)
  } finally {
    await admin.disconnect()
  }
}
