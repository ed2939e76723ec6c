import { expect, test } from 'vitest'
import { ScrimError } from '../../src/errors.ts'
import { batchOfLines } from '../../src/pipeline/record-line.ts'
import { compilePolicies } from '../../src/policy/compile.ts'
import { createMaskStream } from '../../src/services/mask-stream.ts'
import type { FetchedBatch } from '../../src/services/ports/stream.ts'
import { createQuarantine } from '../../src/services/quarantine.ts'
import { testSealing, testSecret } from '../support/memory-dead-letters.ts'
import { aPolicy, testKeys, testSettings } from '../support/policy-documents.ts'
import { createQuietLog } from '../support/quiet-log.ts'
import { until } from '../support/stack/until.ts'

const planOf = (version: number) =>
  compilePolicies([aPolicy('a')], { keys: testKeys, settings: testSettings, version, now: 0 }).plan

/** A stream that is handed one batch, of one record; its topic is `raw.a`. */
function world(more: Partial<FetchedBatch> = {}) {
  let plan = planOf(1)
  let isCurrent = true
  const published: number[] = []
  const value = { before: null, after: { email: 'x' }, source: {}, op: 'c', ts_ms: 1 }
  const fetched: FetchedBatch = {
    raw: batchOfLines([{ topic: 'raw.a', partition: 0, offset: 7, key: null, value }]),
    facts: async () => ({ compacted: false }),
    nextOffset: 8n,
    highWatermark: 8n,
    assignment: {},
    isCurrent: () => isCurrent,
    commit: async () => {},
    ...more,
  }
  const stream = createMaskStream({
    source: {
      setTopics: () => {},
      hold: () => {},
      release: () => {},
      assigned: () => [],
      run: onBatch => onBatch(fetched),
    },
    sink: { publish: async () => void published.push(plan?.version ?? -1) },
    deadLetters: { put: async () => true },
    quarantine: createQuarantine({
      register: { takeOver: async place => ({ claim: { ...place, number: '1' }, keys: [] }) },
      secret: testSecret,
      limit: 1,
    }),
    audit: { write: async () => {} },
    plans: { current: () => plan, onChange: () => {} },
    sealing: testSealing,
    auditSecret: testSecret,
    settings: { audit: 'record', deadLetterPayload: 'seal', deadLetterLimit: 0, deadLetterWindowMs: 1000 },
    metrics: { batch: () => {} },
    log: createQuietLog(),
  })
  return {
    stream,
    published,
    run: () => stream.run(new AbortController().signal),
    replan: (version: number) => {
      plan = planOf(version)
    },
    lose: () => {
      isCurrent = false
    },
  }
}

test('a batch waits for the settings of its topic, says so, and is masked by the plan that is in force then', async () => {
  let mayAsk = false
  const { stream, published, run, replan } = world({
    facts: async () => {
      if (!mayAsk) throw new ScrimError('KAFKA_NOT_AUTHORISED', { path: 'settings' })
      return { compacted: false }
    },
  })
  const running = run()
  const [waits] = await until('the reason', () => stream.held().length > 0 && stream.held())
  expect(waits).toMatchObject({
    topic: 'raw.a',
    partition: 0,
    offset: '7',
    code: 'KAFKA_NOT_AUTHORISED',
    path: 'settings',
  })
  replan(2)
  mayAsk = true
  await running
  expect(published).toEqual([2])
  expect(stream.held()).toEqual([])
})

test('a batch that waits leaves nothing behind when its partition goes away', async () => {
  const { stream, run, lose } = world({
    facts: async () => {
      throw new ScrimError('KAFKA_UNAVAILABLE')
    },
  })
  const running = run()
  await until('the reason', () => stream.held().length > 0)
  lose()
  stream.endHolds()
  await running
  expect(stream.held()).toEqual([])
})

test('a hold that is over is not told any more once a batch was settled past it', async () => {
  const { stream, run } = world()
  stream.hold('raw.a', 0, 7n, 'QUARANTINE_FULL')
  await run()
  expect(stream.held()).toEqual([])
})
