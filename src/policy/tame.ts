/** Who approves must see what is there: no control character, and none that turns the direction of a text. */
export const tame = (line: string): string =>
  line.replace(
    /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g,
    found => `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
