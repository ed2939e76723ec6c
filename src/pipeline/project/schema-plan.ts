import type { ErrorCode } from '../../errors.ts'
import {
  envelopeLayout,
  envelopeMembers,
  flattenedMetadata,
  type Member,
  type RecordShape,
  shapeBySchema,
  sourceMembers,
  statementMembers,
  transactionMembers,
} from '../decode/record-shapes.ts'
import { type FieldBlock, readStruct, type StructBlock } from '../decode/schema-block.ts'
import { member, parseTree } from '../decode/tree.ts'
import { Column, createLayout, type Layout, MASK, PASS, refuseUnknown, REMOVE } from '../layout.ts'
import type { ValueMask } from '../mask/mask-type.ts'
import type { ColumnRules, KeyRing } from '../plan.ts'
import type { SchemaColumn } from '../schema.ts'
import { placedName, tellableName } from '../tellable-name.ts'
import { bindColumn, isKnown } from './bind-column.ts'
import { defaultsFit } from './defaults-fit.ts'
import { holdToBlock, isNumber, isSingle } from './hold-shape.ts'
import {
  applyReplacements,
  removeEntries,
  type Replacement,
  rewriteField,
  rewriteMetadata,
  rewriteStruct,
} from './rewrite-schema.ts'
import { createVariants } from './variants.ts'

export interface SchemaProblem {
  readonly code: ErrorCode
  /** `after.email`, `key.id`. */
  readonly path: string
  readonly detail: string
}

/** What one schema block means under one view: how to walk its payloads, and the block that goes out in its place. */
export interface SchemaPlan {
  readonly shape: RecordShape
  readonly layout: Layout
  /** Not empty: records with this schema are refused with the first of them. */
  readonly problems: readonly SchemaProblem[]
  /** Writes the rewritten block; null where it goes out as it came in. */
  readonly block: ValueMask | null
  /** The table's columns, for `scrim check` and accepted schemas. */
  readonly columns: readonly SchemaColumn[]
  /** The same with these columns left out of payload and schema, for records whose values are TOAST placeholders. */
  readonly without: (columns: ReadonlySet<string>) => SchemaPlan
}

export interface SchemaContext {
  readonly topic: string
  readonly part: 'value' | 'key'
  readonly rules: ColumnRules
  readonly keys: KeyRing
}

/** Reads a schema block (its bytes are kept) and binds the rules to it. Fails as `Unreadable` where it is no Connect schema. */
export function compileSchema(bytes: Buffer, context: SchemaContext): SchemaPlan {
  const root = readStruct(parseTree(bytes, 0, bytes.length))
  return planFor(bytes, root, context, new Set())
}

function planFor(bytes: Buffer, root: StructBlock, context: SchemaContext, omitted: ReadonlySet<string>): SchemaPlan {
  const fieldNames = root.fields.map(field => field.name)
  const isKey = context.part === 'key'
  const shape = isKey ? 'row' : shapeBySchema(root.name, fieldNames)
  const hidesColumn = hidesByRule(context.rules)
  const build: Build = { problems: [], replacements: [], structs: [], metadata: [], hidesColumn, context, omitted }

  const images = root.fields.filter(field => field.name === 'before' || field.name === 'after')
  const row = shape === 'event' ? images.find(image => image.struct !== null)?.struct : root
  const columns = (row?.fields ?? []).map(({ name, type }) => ({ name, type }))

  let layout: Layout
  if (shape !== 'event' && shape !== 'row') layout = opaqueLayout(fieldNames)
  else if (shape === 'event') layout = envelopeFor(root, build)
  else layout = rowLayout(isKey ? 'key' : '', root, build)

  if (build.hidesColumn)
    build.replacements.push(...build.structs.flatMap(rewriteStruct), ...build.metadata.flatMap(rewriteMetadata))

  return {
    shape,
    layout,
    problems: build.problems,
    block: build.replacements.length === 0 ? null : blockMask(applyReplacements(bytes, build.replacements)),
    columns,
    without: createVariants(omitted, all => planFor(bytes, root, context, all)),
  }
}

interface Build {
  readonly problems: SchemaProblem[]
  readonly replacements: Replacement[]
  /** What stands around the columns: the rows and the envelope with its structs, and the fields that are no columns. */
  readonly structs: StructBlock[]
  readonly metadata: FieldBlock[]
  /** Some column is masked or removed, so that what stands around must not tell of it. */
  hidesColumn: boolean
  readonly context: SchemaContext
  readonly omitted: ReadonlySet<string>
}

/** A key shows few of the columns that the rules hide, yet its comment may tell of any. */
const hidesByRule = ({ byName, wildcard, inside }: ColumnRules): boolean =>
  wildcard !== null ||
  [...byName.values(), ...inside.map(({ rule }) => rule)].some(({ maskType }) => maskType.effect !== 'keep')

/** Of records that are dropped by name: walked for their grammar, nothing more. */
const opaqueLayout = (names: readonly string[]): Layout =>
  createLayout(
    '',
    names.map(name => new Column(name)),
    refuseUnknown('RECORD_NOT_IN_SCHEMA'),
  )

