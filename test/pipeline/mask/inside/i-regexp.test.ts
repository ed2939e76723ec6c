import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fitsPattern, readPattern } from '../../../../src/pipeline/mask/inside/i-regexp.ts'
import { runs } from '../../../properties/runs.ts'

const fits = (pattern: string, text: string, how: 'match' | 'search'): boolean | null => {
  const read = readPattern(pattern)
  return read === null ? null : fitsPattern(read, text, how, () => undefined)
}

test.each([
  ['', '', true],
  ['', 'a', false],
  ['a|b|', 'b', true],
  ['(ab)*c{2,3}', 'ababccc', true],
  ['a{2}', 'aaa', false],
  ['a{2,}', 'aaaa', true],
  ['a{0}', '', true],
  ['(a*)*b', 'aaaab', true],
  ['[^a-c]x', 'dx', true],
  ['[-a]+[a-]', '-a-', true],
  ['[\\]\\-\\\\]+', ']-\\', true],
  ['\\p{Lu}\\P{L}', 'Ж7', true],
  ['\\p{Nd}{4}', '१२३४', true],
  ['.', '😀', true],
  ['.', '\n', false],
  ['\\n\\t\\(', '\n\t(', true],
])('%s matches %j: %s', (pattern, text, expected) => {
  expect(fits(pattern, text, 'match')).toBe(expected)
})

test.each([
  '(',
  ')',
  'a**',
  'a{',
  'a{2',
  'a{3,2}',
  'a{,2}',
  '[',
  '[]',
  '[b-a]',
  '[a-b-c]',
  '\\d',
  '\\x',
  '\\p{Latin}',
  '\\p{',
  '(?:a)',
  '(?=a)',
  '\\1',
  '*',
  'a{9999}',
  '(a{100}){100}',
  '(((){1000}){1000}){1000}',
  '(((a?){1000}){0,1000}){1000}',
  'x'.repeat(1001),
  '('.repeat(40) + ')'.repeat(40),
])('no pattern: %s', pattern => {
  expect(readPattern(pattern)).toBeNull()
})

describe('against the expressions of the language', () => {
  const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\p{Lu}', '\\.', 'क', '^', '$')
  const { pattern } = fc.letrec<{ pattern: string }>(tie => ({
    pattern: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      atom,
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
      fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(${a}|${b})`),
      fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}', '{1,}')).map(([a, by]) => `(${a})${by}`),
    ),
  }))
  const texts = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '.', 'क', '😀', '\n'), maxLength: 6 })

  test('fits the same texts', () => {
    fc.assert(
      fc.property(pattern, texts, (source, text) => {
        const inScript = source.replaceAll(/(?<!\\)\.(?!\])/g, '[^\\n\\r]')
        expect(fits(source, text, 'match')).toBe(new RegExp(`^(?:${inScript})$`, 'u').test(text))
        expect(fits(source, text, 'search')).toBe(new RegExp(inScript, 'u').test(text))
      }),
      { numRuns: runs(3000) },
    )
  })

  test('in steps that grow with the text', () => {
    const read = readPattern('(a*)*(a|a)*(.*a){20}')
    let steps = 0
    fitsPattern(read!, 'a'.repeat(5000), 'search', n => {
      steps += n
    })
    expect(steps).toBeLessThan(5000 * read!.program.length)
  })
})
