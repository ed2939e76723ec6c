import type { ErrorCode } from '../../errors.ts'
import {
  envelopeLayout,
  envelopeMembers,
  flattenedMetadata,
  memberUse,
  type Member,
  type RecordShape,
  shapeBySchema,
  sourceMembers,
  statementMembers,
  transactionMembers,
} from '../decode/record-shapes.ts'
import { type FieldBlock, readStruct, type StructBlock } from '../decode/schema-block.ts'
import { member, parseTree } from '../decode/tree.ts'
import { AFTER, BEFORE, Column, createLayout, type Layout, MASK, refuseUnknown, REMOVE } from '../layout.ts'
import type { ValueMask } from '../mask/mask-type.ts'
import type { ColumnRules, KeyRing } from '../plan.ts'
import type { SchemaColumn } from '../schema.ts'
import { placedName, tellableName } from '../tellable-name.ts'
import { type BoundRow, bindRow, isClear, type RowColumn } from './bind-row.ts'
import { defaultsFit } from './defaults-fit.ts'
import { holdToBlock, isNumber, isSingle } from './hold-shape.ts'
import { createRowScope, isKnown, type RowScope } from './row-scope.ts'
import {
  applyReplacements,
  appendFields,
  removeEntries,
  type Replacement,
  renameField,
  retypeField,
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
  /** Those that go out, with their names and types. */
  readonly outgoing: readonly SchemaColumn[]
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
  const build: Build = {
    problems: [],
    replacements: [],
    structs: [],
    metadata: [],
    hidesColumn,
    context,
    omitted,
    scope: null,
    bound: null,
  }

  const images = root.fields.filter(field => field.name === 'before' || field.name === 'after')
  const row = shape === 'event' ? images.find(image => image.struct !== null)?.struct : root
  const columns = (row?.fields ?? []).map(({ name, type }) => ({ name, type }))
  build.scope = createRowScope(
    shape === 'row' ? columns.filter(({ name }) => !isMetadata(name, build)) : columns,
    context.rules,
  )

  let layout: Layout
  if (shape !== 'event' && shape !== 'row') layout = opaqueLayout(fieldNames)
  else if (shape === 'event') layout = envelopeFor(root, bytes, build)
  else layout = rowLayout(isKey ? 'key' : '', AFTER, root, bytes, build)

  if (build.hidesColumn)
    build.replacements.push(...build.structs.flatMap(rewriteStruct), ...build.metadata.flatMap(rewriteMetadata))

  return {
    shape,
    layout,
    problems: build.problems,
    block: build.replacements.length === 0 ? null : blockMask(applyReplacements(bytes, build.replacements)),
    columns,
    outgoing: build.bound?.outgoing ?? [],
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
  /** The columns of the row, whichever image it stands in. */
  scope: RowScope | null
  /** The row, or its image `after`. */
  bound: BoundRow | null
}

/** A key shows few of the columns that the rules hide, yet its comment may tell of any. */
const hidesByRule = ({ byName, inside, matching, wildcard, projection }: ColumnRules): boolean =>
  matching !== null ||
  wildcard !== null ||
  (projection !== null && (projection.keep !== null || projection.drop.size + projection.columns.size > 0)) ||
  [...byName.values(), ...inside.map(({ rule }) => rule)].some(({ maskType }) => maskType.effect !== 'keep')

/** Of records that are dropped by name: walked for their grammar, nothing more. */
const opaqueLayout = (names: readonly string[]): Layout =>
  createLayout(
    '',
    names.map(name => new Column(name)),
    refuseUnknown('RECORD_NOT_IN_SCHEMA'),
  )

function envelopeFor(root: StructBlock, bytes: Buffer, build: Build): Layout {
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
  const image = (label: string, which: number): Layout => {
    const field = root.fields.find(one => one.name === label)
    if (field?.struct == null) return createLayout(label, [], refuseUnknown('RECORD_NOT_IN_SCHEMA'))
    // A row that leaves the filter, or enters it, goes out with one image.
    if (build.context.rules.rowFilter !== null && !field.type.optional)
      refuse(build, 'RECORD_SCHEMA_INVALID', label, 'cannot be null, as a row filter may have to make it')
    return rowLayout(label, which, field.struct, bytes, build)
  }
  // `after` first: its places are the ones people look for in a problem list.
  const after = image('after', AFTER)
  const before = image('before', BEFORE)
  const membersOf = (struct: StructBlock | null | undefined): Member[] =>
    (struct?.fields ?? []).map(({ name, type }) => ({ name, isNumber: isNumber(type) }))
  const structOf = (label: string): StructBlock | null | undefined =>
    root.fields.find(field => field.name === label)?.struct
  return envelopeLayout(before, after, {
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

const isMetadata = (name: string, { context: { rules, part } }: Build): boolean =>
  part === 'value' && flattenedMetadata.has(name) && !rules.byName.has(name) && !isKnown(name, rules)

/** `image`: AFTER or BEFORE. */
function rowLayout(label: string, image: number, struct: StructBlock, bytes: Buffer, build: Build): Layout {
  const { rules, keys, part } = build.context
  const scope = build.scope ?? createRowScope([], rules)
  readAround(label === '' ? 'value' : label, struct, build)
  const isColumn = ({ name }: FieldBlock): boolean =>
    !build.omitted.has(name) && !(label === '' && isMetadata(name, build))
  const all = struct.fields.flatMap((field, index) => (isColumn(field) ? [rowColumn(field, index, bytes)] : []))
  const row = bindRow(all, scope, { part: part === 'key' ? 'key' : 'row', image, rules, keys })
  const program = row.program === null ? null : { ...row.program, problem: null }
  const bound = new Map(row.columns.map(one => [one.column.name, one]))
  const removed = new Set<number>()
  const columns = struct.fields.map((field, index) => {
    const { name, type } = field
    const one = bound.get(name)
    if (one === undefined) {
      if (build.omitted.has(name)) {
        removed.add(index)
        return new Column(name, { act: REMOVE })
      }
      readMetadata(label, field, build)
      const shape = { tellsOperation: name === '__op', isScalar: true, isNumber: isNumber(type) }
      return new Column(name, { ...shape, ...memberUse(name, program) })
    }
    const { column, effect, problem } = one
    const place = placeIn(label, column.told)
    if (problem !== null) build.problems.push({ ...problem, path: place })
    // One that is rewritten in parts keeps all its others, so these are looked at as where it passes.
    if (isClear(column) || one.isPartly) {
      if (effect !== null) {
        build.hidesColumn = true
        build.replacements.push(...rewriteField(field, effect))
      }
      if (!defaultsFit(field)) refuse(build, 'RECORD_SCHEMA_INVALID', place, 'a default is not of its type')
      if (one.outName !== name) build.replacements.push(renameField(field, one.outName))
      return holdToBlock(column, place, field)
    }
    if (column.act === MASK || column.act === REMOVE) build.hidesColumn = true
    if (column.act === REMOVE) removed.add(index)
    else if (one.retyped !== null) build.replacements.push(retypeField(field, one.outName, one.retyped))
    else if (effect !== null) {
      build.replacements.push(...rewriteField(field, effect))
      if (one.outName !== name) build.replacements.push(renameField(field, one.outName))
    }
    return column
  })
  for (const { code, name, detail } of row.problems)
    build.problems.push({ code, path: name === '' ? label || part : placeIn(label, name), detail })
  if (image === AFTER) build.bound = row
  if (row.added.length > 0) build.hidesColumn = true
  const items = member(struct.node, 'fields')
  build.replacements.push(...removeEntries(items?.items ?? [], index => removed.has(index)))
  if (items !== undefined && row.added.length > 0)
    build.replacements.push(appendFields(items, removed.size < struct.fields.length, row.added))
  return createLayout(label, columns, refuseUnknown('RECORD_NOT_IN_SCHEMA'), program)
}

function rowColumn(field: FieldBlock, index: number, bytes: Buffer): RowColumn {
  const { name, type, node } = field
  const byDefault = member(node, 'default')
  return {
    name,
    type,
    index,
    byDefault: byDefault === undefined ? null : bytes.subarray(byDefault.start, byDefault.end),
    block: field,
  }
}

/** Kilobytes, so copied natively rather than in a loop. */
function blockMask(bytes: Buffer): ValueMask {
  return { write: (_src, _start, _end, out, at) => at + bytes.copy(out, at), maxBytes: () => bytes.length }
}
