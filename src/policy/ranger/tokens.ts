/** How `{USER}` and its like are written in resource values; a service-def may choose other signs. */
export interface TokenSigns {
  readonly start: string
  readonly end: string
  readonly escape: string
  readonly prefix: string
}

export const defaultSigns: TokenSigns = { start: '{', end: '}', escape: '\\', prefix: '' }

/** Null where the matcher options name signs that contradict each other; tokens then stay as they are written. */
export function tokenSigns(options: ReadonlyMap<string, string>): TokenSigns | null {
  const signs = {
    start: options.get('tokenDelimiterStart')?.[0] ?? defaultSigns.start,
    end: options.get('tokenDelimiterEnd')?.[0] ?? defaultSigns.end,
    escape: options.get('tokenDelimiterEscape')?.[0] ?? defaultSigns.escape,
    prefix: options.get('tokenDelimiterPrefix') ?? defaultSigns.prefix,
  }
  const clash =
    signs.escape === signs.start ||
    signs.escape === signs.end ||
    [signs.escape, signs.start, signs.end].some(sign => signs.prefix.includes(sign))
  return clash ? null : signs
}

export const hasToken = (text: string, signs: TokenSigns): boolean =>
  text.includes(signs.escape) || (text.includes(signs.start) && text.includes(signs.end))

/** Tokens that nobody knows stay as written, signs and all. */
export function replaceTokens(text: string, tokens: ReadonlyMap<string, string>, signs: TokenSigns): string {
  if (tokens.size === 0 || !hasToken(text, signs)) return text
  let done = ''
  let token: string | null = null
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? ''
    if (char === signs.escape) {
      const next = text[++at] ?? ''
      // The escape sign is kept before what needs no escape.
      const kept = next === signs.escape || next === (token === null ? signs.start : signs.end) ? next : char + next
      if (token === null) done += kept
      else token += kept
    } else if (token === null) {
      if (char === signs.start) token = ''
      else done += char
    } else if (char === signs.end) {
      done += tokenValue(token, tokens, signs) ?? signs.start + token + signs.end
      token = null
    } else token += char
  }
  return token === null ? done : done + signs.start + token
}

const tokenValue = (token: string, tokens: ReadonlyMap<string, string>, { prefix }: TokenSigns): string | undefined =>
  token.startsWith(prefix) ? tokens.get(token.slice(prefix.length)) : undefined
