import type { Dialect } from '../../pipeline/expression/dialect.ts'
import { refuse } from './expression-fault.ts'
import { placeholderAt } from './placeholders.ts'

export type Token =
  /** `text` in small letters, for keywords; `written` as it stands. */
  | { readonly kind: 'word'; readonly at: number; readonly text: string; readonly written: string }
  /** A quoted name. */
  | { readonly kind: 'name'; readonly at: number; readonly text: string }
  /** Placeholders as `{ written }` between texts. */
  | { readonly kind: 'string'; readonly at: number; readonly parts: readonly (string | { readonly written: string })[] }
  | { readonly kind: 'number'; readonly at: number; readonly text: string }
  | { readonly kind: 'sign'; readonly at: number; readonly text: string }
  | { readonly kind: 'placeholder'; readonly at: number; readonly written: string }
  /** `{col}`, `{type}`. */
  | { readonly kind: 'self'; readonly at: number; readonly what: 'col' | 'type' }
  | { readonly kind: 'end'; readonly at: number }

/** Longer texts are refused unread. */
export const MAX_TEXT = 65_536

const twoSigns: ReadonlySet<string> = new Set(['==', '!=', '<>', '<=', '>=', '||'])
const oneSign: ReadonlySet<string> = new Set('()=<>+-*/%,.')
const wordStart = /[A-Za-z_\p{L}]/u
const wordPart = /[\w$\p{L}\p{M}\p{Nd}]/u
const isDigit = (sign: string | undefined): boolean => sign !== undefined && sign >= '0' && sign <= '9'

/** Why other signs are refused, where more can be said than that. */
const foreignSigns: ReadonlyMap<string, string> = new Map([
  [';', 'one expression only: a semicolon has no place here'],
  ['--', 'a comment could hide what the expression says (for a negative number behind a minus write parentheses)'],
  ['/*', 'a comment could hide what the expression says'],
  ['//', 'a comment could hide what the expression says'],
  ['#', 'a comment could hide what the expression says'],
  ['&&', 'write AND'],
  ['!', 'write NOT'],
  ['::', 'write cast(... as ...)'],
  [':', 'named parameters are not known'],
  ['?', 'parameters are not known'],
  ['[', 'elements of arrays cannot be read'],
  ['~', 'regular expressions are not supported: write LIKE'],
  ['<=>', 'write = and IS NULL'],
  ['->', 'write a dotted path for a place inside JSON'],
  ['{', 'braces are known only as {col}, {type}, {USER} and ${{...}}'],
  ['$', 'a dollar sign is known only as ${{...}}'],
])

/** The whole text as tokens; each sign is looked at once. */
export function tokensOf(text: string, dialect: Dialect): Token[] {
  if (text.length > MAX_TEXT) refuse(MAX_TEXT, `the text is longer than ${MAX_TEXT} characters`)
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    const sign = text[at] as string
    if (sign === ' ' || sign === '\t' || sign === '\n' || sign === '\r') {
      at++
      continue
    }
    const [token, after] = tokenAt(text, at, sign, dialect)
    tokens.push(token)
    at = after
  }
  tokens.push({ kind: 'end', at })
  return tokens
}

function tokenAt(text: string, at: number, sign: string, dialect: Dialect): readonly [Token, number] {
  if (isDigit(sign) || (sign === '.' && isDigit(text[at + 1]))) return numberAt(text, at)
  const character = String.fromCodePoint(text.codePointAt(at) as number)
  if (wordStart.test(character)) return wordAt(text, at)
  if (sign === "'" || (sign === '"' && dialect === 'hive')) return stringAt(text, at, sign, dialect)
  if (sign === '"' || sign === '`') return nameAt(text, at, sign)
  const placeholder = placeholderAt(text, at)
  if (placeholder !== null) return [{ kind: 'placeholder', at, written: placeholder }, at + placeholder.length]
  const self = /\{(?:col|type|colType)\}/y
  self.lastIndex = at
  const written = self.exec(text)?.[0]
  if (written !== undefined) {
    return [{ kind: 'self', at, what: written === '{col}' ? 'col' : 'type' }, at + written.length]
  }
  return signAt(text, at, sign)
}

