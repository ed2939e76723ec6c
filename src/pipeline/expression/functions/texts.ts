import type { Bound } from '../bound.ts'
import { anyNullable, derived } from '../bound.ts'
import { type ExpressionType, text, textOf } from '../expression-type.ts'
import { characters, codePoints, lastCharacters, reversed } from '../text.ts'
import { asAnyText, constantCount, plain, type SqlFunction } from './sql-function.ts'
import {
  initcap,
  isKept,
  lpad,
  ltrim,
  replaceAll,
  rpad,
  rtrim,
  splitPart,
  substr,
  substringIndex,
} from './text-edits.ts'

const lengthOf = (input: Bound | undefined): number | null => (input?.type.kind === 'text' ? input.type.length : null)

/** As long as its first argument at most. */
const noLonger = ([first]: readonly Bound[]): ExpressionType => textOf(lengthOf(first))

/** As long as a constant argument says, and no longer than the first. */
const cutTo =
  (argument: number) =>
  (args: readonly Bound[]): ExpressionType => {
    const count = constantCount(args[argument])
    const length = lengthOf(args[0])
    if (count === null) return textOf(length)
    return textOf(Math.min(Math.max(count, 0), length ?? Number.POSITIVE_INFINITY))
  }

export const sumOfLengths = (inputs: readonly Bound[]): ExpressionType =>
  textOf(
    inputs.reduce<number | null>((sum, input) => {
      const length = lengthOf(input)
      return sum === null || length === null ? null : sum + length
    }, 0),
  )

/** NULL where one of them is NULL. */
function concat(at: number, inputs: readonly Bound[]): Bound {
  const parts = inputs.map(({ evaluate }) => evaluate)
  return derived(at, sumOfLengths(inputs), anyNullable(inputs), inputs, row => {
    let result = ''
    let longest = 0
    for (const part of parts) {
      const value = part(row) as string | null
      if (value === null) return null
      result += value
      longest = Math.max(longest, value.length)
    }
    return isKept(result.length, longest) ? result : null
  })
}

/** Joins what is not NULL. */
function concatWs(at: number, [separator, ...inputs]: readonly [Bound, ...Bound[]]): Bound {
  return derived(at, text, separator.nullable, [separator, ...inputs], row => {
    const between = separator.evaluate(row) as string | null
    if (between === null) return null
    const values: string[] = []
    let length = 0
    let longest = 0
    for (const { evaluate } of inputs) {
      const value = evaluate(row) as string | null
      if (value === null) continue
      values.push(value)
      length += value.length + between.length
      longest = Math.max(longest, value.length)
    }
    return isKept(length, longest) ? values.join(between) : null
  })
}

const MANY = 100

const substring = plain({
  signature: 'text, from[, count]',
  summary: 'The characters from a position on, counted from one; a negative position counts from the end.',
  takes: ['text', 'count', 'count'],
  optional: 1,
  returns: cutTo(2),
  call: substr,
  examples: [
    ["substr('+91-98765', 5, 3)", "'987'"],
    ["substring('Jaipur', -3)", "'pur'"],
    ["substr('जयपुर', 1, 2)", "'जय'"],
  ],
})

