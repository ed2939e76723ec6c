import type { Decimal } from './values.ts'

/** Where a node begins in its text: a zero-based index. */
interface At {
  readonly at: number
}

/** The value of a `${{...}}` that the caller resolved: one text, or a list of them for IN. */
export type PlaceholderValue = string | readonly string[]

/** A placeholder keeps its words for the printer; what runs is the value, which never was part of any text. */
export interface Placeholder {
  /** As written: `${{USER.dept}}`, `{USER}`. */
  readonly written: string
  readonly value: PlaceholderValue
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '||'
export type CompareOperator = '=' | '<>' | '<' | '<=' | '>' | '>='

/** A type as CAST names it; `self` is `{type}` of a CUSTOM mask. */
export type CastType =
  | { readonly name: 'boolean' | 'double' | 'date' | 'time' | 'timestamp' | 'timestamptz' | 'self' }
  | { readonly name: 'tinyint' | 'smallint' | 'int' | 'bigint' }
  /** Without either, what the dialect takes it for. */
  | { readonly name: 'decimal'; readonly precision: number | null; readonly scale: number | null }
  | { readonly name: 'text'; readonly length: number | null }

export type Literal =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'decimal'; readonly value: Decimal }
  | { readonly type: 'double'; readonly value: number }
  | { readonly type: 'text'; readonly value: string }
  /** Days since 1970-01-01. */
  | { readonly type: 'date'; readonly value: number }
  /** Microseconds since 1970-01-01; `zoned` where the text told an offset. */
  | { readonly type: 'timestamp'; readonly value: bigint; readonly zoned: boolean }

/** What a text was read as. Plain data, frozen in meaning: binding it to columns makes the closure that runs. */
export type Expression =
  | (At & { readonly kind: 'literal'; readonly literal: Literal })
  | (At & { readonly kind: 'placeholder'; readonly placeholder: Placeholder })
  /** A quoted text with placeholders in it. */
  | (At & { readonly kind: 'template'; readonly parts: readonly (string | Placeholder)[] })
  | (At & { readonly kind: 'column'; readonly path: readonly string[] })
  /** `{col}`: the column that a CUSTOM mask stands on. */
  | (At & { readonly kind: 'self' })
  /** `name` in small letters, one of the table of functions. */
  | (At & { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] })
  | (At & { readonly kind: 'negate'; readonly operand: Expression })
  | (At & { readonly kind: 'not'; readonly operand: Expression })
  /** Flat, so that a long chain is not a deep one. */
  | (At & { readonly kind: 'and' | 'or'; readonly operands: readonly Expression[] })
  | (At & {
      readonly kind: 'arithmetic'
      readonly operator: ArithmeticOperator
      readonly left: Expression
      readonly right: Expression
    })
  | (At & {
      readonly kind: 'compare'
      readonly operator: CompareOperator
      readonly left: Expression
      readonly right: Expression
    })
  | (At & {
      readonly kind: 'in'
      readonly negated: boolean
      readonly operand: Expression
      readonly list: readonly Expression[]
    })
  | (At & {
      readonly kind: 'between'
      readonly negated: boolean
      readonly operand: Expression
      readonly low: Expression
      readonly high: Expression
    })
  | (At & {
      readonly kind: 'like'
      readonly negated: boolean
      readonly operand: Expression
      readonly pattern: Expression
      readonly escape: Expression | null
    })
  | (At & {
      readonly kind: 'is'
      readonly negated: boolean
      readonly operand: Expression
      readonly what: 'null' | 'true' | 'false'
    })
  | (At & {
      readonly kind: 'case'
      readonly subject: Expression | null
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[]
      readonly otherwise: Expression | null
    })
  | (At & { readonly kind: 'cast'; readonly operand: Expression; readonly type: CastType })
