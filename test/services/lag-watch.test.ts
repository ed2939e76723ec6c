import { expect, test } from 'vitest'
import { createLagWatch, type PartitionLag } from '../../src/services/lag-watch.ts'

/** Lets the watch look once for each state of the world, and gives what it told. */
async function looks(worlds: readonly { readonly now: number; readonly lags: Readonly<Record<number, bigint>> }[]) {
  const told: (readonly PartitionLag[])[] = []
  const stop = new AbortController()
  let at = 0
  const world = () => worlds[Math.min(at, worlds.length - 1)] as (typeof worlds)[number]
  const watch = createLagWatch({
    source: {
      assigned: () =>
        Object.entries(world().lags).map(([partition, lag]) => ({
          topic: 't',
          partition: Number(partition),
          position: 10n,
          highWatermark: 10n + lag,
        })),
    },
    held: () => [],
    metrics: {
      lag: partitions => {
        told.push(partitions)
      },
      held: () => {
        at++
        if (at === worlds.length) stop.abort()
      },
    },
    intervalMs: 0,
    now: () => world().now,
  })
  await watch.run(stop.signal)
  return told.map(partitions => partitions.map(({ partition, messages, seconds }) => [partition, messages, seconds]))
}

test('seconds count from the last time at the end', async () => {
  expect(
    await looks([
      { now: 0, lags: { 0: 0n } },
      { now: 4000, lags: { 0: 7n } },
      { now: 9000, lags: { 0: 9n } },
      { now: 9500, lags: { 0: 0n } },
    ]),
  ).toEqual([[[0, 0, 0]], [[0, 7, 4]], [[0, 9, 9]], [[0, 0, 0]]])
})

test('a partition that is no longer ours is forgotten: when it comes back its seconds begin anew', async () => {
  expect(
    await looks([
      { now: 0, lags: { 0: 3n, 1: 1n } },
      { now: 5000, lags: { 1: 1n } },
      { now: 60_000, lags: { 0: 3n, 1: 1n } },
    ]),
  ).toEqual([
    [
      [0, 3, 0],
      [1, 1, 0],
    ],
    [[1, 1, 5]],
    [
      [0, 3, 0],
      [1, 1, 60],
    ],
  ])
})
