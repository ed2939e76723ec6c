import type { Pattern } from './i-regexp.ts'

/**
 * Where in a document a rule goes, as steps from the document's root. Made by the policy's readers from RFC 9535 paths,
 * dotted names and jsonpath-plus expressions; all three mean the same by it.
 */
export type Path = readonly Step[]

export type Step =
  /** Children of each node, or of each node and all that is inside it. */
  { readonly kind: 'child' | 'descendant'; readonly picks: readonly Pick[] } | { readonly kind: 'parent' }

export type Pick =
  /** `reach`: the name reaches through arrays, however deep, as dotted paths do. */
  | { readonly kind: 'name' | 'reach'; readonly name: string; readonly literal: Buffer }
  | { readonly kind: 'any' }
  /** The node itself and its children: `*` between two dotted names may mark an array or may stand for nothing. */
  | { readonly kind: 'within' }
  | { readonly kind: 'index'; readonly index: number }
  | { readonly kind: 'slice'; readonly start: number | null; readonly stop: number | null; readonly step: number }
  | { readonly kind: 'filter'; readonly test: Test }

/** `literal` is how the name is spelled nearly always. */
export const namePick = (
  name: string,
  kind: 'name' | 'reach' = 'name',
): Extract<Pick, { readonly kind: 'name' | 'reach' }> => ({
  kind,
  name,
  literal: Buffer.from(JSON.stringify(name)),
})

export type Test =
  | { readonly kind: 'and' | 'or'; readonly left: Test; readonly right: Test }
  | { readonly kind: 'not'; readonly test: Test }
  | { readonly kind: 'exists'; readonly query: Query }
  /** Regular expressions; `known` is read at load, null where a member of the document is the expression. */
  | {
      readonly kind: 'match' | 'search'
      readonly of: Operand
      readonly pattern: Operand
      readonly known: Pattern | null
    }
  /** As a script has it: not null, false, zero or empty. */
  | { readonly kind: 'truthy'; readonly of: Operand }
  | { readonly kind: 'compare'; readonly by: Comparison; readonly left: Operand; readonly right: Operand }

/** Of RFC 9535 are the first six; the others are a script's, which converts types before it compares. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=' | ScriptComparison
export type ScriptComparison = 'same' | 'differs' | 'alike' | 'unlike' | 'below' | 'up-to' | 'above' | 'from'

export interface Query {
  /** From the node that the filter looks at, or from the document's root. */
  readonly from: 'current' | 'root'
  readonly path: Path
  /** It names one place at most, unless a member is repeated. */
  readonly isSingular: boolean
}

export type Operand =
  | { readonly kind: 'literal'; readonly value: Literal }
  | { readonly kind: 'query'; readonly query: Query }
  /** `length()`: characters, items or members. */
  | { readonly kind: 'length'; readonly of: Operand }
  | { readonly kind: 'count'; readonly query: Query }
  | { readonly kind: 'value'; readonly query: Query }
  /** A script's `.length`: code units, items, or a member of this name. */
  | { readonly kind: 'script-length'; readonly query: Query }
  /** The name or index under which the node stands. */
  | { readonly kind: 'property' }

export type Literal =
  | { readonly type: 'null' }
  | { readonly type: 'boolean'; readonly value: boolean }
  | { readonly type: 'string'; readonly value: string }
  /** As it is spelled: digits beyond those of a double count. */
  | { readonly type: 'number'; readonly text: string }
