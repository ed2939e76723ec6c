/**
 * Names that come with a record are told only where they look like the name of a column, so that somebody can act on
 * them: a value could have been used as a name. What a value has and a column has not: white space, `@`, dots or slashes,
 * a number of five digits (in groups too: `2345-6789-0121`) or more digits than two years have, four digits between
 * letters (a PAN), letters of two scripts in one word.
 */
export const tellableName = (name: string): string =>
  name === '' || (ordinary.test(name) && !valuelike.test(name)) ? name : '?'

/** One that is not told is told by where it stands among its neighbours: the `index`-th, from 0. */
export const placedName = (told: string, index: number): string => (told === '?' ? `?[${index}]` : told)

const ordinary = /^(?=.{1,63}$)[_$#]*\p{L}[\p{L}\p{M}\p{N}_$#-]*$/u

const valuelike = new RegExp(
  [
    String.raw`\p{N}(?:[^\p{L}\p{N}_]*\p{N}){4}`,
    String.raw`\p{N}(?:[^\p{N}]*\p{N}){8}`,
    String.raw`\p{L}\p{N}{4}\p{L}`,
    String.raw`\p{sc=Latin}\p{M}*(?!\p{sc=Latin})\p{L}`,
    String.raw`(?!\p{sc=Latin})\p{L}\p{M}*\p{sc=Latin}`,
  ].join('|'),
  'u',
)
