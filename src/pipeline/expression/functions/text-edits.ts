import { characters, codePoints, firstCharacters } from '../text.ts'
import type { Value } from '../values.ts'

/** What the functions of text do to one. */

/** Longer results are NULL: a bound against expressions that make ever longer texts. */
export const MAX_RESULT = 1 << 24

export const kept = (result: string): string | null => (result.length > MAX_RESULT ? null : result)

/** Positions count from one; a negative one from the end; zero is read as one. As Hive does. */
export function substr(value: string, from: number, most?: Value): string {
  const count = (most ?? Number.POSITIVE_INFINITY) as number
  if (count <= 0) return ''
  if (from >= 0) return characters(value, Math.max(from - 1, 0), count)
  const length = codePoints(value)
  return from < -length ? '' : characters(value, length + from, count)
}

/** The text before the n-th delimiter, counted from the end where `n` is negative. */
export function substringIndex(value: string, delimiter: string, n: number): string {
  if (delimiter === '' || n === 0) return ''
  const parts = value.split(delimiter)
  return (n > 0 ? parts.slice(0, n) : parts.slice(n)).join(delimiter)
}

export function splitPart(value: string, delimiter: string, n: number): string | null {
  if (n === 0) return null
  if (delimiter === '') return n === 1 || n === -1 ? value : ''
  return value.split(delimiter).at(n > 0 ? n - 1 : n) ?? ''
}

export function replaceAll(value: string, from: string, to: string): string | null {
  if (from === '') return value
  const parts = value.split(from)
  if (value.length + (parts.length - 1) * (to.length - from.length) > MAX_RESULT) return null
  return parts.join(to)
}

/** Cut where the text is longer; an empty fill fills nothing. */
function padding(
  value: string,
  length: number,
  fill: string,
): { readonly fill: string } | { readonly cut: string } | null {
  if (length > MAX_RESULT) return null
  const missing = length - codePoints(value)
  if (missing <= 0 || fill === '') return { cut: firstCharacters(value, Math.max(length, 0)) }
  return { fill: characters(fill.repeat(Math.ceil(missing / codePoints(fill))), 0, missing) }
}

export function lpad(value: string, length: number, fill?: Value): string | null {
  const made = padding(value, length, (fill ?? ' ') as string)
  return made === null ? null : 'cut' in made ? made.cut : kept(made.fill + value)
}

export function rpad(value: string, length: number, fill?: Value): string | null {
  const made = padding(value, length, (fill ?? ' ') as string)
  return made === null ? null : 'cut' in made ? made.cut : kept(value + made.fill)
}

export const initcap = (value: string): string =>
  value
    .toLowerCase()
    .split(/(\s+)/)
    .map(word => firstCharacters(word, 1).toUpperCase() + characters(word, 1, word.length))
    .join('')

// Written as loops: / +$/ takes quadratic time on long runs of blanks.
export function ltrim(value: string): string {
  let start = 0
  while (value[start] === ' ') start++
  return value.slice(start)
}

export function rtrim(value: string): string {
  let end = value.length
  while (value[end - 1] === ' ') end--
  return value.slice(0, end)
}
