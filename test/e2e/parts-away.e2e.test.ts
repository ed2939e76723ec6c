import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Releasers } from '../../compose/demo/road.ts'
import { verifyRecords, verifySilence, verifyTables } from '../../compose/demo/verify.ts'
import { type BusyRoad, busyStack, startBusyRoad } from '../support/proof/busy-road.ts'
import type { Outage } from '../support/proof/outages.ts'
import { describeWithOwnStack } from '../support/stack/require-stack.ts'

const { signal } = new AbortController()

describeWithOwnStack('parts away while the warehouse changes', busyStack, stack => {
  const releasers: Releasers = []
  let road: BusyRoad
  let settled: Awaited<ReturnType<BusyRoad['settle']>>

  beforeAll(async () => {
    road = await startBusyRoad(stack(), releasers)
  })
  afterAll(async () => {
    for (const release of releasers.reverse()) await release()
  })

  // Debezium's source comes back by itself. Its sink gives a task up as soon as the target refuses one record.
  const cases: [outage: Outage, seconds: number, mayFail: 'sink'[]][] = [
    ['connect killed', 20, []],
    ['broker killed', 20, []],
    ['postgres killed', 10, ['sink']],
  ]
  test.each(cases)('%s: readiness says so, and afterwards changes arrive again', async (outage, seconds, mayFail) => {
    expect(mayFail).toEqual(expect.arrayContaining([...(await road.through(outage, seconds * 1000))]))
  })

  test('afterwards the target holds the mask of every row of the source', async () => {
    settled = await road.settle()
    const { rows } = await verifyTables(settled, signal)
    expect(rows).toBeGreaterThan(50)
  })

  test('every raw record has its masked record, and none is unmasked', async () => {
    const { rows } = await verifyRecords(settled, signal)
    expect(rows).toBeGreaterThan(road.made())
  })

  test('no protected value got out', async () => {
    const { secrets } = await verifySilence(settled)
    expect(secrets).toBeGreaterThan(500)
  })

  test('Scrim was one process all the time, and ends in order', async () => {
    expect(await settled.service.stop()).toBe(0)
  })
})
