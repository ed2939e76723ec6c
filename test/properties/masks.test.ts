import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Unreadable } from '../../src/pipeline/decode/scanner.ts'
import { columnType, maskedLiteral } from '../support/mask-samples.ts'
import { createRandom } from '../support/random.ts'
import { respell } from '../support/random-json.ts'
import { runs } from './runs.ts'

const type = columnType('string')
const params = fc.record(
  {
    maskCharCount: fc.integer({ min: 1, max: 20 }),
    unmaskCharCount: fc.integer({ min: 0, max: 12 }),
    maskChar: fc.constantFrom('*', 'x', '"', '\\', '•', '👩‍👩‍👧', '\u0001', '\ud800'),
    unmaskCharPosition: fc.constantFrom('left', 'right'),
  },
  { requiredKeys: [] },
)
const local = fc.string({
  unit: fc.constantFrom('a', 'B', '.', '-', '@', '1', ' ', 'आ', '"', '\\', '😀'),
  maxLength: 8,
})
const address = fc
  .tuple(
    local,
    fc.constantFrom(
      '@example.in',
      '@a-b.co.in',
      '@उदाहरण.भारत',
      '@x.1',
      '@.in',
      '@a..in',
      '@in',
      '',
      '@x.i',
      '@a_b.in',
    ),
  )
  .map(parts => parts.join(''))
const texts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'grapheme-ascii' }),
  address,
)
const masks = fc.oneof(
  fc.record({ name: fc.constant('partial'), params }),
  fc.record({ name: fc.constant('email'), params: fc.constant({}) }),
  fc.record({ name: fc.constant('hash'), params: fc.record({ length: fc.integer({ min: 32, max: 64 }) }) }),
  fc.record({ name: fc.constant('full'), params: fc.constant({ maskValue: 'x"' }) }),
)

test('what comes out depends on the text, not on its spelling, and is a JSON string', () => {
  fc.assert(
    fc.property(masks, texts, fc.nat(), (mask, text, seed) => {
      fc.pre(text.isWellFormed())
      const random = createRandom(seed)
      const plain = maskedLiteral(mask.name, mask.params, type, JSON.stringify(text))
      expect(typeof JSON.parse(plain)).toBe('string')
      expect(maskedLiteral(mask.name, mask.params, type, respell(JSON.stringify(text), 0.5, random))).toBe(plain)
    }),
    { numRuns: runs(3_000) },
  )
})

test('partial keeps no more characters than it says, and the value itself never', () => {
  const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
  const count = (text: string): number => [...graphemes.segment(text)].length
  fc.assert(
    fc.property(params, texts, (given, text) => {
      const masked = JSON.parse(
        maskedLiteral('partial', { ...given, maskChar: '*' }, type, JSON.stringify(text)),
      ) as string
      const kept = given.unmaskCharCount ?? 4
      expect(count(masked.replaceAll('*', ''))).toBeLessThanOrEqual(kept)
      if (text !== '' && !text.includes('*')) expect(masked).not.toContain(text)
    }),
    { numRuns: runs(2_000) },
  )
})

test('hash: equal texts give equal results, different ones different', () => {
  const hash = (text: string): string | null => {
    try {
      return maskedLiteral('hash', { length: 32 }, type, JSON.stringify(text))
    } catch (error) {
      if (error instanceof Unreadable) return null
      throw error
    }
  }
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      const one = hash(a)
      const other = hash(b)
      if (one !== null && other !== null) expect(one === other).toBe(a === b)
    }),
    { numRuns: runs(3_000) },
  )
})

test('a number and a key that are equal stay equal, different ones different', () => {
  const integer = columnType('int64')
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -3n, max: 3n }), (a, step) => {
      const hash = (n: bigint): string => maskedLiteral('hash', {}, integer, String(n))
      expect(hash(a) === hash(a + step)).toBe(step === 0n)
    }),
    { numRuns: runs(1_000) },
  )
})
