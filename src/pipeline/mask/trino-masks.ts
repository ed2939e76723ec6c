/** What the expressions of Ranger's Trino and Presto service definitions give for text. */

/** Letters and digits of ASCII; all else stays. */
export const trinoMask = (text: string): string =>
  text.replace(/[A-Z]/g, 'X').replace(/[a-z]/g, 'x').replace(/[0-9]/g, '0')

/**
 * The regular expression has `.` and `$`, so only the last line is masked, and one of fewer than four characters is not. A
 * line break at the very end does not count.
 */
export function trinoShowLast4(text: string): string {
  const end = text.endsWith('\n') ? text.length - 1 : text.length
  const start = text.lastIndexOf('\n', end - 1) + 1
  const line = end === 0 ? [] : [...text.slice(start, end)]
  if (line.length < 4) return text
  return text.slice(0, start) + 'X'.repeat(line.length - 4) + line.slice(-4).join('') + text.slice(end)
}

/** Only the first line is masked, and one of fewer than four characters is not. */
export function trinoShowFirst4(text: string): string {
  const found = text.indexOf('\n')
  const end = found === -1 ? text.length : found
  const line = [...text.slice(0, end)]
  return line.length < 4 ? text : line.slice(0, 4).join('') + 'X'.repeat(line.length - 4) + text.slice(end)
}
