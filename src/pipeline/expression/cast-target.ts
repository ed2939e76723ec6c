import { refuse } from './bound.ts'
import type { CastTarget } from './cast.ts'
import type { CastType } from './expression.ts'
import { type IntegerBits, typeOfColumn } from './expression-type.ts'
import type { Scope } from './scope.ts'

const integers = { tinyint: 8, smallint: 16, int: 32, bigint: 64 } as const

/** What the type of a CAST means in the dialect; `{type}` is that of the column that a CUSTOM mask stands on. */
export function castTarget(at: number, type: CastType, scope: Scope): CastTarget {
  switch (type.name) {
    case 'tinyint':
    case 'smallint':
    case 'int':
    case 'bigint':
      return integerTarget(integers[type.name])
    case 'decimal':
      return type.scale === null
        ? bareDecimal(scope)
        : { kind: 'decimal', precision: type.precision, scale: type.scale }
    case 'text':
      return { kind: 'text', length: type.length }
    case 'self':
      return selfTarget(at, scope)
    default:
      return { kind: type.name }
  }
}

/** DECIMAL alone: whole numbers in Hive (10 digits) and Trino (38), any number here. */
function bareDecimal({ dialect }: Scope): CastTarget {
  if (dialect === 'scrim') return { kind: 'decimal', precision: null, scale: null }
  return { kind: 'decimal', precision: dialect === 'hive' ? 10 : 38, scale: 0 }
}

function integerTarget(bits: IntegerBits): CastTarget {
  const most = 1n << BigInt(bits - 1)
  return { kind: 'integer', min: -most, max: most - 1n, bits }
}

function selfTarget(at: number, { self }: Scope): CastTarget {
  if (self === null) return refuse(at, '{type} has a meaning only in a CUSTOM mask')
  const type = typeOfColumn(self.type)
  switch (type.kind) {
    case 'integer':
      return integerTarget(type.bits ?? 64)
    case 'decimal':
      return { kind: 'decimal', precision: null, scale: type.scale }
    case 'text':
      return { kind: 'text', length: type.length }
    case 'opaque':
    case 'json':
    case 'list':
    case 'null':
      return refuse(at, 'nothing can be cast to the type of this column')
    default:
      return { kind: type.kind }
  }
}
