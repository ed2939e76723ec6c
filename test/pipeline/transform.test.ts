import { describe, expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import type { TopicPlan } from '../../src/pipeline/plan.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import type { NaiveRecord } from '../support/naive-engine.ts'
import { outcomesOf, rawBatch } from '../support/raw-batch.ts'

const topic = 't'

/** `long` is a column that only a schema names: those may be of any length. */
function planFor(columns: readonly string[], unknownColumns = 'hold', long: string | null = null): TopicPlan {
  const maskingConditions = columns.map(name => ({ field: `$.after[${JSON.stringify(name)}]`, maskType: 'none' }))
  const schema = {
    name: 's',
    tableSchema: { topic, columns: [{ name: long?.slice(0, 1_000) ?? 'a', type: 'string' }] },
  }
  const { plan } = compile([
    { name: 'p', resources: { topic }, maskingPolicy: { maskingConditions, unknownColumns } },
    schema,
  ])
  return plan!.forTopic(topic, { compacted: false })!
}

const record = (value: string): NaiveRecord => ({ key: null, value: Buffer.from(value), headers: [] })

describe('a record that is cut short', () => {
  const whole = '{"before":null,"after":{"a":1},"source":{},"op":"c"}'
  /** What a neighbour would make of it: an unknown column, a repeat, a stranger. Each alone would hold or tell otherwise. */
  const neighbours = ['"secret":1}', '{"secret":1}', '"a":1,"a":2}', ',"b":2},"source":{},"op":"c"}', '1', '}', '"']
  const cases = neighbours.flatMap(neighbour =>
    Array.from({ length: whole.length }, (_, end) => [neighbour, end] as const),
  )

  test('is malformed, whoever lies behind it', () => {
    const plan = planFor(['a'])
    const transform = createTransform()
    for (const [neighbour, end] of cases) {
      const cut = whole.slice(0, end)
      const alone = outcomesOf(transform(rawBatch([record(cut)], { topic }), plan), 1)[0]
      const beside = outcomesOf(transform(rawBatch([record(cut), record(neighbour)], { topic }), plan), 2)[0]
      expect(alone).toMatchObject({ kind: 'reject', code: 'RECORD_MALFORMED' })
      expect(beside).toEqual(expect.objectContaining({ kind: 'reject', code: 'RECORD_MALFORMED' }))
    }
  })
})

test.each([70, 200, 1_000])('a column name of %i bytes is looked for at the very end of the bytes', length => {
  const plan = planFor(['a', 'b'], 'drop', 'x'.repeat(length))
  const last = '{"b":1}'
  // The quick scanner's memory ends on a page: this batch and what is kept free behind it fill it to the last byte.
  for (let free = 0; free <= 4_096; free += 256) {
    const transform = createTransform()
    const filler = `{"a":"${'.'.repeat(4 * 65_536 - free - last.length - 8)}"}`
    const outcomes = outcomesOf(transform(rawBatch([record(filler), record(last)], { topic }), plan), 2)
    expect(outcomes.map(outcome => outcome?.kind)).toEqual(['publish', 'publish'])
  }
})

test('one plan serves many transforms at once', () => {
  const plan = planFor(['a', 'b'])
  const transforms = Array.from({ length: 3 }, createTransform)
  const value = '{"before":null,"after":{"b":1,"a":2},"source":{},"op":"c"}'
  for (let round = 0; round < 5; round++) {
    for (const transform of transforms) {
      expect(outcomesOf(transform(rawBatch([record(value)], { topic }), plan), 1)[0]).toMatchObject({
        kind: 'publish',
        value: Buffer.from(value),
      })
    }
  }
})

test('names of refused records are not remembered, and too many names are no row', () => {
  const plan = planFor(['a'], 'drop')
  const transform = createTransform()
  const names = Array.from({ length: 5_000 }, (_, n) => `"n${n}":1`).join(',')
  const [outcome] = outcomesOf(transform(rawBatch([record(`{"a":1,${names}}`)], { topic }), plan), 1)
  expect(outcome).toMatchObject({ kind: 'reject', code: 'RECORD_UNKNOWN_MEMBER' })
  expect(outcomesOf(transform(rawBatch([record('{"a":1}')], { topic }), plan), 1)[0]).toMatchObject({ kind: 'publish' })
})

test('names that change from record to record are forgotten in time, and a repeat is still seen afterwards', () => {
  const plan = planFor(['a'], 'drop')
  const transform = createTransform()
  const oneOf = (value: string) => outcomesOf(transform(rawBatch([record(value)], { topic }), plan), 1)[0]
  for (let round = 0; round < 40; round++) {
    const names = Array.from({ length: 500 }, (_, n) => `"n${round}-${n}":1`).join(',')
    expect(oneOf(`{"a":1,${names}}`)).toMatchObject({ kind: 'publish', value: Buffer.from('{"a":1}') })
    expect(oneOf(`{"a":1,"n${round}-0":1,"n0-1":1,"n${round}-0":2}`)).toMatchObject({
      kind: 'reject',
      code: 'RECORD_REPEATED_MEMBER',
    })
  }
})
