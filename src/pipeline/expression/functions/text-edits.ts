import { characters, codePoints, firstCharacters } from '../text.ts'
import type { Value } from '../values.ts'

/** What the functions of text do to one. */

/** A result of more characters is NULL, but for a long value of a column to which only a little is added. */
const MAX_RESULT = 1 << 20
const MAX_ADDED = 1000
/** The length to which lpad and rpad fill up. */
const MAX_PADDED = 10_000

/** A bound against expressions that make ever longer texts: may so many characters be made of a text of this length? */
export const isKept = (length: number, longest: number): boolean =>
  length <= MAX_RESULT || length <= longest + MAX_ADDED

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
  const length = value.length + (parts.length - 1) * (to.length - from.length)
  return isKept(length, value.length) ? parts.join(to) : null
}

/** Cut where the text is longer; an empty fill fills nothing. */
function padding(
  value: string,
  length: number,
  fill: string,
): { readonly fill: string } | { readonly cut: string } | null {
  const missing = length - codePoints(value)
  if (missing > 0 && length > MAX_PADDED) return null
  if (missing <= 0 || fill === '') return { cut: firstCharacters(value, Math.max(length, 0)) }
  return { fill: characters(fill.repeat(Math.ceil(missing / codePoints(fill))), 0, missing) }
}

export function lpad(value: string, length: number, fill?: Value): string | null {
  const made = padding(value, length, (fill ?? ' ') as string)
  return made === null ? null : 'cut' in made ? made.cut : made.fill + value
}

export function rpad(value: string, length: number, fill?: Value): string | null {
  const made = padding(value, length, (fill ?? ' ') as string)
  return made === null ? null : 'cut' in made ? made.cut : value + made.fill
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
