import type { ColumnType } from '../schema.ts'

/** The static type of an expression. */
export type ExpressionType =
  /** Of a bare NULL: fits everywhere. */
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean' | 'integer' | 'double' | 'bytes' | 'date' | 'time' | 'timestamp' | 'timestamptz' }
  /** `scale` null: it differs from value to value. */
  | { readonly kind: 'decimal'; readonly scale: number | null }
  /** `length`: an upper bound of the code points; null: none is known. */
  | { readonly kind: 'text'; readonly length: number | null }
  /** A value inside a JSON column or a struct: text that becomes whatever it is compared with. */
  | { readonly kind: 'json' }
  /** Texts known at load, such as the groups of the reader: for IN and array_contains. */
  | { readonly kind: 'list' }
  /** Arrays, maps, geometry ...: only IS NULL and changed() take it. A present value reads as `true`. */
  | { readonly kind: 'opaque' }

export type TypeKind = ExpressionType['kind']

/** The type that a column has in expressions; `inside` a JSON column or a struct it is `json`. */
export function typeOfColumn(type: ColumnType): ExpressionType {
  throw new Error(`not yet: ${type.kind}`)
}

/** The Connect type of a new column with this expression in it; a sentence where there is none. */
export function connectTypeOf(type: ExpressionType, nullable: boolean): ColumnType | { readonly detail: string } {
  throw new Error(`not yet: ${type.kind} ${nullable}`)
}