function signAt(text: string, at: number, sign: string): readonly [Token, number] {
  const two = text.slice(at, at + 2)
  const why = foreignSigns.get(text.slice(at, at + 3)) ?? foreignSigns.get(two)
  if (why !== undefined) return refuse(at, why)
  if (twoSigns.has(two)) return [{ kind: 'sign', at, text: two }, at + 2]
  if (oneSign.has(sign)) return [{ kind: 'sign', at, text: sign }, at + 1]
  return refuse(at, foreignSigns.get(sign) ?? 'this sign has no meaning here')
}

function wordAt(text: string, at: number): readonly [Token, number] {
  let end = at
  while (end < text.length) {
    const character = String.fromCodePoint(text.codePointAt(end) as number)
    if (!wordPart.test(character)) break
    end += character.length
  }
  const written = text.slice(at, end)
  return [{ kind: 'word', at, text: written.toLowerCase(), written }, end]
}

function numberAt(text: string, at: number): readonly [Token, number] {
  const form = /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y
  form.lastIndex = at
  const written = form.exec(text)?.[0] ?? ''
  const end = at + written.length
  const next = text[end]
  if (next !== undefined && (next === '.' || wordPart.test(next))) refuse(end, 'a number ends in what is none')
  return [{ kind: 'number', at, text: written }, end]
}

/** A name in quotes; a doubled quote stands for one. */
function nameAt(text: string, at: number, quote: string): readonly [Token, number] {
  let name = ''
  for (let i = at + 1; i < text.length; i++) {
    if (text[i] !== quote) name += text[i]
    else if (text[i + 1] === quote) {
      name += quote
      i++
    } else {
      if (name === '') refuse(at, 'a name cannot be empty')
      return [{ kind: 'name', at, text: name }, i + 1]
    }
  }
  return refuse(at, 'the quote is not closed')
}

/** What a backslash and a letter stand for in Hive; `\%` and `\_` keep it, for LIKE. */
const escapes: Readonly<Record<string, string>> = {
  '0': '\0',
  b: '\b',
  n: '\n',
  r: '\r',
  t: '\t',
  Z: '\u001a',
  '%': '\\%',
  _: '\\_',
}

function stringAt(text: string, at: number, quote: string, dialect: Dialect): readonly [Token, number] {
  const parts: (string | { readonly written: string })[] = []
  let literal = ''
  for (let i = at + 1; i < text.length; ) {
    const sign = text[i] as string
    if (sign === '\\' && dialect === 'hive') {
      if (i + 1 === text.length) break
      const [character, after] = escapedAt(text, i)
      literal += character
      i = after
    } else if (sign === quote && text[i + 1] === quote) {
      literal += quote
      i += 2
    } else if (sign === quote) {
      if (literal !== '' || parts.length === 0) parts.push(literal)
      return [{ kind: 'string', at, parts }, i + 1]
    } else {
      const written = sign === '$' || sign === '{' ? placeholderAt(text, i) : null
      if (written !== null) {
        if (literal !== '') parts.push(literal)
        parts.push({ written })
        literal = ''
      } else literal += sign
      i += written?.length ?? 1
    }
  }
  return refuse(at, 'the quote is not closed')
}

function escapedAt(text: string, at: number): readonly [string, number] {
  const next = text[at + 1] ?? ''
  const code = next === 'u' ? /^[0-9a-fA-F]{4}$/.exec(text.slice(at + 2, at + 6))?.[0] : undefined
  if (code !== undefined) return [String.fromCharCode(Number.parseInt(code, 16)), at + 6]
  return [Object.hasOwn(escapes, next) ? (escapes[next] as string) : next, at + 2]
}
