import { expect, test } from 'vitest'
import { Assignment, type AssignmentOptions } from '../../../src/adapters/kafka/assignment.ts'
import { codecs } from '../../../src/adapters/kafka/codecs.ts'
import type { Flow, Piece } from '../../../src/adapters/kafka/flow.ts'
import type { ConsumerGroup } from '../../../src/adapters/kafka/overrides/internals.ts'
import { createPlaces } from '../../../src/adapters/kafka/places.ts'
import { Scratch, writeRecordBatch } from '../../../src/adapters/kafka/wire/record-batch.ts'
import { endOf } from '../../../src/adapters/kafka/wire/whole-batches.ts'
import { batchOfLines } from '../../../src/pipeline/record-line.ts'
import type { FetchedBatch } from '../../../src/services/ports/stream.ts'
import { createQuietLog } from '../../support/quiet-log.ts'
import { until } from '../../support/stack/until.ts'

/** One record as it is fetched. */
function pieceAt(offset: bigint): Piece {
  const raw = batchOfLines([{ topic: 't', key: null, value: { id: 1, fill: 'x'.repeat(1_000) } }])
  const records = writeRecordBatch(raw, 0, 1, { producerId: 1n, epoch: 0 }, 0, codecs.none, new Scratch())
  records.writeBigInt64BE(offset, 0)
  return { records, aborted: [], offset, end: endOf(records, offset) }
}

const groupOf = (topics: Readonly<Record<string, number>>): ConsumerGroup =>
  ({
    assigned: () =>
      Object.entries(topics).map(([topic, count]) => ({
        topic,
        partitions: Array.from({ length: count }, (_, n) => n),
      })),
    cluster: { findTopicPartitionMetadata: () => [{}] },
    offsetManager: { commitOffsets: async () => {} },
  }) as unknown as ConsumerGroup

function assignmentOf(topics: Readonly<Record<string, number>>, more: Partial<AssignmentOptions> = {}) {
  const seen: string[] = []
  const refusal = Promise.withResolvers<void>()
  const assignment = new Assignment({
    group: groupOf(topics),
    sessionTimeoutMs: 1e9,
    limits: { records: 10, bytes: 1e6 },
    places: createPlaces({ count: 2, asideBytes: 1e6, patienceMs: 10 }),
    facts: async () => ({ compacted: false }),
    onBatch: async (batch: FetchedBatch) => {
      seen.push(`${batch.raw.topic}/${batch.raw.partition}@${batch.raw.offsets[0]}`)
      if (batch.raw.topic === 'refused') await refusal.promise
      await batch.commit(batch.nextOffset)
    },
    onStuck: () => {},
    onEnded: () => {},
    onFailure: error => {
      throw error
    },
    log: createQuietLog(),
    ...more,
  })
  const push = (flow: Flow, offset: bigint): void => {
    flow.startAt(offset)
    flow.push(pieceAt(offset))
    assignment.work(flow)
  }
  const flows = [...assignment.flows.values()]
  for (const flow of flows) push(flow, 0n)
  const flowOf = (id: string): Flow => assignment.flows.get(id) as Flow
  return { assignment, seen, flows, flowOf, push, heal: refusal.resolve }
}

test('partitions that wait for something outside take no place from those that can work', async () => {
  const { assignment, seen, flowOf, push, heal } = assignmentOf({ refused: 5, good: 1 })
  await until('the good one', () => seen.includes('good/0@0'))
  push(flowOf('good/0'), 1n)
  await until('the good one to go on', () => seen.includes('good/0@1'))
  expect(flowOf('refused/0').settled).toBe(0n)
  heal()
  await until('all to go on', () => [...assignment.flows.values()].every(({ isIdle }) => isIdle))
  expect([...assignment.flows.values()].map(({ settled, isAside }) => ({ settled, isAside }))).toEqual(
    ['refused', 'refused', 'refused', 'refused', 'refused', 'good'].map(topic => ({
      settled: topic === 'good' ? 2n : 1n,
      isAside: false,
    })),
  )
})

test('a partition that waits keeps its one batch: what was fetched behind it is given back, and fetched again', async () => {
  const { seen, flowOf, push, heal } = assignmentOf({ refused: 1 })
  const flow = flowOf('refused/0')
  push(flow, 1n)
  push(flow, 2n)
  expect(flow).toMatchObject({ position: 3n })
  await until('it to step aside', () => flow.isAside)
  expect(flow).toMatchObject({ position: 1n, bytes: pieceAt(0n).records.length })
  heal()
  await until('it to go on', () => flow.isIdle)
  expect(seen).toEqual(['refused/0@0'])
  expect(flow).toMatchObject({ settled: 1n, bytes: 0 })
})

test('what stepped aside is bounded: with no room the others keep their places, and nothing more is begun', async () => {
  const room = pieceAt(0n).records.length
  const { seen, flows, heal } = assignmentOf(
    { refused: 4 },
    { places: createPlaces({ count: 2, asideBytes: room, patienceMs: 10 }) },
  )
  await until('one aside and two in their places', () => seen.length === 3)
  expect(flows.filter(({ isAside }) => isAside)).toHaveLength(1)
  heal()
  await until('all to go on', () => flows.every(({ settled, isIdle }) => isIdle && settled === 1n))
  expect(seen).toHaveLength(4)
})

test('of a piece with a damaged batch all before it goes on, and the partition is held exactly there', async () => {
  const stuck: unknown[] = []
  const { assignment, flowOf, seen } = assignmentOf(
    { good: 1 },
    { onStuck: ({ topic, partition }, offset, code) => void stuck.push({ topic, partition, offset, code }) },
  )
  const flow = flowOf('good/0')
  await until('the first', () => flow.isIdle)
  const bad = pieceAt(3n).records
  bad.writeInt16BE(4, 21) // zstd, which it is not
  const records = Buffer.concat([pieceAt(1n).records, pieceAt(2n).records, bad, pieceAt(4n).records])
  flow.push({ records, aborted: [], offset: 1n, end: endOf(records, 1n) })
  assignment.work(flow)
  await until('the hold', () => stuck.length > 0)
  expect(stuck).toEqual([{ topic: 'good', partition: 0, offset: 3n, code: 'KAFKA_RECORDS_UNREADABLE' }])
  expect(seen).toEqual(['good/0@0', 'good/0@1'])
  expect(flow).toMatchObject({ settled: 3n, isHeld: true })
})

test.each([1, 2, 3, 4, 5])('what is fetched %i microtasks after the queue was found empty is taken up', async n => {
  const { assignment, seen, flowOf, push } = assignmentOf({ ok: 1 })
  const flow = flowOf('ok/0')
  const take = flow.take.bind(flow)
  let isFirst = true
  flow.take = () => {
    const piece = take()
    if (piece === undefined && isFirst) {
      isFirst = false
      // As where the answers to a commit and to a fetch come in one turn of the event loop.
      void (async () => {
        for (let i = 0; i < n; i++) await null
        push(flow, 1n)
      })()
    }
    return piece
  }
  await until('both records', () => seen.length === 2)
  expect(seen).toEqual(['ok/0@0', 'ok/0@1'])
  await until('rest', () => flow.isIdle)
  assignment.lose()
})
