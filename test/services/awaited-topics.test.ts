import { expect, test, vi } from 'vitest'
import { compile } from '../../src/engine.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { createAwaitedTopics } from '../../src/services/awaited-topics.ts'
import { aPolicy } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'

const planOf = (...topics: string[]): Plan => {
  const { plan } = compile([{ ...aPolicy('a'), resources: { topic: topics } }])
  if (plan === null) throw new Error('no plan')
  return plan
}

interface World {
  readonly plan: Plan | null
  readonly topics: readonly string[] | null
}

/** Lets it look at each state of the world, and gives what it said of each, to readiness and to the log. */
async function looks(...worlds: World[]) {
  const log = createQuietLog()
  const stop = new AbortController()
  let world: World = { plan: null, topics: null }
  let asked = 0
  const awaited = createAwaitedTopics({
    topics: () => {
      asked++
      return world.topics
    },
    plans: { current: () => world.plan },
    log,
    intervalMs: 0,
  })
  const running = awaited.run(stop.signal)
  const told: unknown[] = []
  for (world of worlds) {
    const before = asked
    // At the second question what the first one gave has been told.
    await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 1), { interval: 1 })
    told.push([awaited.list(), log.lines.splice(0).flatMap(({ fields }) => fields.topics)])
  }
  stop.abort()
  await running
  return told
}

test('names what nothing is read of, and logs each once, unless it was there in between', async () => {
  const plan = planOf('a', 'b', 'cdc.*')
  expect(
    await looks(
      { plan, topics: [] },
      { plan, topics: ['b'] },
      { plan, topics: ['b', 'cdc.x'] },
      { plan, topics: ['a', 'cdc.x'] },
    ),
  ).toEqual([
    [
      ['a', 'b', 'cdc.*'],
      ['a', 'b', 'cdc.*'],
    ],
    [['a', 'cdc.*'], []],
    [['a'], []],
    [['b'], ['b']],
  ])
})

test('says nothing as long as there is no plan or Kafka was not asked, and does not begin anew afterwards', async () => {
  const [plan, next] = [planOf('a'), planOf('a', 'c')]
  expect(
    await looks(
      { plan: null, topics: [] },
      { plan, topics: null },
      { plan, topics: [] },
      { plan: next, topics: null },
      { plan: next, topics: [] },
    ),
  ).toEqual([
    [null, []],
    [null, []],
    [['a'], ['a']],
    [null, []],
    [['a', 'c'], ['c']],
  ])
})

test('the log shows the first of many, and how many there are', async () => {
  const log = createQuietLog()
  const plan = planOf(...Array.from({ length: 70 }, (_, n) => `t${n}`))
  const stop = new AbortController()
  const awaited = createAwaitedTopics({ topics: () => [], plans: { current: () => plan }, log })
  const running = awaited.run(stop.signal)
  stop.abort()
  await running
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { code: 'KAFKA_TOPIC_MISSING', count: 70 } }])
  expect(log.lines[0]?.fields.topics).toHaveLength(50)
})
