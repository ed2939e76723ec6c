import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { compile, transform } from '../../src/engine.ts'
import type { Plan } from '../../src/pipeline/plan.ts'
import { createSeenSchemas, problemsAgainstSeen } from '../../src/services/seen-schemas.ts'
import { createMemorySchemaStore } from '../support/memory-schema-store.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { aKey, aString, type Field, schemaRecord } from '../support/schema-records.ts'

const topic = 'raw.people'
const fields: Field[] = [aKey(), aString('email', { default: 'secret' })]
const record = (columns: readonly Field[] = fields) => schemaRecord(topic, columns, { id: 1, email: 'secret' })

/** A plan of masks by column. */
function planOf(masks: Readonly<Record<string, object>>, name = topic): Plan {
  const maskingConditions = Object.entries(masks).map(([field, mask]) => ({ field, ...mask }))
  const { plan, problems } = compile([{ name: 'p', resources: { topic: name }, maskingPolicy: { maskingConditions } }])
  expect(problems).toEqual([])
  return plan as Plan
}
const none = { maskType: 'none' }

describe('seen schemas', () => {
  let store: ReturnType<typeof createMemorySchemaStore>
  let log: ReturnType<typeof createQuietLog>
  let stop: AbortController
  let running: Promise<void> | undefined
  let current: Plan | null

  beforeEach(() => {
    store = createMemorySchemaStore()
    log = createQuietLog()
    stop = new AbortController()
    current = null
  })
  afterEach(async () => {
    stop.abort()
    await running
  })

  const seen = (intervalMs = 2) => createSeenSchemas({ store, log, intervalMs })
  const run = (intervalMs?: number): void => {
    running = seen(intervalMs).run({ current: () => current, onChange: () => undefined }, stop.signal)
  }
  const stored = () => store.stored.map(({ part, topic: name }) => `${name} ${part}`).sort()

  test('what the plan in force meets is stored, without data', async () => {
    current = planOf({ id: none, email: { maskType: 'full' } })
    run()
    transform([record()], current)
    await vi.waitFor(() => expect(stored()).toEqual([`${topic} key`, `${topic} value`]))
    expect(store.stored.map(({ bytes }) => bytes.toString()).join()).not.toContain('secret')
  })

  test('a schema that holds its topic is stored too', async () => {
    current = planOf({ id: none })
    expect(transform([record()], current)).toMatchObject([{ outcome: 'reject' }])
    run()
    await vi.waitFor(() => expect(stored()).toContain(`${topic} value`))
  })

  test('the block met last is the one seen last', async () => {
    current = planOf({ id: none, email: { maskType: 'full' } })
    transform([record([...fields, aString('city')]), record()], current)
    run()
    await vi.waitFor(() => expect(store.stored).toHaveLength(3))
    const last = (await store.all()).find(({ part }) => part === 'value')
    expect(last?.bytes.toString()).not.toContain('city')
  })

  test('what a plan met before it was swapped is stored, and so is what is met up to the end', async () => {
    const first = planOf({ id: none, email: { maskType: 'full' } })
    current = first
    transform([record()], first)
    run(60_000) // looks once, then at the end only
    await vi.waitFor(() => expect(store.stored).toHaveLength(2))
    transform([record([...fields, aString('city')])], first)
    current = planOf({ id: none })
    stop.abort()
    await running
    expect(store.stored.some(({ bytes }) => bytes.toString().includes('city'))).toBe(true)
  })

  test('a store that is away is told once, and gets all when it is back', async () => {
    store.isAway = true
    current = planOf({ id: none, email: { maskType: 'full' } })
    transform([record()], current)
    const asked = vi.spyOn(store, 'remember')
    run()
    await vi.waitFor(() => expect(asked.mock.calls.length).toBeGreaterThan(3))
    expect(log.lines).toHaveLength(1)
    store.isAway = false
    await vi.waitFor(() => expect(stored()).toEqual([`${topic} key`, `${topic} value`]))
  })

  describe('a candidate set', () => {
    const cases: [name: string, masks: Readonly<Record<string, object>>, problems: object[]][] = [
      ['that fits has nothing against it', { id: none, email: { maskType: 'full' } }, []],
      [
        'whose mask misfits is refused',
        { id: none, email: { maskType: 'full', maskValue: 5 } },
        [{ code: 'SCHEMA_MASK_TYPE', severity: 'error', where: { topic, view: 'public', path: 'after.email' } }],
      ],
      [
        'with a lossy mask on the key is refused',
        { id: { maskType: 'full', maskValue: 5 }, email: none },
        [{ code: 'SCHEMA_KEY_MASK', severity: 'error', where: { topic, view: 'public', path: 'key.id' } }],
      ],
      [
        'that leaves a column unknown is warned',
        { id: none },
        [{ code: 'RECORD_UNKNOWN_COLUMN', severity: 'warning', where: { topic, view: 'public', path: 'after.email' } }],
      ],
    ]
    test.each(cases)('%s', async (_name, masks, problems) => {
      current = planOf({ id: none, email: { maskType: 'full' } })
      transform([record()], current)
      run()
      await vi.waitFor(() => expect(store.stored).toHaveLength(2))
      expect(await seen().check(planOf(masks), current)).toMatchObject(problems)
      expect(problemsAgainstSeen(planOf(masks), await store.all())).toHaveLength(problems.length)
    })

    test('of another topic is not held against it', async () => {
      current = planOf({ id: none, email: { maskType: 'full' } })
      transform([record()], current)
      run()
      await vi.waitFor(() => expect(store.stored).toHaveLength(2))
      expect(await seen().check(planOf({ email: { maskType: 'full', maskValue: 5 } }, 'raw.other'), null)).toEqual([])
    })

    test('is not refused for what stands against the set in force as well', async () => {
      const misfit = planOf({ id: none, email: { maskType: 'full', maskValue: 5 } })
      transform([record()], misfit)
      current = misfit
      run()
      await vi.waitFor(() => expect(store.stored.length).toBeGreaterThan(0))
      const again = planOf({ id: none, email: { maskType: 'full', maskValue: 5 } })
      expect(await seen().check(again, null)).toMatchObject([{ severity: 'error' }])
      expect(await seen().check(again, misfit)).toMatchObject([{ code: 'SCHEMA_MASK_TYPE', severity: 'warning' }])
    })

    test('a constant for an enum is taken: its labels are not kept', async () => {
      const state = aString('email', { name: 'io.debezium.data.Enum', version: 1, parameters: { allowed: 'a,b' } })
      current = planOf({ id: none, email: { maskType: 'full', maskValue: 'a' } })
      expect(transform([schemaRecord(topic, [aKey(), state], { id: 1, email: 'b' })], current)).toMatchObject([
        { outcome: 'publish' },
      ])
      run()
      await vi.waitFor(() => expect(store.stored).toHaveLength(2))
      expect(await seen().check(planOf({ id: none, email: { maskType: 'full', maskValue: 'a' } }), null)).toEqual([])
    })
  })
})
