import { expect, test } from 'vitest'
import { createLiveness } from '../../src/services/liveness.ts'
import type { Dependency } from '../../src/services/ports/watching.ts'

const stillMs = 90_000
const kafka = (up: boolean, since: number): Dependency => ({
  name: 'kafka',
  up,
  code: up ? null : 'KAFKA_UNAVAILABLE',
  since: new Date(since),
})
const postgres: Dependency = { name: 'postgres', up: false, code: null, since: new Date(0) }
const now = 1_000_000

const cases: [name: string, movedAt: number, dependencies: Dependency[], isAlive: boolean][] = [
  ['the loop moves', now - 500, [kafka(true, 0)], true],
  ['the loop moves, nothing was asked yet', now - 500, [], true],
  ['the loop moves while Postgres is away', now - 500, [kafka(true, 0), postgres], true],
  ['the loop stands still', now - stillMs - 1, [kafka(true, 0)], false],
  ['the loop stands still, nothing was asked yet', now - stillMs - 1, [], false],
  ['the loop stands still and Postgres is away', now - stillMs - 1, [kafka(true, 0), postgres], false],
  ['Kafka is away', now - stillMs - 1, [kafka(false, 0)], true],
  ['Kafka has just come back', now - stillMs - 1, [kafka(true, now - 1000)], true],
  ['Kafka came back long ago', now - stillMs * 3, [kafka(true, now - stillMs * 2)], false],
]
test.each(cases)('%s', (_name, movedAt, dependencies, isAlive) => {
  const ask = createLiveness({ movedAt: () => movedAt, dependencies: () => dependencies, stillMs, now: () => now })
  expect(ask()).toBe(isAlive)
})
