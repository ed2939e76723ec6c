import { expect, test } from 'vitest'
import { Assignment } from '../../../src/adapters/kafka/assignment.ts'
import { createFetcher } from '../../../src/adapters/kafka/fetcher.ts'
import type { Flow } from '../../../src/adapters/kafka/flow.ts'
import type { ConsumerGroup } from '../../../src/adapters/kafka/overrides/internals.ts'
import { createPlaces } from '../../../src/adapters/kafka/places.ts'
import { createQuietLog } from '../../support/quiet-log.ts'

/** An assignment of one partition. */
function assignmentOf() {
  const assigned = [{ topic: 't', partitions: [0] }]
  const group = {
    assigned: () => assigned,
    filterPartitionsByNode: () => assigned,
    checkForStaleAssignment: () => {},
    cluster: { refreshMetadataIfNecessary: async () => {}, fetchTopicsOffset: async () => [] },
  } as unknown as ConsumerGroup
  const assignment = new Assignment({
    group,
    sessionTimeoutMs: 1e9,
    limits: { records: 10, bytes: 1e6 },
    places: createPlaces({ count: 1, asideBytes: 1e6 }),
    facts: async () => ({ compacted: false }),
    onBatch: async () => {},
    onStuck: () => {},
    onEnded: () => {},
    onFailure: () => {},
    log: createQuietLog(),
  })
  const flow = assignment.flows.get('t/0') as Flow
  flow.startAt(0n)
  return { assignment, flow }
}

/** How long one fetch takes that has nothing to ask for. */
async function tookMs(assignment: Assignment): Promise<number> {
  const from = performance.now()
  await createFetcher({ queueBytes: 1_000, log: createQuietLog() }).fetch(assignment, '1')
  return performance.now() - from
}

test('where the only partition is to be asked later, the loop waits as long as that, and no longer than a long poll', async () => {
  const { assignment, flow } = assignmentOf()
  flow.notBefore = performance.now() + 5_000
  expect(await tookMs(assignment)).toBeGreaterThan(400)
  flow.notBefore = performance.now() + 150
  const took = await tookMs(assignment)
  expect(took).toBeGreaterThan(100)
  expect(took).toBeLessThan(400)
})

test('where a partition waits for room, the loop looks again soon', async () => {
  const { assignment, flow } = assignmentOf()
  flow.bytes = 1_000
  expect(await tookMs(assignment)).toBeLessThan(200)
})
