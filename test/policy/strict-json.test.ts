import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseStrictJson } from '../../src/policy/strict-json.ts'

test('reads what JSON.parse reads', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 8 }), text => {
      fc.pre(!/"(__proto__|constructor|prototype)"/.test(text))
      expect(parseStrictJson(text)).toEqual({ value: JSON.parse(text) })
    }),
  )
})

test('never takes what JSON.parse refuses', () => {
  const nearly = fc.tuple(
    fc.json({ maxDepth: 3 }),
    fc.nat(),
    fc.constantFrom('', ',', '"', '\\', '{', ']', '0', '-', '.', 'e', '\u0001', 'x'),
  )
  fc.assert(
    fc.property(nearly, ([json, at, sign]) => {
      const cut = at % (json.length + 1)
      const text = json.slice(0, cut) + sign + json.slice(cut + 1)
      if ('fault' in parseStrictJson(text)) return
      expect(() => JSON.parse(text)).not.toThrow()
    }),
    { numRuns: 2000 },
  )
})

const faults: [name: string, text: string, line: number, column: number, what: string][] = [
  ['a repeated member', '{\n  "a": 1,\n  "a": 2\n}', 3, 3, 'a repeated member'],
  ['a repeated member that is escaped', '{"a":1,"\\u0061":2}', 1, 8, 'a repeated member'],
  ['__proto__', '{"x":{"__proto__":{"isAdmin":true}}}', 1, 7, 'a forbidden member name'],
  ['an escaped __proto__', '{"\\u005f_proto__":1}', 1, 2, 'a forbidden member name'],
  ['constructor', '{"constructor":{"prototype":{}}}', 1, 2, 'a forbidden member name'],
  ['text after the end', '{} {}', 1, 4, 'text after the end'],
  ['a comma at the end', '[1,]', 1, 4, 'not JSON'],
  ['a byte order mark', '\ufeff{}', 1, 1, 'not JSON'],
  ['an open string', '{"a": "hello', 1, 7, 'not JSON'],
  ['nothing', '', 1, 1, 'not JSON'],
  ['a 64-bit id', '{"id":9007199254740993}', 1, 7, 'a number with more digits than can be kept'],
  ['a long fraction', '[0.10000000000000000001]', 1, 2, 'a number with more digits than can be kept'],
  ['a number out of range', '[1e400]', 1, 2, 'a number with more digits than can be kept'],
  ['a number that becomes zero', '[1e-400]', 1, 2, 'a number with more digits than can be kept'],
  ['depth', '['.repeat(70) + ']'.repeat(70), 1, 66, 'nested too deeply'],
]
test.each(faults)('tells where: %s', (_name, text, line, column, what) => {
  expect(parseStrictJson(text)).toEqual({ fault: { line, column, what } })
})

test('a depth of a million does not exhaust the stack', () => {
  expect(parseStrictJson('['.repeat(1_000_000))).toMatchObject({ fault: { what: 'nested too deeply' } })
})

test('long strings are read', () => {
  const text = JSON.stringify({ plain: 'x'.repeat(5_000_000), escaped: '\n"'.repeat(1_000_000) })
  expect(parseStrictJson(text)).toEqual({ value: JSON.parse(text) })
})

test('a number that is kept may be spelled in any way', () => {
  const text =
    '[1.0,1.50,1e3,1E+3,0.00012,-0,0e99,9007199254740991,12345678901200000000000,1.7976931348623157e308,5e-324]'
  expect(parseStrictJson(text)).toEqual({ value: JSON.parse(text) })
})
