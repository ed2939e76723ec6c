import type { Expression, Literal } from '../../src/pipeline/expression/expression.ts'
import type { ColumnType, SchemaColumn } from '../../src/pipeline/schema.ts'
import { columnType } from './expressions.ts'
import type { Random } from './random.ts'

/** The kinds whose meaning Postgres shares with us. */
export type RandomKind = 'boolean' | 'integer' | 'decimal' | 'double' | 'text' | 'date' | 'timestamp'

interface RandomColumn extends SchemaColumn {
  readonly kind: RandomKind
  readonly sqlType: string
  /** A JSON value as Debezium writes it, and the same as a literal of SQL. */
  readonly value: (random: Random) => readonly [json: string, sql: string]
}

const column = (
  name: string,
  kind: RandomKind,
  sqlType: string,
  type: ColumnType,
  value: RandomColumn['value'],
): RandomColumn => ({ name, kind, sqlType, type, value })

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const alphabet = ['a', 'B', 'c', ' ', '1', '9', '.', '-', '%', '_', '\\', "'", 'é', 'ज', 'य', '🙂', '～'] as const

export function randomText(random: Random): string {
  if (random.chance(0.3)) return random.pick(['', '12', '-3.5', 'abc', 'aBc ', '007', '9007199254740993', '1e3'])
  // Postgres takes `9_1` for a number.
  return Array.from({ length: random.below(7) }, () => random.pick(alphabet))
    .join('')
    .replace(/(?<=\d)_/g, '')
}

const wholes = [
  '0',
  '1',
  '-1',
  '7',
  '12',
  '-30',
  '2147483647',
  '9007199254740992',
  '-9007199254740993',
  '9223372036854775807',
]
const decimals = ['0.00', '1.50', '-1.50', '12.34', '-0.01', '100.00', '99999999999999999.99', '0.05']
const doubles = ['0', '1.5', '-2.25', '0.1', '1e300', 'NaN', 'Infinity', '-Infinity', '12', '-0.5']

function base64(text: string): string {
  const unscaled = BigInt(text.replace('.', ''))
  const hex = BigInt.asUintN(128, unscaled).toString(16).padStart(32, '0')
  return Buffer.from(hex, 'hex').toString('base64')
}

const daysText = (days: number): string => new Date(days * 86_400_000).toISOString().slice(0, 10)
const microsText = (micros: number): string => {
  const ms = Math.floor(micros / 1000)
  return `${new Date(ms).toISOString().slice(0, 23).replace('T', ' ')}${String(micros - ms * 1000).padStart(3, '0')}`
}

const randomDays = (random: Random): number => random.pick([0, -1, 10_957, 16_911, 20_000 - random.below(40_000)])
const randomMicros = (random: Random): number =>
  randomDays(random) * 86_400_000_000 + random.pick([0, 1, 36_930_500_000, random.below(86_400) * 1_000_000])

const textValue = (random: Random): readonly [string, string] => {
  const text = randomText(random)
  return [JSON.stringify(text), quoted(text)]
}

const wholeValue = (random: Random): readonly [string, string] => {
  const number = random.pick(wholes)
  return [number, number]
}

export const randomColumns: readonly RandomColumn[] = [
  column('i', 'integer', 'bigint', columnType('int64'), wholeValue),
  column('k', 'integer', 'bigint', columnType('int64'), random => {
    const number = String(random.below(9) - 4)
    return [number, number]
  }),
  column(
    'm',
    'decimal',
    'numeric(30,2)',
    columnType('bytes', 'org.apache.kafka.connect.data.Decimal', { parameters: { scale: '2' } }),
    random => {
      const text = random.pick(decimals)
      return [`"${base64(text)}"`, text]
    },
  ),
  column('f', 'double', 'float8', columnType('double'), random => {
    const text = random.pick(doubles)
    return [/[A-Z]/.test(text) ? `"${text}"` : text, quoted(text)]
  }),
  column('t', 'text', 'text', columnType('string'), textValue),
  column('u', 'text', 'text', columnType('string'), textValue),
  column('b', 'boolean', 'boolean', columnType('boolean'), random => {
    const value = String(random.chance(0.5))
    return [value, value]
  }),
  column('d', 'date', 'date', columnType('int32', 'io.debezium.time.Date'), random => {
    const days = randomDays(random)
    return [String(days), quoted(daysText(days))]
  }),
  column('z', 'timestamp', 'timestamp', columnType('int64', 'io.debezium.time.MicroTimestamp'), random => {
    const micros = randomMicros(random)
    return [String(micros), quoted(microsText(micros))]
  }),
]

