import { fail } from '../decode/scanner.ts'
import { type ColumnType, columnLength, typeText } from '../schema.ts'
import type { OutputBuffer } from '../serialize/output-buffer.ts'
import { type Bound, BindError, refuse } from './bound.ts'
import type { BindFault, BoundExpression } from './bound-expression.ts'
import { cast } from './cast.ts'
import { connectTypeOf, type ExpressionType, kindNames, typeOfColumn } from './expression-type.ts'
import type { Row } from './row.ts'
import { type ValueLiteral, valueLiteral } from './value-literal.ts'

/** An expression whose results go into a column of a given type. */
export interface FittedExpression {
  readonly expression: BoundExpression
  readonly type: ColumnType
  /**
   * Appends the result as a JSON value of the column's type. A result that does not fit (out of range, too long, NULL where
   * the column takes none) fails with RECORD_EXPRESSION_MISFIT at the position `at`, and nothing is appended.
   */
  readonly write: (row: Row, out: OutputBuffer, at: number) => void
}

/**
 * For CUSTOM masks and for projections that replace a column: the column keeps its type. Refused at load where the types
 * do not go together, where NULL may come out and the column takes none, or where a text may be longer than the column.
 */
export function fitTo(expression: BoundExpression, type: ColumnType): FittedExpression | BindFault {
  try {
    return fitted(expression, type)
  } catch (error) {
    if (error instanceof BindError) return error.fault
    throw error
  }
}

/** For a new column: the type follows from the expression. */
export function fitNew(expression: BoundExpression): FittedExpression | BindFault {
  const type = connectTypeOf(expression.type, expression.nullable)
  return 'detail' in type ? { code: 'SCHEMA_EXPRESSION', at: 0, detail: type.detail } : fitTo(expression, type)
}

function fitted(expression: BoundExpression, type: ColumnType): FittedExpression {
  const literal = expression.constant?.value === null ? () => null : (valueLiteral(type) ?? refuseType(type))
  const converted = asColumn(expression, typeOfColumn(type), type)
  const constant = converted.constant?.value ?? null
  const isLost = constant === null && (expression.constant?.value ?? null) !== null
  if (isLost || (constant !== null && literal(constant) === null))
    refuse(0, `the constant does not fit a column of type ${typeText(type)}`)
  if (converted.nullable && !type.optional) {
    refuse(0, 'the result may be NULL, and the column takes none: write coalesce(..., a constant)')
  }
  const limit = columnLength(type)
  if (limit !== null && converted.type.kind === 'text' && (converted.type.length ?? 0) > limit) {
    refuse(0, `the result may have ${converted.type.length} characters, the column takes ${limit}`)
  }
  return {
    expression: { ...expression, nullable: converted.nullable },
    type,
    write: (row, out, at) => append(converted.evaluate(row), literal, type.optional, out, at),
  }
}

const refuseType = (type: ColumnType): never =>
  refuse(0, `nothing can be written into a column of type ${typeText(type)}`)

function append(
  value: ReturnType<Bound['evaluate']>,
  literal: ValueLiteral,
  optional: boolean,
  out: OutputBuffer,
  at: number,
): void {
  const text = value === null ? (optional ? 'null' : null) : literal(value)
  if (text === null) fail('RECORD_EXPRESSION_MISFIT', at)
  // A UTF-16 unit has at most three bytes.
  out.reserve(text.length * 3)
  out.at += out.bytes.write(text, out.at, 'utf8')
}

/** As the column's kind, by the conversions that lose nothing; any other has to be written as CAST. */
function asColumn(expression: BoundExpression, target: ExpressionType, column: ColumnType): Bound {
  const { type, nullable, constant, evaluate } = expression
  const input: Bound = { at: 0, type, nullable, constant, slot: null, list: [], evaluate }
  const from = type.kind
  if (from === 'null') return input
  const isFree = from === 'json' || (from === 'text' && constant !== null)
  switch (target.kind) {
    case 'integer':
      if (from === 'integer') return input
      if (isFree) return cast(input, { kind: 'integer', min: null, max: null }, 'scrim')
      break
    case 'decimal':
      if (from === 'decimal' && !isFiner(type, target)) return input
      if (from === 'decimal')
        return refuse(
          0,
          `the result may have more digits behind the point than the column: write round(..., ${target.scale})`,
        )
      if (from === 'integer' || isFree) return cast(input, { kind: 'decimal', precision: null, scale: null }, 'scrim')
      break
    case 'text':
      if (from === 'text' || from === 'json')
        return { ...input, type: from === 'json' ? { kind: 'text', length: null } : type }
      if (from !== 'bytes' && from !== 'list' && from !== 'opaque' && column.logical === null) {
        return cast(input, { kind: 'text', length: null }, 'scrim')
      }
      break
    case 'double':
      if (from === 'double') return input
      if (from === 'integer' || from === 'decimal' || isFree) return cast(input, { kind: 'double' }, 'scrim')
      break
    case 'timestamp':
    case 'timestamptz':
      if (from === 'date' || from === 'timestamp' || from === 'timestamptz' || isFree)
        return cast(input, { kind: target.kind }, 'scrim')
      break
    case 'boolean':
    case 'date':
    case 'time':
      if (from === target.kind) return input
      if (isFree) return cast(input, { kind: target.kind }, 'scrim')
      break
    default:
      if (from === target.kind) return input
  }
  return refuse(0, `the result is ${kindNames[from]}, the column is ${typeText(column)}: write cast(... as ...)`)
}

/** More digits behind the point than the column has; an unknown number of them is looked at value by value. */
const isFiner = (type: ExpressionType, target: ExpressionType): boolean =>
  type.kind === 'decimal' && target.kind === 'decimal' && (type.scale ?? 0) > (target.scale ?? Number.POSITIVE_INFINITY)
