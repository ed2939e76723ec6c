import type { CastType } from '../../pipeline/expression/expression.ts'
import { refuse } from './expression-fault.ts'
import type { Token } from './tokens.ts'

/** Digits that a decimal may have. */
const MAX_PRECISION = 1000

const simple: ReadonlyMap<string, CastType> = new Map<string, CastType>([
  ['boolean', { name: 'boolean' }],
  ['bool', { name: 'boolean' }],
  ['tinyint', { name: 'tinyint' }],
  ['smallint', { name: 'smallint' }],
  ['int2', { name: 'smallint' }],
  ['int', { name: 'int' }],
  ['integer', { name: 'int' }],
  ['int4', { name: 'int' }],
  ['bigint', { name: 'bigint' }],
  ['int8', { name: 'bigint' }],
  ['float', { name: 'double' }],
  ['real', { name: 'double' }],
  ['double', { name: 'double' }],
  ['date', { name: 'date' }],
  ['time', { name: 'time' }],
  ['timestamp', { name: 'timestamp' }],
  ['timestamptz', { name: 'timestamptz' }],
])

const texts: ReadonlySet<string> = new Set(['text', 'string', 'varchar', 'char', 'character'])
const decimals: ReadonlySet<string> = new Set(['decimal', 'numeric', 'dec'])

/** Reads a type at the first of these tokens; the answer tells how many it took. */
export function readCastType(tokens: readonly Token[]): readonly [CastType, number] {
  const [first] = tokens
  if (first?.kind === 'self' && first.what === 'type') return [{ name: 'self' }, 1]
  if (first?.kind !== 'word') return refuse(first?.at ?? 0, 'a type is missing here')
  if (texts.has(first.text)) {
    const [[length = null], taken] = sizes(tokens, 1)
    if (length === 0) refuse(first.at, 'a text of no length')
    return [{ name: 'text', length }, 1 + taken]
  }
  if (decimals.has(first.text)) {
    const [[precision = null, scale], taken] = sizes(tokens, 2)
    return [decimal(first.at, precision, scale ?? null), 1 + taken]
  }
  const type = simple.get(first.text) ?? refuse(first.at, 'unknown type')
  const words = tokens.slice(1, 5).map(token => (token.kind === 'word' ? token.text : ''))
  if (first.text === 'double' && words[0] === 'precision') return [type, 2]
  const isMoment = first.text === 'timestamp'
  const zone = words.slice(0, 3).join(' ')
  if (isMoment && words.join(' ') === 'with local time zone') return [{ name: 'timestamptz' }, 5]
  if (isMoment && zone === 'with time zone') return [{ name: 'timestamptz' }, 4]
  if (isMoment && zone === 'without time zone') return [type, 4]
  return [type, 1]
}

function decimal(at: number, precision: number | null, scale: number | null): CastType {
  if (precision === null) return { name: 'decimal', precision: null, scale: null }
  if (precision < 1 || precision > MAX_PRECISION) refuse(at, `a decimal has 1 to ${MAX_PRECISION} digits`)
  if ((scale ?? 0) > precision) refuse(at, 'more digits behind the point than there are')
  return { name: 'decimal', precision, scale: scale ?? 0 }
}

/** `(10, 2)` behind the first token, with up to so many numbers. */
function sizes(tokens: readonly Token[], most: number): readonly [number[], number] {
  const isSign = (n: number, text: string): boolean => {
    const token = tokens[n]
    return token?.kind === 'sign' && token.text === text
  }
  if (!isSign(1, '(')) return [[], 0]
  const found: number[] = []
  let n = 2
  do {
    const token = tokens[n]
    if (token?.kind !== 'number' || !/^\d{1,9}$/.test(token.text) || found.length === most) {
      return refuse(token?.at ?? 0, most === 1 ? 'a length is missing here' : 'precision and scale are missing here')
    }
    found.push(Number(token.text))
    n += 2
  } while (isSign(n - 1, ','))
  if (!isSign(n - 1, ')')) refuse(tokens[n - 1]?.at ?? 0, 'a closing parenthesis is missing')
  return [found, n - 1]
}
