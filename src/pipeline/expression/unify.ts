import { type Bound, refuse } from './bound.ts'
import { cast, type CastTarget } from './cast.ts'
import { commonKind } from './compare.ts'
import type { Dialect } from './dialect.ts'
import { type ExpressionType, kindNames } from './expression-type.ts'

/**
 * The alternatives of CASE, coalesce and their like as one type: numbers become the wider one, a value inside JSON and a
 * constant text become what stands beside them. Anything else that differs is refused: it would have to be guessed.
 */
export function unified(
  inputs: readonly Bound[],
  dialect: Dialect,
): { type: ExpressionType; inputs: readonly Bound[] } {
  const [first] = inputs
  if (first === undefined) return { type: { kind: 'null' }, inputs }
  const type = inputs.reduce<ExpressionType>((sum, input) => widened(sum, input), first.type)
  const target = targetOfType(type)
  if (target === null) return { type, inputs }
  return { type, inputs: inputs.map(input => (isSame(input.type, type) ? input : cast(input, target, dialect))) }
}

function widened(a: ExpressionType, input: Bound): ExpressionType {
  const b = input.type
  if (a.kind === 'null') return b
  if (a.kind === 'integer' && b.kind === 'integer') return a.bits === b.bits ? a : { kind: 'integer' }
  if (b.kind === 'null' || isSame(a, b)) return a
  if (a.kind === 'text' && b.kind === 'text') return { kind: 'text', length: longest(a.length, b.length) }
  if (a.kind === 'decimal' && b.kind === 'decimal') return { kind: 'decimal', scale: longest(a.scale, b.scale) }
  // Two values inside JSON are texts, until something else says what they are.
  if (a.kind === 'json' || b.kind === 'json') return a.kind === 'json' ? widerThanJson(b) : widerThanJson(a)
  const kind = commonKind(a.kind, b.kind)
  if (kind === 'double') return { kind }
  if (kind === 'decimal' && a.kind !== 'text' && b.kind !== 'text') {
    return { kind, scale: a.kind === 'decimal' ? a.scale : b.kind === 'decimal' ? b.scale : null }
  }
  if (kind === 'timestamp' && a.kind !== 'text' && b.kind !== 'text') {
    return { kind: a.kind === 'timestamptz' || b.kind === 'timestamptz' ? 'timestamptz' : 'timestamp' }
  }
  if (b.kind === 'text' && input.constant !== null && kind !== null) return a
  return refuse(input.at, `the alternatives must be of one type: ${kindNames[a.kind]} and ${kindNames[b.kind]} are not`)
}

const widerThanJson = (type: ExpressionType): ExpressionType =>
  type.kind === 'text' || type.kind === 'json' ? { kind: 'text', length: null } : type

const longest = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b)

function isSame(a: ExpressionType, b: ExpressionType): boolean {
  if (a.kind !== b.kind) return false
  if (a.kind === 'decimal' && b.kind === 'decimal') return a.scale === b.scale && a.scale !== null
  return a.kind !== 'text' || b.kind !== 'text' || a.length === b.length
}

/** null: nothing to convert to. */
function targetOfType(type: ExpressionType): CastTarget | null {
  switch (type.kind) {
    case 'integer':
      return { kind: 'integer', min: null, max: null }
    case 'decimal':
      return { kind: 'decimal', precision: null, scale: type.scale }
    case 'text':
      return { kind: 'text', length: null }
    case 'json':
    case 'null':
    case 'list':
    case 'opaque':
      return null
    default:
      return { kind: type.kind }
  }
}
