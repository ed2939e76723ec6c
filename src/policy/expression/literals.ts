import { parseDecimal } from '../../pipeline/expression/decimal.ts'
import type { Literal } from '../../pipeline/expression/expression.ts'
import { parseDate, parseTimestamp } from '../../pipeline/expression/temporal.ts'
import { refuse } from './expression-fault.ts'
import type { Token } from './tokens.ts'

/** A number is a double where it has an exponent, else exact. */
export function numberLiteral(at: number, text: string): Literal {
  if (/[eE]/.test(text)) {
    const value = Number(text)
    return Number.isFinite(value) ? { type: 'double', value } : refuse(at, 'the number is out of range')
  }
  const value = parseDecimal(text) ?? refuse(at, 'the number has too many digits')
  return text.includes('.') ? { type: 'decimal', value } : { type: 'integer', value: value.unscaled }
}

/** The text behind DATE or TIMESTAMP. */
export function temporalLiteral(type: 'date' | 'timestamp', token: Token): Literal {
  const text = token.kind === 'string' && token.parts.length === 1 ? token.parts[0] : undefined
  if (typeof text !== 'string') {
    return refuse(token.at, 'a constant is needed here: for a placeholder write cast(... as date)')
  }
  if (type === 'date') {
    return { type, value: parseDate(text) ?? refuse(token.at, 'this is no date: write 2016-04-20') }
  }
  const { micros, zoned } = parseTimestamp(text) ?? refuse(token.at, 'this is no timestamp: write 2016-04-20 10:15:30')
  return { type, value: BigInt(micros), zoned }
}
