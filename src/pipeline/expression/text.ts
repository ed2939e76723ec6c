/** Texts counted in code points: a character outside of the basic plane is one, not two. */

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff

/** How many units the character at `i` has. */
export const unitsAt = (text: string, i: number): 1 | 2 =>
  isHigh(text.charCodeAt(i)) && isLow(text.charCodeAt(i + 1)) ? 2 : 1

export function codePoints(text: string): number {
  let count = text.length
  for (let i = 0; i < text.length - 1; i++) {
    if (isHigh(text.charCodeAt(i)) && isLow(text.charCodeAt(i + 1))) {
      count--
      i++
    }
  }
  return count
}

/** Where the character of this number begins; the text's length where there are fewer. */
function indexOf(text: string, characters: number): number {
  let i = 0
  for (let n = characters; n > 0 && i < text.length; n--) i += unitsAt(text, i)
  return Math.min(i, text.length)
}

/** The characters [from, from + count), from zero. */
export function characters(text: string, from: number, count: number): string {
  if (count <= 0) return ''
  const start = indexOf(text, from)
  const rest = text.length - start
  return count >= rest
    ? text.slice(start)
    : text.slice(start, start + indexOf(text.slice(start, start + 2 * count), count))
}

export const firstCharacters = (text: string, count: number): string =>
  text.length <= count ? text : characters(text, 0, count)

export const lastCharacters = (text: string, count: number): string =>
  text.length <= count ? text : characters(text, codePoints(text) - count, count)

export const reversed = (text: string): string => [...text].reverse().join('')

/** In the order of code points, which is that of the UTF-8 bytes: UTF-16 sorts surrogates before U+E000. */
export function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)
