import { connect } from '../../../compose/demo/databases.ts'
import { tables } from '../../../compose/demo/expected.ts'
import type { Releasers, Road } from '../../../compose/demo/road.ts'
import type { Stack, StackOptions } from '../../../compose/stack/stack.ts'
import { hasFailed, restartFailed } from '../stack/connectors.ts'
import { kafkaClient } from '../stack/kafka-clients.ts'
import { until } from '../stack/until.ts'
import { roundIn, startChanging } from './changing.ts'
import { type Outage, throughOutage } from './outages.ts'
import { startRoad, warehouseToCitizen } from './road.ts'
import type { Readiness } from './scrim.ts'

const databases = { warehouse: 'smart_warehouse', citizen: 'smart_citizen', scrim: 'scrim' }

/** What a busy road needs; nobody else may use it. */
export const busyStack: StackOptions = {
  brokers: 1,
  connect: true,
  secure: false,
  databases: Object.values(databases),
  // A worker that was killed leaves members in its sinks' groups: the new ones wait until these have not been heard of for so
  // long (45 s by default).
  connectProps: { 'consumer.session.timeout.ms': 10_000 },
}

/** The road from smart_warehouse to smart_citizen, whose source changes all the time. */
export interface BusyRoad {
  /** Changes made in the source. */
  readonly made: () => number
  /** Takes a part away; answers which connectors had failed then, and were restarted as an operator would do it. */
  through(outage: Outage, lastsMs: number): Promise<readonly ('source' | 'sink')[]>
  /** Stops the changes; answers all that is there to be verified. */
  settle(): Promise<Omit<Road, 'stack' | 'firstRowMs'>>
}

/** Starts it on a stack that it has for itself. What it began is in `releasers`, also when it throws. */
export async function startBusyRoad(stack: Stack, releasers: Releasers): Promise<BusyRoad> {
  const { brokers, connectUrl = '', postgres } = stack
  const options = { direction: warehouseToCitizen, databases, prepare: async () => {} }
  const road = await startRoad({ brokers, connectUrl, postgres }, options, releasers)
  const { service, connectors, urls } = road
  const changing = startChanging(urls.source)
  releasers.push(() => changing.stop())
  const ready = async () => (await (await fetch(`${service.url}/health/ready`)).json()) as Readiness
  const open = async (url: string) => {
    const client = await connect(url)
    releasers.push(() => client.end().catch(() => {}))
    return client
  }

  /** Restarts what has failed, once readiness has named it. */
  async function mend(): Promise<readonly ('source' | 'sink')[]> {
    const failed: ('source' | 'sink')[] = []
    for (const kind of ['source', 'sink'] as const) {
      const name = connectors[kind]
      if (!(await hasFailed(connectUrl, name))) continue
      const isNamed = async () => (await ready()).notices.some(notice => notice.includes(name))
      // It may be the state from before our last restart, which is about to go.
      await until(`readiness to name ${kind}`, async () => (await isNamed()) || !(await hasFailed(connectUrl, name)))
      await restartFailed(connectUrl, name)
      failed.push(kind)
    }
    return failed
  }

  return {
    made: changing.made,
    through: async (outage, lastsMs) => {
      const restarted = new Set<'source' | 'sink'>()
      const working = async () => {
        const [source, target] = [await open(urls.source), await open(urls.target)]
        const now = await roundIn(source, 'golden_records')
        await until(
          'a change of now to be in the target',
          async () => {
            for (const kind of await mend()) restarted.add(kind)
            return (await roundIn(target, 'profile_data')) > now
          },
          90_000,
        )
      }
      // The source can be written to while Kafka or Connect is away.
      const meanwhile = async () => {
        const before = changing.made()
        await until('changes in the meantime', () => changing.made() > before + 10)
      }
      const isSourceAway = outage.startsWith('postgres')
      await throughOutage({ stack, outage, lastsMs, ready, working, ...(isSourceAway ? {} : { meanwhile }) })
      await until('readiness to have nothing to say', async () => (await ready()).notices.length === 0)
      return [...restarted]
    },
    settle: async () => {
      await changing.stop()
      const [source, target, own] = [await open(urls.source), await open(urls.target), await open(urls.own)]
      const tail = await road.follow()
      const admin = kafkaClient(brokers).admin()
      await admin.connect()
      releasers.push(() => admin.disconnect())
      await until(
        'the raw topics to be read',
        async () => {
          for (const { rawTopic } of tables()) {
            const ends = await admin.fetchTopicOffsets(rawTopic)
            if (tail.records(rawTopic).length < ends.reduce((sum, { high }) => sum + Number(high), 0)) return false
          }
          return true
        },
        120_000,
      )
      return { service, source, target, own, tail }
    },
  }
}
