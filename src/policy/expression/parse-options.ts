import type { Dialect } from '../../pipeline/expression/dialect.ts'
import type { PlaceholderValue } from '../../pipeline/expression/expression.ts'

/** What a text means beside what stands in it. */
export interface ParseOptions {
  readonly dialect: Dialect
  /**
   * What the placeholders stand for, in the order of `placeholdersIn`. They become values in the tree and are never pasted
   * into the text, so nothing in them can change what the expression says.
   */
  readonly values?: readonly PlaceholderValue[]
  /** What the row may be called in front of its columns: `jsonAttr.address.state`. */
  readonly rowName?: string | null
}