export const textFunctions: Readonly<Record<string, SqlFunction>> = {
  lower: plain({
    signature: 'text',
    summary: 'Small letters.',
    takes: ['text'],
    returns: text,
    call: (value: string) => value.toLowerCase(),
    examples: [["lower('Ravi')", "'ravi'"]],
  }),
  upper: plain({
    signature: 'text',
    summary: 'Capital letters.',
    takes: ['text'],
    returns: text,
    call: (value: string) => value.toUpperCase(),
    examples: [["upper('Ravi')", "'RAVI'"]],
  }),
  initcap: plain({
    signature: 'text',
    summary: 'Each word with a capital, words being what stands between blanks.',
    takes: ['text'],
    returns: text,
    call: initcap,
    examples: [["initcap('ravi KUMAR')", "'Ravi Kumar'"]],
  }),
  trim: plain({
    signature: 'text',
    summary: 'Without blanks at either end.',
    takes: ['text'],
    returns: noLonger,
    call: (value: string) => rtrim(ltrim(value)),
    examples: [["trim('  a b ')", "'a b'"]],
  }),
  ltrim: plain({
    signature: 'text',
    summary: 'Without blanks at the start.',
    takes: ['text'],
    returns: noLonger,
    call: ltrim,
    examples: [["ltrim('  a ')", "'a '"]],
  }),
  rtrim: plain({
    signature: 'text',
    summary: 'Without blanks at the end.',
    takes: ['text'],
    returns: noLonger,
    call: rtrim,
    examples: [["rtrim(' a  ')", "' a'"]],
  }),
  substr: substring,
  substring,
  left: plain({
    signature: 'text, count',
    summary: 'The first characters.',
    takes: ['text', 'count'],
    returns: cutTo(1),
    call: (value: string, count: number) => characters(value, 0, count),
    examples: [["left('Jaipur', 3)", "'Jai'"]],
  }),
  right: plain({
    signature: 'text, count',
    summary: 'The last characters.',
    takes: ['text', 'count'],
    returns: cutTo(1),
    call: (value: string, count: number) => lastCharacters(value, Math.max(count, 0)),
    examples: [["right('123456789012', 4)", "'9012'"]],
  }),
  length: plain({
    signature: 'text',
    summary: 'How many characters.',
    takes: ['text'],
    returns: { kind: 'integer' },
    call: codePoints,
    examples: [
      ["length('Jaipur')", '6'],
      ["length('🙂')", '1'],
    ],
  }),
  reverse: plain({
    signature: 'text',
    summary: 'The characters from the last to the first.',
    takes: ['text'],
    returns: noLonger,
    call: reversed,
    examples: [["reverse('abc')", "'cba'"]],
  }),
  replace: plain({
    signature: 'text, search, replacement',
    summary: 'Each place of a text by another.',
    takes: ['text', 'text', 'text'],
    returns: text,
    call: replaceAll,
    examples: [["replace('a-b-c', '-', '')", "'abc'"]],
  }),
  split_part: plain({
    signature: 'text, delimiter, n',
    summary: 'The n-th part between delimiters, counted from one; a negative n counts from the end.',
    takes: ['text', 'text', 'count'],
    returns: noLonger,
    fails: true,
    call: splitPart,
    examples: [
      ["split_part('ravi@example.com', '@', 2)", "'example.com'"],
      ["split_part('a', '@', 2)", "''"],
    ],
  }),
  substring_index: plain({
    signature: 'text, delimiter, n',
    summary: 'What stands before the n-th delimiter; a negative n counts from the end.',
    takes: ['text', 'text', 'count'],
    returns: noLonger,
    call: substringIndex,
    examples: [
      ["substring_index('ravi@example.com', '@', 1)", "'ravi'"],
      ["substring_index('a.b.c', '.', -1)", "'c'"],
    ],
  }),
  lpad: plain({
    signature: 'text, length[, fill]',
    summary: 'Filled up at the start to a length, or cut to it.',
    takes: ['text', 'count', 'text'],
    optional: 1,
    returns: text,
    call: lpad,
    examples: [["lpad('7', 3, '0')", "'007'"]],
  }),
  rpad: plain({
    signature: 'text, length[, fill]',
    summary: 'Filled up at the end to a length, or cut to it.',
    takes: ['text', 'count', 'text'],
    optional: 1,
    returns: text,
    call: rpad,
    examples: [["rpad('abcdef', 3)", "'abc'"]],
  }),
  chr: plain({
    signature: 'code',
    summary: 'The character of an ASCII code.',
    takes: ['count'],
    returns: textOf(1),
    fails: true,
    call: (code: number) => (code > 0 && code < 128 ? String.fromCharCode(code) : null),
    examples: [['chr(65)', "'A'"]],
  }),
  concat: {
    signature: 'value, ...',
    summary: 'All of them in a row; NULL where one is NULL.',
    least: 1,
    most: MANY,
    bind: ({ at, dialect }, args) =>
      concat(
        at,
        args.map(input => asAnyText(input, dialect)),
      ),
    examples: [
      ["concat('xxx-xx-', substr('123-45-6789', 8, 4))", "'xxx-xx-6789'"],
      ["concat('a', null)", 'null'],
    ],
  },
  concat_ws: {
    signature: 'separator, value, ...',
    summary: 'Those that are not NULL, with a separator between.',
    least: 2,
    most: MANY,
    bind: ({ at, dialect }, args) => concatWs(at, args.map(input => asAnyText(input, dialect)) as [Bound, ...Bound[]]),
    examples: [["concat_ws('-', 'a', null, 'b')", "'a-b'"]],
  },
}

/** `a || b`. */
export const joined = concat
