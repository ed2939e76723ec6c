import { expect, test } from 'vitest'
import type { ErrorCode } from '../../src/errors.ts'
import { createHolds } from '../../src/services/holds.ts'

const place = { topic: 't', partition: 0 }
const at = (offset: number, code: ErrorCode = 'QUARANTINE_FULL', since = 0) => ({
  ...place,
  offset: String(offset),
  code,
  path: '',
  since: new Date(since),
})

function world() {
  const calls: string[] = []
  const holds = createHolds({
    hold: (_topic, _partition, offset) => void calls.push(`hold ${offset}`),
    release: () => void calls.push('release'),
  })
  return { holds, calls, codes: () => holds.list().map(({ code }) => code) }
}

test('a hold ends when a batch is settled past it, not when one is settled up to it', () => {
  const { holds, codes } = world()
  holds.add(at(7))
  holds.settled(place, 7n)
  expect(codes()).toEqual(['QUARANTINE_FULL'])
  holds.settled({ topic: 't', partition: 1 }, 9n)
  expect(codes()).toEqual(['QUARANTINE_FULL'])
  holds.settled(place, 8n)
  expect(codes()).toEqual([])
})

test('all that is held or waits ends with the assignment, and nothing is released', () => {
  const { holds, calls, codes } = world()
  holds.add(at(7))
  holds.waits({ ...at(3, 'DEAD_LETTER_REFUSED'), partition: 1 })
  holds.endAll()
  expect(codes()).toEqual([])
  expect(calls).toEqual(['hold 7'])
})

test('what a rebalance has brought back has been standing since before', () => {
  const { holds } = world()
  holds.add(at(7, 'QUARANTINE_FULL', 1_000))
  holds.endAll()
  holds.add(at(7, 'QUARANTINE_FULL', 2_000))
  expect(holds.list()).toEqual([at(7, 'QUARANTINE_FULL', 1_000)])
  holds.endAll()
  holds.add(at(8, 'QUARANTINE_FULL', 3_000))
  expect(holds.list()).toEqual([at(8, 'QUARANTINE_FULL', 3_000)])
})

test('a partition that waited and is held now is told once', () => {
  const { holds, codes } = world()
  holds.waits(at(7, 'POSTGRES_UNAVAILABLE'))
  holds.add(at(7))
  expect(codes()).toEqual(['QUARANTINE_FULL'])
})
