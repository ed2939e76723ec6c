import { describe, expect, test } from 'vitest'
import {
  bindHiveMask,
  type HiveArgument,
  type HiveFunction,
  type HiveMask,
} from '../../../src/pipeline/mask/hive-udf.ts'

/** Beside the cases of test/conformance: what those leave open. */
function bound(name: HiveFunction, ...args: HiveArgument[]): HiveMask {
  const mask = bindHiveMask(name, args)
  if (mask === null) throw new Error('refused')
  return mask
}

describe('text', () => {
  const cases: [why: string, name: HiveFunction, args: HiveArgument[], input: string, output: string][] = [
    ['capitals, small letters and digits', 'mask', [], 'TestString-123', 'XxxxXxxxxx-nnn'],
    ['letters of other scripts that have case', 'mask', [], 'José Ωδ Жж', 'Xxxx Xx Xx'],
    ['what has no case stays, digits of any script do not', 'mask', [], 'आधार १२३४', 'आधार nnnn'],
    ['halves of pairs are of no class', 'mask', ['X', 'x', 'n', ':'], '𝐀', '::'],
    ['a titlecase letter is of no class', 'mask', [], 'ǅ', 'ǅ'],
    ['only the first unit of a replacement', 'mask', ['AB', 'cd', 'ef', 'gh'], 'Xy1-', 'Aceg'],
    ['a number is a code point', 'mask', [65, 128_512n, 48, -1], 'Xy1-', 'A😀0-'],
    ['-1 as text is a dash', 'mask', ['-1'], 'Xy', '-x'],
    ['NULL and an empty text are the default', 'mask', [null, ''], 'Xy1', 'Xxn'],
    ['a negative count is none', 'mask_first_n', [-3], 'Abc', 'Abc'],
    ['more than there are', 'mask_last_n', ['9'], 'Abc', 'Xxx'],
    ['no more than are shown', 'mask_show_first_n', [], 'Abcd', 'Abcd'],
    ['none are shown', 'mask_show_last_n', [0], 'Abcd', 'Xxxx'],
    ['an empty text', 'mask_show_last_n', [], '', ''],
  ]
  test.each(cases)('%s: %s', (_why, name, args, input, output) => {
    expect(bound(name, ...args).text(input)).toBe(output)
  })
})

describe('integers', () => {
  const five = [-1, -1, -1, -1, 5]
  const cases: [
    why: string,
    name: HiveFunction,
    args: HiveArgument[],
    input: bigint,
    bits: 8 | 16 | 32 | 64,
    output: bigint,
  ][] = [
    ['the sign stays', 'mask', [], -42n, 32, -11n],
    ['they wrap around', 'mask', five, 12_345n, 16, -9981n],
    ['the least value has no opposite', 'mask', [], -128n, 8, -111n],
    ['the least value keeps negative digits', 'mask_last_n', [1], -128n, 8, 119n],
    ['the least value is shown whole', 'mask_show_first_n', [], -128n, 8, -128n],
    ['the first ones are masked', 'mask_first_n', [2, ...five], 1234n, 32, 5534n],
    ['a digit out of range is 1', 'mask', [-1, -1, -1, -1, 10], 77n, 32, 11n],
    ['of 64 bits', 'mask', [-1, -1, -1, -1, 9], 9_223_372_036_854_775_807n, 64, 9_999_999_999_999_999_999n - 2n ** 64n],
  ]
  test.each(cases)('%s: %s', (_why, name, args, input, bits, output) => {
    expect(bound(name, ...args).integer(input, bits)).toBe(output)
  })
})

describe('dates', () => {
  const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000
  test('which end is shown makes no difference', () => {
    for (const name of ['mask_first_n', 'mask_last_n', 'mask_show_first_n', 'mask_show_last_n'] as const)
      expect(bound(name, 4, -1, -1, -1, -1, -1, 20, 5, -1).date(day('2016-04-02'))).toBe(day('2016-06-20'))
  })
  test('a day that does not exist is null', () => {
    expect(bound('mask', -1, -1, -1, -1, -1, 31, -1, -1).date(day('2016-04-20'))).toBeNull()
    expect(bound('mask', -1, -1, -1, -1, -1, -1, 1, -1).date(day('2015-12-29'))).toBeNull()
  })
  test('a year that no day number of 32 bits has is null', () => {
    expect(bound('mask', -1, -1, -1, -1, -1, 1, 0, 9_000_000).date(0)).toBeNull()
  })
})

test.each<[why: string, args: HiveArgument[]]>([
  ['text that is no number', ['X', 'x', 'n', -1, 'five']],
  ['a number that is no integer', ['X', 'x', 'n', -1, 1.5]],
  ['what is no code point', [-2]],
  ['beyond the code points', [0x110000]],
  ['a number of more than 32 bits as text', ['X', 'x', 'n', -1, 1, 1, 0, '2147483648']],
])('refused: %s', (_why, args) => {
  expect(bindHiveMask('mask', args)).toBeNull()
  expect(bindHiveMask('mask_first_n', [4, ...args])).toBeNull()
})