const at = 0
const literal = (value: Literal): Expression => ({ at, kind: 'literal', literal: value })
const text = (value: string): Expression => literal({ type: 'text', value })
const integer = (value: number | bigint): Expression =>
  value < 0
    ? { at, kind: 'negate', operand: literal({ type: 'integer', value: -BigInt(value) }) }
    : literal({ type: 'integer', value: BigInt(value) })
const call = (name: string, ...args: readonly Expression[]): Expression => ({ at, kind: 'call', name, args })
const castNames = {
  boolean: 'boolean',
  integer: 'bigint',
  double: 'double',
  date: 'date',
  timestamp: 'timestamp',
} as const

function cast(operand: Expression, kind: RandomKind): Expression {
  if (kind === 'decimal') return { at, kind: 'cast', operand, type: { name: 'decimal', precision: 30, scale: 4 } }
  if (kind === 'text') return { at, kind: 'cast', operand, type: { name: 'text', length: null } }
  return { at, kind: 'cast', operand, type: { name: castNames[kind] } }
}

const kinds: readonly RandomKind[] = ['boolean', 'integer', 'decimal', 'double', 'text', 'date', 'timestamp']

/** Typed expressions over `randomColumns`, of what means the same in Postgres. */
export function createExpressions(random: Random): { readonly of: (kind: RandomKind, depth: number) => Expression } {
  const leaf = (kind: RandomKind): Expression => {
    if (random.chance(0.08)) return cast(literal({ type: 'null' }), kind)
    if (random.chance(0.6)) {
      const found = random.pick(randomColumns.filter(known => known.kind === kind))
      return { at, kind: 'column', path: [found.name] }
    }
    return constant(kind)
  }

  const constant = (kind: RandomKind): Expression => {
    switch (kind) {
      case 'boolean':
        return literal({ type: 'boolean', value: random.chance(0.5) })
      case 'integer':
        return integer(BigInt(random.pick(wholes)))
      case 'decimal':
        return literal({
          type: 'decimal',
          value: { unscaled: BigInt(random.below(10_000)), scale: 1 + random.below(3) },
        })
      case 'double':
        return cast(text(random.pick(doubles)), 'double')
      case 'text':
        return text(randomText(random))
      case 'date':
        return literal({ type: 'date', value: randomDays(random) })
      case 'timestamp':
        return literal({ type: 'timestamp', value: BigInt(randomMicros(random)), zoned: false })
    }
  }

  const of = (kind: RandomKind, depth: number): Expression => {
    if (depth <= 0 || random.chance(0.15)) return leaf(kind)
    const inner = (other: RandomKind = kind): Expression => of(other, depth - 1)
    const choice = random.below(10)
    if (choice === 0) return choose(kind, depth)
    if (choice === 1) return call('coalesce', inner(), inner())
    if (choice === 2 && kind !== 'decimal') return call('nullif', inner(), inner())
    return makers[kind](inner)
  }

  const choose = (kind: RandomKind, depth: number): Expression => {
    const subject = random.chance(0.4) ? random.pick(kinds) : null
    const when = (): Expression => of(subject ?? 'boolean', depth - 1)
    return {
      at,
      kind: 'case',
      subject: subject === null ? null : of(subject, depth - 1),
      branches: Array.from({ length: 1 + random.below(2) }, () => ({ when: when(), result: of(kind, depth - 1) })),
      otherwise: random.chance(0.7) ? of(kind, depth - 1) : null,
    }
  }

  const arithmetic = (operator: '+' | '-' | '*' | '/' | '%', left: Expression, right: Expression): Expression => ({
    at,
    kind: 'arithmetic',
    operator,
    left,
    right,
  })
  const count = (least: number, span: number): Expression => integer(least + random.below(span))
  type Inner = (kind?: RandomKind) => Expression

  const makers: Readonly<Record<RandomKind, (inner: Inner) => Expression>> = {
    boolean: inner => predicate(inner),
    integer: inner => {
      const made = random.below(8)
      if (made < 3) return arithmetic(random.pick(['+', '-', '*', '/', '%'] as const), inner(), inner())
      if (made === 3) return random.chance(0.5) ? call('abs', inner()) : call('mod', inner(), inner())
      if (made === 4) return call('length', inner('text'))
      if (made === 5) return cast(call(random.pick(['floor', 'ceil']), inner('decimal')), 'integer')
      if (made === 6) return cast(inner(random.pick(['decimal', 'text', 'boolean'] as const)), 'integer')
      return { at, kind: 'negate', operand: inner() }
    },
    decimal: inner => {
      const made = random.below(7)
      if (made < 2)
        return arithmetic(
          random.pick(['+', '-', '*', '%'] as const),
          inner(),
          inner(random.pick(['decimal', 'integer'] as const)),
        )
      if (made === 2) return call('round', inner(), integer(random.below(4)))
      if (made === 3) return call('abs', inner())
      if (made === 4) return cast(inner(random.pick(['integer', 'text', 'decimal'] as const)), 'decimal')
      if (made === 5) return call('round', arithmetic('/', leaf('decimal'), integer(1 + random.below(9))), integer(2))
      return { at, kind: 'negate', operand: inner() }
    },
    double: inner => {
      const made = random.below(4)
      if (made < 2)
        return arithmetic(
          random.pick(['+', '-', '*', '/'] as const),
          inner(),
          inner(random.pick(['double', 'decimal', 'integer'] as const)),
        )
      if (made === 2) return cast(inner(random.pick(['integer', 'decimal'] as const)), 'double')
      return call('abs', inner())
    },
    text: inner => {
      switch (random.below(12)) {
        case 0:
          return {
            at,
            kind: 'arithmetic',
            operator: '||',
            left: inner(),
            right: inner(random.pick(['text', 'integer', 'date'] as const)),
          }
        case 1:
          return call(random.pick(['lower', 'upper', 'reverse', 'trim', 'ltrim', 'rtrim']), inner())
        case 2:
          return call('substr', inner(), count(1, 6))
        case 3:
          return call('substr', inner(), count(1, 5), count(0, 5))
        case 4:
          return call(random.pick(['left', 'right']), inner(), count(0, 5))
        case 5:
          return call('replace', inner(), inner(), inner())
        case 6:
          return call(
            'split_part',
            inner(),
            random.chance(0.5) ? text('a') : inner(),
            random.pick([count(1, 3), integer(-1)]),
          )
        case 7:
          return call(random.pick(['lpad', 'rpad']), inner(), count(0, 12), inner())
        case 8:
          return call('concat_ws', inner(), inner(), inner())
        case 9:
          return { at, kind: 'cast', operand: inner(), type: { name: 'text', length: 1 + random.below(5) } }
        default:
          return cast(inner(random.pick(['integer', 'date', 'timestamp', 'boolean'] as const)), 'text')
      }
    },
    date: inner => {
      if (random.chance(0.5)) return cast(inner('timestamp'), 'date')
      return call(random.pick(['date_add', 'date_sub']), inner(), integer(random.below(400)))
    },
    timestamp: inner => {
      const unit = random.pick(['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second'])
      return random.chance(0.5) ? cast(inner('date'), 'timestamp') : call('date_trunc', text(unit), inner())
    },
  }

  const predicate = (inner: Inner): Expression => {
    const negated = random.chance(0.4)
    switch (random.below(9)) {
      case 0:
        return { at, kind: 'not', operand: inner('boolean') }
      case 1:
      case 2: {
        const kind = random.chance(0.5) ? 'and' : 'or'
        return { at, kind, operands: Array.from({ length: 2 + random.below(2) }, () => inner('boolean')) }
      }
      case 3: {
        const kind = random.pick(kinds)
        return {
          at,
          kind: 'in',
          negated,
          operand: inner(kind),
          list: Array.from({ length: 1 + random.below(4) }, () => inner(kind)),
        }
      }
      case 4: {
        const kind = random.pick(kinds)
        return { at, kind: 'between', negated, operand: inner(kind), low: inner(kind), high: inner(kind) }
      }
      case 5: {
        const escaped = random.chance(0.2) ? text('!') : null
        return { at, kind: 'like', negated, operand: inner('text'), pattern: like(), escape: escaped }
      }
      case 6:
        return { at, kind: 'is', negated, operand: inner(random.pick(kinds)), what: 'null' }
      case 7:
        return { at, kind: 'is', negated, operand: inner('boolean'), what: random.pick(['true', 'false'] as const) }
      default: {
        const left = random.pick(kinds)
        const right = random.chance(0.7) ? left : neighbour(left)
        const operator = random.pick(['=', '<>', '<', '<=', '>', '>='] as const)
        return { at, kind: 'compare', operator, left: inner(left), right: inner(right) }
      }
    }
  }

  /** A kind that this one can be compared with. */
  const neighbour = (kind: RandomKind): RandomKind => {
    if (kind === 'integer' || kind === 'decimal' || kind === 'double')
      return random.pick(['integer', 'decimal', 'double'] as const)
    return kind === 'date' || kind === 'timestamp' ? random.pick(['date', 'timestamp'] as const) : kind
  }

  /** Never with its escape at the end, which is refused. */
  const like = (): Expression => {
    const signs = ['%', '%', '_', 'a', 'B', '1', 'ज', '🙂', '\\%', '!', '.'] as const
    return text(
      Array.from({ length: random.below(6) }, () => random.pick(signs))
        .join('')
        .replace(/!+$/, ''),
    )
  }

  return { of }
}
