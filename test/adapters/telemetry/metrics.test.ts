import { expect, test } from 'vitest'
import { createMetrics } from '../../../src/adapters/telemetry/metrics.ts'
import type { BatchFacts } from '../../../src/services/ports/stream.ts'

const since = new Date(0)
const facts: BatchFacts = {
  topic: 'raw.a',
  view: 'public',
  published: 7,
  dropped: { heartbeat: 2 },
  rejected: { RECORD_MALFORMED: 1 },
  unmatched: [{ policy: 'p', path: 'maskingPolicy.maskingConditions[1]', values: 3 }],
  rawBytes: 1000,
  maskedBytes: 900,
  seconds: 0.02,
  oldestTimestampMs: 90_000,
}

/** The values of a metric by its labels. */
const read = async (metrics: ReturnType<typeof createMetrics>, name: string): Promise<Record<string, number>> =>
  Object.fromEntries(
    [...(await metrics.text()).matchAll(new RegExp(`^${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'))].map(
      ([, labels = '', value]) => [labels, Number(value)],
    ),
  )

const create = () => createMetrics({ now: () => 100_000 })

test('a batch is told in one call', async () => {
  const metrics = create()
  metrics.batch(facts)
  metrics.batch({ ...facts, dropped: {}, rejected: {} })
  expect(await read(metrics, 'scrim_records_total')).toEqual({
    'topic="raw.a",view="public",outcome="publish",reason=""': 14,
    'topic="raw.a",view="public",outcome="drop",reason="heartbeat"': 2,
    'topic="raw.a",view="public",outcome="reject",reason="RECORD_MALFORMED"': 1,
  })
  expect(await read(metrics, 'scrim_raw_bytes_total')).toEqual({ 'topic="raw.a"': 2000 })
  expect(await read(metrics, 'scrim_masked_bytes_total')).toEqual({ 'topic="raw.a",view="public"': 1800 })
  expect(await read(metrics, 'scrim_selector_unmatched_total')).toEqual({
    'topic="raw.a",view="public",policy="p",path="maskingPolicy.maskingConditions[1]"': 6,
  })
  expect(await read(metrics, 'scrim_batch_seconds_count')).toEqual({ 'topic="raw.a"': 2 })
  expect(await read(metrics, 'scrim_end_to_end_seconds_sum')).toEqual({ 'topic="raw.a"': 20 })
})

test('a source clock that is ahead does not make latency negative', async () => {
  const metrics = create()
  metrics.batch({ ...facts, oldestTimestampMs: 200_000 })
  expect(await read(metrics, 'scrim_end_to_end_seconds_sum')).toEqual({ 'topic="raw.a"': 0 })
})

test('instances are counted by the version they run', async () => {
  const metrics = create()
  metrics.instances({ current: 2, behind: 1, silent: 0 })
  expect(await read(metrics, 'scrim_policy_instances')).toEqual({
    'state="current"': 2,
    'state="behind"': 1,
    'state="silent"': 0,
  })
})

test('lag, held partitions and dependencies: what is over is gone', async () => {
  const metrics = create()
  metrics.lag([
    { topic: 'raw.a', partition: 0, messages: 20, seconds: 1.5 },
    { topic: 'raw.b', partition: 3, messages: 0, seconds: 0 },
  ])
  const hold = { topic: 'raw.a', offset: '1', code: 'RECORD_UNKNOWN_COLUMN', path: '', since } as const
  metrics.held([
    { ...hold, partition: 0 },
    { ...hold, partition: 1 },
  ])
  metrics.dependencies([
    { name: 'kafka', up: true, code: null, since },
    { name: 'postgres', up: false, code: 'POSTGRES_UNAVAILABLE', since },
  ])
  expect(await read(metrics, 'scrim_lag_messages')).toEqual({
    'topic="raw.a",partition="0"': 20,
    'topic="raw.b",partition="3"': 0,
  })
  expect(await read(metrics, 'scrim_lag_seconds')).toEqual({
    'topic="raw.a",partition="0"': 1.5,
    'topic="raw.b",partition="3"': 0,
  })
  expect(await read(metrics, 'scrim_held_partitions')).toEqual({ 'topic="raw.a",code="RECORD_UNKNOWN_COLUMN"': 2 })
  expect(await read(metrics, 'scrim_dependency_up')).toEqual({ 'dependency="kafka"': 1, 'dependency="postgres"': 0 })
  metrics.lag([])
  metrics.held([])
  expect(await read(metrics, 'scrim_lag_messages')).toEqual({})
  expect(await read(metrics, 'scrim_lag_seconds')).toEqual({})
  expect(await read(metrics, 'scrim_held_partitions')).toEqual({})
})

test('policies, dead letters and connectors', async () => {
  const metrics = create()
  metrics.policyVersion(12)
  metrics.reload('accepted')
  metrics.reload('refused')
  metrics.deadLetters({ open: 1, retrying: 2, review: 3, quarantined: 5, replayed: 4 })
  metrics.connectors([{ name: 'old', type: 'sink', state: 'RUNNING', tasks: [] }])
  metrics.connectors([
    {
      name: 'sink',
      type: 'sink',
      state: 'RUNNING',
      tasks: [
        { id: 0, state: 'FAILED' },
        { id: 1, state: 'FAILED' },
      ],
    },
  ])
  expect(await read(metrics, 'scrim_policy_version')).toEqual({ '': 12 })
  expect(await read(metrics, 'scrim_policy_reloads_total')).toEqual({ 'outcome="accepted"': 1, 'outcome="refused"': 1 })
  expect(await read(metrics, 'scrim_dead_letters')).toEqual({
    'state="open"': 1,
    'state="retrying"': 2,
    'state="review"': 3,
    'state="quarantined"': 5,
    'state="replayed"': 4,
  })
  expect(await read(metrics, 'scrim_connector_running')).toEqual({ 'connector="sink",type="sink",state="RUNNING"': 0 })
  expect(await read(metrics, 'scrim_connector_tasks')).toEqual({ 'connector="sink",state="FAILED"': 2 })
})

test('every metric of ours is named scrim_<noun>_<unit> and helps', async () => {
  const text = await createMetrics().text()
  const names = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].filter(([, name = '']) => !/^(process|nodejs)_/.test(name))
  expect(names.length).toBeGreaterThan(12)
  for (const [, name = '', type] of names) {
    expect(name).toMatch(/^scrim_[a-z_]+$/)
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter'])
    expect(text).toMatch(new RegExp(`^# HELP ${name} .{5,}$`, 'm'))
  }
})

test('two registries do not know of each other', async () => {
  const [one, other] = [create(), create()]
  one.policyVersion(5)
  expect(await read(other, 'scrim_policy_version')).toEqual({ '': 0 })
})
