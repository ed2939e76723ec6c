import { bindHiveMask, type HiveArgument, type HiveFunction, type HiveMask } from '../../mask/hive-udf.ts'
import { anyNullable, type Bound, constantOf, mapped, refuse } from '../bound.ts'
import { type ExpressionType, kindNames } from '../expression-type.ts'
import { type Value, type Whole, whole } from '../values.ts'
import type { FunctionExample, SqlFunction } from './sql-function.ts'

/**
 * Hive's mask functions, for CUSTOM masks that people bring along: they give what Hive gives, which may leave text readable.
 * All arguments behind the value are constants. Of any other type than text, whole number and date Hive makes NULL.
 */
function maskFunction(
  name: HiveFunction,
  signature: string,
  most: number,
  summary: string,
  examples: readonly FunctionExample[],
): SqlFunction {
  return {
    signature,
    summary,
    least: 1,
    most,
    examples,
    bind: ({ at }, [input, ...rest]) => {
      const mask = bindHiveMask(name, rest.map(hiveArgument)) ?? refuse(at, 'Hive takes no such arguments')
      return { ...masked(input as Bound, mask, name === 'mask_hash'), at }
    },
  }
}

function hiveArgument({ at, constant, type }: Bound): HiveArgument {
  const value = constant === null ? refuse(at, 'a constant is needed here') : constant.value
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint')
    return value
  return refuse(at, `text or a whole number is needed, this is ${kindNames[type.kind]}`)
}

function masked(input: Bound, mask: HiveMask, isHash: boolean): Bound {
  const { type } = input
  const text: ExpressionType = { kind: 'text', length: isHash || type.kind !== 'text' ? null : type.length }
  switch (type.kind) {
    case 'text':
    case 'json':
      return mapped(input, text, (value: Value) => mask.text(value as string), false)
    case 'integer': {
      const { bits = 64 } = type
      return mapped(input, type, (value: Value) => wholeOrNull(mask.integer(BigInt(value as Whole), bits)), isHash)
    }
    case 'date':
      return mapped(input, type, (value: Value) => mask.date(value as number), true)
    case 'list':
    case 'opaque':
      return refuse(input.at, `a value is needed, this is ${kindNames[type.kind]}`)
    default:
      return { ...constantOf(input.at, type, null), nullable: anyNullable([input]) || type.kind !== 'null' }
  }
}

const wholeOrNull = (value: bigint | null): Value => (value === null ? null : whole(value))

const replacements = 'upper, lower, digit, other, number, day, month, year'

export const maskFunctions: Readonly<Record<HiveFunction, SqlFunction>> = {
  mask: maskFunction(
    'mask',
    `value[, ${replacements}]`,
    9,
    "Hive's mask: capitals, small letters and digits by one character each.",
    [
      ["mask('TestString-123')", "'XxxxXxxxxx-nnn'"],
      ["mask(12345, 'X', 'x', '0', ':', '5')", '55555'],
    ],
  ),
  mask_first_n: maskFunction('mask_first_n', `value[, n, ${replacements}]`, 10, 'Masks the first n characters.', [
    ["mask_first_n('TestString-123', 4)", "'XxxxString-123'"],
  ]),
  mask_last_n: maskFunction('mask_last_n', `value[, n, ${replacements}]`, 10, 'Masks the last n characters.', [
    ["mask_last_n('TestString-123', 4, 'X', 'x', '0')", "'TestString-000'"],
  ]),
  mask_show_first_n: maskFunction(
    'mask_show_first_n',
    `value[, n, ${replacements}]`,
    10,
    'Masks all but the first n characters.',
    [["mask_show_first_n('123-45-6789', 4, 'x', 'x', 'x', -1, '1')", "'123-xx-xxxx'"]],
  ),
  mask_show_last_n: maskFunction(
    'mask_show_last_n',
    `value[, n, ${replacements}]`,
    10,
    'Masks all but the last n characters.',
    [
      ["mask_show_last_n('123-45-6789', 4, 'x', 'x', 'x', -1, '1')", "'xxx-xx-6789'"],
      ["mask_show_last_n(cast(123456789 as int), 4, 'x', 'x', 'x', -1, '1')", '111116789'],
    ],
  ),
  mask_hash: maskFunction(
    'mask_hash',
    'value',
    1,
    'SHA-256 of a text in small hexadecimals, without a key: no protection for what can be guessed.',
    [["mask_hash('TestString-123')", "'8b44d559dc5d60e4453c9b4edf2a455fbce054bb8504cd3eb9b5f391bd239c90'"]],
  ),
}
