/** How a kind of mask spells the characters that it hides. */
export interface Spelling {
  readonly upper: string
  readonly lower: string
  readonly digit: string
}

/** By class: `Ravi-42` becomes `Xxxx-nn`. */
export const byClass: Spelling = { upper: 'X', lower: 'x', digit: 'n' }
/** One letter for all: `Ravi-42` becomes `xxxx-xx`. */
export const allAlike: Spelling = { upper: 'x', lower: 'x', digit: 'x' }

const capital = /\p{Lu}/gu
const digit = /\p{N}/gu
/** All but capitals, digits, and what stays: punctuation, blanks, signs of currency and those on every keyboard. */
const other = /[^\p{Lu}\p{N}\p{P}\p{Z}\p{Sc}\t\n\r+<=>^`|~]/gu

/**
 * One character for each code point that is no separator. What has no case is hidden as well: letters and marks of Indic
 * scripts, ideographs, emoji, and whatever Unicode does not name yet.
 */
export const hideCharacters = (text: string, spelling: Spelling): string =>
  text.replace(other, spelling.lower).replace(capital, spelling.upper).replace(digit, spelling.digit)

const content = /[\p{L}\p{N}\p{So}\p{Co}]/u

/** Something to read: a letter, a digit, an emoji. Marks and invisible characters alone are nothing. */
export const hasContent = (text: string): boolean => content.test(text)

/** What becomes of each byte of ASCII; 0 for the others. */
export function byteTable(spell: (character: string) => string): Uint8Array {
  const table = new Uint8Array(256)
  for (let byte = 0x20; byte < 0x80; byte++) table[byte] = spell(String.fromCharCode(byte)).charCodeAt(0)
  return table
}
