import type { FieldBlock, TypeBlock } from '../decode/schema-block.ts'
import { Column, createLayout, type Elements, refuseUnknown } from '../layout.ts'
import type { ColumnType, ConnectKind } from '../schema.ts'
import { placedName, tellableName } from '../tellable-name.ts'

const nestedKinds: ReadonlySet<ConnectKind> = new Set(['array', 'map', 'struct'])

export const isSingle = ({ kind }: ColumnType): boolean => !nestedKinds.has(kind)

const numberKinds: ReadonlySet<ConnectKind> = new Set(['int8', 'int16', 'int32', 'int64'])

/** JsonConverter writes floating points as text where they are no numbers; no source has any beside its columns. */
export const isNumber = ({ kind }: ColumnType): boolean => numberKinds.has(kind)

type Shape = Pick<Column, 'code'> & Partial<Pick<Column, 'child' | 'elements' | 'isScalar'>>

const code = 'RECORD_MASK_TYPE_MISMATCH'

/**
 * The column, whose values pass, held to its type: a struct to its fields, arrays and maps to what they hold, anything
 * else to a single value. The sink takes no more of a value than its schema names, so what is beside that is smuggled.
 * `place` is where the column stands.
 */
export const holdToBlock = (column: Column, place: string, block: TypeBlock): Column =>
  new Column(column.name, { ...column, ...shapeOf(place, block) })

/** The same where only the type is known, and not what is inside it. */
export const holdToType = (column: Column, type: ColumnType): Column =>
  isSingle(type) ? new Column(column.name, { ...column, code, isScalar: true }) : column

function shapeOf(place: string, block: TypeBlock): Shape {
  const { struct, items, keys, values } = block
  if (struct !== null) {
    const columns = struct.fields.map((field, index) => fieldOf(place, field, index))
    return { code, child: createLayout(place, columns, refuseUnknown('RECORD_NOT_IN_SCHEMA')) }
  }
  const elementOf = (type: TypeBlock): Column => new Column('', shapeOf(place, type))
  if (items !== null) return { code, elements: { container: 'array', key: null, value: elementOf(items) } }
  if (keys === null || values === null) return { code, isScalar: true }
  const container: Elements['container'] = keys.type.kind === 'string' ? 'map' : 'pairs'
  return { code, elements: { container, key: elementOf(keys), value: elementOf(values) } }
}

function fieldOf(place: string, field: FieldBlock, index: number): Column {
  const told = placedName(tellableName(field.name), index)
  return new Column(field.name, { ...shapeOf(place === '' ? told : `${place}.${told}`, field), told })
}
