import { bindHiveMask, type HiveArgument, type HiveFunction } from './hive-udf.ts'

function textOf(name: HiveFunction, args: readonly HiveArgument[]): (value: string) => string {
  const mask = bindHiveMask(name, args)
  if (mask === null) throw new Error('Hive takes these arguments')
  return mask.text
}

/** The calls that Ranger's Hive service definition makes of its mask types, on text. */
export const rangerHiveText = {
  mask: textOf('mask', []),
  showLast4: textOf('mask_show_last_n', [4, 'x', 'x', 'x', -1, '1']),
  showFirst4: textOf('mask_show_first_n', [4, 'x', 'x', 'x', -1, '1']),
  hash: textOf('mask_hash', []),
  dateShowYear: textOf('mask', ['x', 'x', 'x', -1, '1', 1, 0, -1]),
} as const

/** 0000-01-01: what every call but that of MASK_DATE_SHOW_YEAR makes of a date. */
export const HIVE_DATE = '-719528'
