import { hasToken, replaceTokens, type TokenSigns } from './tokens.ts'
import { wildcardMatches, wildcardMayBegin } from './wildcard.ts'

/** What a request gives to values that are not fixed. */
export interface MatchContext {
  /** `USER`, `OWNER` and what the caller adds. */
  readonly tokens: ReadonlyMap<string, string>
  /** The text with each `${{...}}` of it replaced. */
  readonly resolve: (text: string) => string
  /** Told of an expression that has no value, where some value of it would match. */
  readonly onMissing?: (text: string) => void
  readonly isMissing?: (text: string) => boolean
}

export interface ValueOptions {
  readonly wildCard: boolean
  readonly ignoreCase: boolean
  /** Values that begin with one of these are compared with their case. */
  readonly quoteChars: string
  readonly replaceExpressions: boolean
  readonly signs: TokenSigns | null
  /** For paths: what parts them. */
  readonly separator: string | null
  readonly isRecursive: boolean
  readonly isUrl: boolean
}

/** One value of a policy's resource. */
export interface ValueMatcher {
  readonly isMatchAny: boolean
  /** It depends on the request. */
  readonly isDynamic: boolean
  /** The only text it matches, where there is just one. */
  readonly literal: string | null
  readonly matches: (value: string, context: MatchContext) => boolean
  /** Some text that begins so would match. */
  readonly mayBegin: (value: string, context: MatchContext) => boolean
  /** A direct child of the path would match. */
  readonly matchesChild: (value: string, context: MatchContext) => boolean
}

export const hasExpressions = (text: string): boolean => /\$\{\{.*?\}\}/.test(text)

type Shape = 'equal' | 'starts' | 'ends' | 'wildcard' | 'below' | 'below-wildcard'

export function valueMatcher(written: string, options: ValueOptions): ValueMatcher {
  const { shape, text } = shapeOf(written, options)
  const resolves = options.replaceExpressions && hasExpressions(text)
  const replaces = options.signs !== null && (resolves || hasToken(text, options.signs))
  const isDynamic = resolves || replaces
  const fold = foldOf(options)
  const expand = (context: MatchContext): string => {
    const resolved = resolves ? context.resolve(text) : text
    return replaces && options.signs !== null ? replaceTokens(resolved, context.tokens, options.signs) : resolved
  }
  /** The text as if its expressions could be anything. */
  const widest = text.replace(/\$\{\{.*?\}\}|\{[^{}]*\}/g, '*') + (shape === 'equal' || shape === 'ends' ? '' : '*')
  const report = (value: string, context: MatchContext): void => {
    if (context.isMissing?.(text) !== true || !wildcardMatches(fold(value, value), fold(widest, value))) return
    context.onMissing?.(text)
  }
  const test = (value: string, wanted: string): boolean =>
    tests[shape](fold(value, value), fold(wanted, value), options)
  return {
    isMatchAny: text === '',
    isDynamic,
    literal: shape === 'equal' && !isDynamic && options.quoteChars === '' ? fold(text, text) : null,
    matches: (value, context) => {
      if (resolves) report(value, context)
      return test(value, isDynamic ? expand(context) : text)
    },
    mayBegin: (value, context) => {
      const wanted = fold(expand(context), value)
      if (shape === 'ends') return true
      return shape === 'wildcard' || shape === 'below' || shape === 'below-wildcard'
        ? wildcardMayBegin(fold(value, value), wanted)
        : wanted.startsWith(fold(value, value))
    },
    matchesChild: (value, context) => {
      const { separator } = options
      if (separator === null) return false
      const wanted = expand(context)
      const last = (shape === 'below' ? withoutEnd(wanted, separator) : wanted).lastIndexOf(separator)
      if (last < 0) return false
      const parent = wanted.slice(0, last)
      const bare = withoutEnd(value, separator)
      return shape === 'below' || shape === 'starts' ? fold(bare, bare) === fold(parent, bare) : test(bare, parent)
    },
  }
}

function foldOf({ ignoreCase, quoteChars }: ValueOptions): (text: string, value: string) => string {
  if (!ignoreCase) return text => text
  if (quoteChars === '') return text => text.toLowerCase()
  return (text, value) => (value !== '' && quoteChars.includes(value[0] ?? '') ? text : text.toLowerCase())
}

const withoutEnd = (text: string, separator: string): string =>
  text !== '' && text.endsWith(separator) ? text.slice(0, -separator.length) : text

/** The form is that of the text as written: what a token brings is never a wildcard at an end. */
function shapeOf(written: string, { wildCard, isRecursive, separator }: ValueOptions): { shape: Shape; text: string } {
  if (isRecursive && separator !== null) {
    const value = wildCard && written.endsWith(separator) ? `${written}*` : written
    if (!wildCard || !/[*?]/.test(value)) return { shape: 'below', text: value }
    return value === '*' ? { shape: 'equal', text: '' } : { shape: 'below-wildcard', text: value }
  }
  if (!wildCard || !/[*?]/.test(written)) return { shape: 'equal', text: written }
  if (/^\*+[^*?]*$/.test(written)) return { shape: 'ends', text: written.replace(/^\*+/, '') }
  return /^[^*?]+\*+$/.test(written)
    ? { shape: 'starts', text: written.replace(/\*+$/, '') }
    : { shape: 'wildcard', text: written }
}

const tests: Readonly<Record<Shape, (value: string, wanted: string, options: ValueOptions) => boolean>> = {
  equal: (value, wanted) => value === wanted,
  starts: (value, wanted) => value.startsWith(wanted),
  ends: (value, wanted) => value.endsWith(wanted),
  wildcard: wildcardMatches,
  below: (value, wanted, { separator }) => {
    const folder = withoutEnd(wanted, separator ?? '/')
    return value === folder || value.startsWith(folder + (separator ?? '/'))
  },
  'below-wildcard': (value, wanted, { separator, isUrl }) =>
    isUrl
      ? isOneUrl(value) && urlStarts(value, separator ?? '/').some(start => wildcardMatches(start, wanted))
      : pathStarts(value, separator ?? '/', wanted).some(start => wildcardMatches(start, wanted)),
}

/**
 * A path and each folder on the way to it. A sign at its end counts only where the pattern is that very folder and all in
 * it: `/a/` is in `/a/*`, but not in `/a?/*`.
 */
function pathStarts(value: string, separator: string, wanted: string): readonly string[] {
  const names = value.split(separator).filter(name => name !== '')
  if (names.length === 0) return [value]
  const root = value.startsWith(separator) ? separator : ''
  const starts = names.map((_, at) => root + names.slice(0, at + 1).join(separator))
  const folder = `${starts.at(-1)}${separator}`
  const isVeryFolder = value.endsWith(separator) && wanted === `${folder}*` && !/[*?]/.test(folder)
  return isVeryFolder ? [...starts, folder] : starts
}

/** The same of a URL, which keeps its scheme. */
function urlStarts(value: string, separator: string): readonly string[] {
  const from = value.indexOf(':') + 3
  const starts: string[] = []
  for (let at = value.indexOf(separator, from + 1); at >= 0; at = value.indexOf(separator, at + 1)) {
    if (value[at - 1] !== separator) starts.push(value.slice(0, at))
  }
  return [...starts, value]
}

const isOneUrl = (value: string): boolean => /:\/{2}/.test(value) && !/:\/{3,}/.test(value)
