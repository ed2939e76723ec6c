import type { Dialect } from '../../pipeline/expression/dialect.ts'
import type { Expression } from '../../pipeline/expression/expression.ts'
import { type ExpressionFault, Fault } from './expression-fault.ts'
import type { ParseOptions } from './parse-options.ts'
import { Parser } from './parser.ts'
import { tokensOf } from './tokens.ts'

type OrFault<T> = T | { readonly fault: ExpressionFault }

export interface FoundPlaceholder {
  /** Where it stands; inside quotes, where the quote begins. */
  readonly at: number
  /** As written: `${{USER.dept}}`, `{USER}`. */
  readonly written: string
}

/** The placeholders of a text, inside quotes or not, each time they occur. */
export function placeholdersIn(
  text: string,
  dialect: Dialect,
): OrFault<{ readonly placeholders: readonly FoundPlaceholder[] }> {
  return orFault(() => ({
    placeholders: tokensOf(text, dialect).flatMap(token => {
      if (token.kind === 'placeholder') return [{ at: token.at, written: token.written }]
      if (token.kind !== 'string') return []
      return token.parts.flatMap(part => (typeof part === 'string' ? [] : [{ at: token.at, written: part.written }]))
    }),
  }))
}

/** Reads one expression: a row filter, a CUSTOM mask, a condition. */
export function parseExpression(text: string, options: ParseOptions): OrFault<{ readonly expression: Expression }> {
  return orFault(() => {
    const parser = new Parser(tokensOf(text, options.dialect), options)
    const expression = parser.expression()
    parser.end()
    return { expression }
  })
}

/** Reads `round(eligibility_score, 2) as eligibility_score`. Without AS, a plain column keeps its name; anything else needs one. */
export function parseProjectionItem(
  text: string,
  options: ParseOptions,
): OrFault<{ readonly expression: Expression; readonly name: string }> {
  return orFault(() => {
    const parser = new Parser(tokensOf(text, options.dialect), options)
    const expression = parser.expression()
    const name = parser.alias(expression)
    parser.end()
    return { expression, name }
  })
}

function orFault<T>(read: () => T): OrFault<T> {
  try {
    return read()
  } catch (error) {
    if (error instanceof Fault) return { fault: error.fault }
    throw error
  }
}
