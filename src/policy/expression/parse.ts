import type { Dialect } from '../../pipeline/expression/dialect.ts'
import type { Expression, PlaceholderValue } from '../../pipeline/expression/expression.ts'

/** Why a text is no expression of ours. `what` never quotes a literal or a value. */
export interface ExpressionFault {
  /** A zero-based index into the text. */
  readonly at: number
  /** A sentence. */
  readonly what: string
}

export interface ParseOptions {
  readonly dialect: Dialect
  /**
   * What the placeholders stand for, in the order of `placeholdersIn`. They become values in the tree and are never pasted
   * into the text, so nothing in them can change what the expression says.
   */
  readonly values?: readonly PlaceholderValue[]
}

/** The placeholders of a text, as written (`${{USER.dept}}`, `{USER}`), inside quotes or not, each time they occur. */
export function placeholdersIn(
  text: string,
  dialect: Dialect,
):
  | { readonly placeholders: readonly { readonly at: number; readonly written: string }[] }
  | { readonly fault: ExpressionFault } {
  throw new Error(`not yet: ${text.length} ${dialect}`)
}

/** Reads one expression: a row filter, a CUSTOM mask, a condition. */
export function parseExpression(
  text: string,
  options: ParseOptions,
): { readonly expression: Expression } | { readonly fault: ExpressionFault } {
  throw new Error(`not yet: ${text.length} ${options.dialect}`)
}

/** Reads `round(eligibility_score, 2) as eligibility_score`. Without AS, the name is that of a plain column, else a fault. */
export function parseProjectionItem(
  text: string,
  options: ParseOptions,
): { readonly expression: Expression; readonly name: string } | { readonly fault: ExpressionFault } {
  throw new Error(`not yet: ${text.length} ${options.dialect}`)
}
