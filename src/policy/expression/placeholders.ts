import { refuse } from './expression-fault.ts'

/** The placeholder that begins here, as written: `${{USER.dept}}`, `{USER}`, `{OWNER}`; null where none does. */
export function placeholderAt(text: string, at: number): string | null {
  if (text.startsWith('${{', at)) {
    const end = text.indexOf('}}', at + 3)
    return end < 0 ? refuse(at, 'the placeholder is not closed') : text.slice(at, end + 2)
  }
  return ['{USER}', '{OWNER}'].find(token => text.startsWith(token, at)) ?? null
}