function envelopeFor(root: StructBlock, build: Build): Layout {
  readAround('value', root, build)
  for (const [index, field] of root.fields.entries()) {
    const { name, struct } = field
    const isKnownMember = (envelopeMembers as readonly string[]).includes(name)
    if (!isKnownMember) refuse(build, 'RECORD_UNKNOWN_MEMBER', placeOf('', name, index), 'no member of an envelope')
    else if (!structsOfEnvelope.has(name)) readMetadata('', field, build)
    else if (struct === null) refuse(build, 'RECORD_SCHEMA_INVALID', name, 'no struct')
    else if (name === 'source') readMetadataStruct(name, struct, [...sourceMembers, ...statementMembers], build)
    else if (name === 'transaction') readMetadataStruct(name, struct, transactionMembers, build)
  }
  const image = (label: string): Layout => {
    const struct = root.fields.find(field => field.name === label)?.struct
    return struct == null
      ? createLayout(label, [], refuseUnknown('RECORD_NOT_IN_SCHEMA'))
      : rowLayout(label, struct, build)
  }
  // `after` first: its places are the ones people look for in a problem list.
  const after = image('after')
  const membersOf = (struct: StructBlock | null | undefined): Member[] =>
    (struct?.fields ?? []).map(({ name, type }) => ({ name, isNumber: isNumber(type) }))
  const structOf = (label: string): StructBlock | null | undefined =>
    root.fields.find(field => field.name === label)?.struct
  return envelopeLayout(image('before'), after, {
    members: membersOf(root),
    source: membersOf(structOf('source')),
    transaction: membersOf(structOf('transaction')),
  })
}

/** `index`: of the field in its struct. */
const placeOf = (label: string, name: string, index: number): string =>
  placeIn(label, placedName(tellableName(name), index))

const placeIn = (label: string, told: string): string => (label === '' ? told : `${label}.${told}`)

const refuse = ({ problems }: Build, code: ErrorCode, path: string, detail: string): number =>
  problems.push({ code, path, detail })

const structsOfEnvelope: ReadonlySet<string> = new Set(['before', 'after', 'source', 'transaction'])

/** Notes a struct around columns. A default of it would hold them in clear, and no source writes one. */
function readAround(path: string, struct: StructBlock, build: Build): void {
  build.structs.push(struct)
  if (member(struct.node, 'default') !== undefined)
    refuse(build, 'RECORD_SCHEMA_INVALID', path, 'a whole row has no default')
}

function readMetadataStruct(label: string, struct: StructBlock, known: readonly string[], build: Build): void {
  readAround(label, struct, build)
  for (const [index, field] of struct.fields.entries()) {
    if (known.includes(field.name)) readMetadata(label, field, build)
    else refuse(build, 'RECORD_UNKNOWN_MEMBER', placeOf(label, field.name, index), `no member of ${label}`)
  }
}

/** Notes a field that is no column. It holds a single value, and so does its default: a nested one could hold a row. */
function readMetadata(label: string, field: FieldBlock, build: Build): void {
  build.metadata.push(field)
  const byDefault = member(field.node, 'default')
  const isNested = byDefault?.kind === 'object' || byDefault?.kind === 'array'
  // A default would stand for the null that it has to be.
  const isFilled = label === 'source' && statementMembers.includes(field.name) && byDefault !== undefined
  if (isNested || isFilled || !isSingle(field.type))
    refuse(build, 'RECORD_SCHEMA_INVALID', placeIn(label, tellableName(field.name)), 'no single value')
}

function rowLayout(label: string, struct: StructBlock, build: Build): Layout {
  const { rules, keys, part } = build.context
  readAround(label === '' ? 'value' : label, struct, build)
  const removed = new Set<number>()
  const columns = struct.fields.map((field, index) => {
    const { name, type } = field
    if (label === '' && flattenedMetadata.has(name) && !rules.byName.has(name) && !isKnown(name, rules)) {
      readMetadata(label, field, build)
      return new Column(name, { tellsOperation: name === '__op', isScalar: true, isNumber: isNumber(type) })
    }
    if (build.omitted.has(name)) {
      removed.add(index)
      return new Column(name, { act: REMOVE })
    }
    const bound = bindColumn(name, type, part === 'key' ? 'key' : 'row', rules, keys, index, field)
    if (bound.problem !== null) build.problems.push({ ...bound.problem, path: placeIn(label, bound.column.told) })
    if (bound.column.act === MASK || bound.column.act === REMOVE) build.hidesColumn = true
    if (bound.column.act === REMOVE) removed.add(index)
    else if (bound.effect !== null) build.replacements.push(...rewriteField(field, bound.effect))
    const { column } = bound
    // One that is rewritten in parts keeps all its others, so these are looked at as where it passes.
    if (column.act !== PASS && !bound.isPartly) return column
    const place = placeIn(label, column.told)
    if (!defaultsFit(field)) refuse(build, 'RECORD_SCHEMA_INVALID', place, 'a default is not of its type')
    return holdToBlock(column, place, field)
  })
  const items = member(struct.node, 'fields')?.items ?? []
  build.replacements.push(...removeEntries(items, index => removed.has(index)))
  return createLayout(label, columns, refuseUnknown('RECORD_NOT_IN_SCHEMA'))
}

/** Kilobytes, so copied natively rather than in a loop. */
function blockMask(bytes: Buffer): ValueMask {
  return { write: (_src, _start, _end, out, at) => at + bytes.copy(out, at), maxBytes: () => bytes.length }
}
