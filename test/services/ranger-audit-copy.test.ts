import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import type { RangerEvent } from '../../src/services/ports/ranger-audit.ts'
import { createRangerAuditCopy } from '../../src/services/ranger-audit-copy.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { anEvent } from '../support/ranger-events.ts'

let isAway: boolean
let written: number[]
let sizes: number[]
let told: [waiting: number, newlyLost: number][]
let stop: AbortController

beforeEach(() => {
  isAway = false
  written = []
  sizes = []
  told = []
  stop = new AbortController()
})
afterEach(() => stop.abort())

const make = (maxEvents = 1_000) =>
  createRangerAuditCopy({
    sink: {
      write: async events => {
        if (isAway) throw new ScrimError('RANGER_AUDIT_UNAVAILABLE', { path: 'ENOSPC' })
        sizes.push(events.length)
        written.push(...events.map(({ seq_num }) => seq_num))
      },
    },
    metrics: { rangerAudit: (waiting, newlyLost) => void told.push([waiting, newlyLost]) },
    log: createQuietLog(),
    maxEvents,
    longestPauseMs: 2,
  })
const some = (from: number, count: number): RangerEvent[] => Array.from({ length: count }, (_, n) => anEvent(from + n))
const numbers = (from: number, count: number): number[] => some(from, count).map(({ seq_num }) => seq_num)

describe('the copy of the audit', () => {
  test('is written in order, in pieces, by the loop and not by who tells', async () => {
    const copy = make(2_000)
    await copy.write(some(0, 1_200))
    expect(written).toEqual([])
    const run = copy.run(stop.signal)
    await vi.waitFor(() => expect(written).toHaveLength(1_200))
    await copy.write(some(1_200, 1))
    await vi.waitFor(() => expect(written).toEqual(numbers(0, 1_201)))
    expect(sizes).toEqual([500, 500, 200, 1])
    expect(told.at(-1)).toEqual([0, 0])
    stop.abort()
    await run
  })

  test('a sink that is away stops nobody; later all is written', async () => {
    isAway = true
    const copy = make()
    const run = copy.run(stop.signal)
    await copy.write(some(0, 3))
    await vi.waitFor(() => expect(copy.notices()[0]).toMatch(/^RANGER_AUDIT_UNAVAILABLE: .*; 3 wait, 0 are lost$/))
    isAway = false
    await vi.waitFor(() => expect(written).toEqual([0, 1, 2]))
    expect(copy.notices()).toEqual([])
    stop.abort()
    await run
  })

  test('what does not fit is lost, counted and told for good', async () => {
    isAway = true
    const copy = make(10)
    await copy.write(some(0, 8))
    await copy.write(some(8, 5))
    await copy.write(some(13, 5))
    expect(told).toEqual([
      [8, 0],
      [10, 3],
      [10, 5],
    ])
    isAway = false
    const run = copy.run(stop.signal)
    await vi.waitFor(() => expect(written).toEqual(numbers(0, 10)))
    expect(copy.notices()).toEqual(['RANGER_AUDIT_UNAVAILABLE: the copy of audit events has gaps; 0 wait, 8 are lost'])
    stop.abort()
    await run
  })

  test('a stop writes what is told until its end, and does not wait for a sink that is away', async () => {
    const copy = make()
    stop.abort()
    await copy.run(stop.signal)
    await copy.write(some(0, 700))
    await copy.finish()
    expect(written).toHaveLength(700)
    isAway = true
    await copy.write(some(700, 1))
    await copy.finish()
    expect(written).toHaveLength(700)
  })

  test('an error that is none of ours is a bug', async () => {
    const copy = createRangerAuditCopy({
      sink: { write: () => Promise.reject(new TypeError('x')) },
      metrics: { rangerAudit: () => undefined },
      log: createQuietLog(),
    })
    await copy.write(some(0, 1))
    await expect(copy.run(stop.signal)).rejects.toThrow(TypeError)
  })
})
