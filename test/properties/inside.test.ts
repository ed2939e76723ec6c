import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from '../../src/engine.ts'
import { createTransform } from '../../src/pipeline/transform.ts'
import { exampleKey } from '../support/agreement.ts'
import { createRandom, type Random } from '../support/random.ts'
import { type Draft, respell, text, write } from '../support/random-json.ts'
import { jsonText } from '../support/random-inside.ts'
import { type EngineOutcome, outcomesOf, rawBatch } from '../support/raw-batch.ts'
import { runs } from './runs.ts'

const transform = createTransform()

const seeds = fc.nat({ max: 2 ** 31 - 1 })

function run(conditions: readonly Record<string, unknown>[], value: string): EngineOutcome | undefined {
  const documents = [
    { name: 'p', resources: { topic: 't' }, maskingPolicy: { maskingConditions: conditions } },
    {
      name: 's',
      tableSchema: {
        topic: 't',
        columns: [{ name: 'doc', type: 'string', logical: 'io.debezium.data.Json', optional: true }],
      },
    },
  ]
  const { plan, problems } = compile(documents, { keys: { default: exampleKey } })
  if (plan === null) throw new Error(JSON.stringify(problems))
  const batch = rawBatch([{ key: null, value: Buffer.from(value), headers: [] }], { topic: 't' })
  return outcomesOf(transform(batch, plan.forTopic('t', { compacted: false })!), 1)[0]
}

const names = ['phone', 'secret', '__proto__', 'constructor', 'फ़ोन', 'e mail', 'a.b', 'na"me', 'back\\slash']
const others = ['x', 'phones', 'Phone', 'list', 'prototype', '']

/** A document in which every value under one of these names is a canary: anywhere, repeated, in arrays of arrays. */
function withCanaries(random: Random, canary: () => string, depth = 0): Draft {
  const form = random.below(depth > 4 ? 2 : 6)
  if (form === 0) return random.pick(['1', 'true', 'null', '1.50'])
  if (form === 1) return text(random.pick(['', 'home', 'क', '\u0007"', '😀']))
  if (form < 4) return { array: Array.from({ length: random.below(4) }, () => withCanaries(random, canary, depth + 1)) }
  return {
    object: Array.from({ length: 1 + random.below(4) }, () =>
      random.chance(0.5)
        ? ([random.pick(names), secret(random, canary, depth)] as const)
        : ([random.pick(others), withCanaries(random, canary, depth + 1)] as const),
    ),
  }
}

/** A canary, or a tree of nothing but canaries. */
function secret(random: Random, canary: () => string, depth: number): Draft {
  if (depth > 4 || random.chance(0.6)) return text(canary())
  if (random.chance(0.3)) return random.pick([canary().slice(2), 'null'])
  if (random.chance(0.5))
    return { array: [secret(random, canary, depth + 1), { array: [secret(random, canary, depth + 1)] }] }
  return {
    object: [
      ['x', secret(random, canary, depth + 1)],
      ['x', secret(random, canary, depth + 1)],
    ],
  }
}

test('no value that a selector names is anywhere in the output, however it is spelled', () => {
  let seen = 0
  fc.assert(
    fc.property(seeds, seed => {
      const random = createRandom(seed)
      const canaries: string[] = []
      const canary = (): string => {
        const digits = String(7_000_000_000_000 + (seed % 100_000) * 10_000 + canaries.length)
        canaries.push(digits)
        return `"आ${digits}`
      }
      const document = write(withCanaries(random, canary), { space: 0.1, escape: 0.3, shuffle: 0 }, random)
      const outer = respell(JSON.stringify(document), random.pick([0, 0.2, 1]), random)
      const list = names.map(name => JSON.stringify(name)).join()
      const mask = random.pick<Record<string, unknown>>([
        { maskType: 'drop' },
        { maskType: 'null' },
        { maskType: 'full', maskValue: 'x"\\y' },
      ])
      const byFilter = { field: `$.doc..[?@.phone]["phone"]`, ...mask }
      const fields = random.pick([[`$.doc..[${list}]`], names.map(name => `$.doc..[${JSON.stringify(name)}]`)])
      const conditions = [
        { field: 'doc', maskType: 'none' },
        ...fields.map(field => ({ field, ...mask })),
        ...(random.chance(0.3) ? [byFilter] : []),
      ]
      const outcome = run(conditions, `{"before":null,"after":{"doc":${outer}},"source":{},"op":"c"}`)
      if (outcome?.kind !== 'publish') throw new Error(`it goes out: ${JSON.stringify(outcome)}`)
      const out = unescaped(unescaped(unescaped(outcome.value?.toString() ?? '')))
      for (const digits of canaries) {
        seen++
        if (out.includes(digits.slice(-8))) throw new Error(`still shows ${digits}`)
      }
      // What goes out is JSON in JSON.
      JSON.parse((JSON.parse(outcome.value?.toString() ?? '') as { after: { doc: string } }).after.doc)
    }),
    { numRuns: runs(400) },
  )
  expect(seen).toBeGreaterThan(300)
})

const unescaped = (out: string): string =>
  out
    .replace(/\\u([0-9a-fA-F]{4})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .replace(/\\(["\\/])/g, '$1')

test('where nothing is found not a byte differs, and where something is, only that', () => {
  let published = 0
  fc.assert(
    fc.property(seeds, seed => {
      const random = createRandom(seed)
      const literal = jsonText(random) as string
      const outer = respell(literal, random.pick([0, 0.3, 1]), random)
      const value = `{"before":null,"after":{"doc":${outer}},"source":{},"op":"c"}`
      const clear = { field: 'doc', maskType: 'none' }
      const outcome = run([clear, { field: '$.doc..["nothing has this name"]', maskType: 'drop' }], value)
      const isJson = outcome?.kind === 'publish'
      expect(isJson).toBe(isStrict(JSON.parse(literal) as string))
      if (!isJson) return
      published++
      expect(outcome.value?.toString()).toBe(value)
      // Nulls in place of numbers leave the strings between them spelled as they were.
      const masked = run([clear, { field: '$.doc..[?@ > -1e99]', maskType: 'full', maskValue: 7 }], value)
      if (masked?.kind !== 'publish') throw new Error('it goes out')
      const numbersAside = (one: string): string => one.replace(/(?<![\w.])-?\d[\d.eE+-]*/g, '7')
      if (!/"[^"]*\d/.test(unescaped(outer)))
        expect(numbersAside(masked.value?.toString() ?? '')).toBe(numbersAside(value))
    }),
    { numRuns: runs(300) },
  )
  expect(published).toBeGreaterThan(150)
})

function isStrict(document: string): boolean {
  try {
    JSON.parse(document)
    return document.isWellFormed()
  } catch {
    return false
  }
}
