import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import {
  createInstances,
  type InstanceCounts,
  type Instances,
  type InstancesOptions,
} from '../../src/services/instances.ts'
import type { PoliciesStatus } from '../../src/services/plan-in-force.ts'
import { createMemoryInstanceStore } from '../support/memory-instance-store.ts'
import {
  createMemoryPolicyStore,
  createMemoryPolicyTable,
  type MemoryPolicyTable,
} from '../support/memory-policy-store.ts'
import { aPolicy } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'

let table: MemoryPolicyTable
let store: ReturnType<typeof createMemoryInstanceStore>
let stop: AbortController
let running: Promise<void>[]
beforeEach(async () => {
  table = createMemoryPolicyTable()
  store = createMemoryInstanceStore(table)
  stop = new AbortController()
  running = []
  const draft = { documents: [aPolicy('a')], author: 'a', approver: null, reason: '', patch: [], filesDigest: null }
  for (const base of [0, 1]) await createMemoryPolicyStore(table).add(base, { ...draft, origin: 'rest' })
})
afterEach(async () => {
  stop.abort()
  await Promise.all(running)
})

interface World {
  readonly id: string
  readonly instances: Instances
  readonly told: InstanceCounts[]
  /** Another version comes in force. */
  readonly take: (version: number) => void
  readonly stop: () => Promise<void>
}

function start(version: number | null, options: Partial<InstancesOptions> = {}): World {
  const id = randomUUID()
  const told: InstanceCounts[] = []
  const listeners: (() => void)[] = []
  let status: PoliciesStatus = { version, loadedFrom: 'store', code: null, problems: [], files: null }
  const instances = createInstances({
    store,
    policies: { status: () => status, onChange: listener => void listeners.push(listener) },
    self: { id, clientId: 'scrim', host: `host-${version}`, startedAt: new Date() },
    metrics: { instances: counts => void told.push(counts) },
    log: createQuietLog(),
    beatMs: 600_000,
    silentAfterMs: 15_000,
    ...options,
  })
  const own = new AbortController()
  const ended = instances.run(AbortSignal.any([stop.signal, own.signal]))
  running.push(ended)
  return {
    id,
    instances,
    told,
    take: next => {
      status = { ...status, version: next }
      for (const listener of listeners) listener()
    },
    stop: () => {
      own.abort()
      return ended
    },
  }
}

test('each is listed as current, behind or silent', async () => {
  const [current, behind, silent, none] = [start(2), start(1), start(2), start(null)]
  await vi.waitFor(async () => expect((await current.instances.list()).instances).toHaveLength(4))
  store.age(silent.id, 15_001)
  const { current: counts, instances } = await current.instances.list()
  expect(counts).toBe(2)
  const states = new Map(instances.map(({ id, state, isCurrent, isSelf }) => [id, [state, isCurrent, isSelf]]))
  expect(states.get(current.id)).toEqual(['current', true, true])
  expect(states.get(behind.id)).toEqual(['behind', false, false])
  expect(states.get(silent.id)).toEqual(['silent', true, false])
  expect(states.get(none.id)).toEqual(['behind', false, false])
})

test('a change is told at once, and counted', async () => {
  const one = start(1)
  await vi.waitFor(() => expect(one.instances.counts()).toEqual({ current: 0, behind: 1, silent: 0 }))
  one.take(2)
  await vi.waitFor(() => expect(one.instances.counts()).toEqual({ current: 1, behind: 0, silent: 0 }))
  expect(one.told).toHaveLength(2)
})

test('it goes on saying so', async () => {
  const one = start(2, { beatMs: 5 })
  await vi.waitFor(() => expect(one.told.length).toBeGreaterThan(3))
})

test('while the store is away nobody knows, and afterwards all is told again', async () => {
  const one = start(2, { beatMs: 5 })
  await vi.waitFor(() => expect(one.instances.counts()).not.toBeNull())
  table.isAway = true
  await vi.waitFor(() => expect(one.instances.counts()).toBeNull())
  await expect(one.instances.list()).rejects.toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
  table.isAway = false
  await vi.waitFor(() => expect(one.instances.counts()).toEqual({ current: 1, behind: 0, silent: 0 }))
})

test('who stops takes its leave', async () => {
  const [one, other] = [start(2), start(1)]
  await vi.waitFor(async () => expect((await other.instances.list()).instances).toHaveLength(2))
  await one.stop()
  expect((await other.instances.list()).instances.map(({ id }) => id)).toEqual([other.id])
})
