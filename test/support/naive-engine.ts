import {
  asObject,
  type NaiveAdded,
  naiveAdded,
  naiveFilter,
  NaiveRow,
  type NaiveScope,
  naiveScope,
  type NaiveVerdict,
  naiveVerdict,
  RowFault,
  written,
} from './naive-rows.ts'
import { createToastLiterals } from './toast-literals.ts'
import { type Fault, type JsonNode, memberOf, type ObjectNode, printInside, printJson, readJson } from './naive-json.ts'
import {
  type Binding,
  bindNaive,
  blockFields,
  fieldText,
  mayBeToasted,
  rewriteComputed,
  fieldsOf,
  partlyRewritten,
  type FaultText,
  type NaiveField,
  NotASchema,
  refuseRepeats,
  removeItems,
  removeMembers,
  rewriteNaive,
  silenceMetadata,
  silenceStruct,
  textOf,
  typeOf,
} from './naive-schema.ts'
import type { FittedExpression } from '../../src/pipeline/expression/fit.ts'
import { maskParts } from './naive-inside.ts'
import type { KeyRing, PlanSettings, ViewPlan } from '../../src/pipeline/plan.ts'
import type { ColumnRules } from '../../src/pipeline/plan.ts'
import type { ColumnType } from '../../src/pipeline/schema.ts'

/**
 * The oracle: parses whole documents, applies the rules to the trees, prints them back. Slow, plain, and made without the
 * scanner, the walker, the schema rewriter and the splicer. Only the masks' `bind` is shared; tables show that right.
 */

export interface NaiveRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
}

export type NaiveOutcome =
  /** `isFollowed`: by a tombstone of the same key and headers. */
  | ({ readonly kind: 'publish'; readonly isFollowed: boolean } & NaiveRecord)
  | { readonly kind: 'drop'; readonly reason: string }
  /** Any of these may be told: a record that is broken twice is broken. */
  | { readonly kind: 'reject'; readonly faults: ReadonlySet<FaultText> }

type NaivePlan = Pick<ViewPlan, 'topic' | 'rules' | 'settings' | 'keys' | 'isSignalTopic'>

interface View {
  readonly topic: string
  readonly rules: ColumnRules
  readonly settings: PlanSettings
  readonly keys: KeyRing
  readonly markers: ReadonlySet<string>
}

/** What a part of a record comes to. `types` are the key's columns, by which key headers are read. */
interface PartResult {
  readonly faults: ReadonlySet<FaultText>
  /** Told only of a record that is not dropped by name. */
  readonly late?: ReadonlySet<FaultText>
  readonly shape: Shape
  readonly operation: string
  readonly types: ReadonlyMap<string, Known> | null
  /** The types are all there is: they come from a schema block. */
  readonly isTyped?: boolean
  /** Of a value: what a row filter makes of it. Of a key: what the filter says of it, null where it cannot say. */
  readonly judge?: (key: PartResult | null, keyBytes: Buffer | null) => NaiveVerdict | Set<FaultText>
  readonly shows?: (() => boolean | null) | null
  readonly names?: ReadonlySet<string>
  readonly print: () => Buffer
}

/** A type, with its place in the schema block where there is one. */
interface Known {
  readonly type: ColumnType
  readonly node: ObjectNode | null
}

type Shape = 'event' | 'row' | 'heartbeat' | 'transaction' | 'message' | 'schema-change' | 'none'

const sourceNames = (
  'version connector name ts_ms snapshot db sequence ts_us ts_ns schema table txId lsn xmin origin origin_lsn collection ' +
  'server_id gtid file pos row thread change_lsn commit_lsn begin_lsn event_serial_no scn commit_scn lcr_position ' +
  'start_scn start_ts_ms commit_ts_ms txSeq rs_id ssn redo_thread row_id user_name keyspace shard vgtid'
).split(' ')
/** In a source they may be, as long as they are null. */
const statementNames = ['query', 'redo_sql']
const namesInSource = [...sourceNames, ...statementNames]
const transactionNames = ['id', 'total_order', 'data_collection_order']
const envelopeNames = ['before', 'after', 'source', 'transaction', 'op', 'ts_ms', 'ts_us', 'ts_ns']
const metadataNames = new Set([
  '__deleted',
  '__op',
  ...'deleted op table db schema lsn txId xmin ts_ms ts_us ts_ns'.split(' ').map(name => `__${name}`),
  ...sourceNames.map(name => `__source_${name}`),
  ...transactionNames.map(name => `__transaction_${name}`),
])

/** What is a number in every connector's records. */
const numberNames = new Set(
  (
    'ts_ms ts_us ts_ns __ts_ms __ts_us __ts_ns __source_ts_ms __source_ts_us __source_ts_ns xmin __xmin __source_xmin ' +
    'server_id __source_server_id pos __source_pos row __source_row thread __source_thread event_serial_no ' +
    '__source_event_serial_no txSeq __source_txSeq ssn __source_ssn redo_thread __source_redo_thread start_ts_ms ' +
    '__source_start_ts_ms commit_ts_ms __source_commit_ts_ms total_order __transaction_total_order data_collection_order __transaction_data_collection_order'
  ).split(' '),
)
const isInteger = ({ kind }: ColumnType): boolean => kind.startsWith('int')
const isNumberOrNull = ({ kind }: JsonNode): boolean => kind === 'number' || kind === 'null'

/** One record through one view. */
export function naiveTransform(record: NaiveRecord, plan: NaivePlan, partitions = 1): NaiveOutcome {
  const { topic, rules, settings, keys } = plan
  const view: View = { topic, rules, settings, keys, markers: createToastLiterals(settings.toastPlaceholder) }

  if (plan.isSignalTopic) {
    const told = signalOutcome(record)
    if (told !== null) return told
  }
  const value = record.value === null ? null : readValue(record.value, view)
  if (value !== null && value.faults.size === 0) {
    if (value.shape !== 'event' && value.shape !== 'row') return { kind: 'drop', reason: value.shape }
  }
  const key = record.key === null ? null : readKey(record.key, view)
  if (key !== null && key.faults.size > 0) return reject(key.faults)
  let keyBytes: Buffer | null = null
  try {
    keyBytes = key?.print() ?? null
  } catch (error) {
    return rejectMask(error)
  }
  if (value !== null && value.faults.size > 0) return reject(value.faults)
  if (value !== null && value.operation === 't' && settings.truncate !== 'publish') {
    if (settings.truncate === 'drop') return { kind: 'drop', reason: 'truncate' }
    if (partitions > 1) return reject(new Set(['RECORD_TRUNCATE_UNORDERED@op']))
  }
  if (value?.late !== undefined && value.late.size > 0) return reject(value.late)
  let verdict: NaiveVerdict = { drop: false, op: null, clears: [], tombstone: null }
  try {
    if (value?.judge !== undefined) {
      const judged = value.judge(key, keyBytes)
      if (judged instanceof Set) return reject(judged)
      verdict = judged
    } else if (rules.rowFilter !== null && key?.shows != null) verdict = { ...verdict, drop: key.shows() === false }
  } catch (error) {
    return rejectMask(error)
  }
  if (verdict.drop) return { kind: 'drop', reason: 'filtered' }
  let valueBytes: Buffer | null = null
  try {
    valueBytes = verdict.tombstone === 'instead' ? null : (value?.print() ?? null)
  } catch (error) {
    return rejectMask(error)
  }
  const headers = readHeaders(record.headers, key, view)
  if (headers instanceof Set) return reject(headers)
  return { kind: 'publish', key: keyBytes, value: valueBytes, headers, isFollowed: verdict.tombstone === 'behind' }
}

const reject = (faults: ReadonlySet<FaultText>): NaiveOutcome => ({ kind: 'reject', faults })

function rejectMask(error: unknown): NaiveOutcome {
  if (error instanceof RowFault) return reject(new Set([error.fault]))
  if (!(error instanceof CannotMask)) throw error
  return reject(error.faults)
}

class CannotMask extends Error {
  readonly faults: ReadonlySet<FaultText>
  constructor(faults: ReadonlySet<FaultText>) {
    super('cannot mask')
    this.faults = faults
  }
}

// ---- parts

function signalOutcome(record: NaiveRecord): NaiveOutcome | null {
  const bytes = record.value ?? record.key
  if (bytes === null) return null
  const { root, faults } = readJson(bytes)
  const found = new Set(faults.map(anywhere))
  try {
    if (root !== null) refuseRepeats(root)
  } catch {
    found.add('RECORD_REPEATED_MEMBER@*')
  }
  if (root === null || found.size > 0) return reject(found)
  const names = (node: JsonNode | undefined): string[] =>
    node?.kind === 'object' ? node.members.map(({ name }) => name).filter(name => !metadataNames.has(name)) : []
  const isWrapped = root.kind === 'object' && root.members.length === 2 && memberOf(root, 'schema') !== undefined
  const payload = (isWrapped ? memberOf(root, 'payload') : undefined) ?? root
  const row = [memberOf(payload, 'after'), memberOf(payload, 'before'), payload].find(node => node?.kind === 'object')
  const isOrder = record.value === null ? same(names(payload), ['id']) : same(names(row), ['id', 'type', 'data'])
  return isOrder ? { kind: 'drop', reason: 'signal' } : null
}

const same = (names: readonly string[], expected: readonly string[]): boolean =>
  names.length === expected.length && expected.every(name => names.includes(name))

/** `{"schema": object or null, "payload": anything}` and nothing beside. */
function wrappedParts(
  root: JsonNode,
): { readonly schema: JsonNode; readonly payload: JsonNode; readonly isCrowded: boolean } | null {
  const schema = memberOf(root, 'schema')
  const payload = memberOf(root, 'payload')
  if (root.kind !== 'object' || schema === undefined || payload === undefined) return null
  // With a third member behind them it is a broken one; with one in front it is a row.
  if (root.members.length > 2) {
    const opens = root.members[0]?.name === 'schema' || root.members[0]?.name === 'payload'
    return schema.kind === 'object' && opens ? { schema, payload, isCrowded: true } : null
  }
  return schema.kind === 'object' || schema.kind === 'null' ? { schema, payload, isCrowded: false } : null
}

function readValue(bytes: Buffer, view: View): PartResult {
  const { root, faults } = readJson(bytes)
  const found = new Set<FaultText>(faults.map(anywhere))
  const nothing: PartResult = { faults: found, shape: 'none', operation: '', types: null, print: () => Buffer.alloc(0) }
  if (root === null) return nothing
  const parts = wrappedParts(root)
  const broken = faults.length > 0
  // What broke off may have been told by its first byte.
  if (broken) found.add('RECORD_UNKNOWN_SHAPE@*').add('RECORD_MASK_TYPE_MISMATCH@*')
  if (parts?.isCrowded === true) found.add('RECORD_UNKNOWN_MEMBER@*')
  if (root.kind === 'object' && new Set(root.members.map(({ name }) => name)).size < root.members.length)
    found.add('RECORD_REPEATED_MEMBER@*')
  const result =
    parts !== null && parts.schema.kind === 'object'
      ? typedPart(root, parts.schema, parts.payload, 'value', view)
      : untypedValue(root, parts?.payload ?? root, view, broken)
  for (const fault of result.faults) found.add(fault)
  return { ...result, faults: found }
}

function readKey(bytes: Buffer, view: View): PartResult {
  const { root, faults } = readJson(bytes)
  const found = new Set<FaultText>(faults.map(anywhere))
  const nothing: PartResult = { faults: found, shape: 'none', operation: '', types: null, print: () => Buffer.alloc(0) }
  const parts = root === null ? null : wrappedParts(root)
  const payload = parts?.payload ?? root
  if (parts?.isCrowded === true) found.add('RECORD_UNKNOWN_MEMBER@*')
  if (root?.kind === 'object' && new Set(root.members.map(({ name }) => name)).size < root.members.length)
    found.add('RECORD_REPEATED_MEMBER@*')
  if (root === null || payload?.kind !== 'object') {
    found.add('RECORD_KEY_UNREADABLE@*')
    return nothing
  }
  const result =
    parts?.schema.kind === 'object'
      ? typedPart(root, parts.schema, payload, 'key', view)
      : untypedKey(root, payload, view)
  for (const fault of result.faults) found.add(fault)
  return { ...result, faults: found }
}

const anywhere = (fault: Fault): FaultText => `${fault}@*`

// ---- with a schema block

function typedPart(root: JsonNode, schema: JsonNode, payload: JsonNode, part: 'value' | 'key', view: View): PartResult {
  const faults = new Set<FaultText>()
  let fields: NaiveField[]
  try {
    refuseRepeats(schema)
    fields = blockFields(schema)
  } catch (error) {
    if (!(error instanceof NotASchema)) throw error
    return { faults: new Set([error.fault]), shape: 'none', operation: '', types: null, print: () => Buffer.alloc(0) }
  }
  const shape: Shape = part === 'key' ? 'row' : shapeByName(textOf(memberOf(schema, 'name')) ?? null, fields)
  const types = new Map(fields.map(({ name, type, node }) => [name, { type, node }]))
  const images: Image[] = []
  const scope = scopeOfBlock(shape, fields, part, view)
  const around = shape === 'event' || shape === 'row' ? aroundColumns(schema, fields, part, shape, view) : nothingAround
  for (const place of around.wrong) faults.add(`RECORD_SCHEMA_INVALID@${place}`)
  if (shape === 'event') envelope(fields, payload, images, faults, scope, view)
  else if (shape === 'row') images.push(imageOf(part === 'key' ? 'key' : '', schema, fields, payload, scope, view))
  if (shape !== 'row' && payload.kind === 'object')
    knownOnly(
      payload,
      fields.map(({ name }) => name),
      '',
      'RECORD_NOT_IN_SCHEMA',
      faults,
    )
  if (payload.kind !== 'object' && payload.kind !== 'null') faults.add('RECORD_UNKNOWN_SHAPE@*')
  finishImages(images, part, faults, view)
  for (const image of images) for (const fault of rowFaults(image, part)) faults.add(fault)
  if (shape === 'event' && view.rules.rowFilter !== null)
    for (const { name, type } of fields)
      if ((name === 'before' || name === 'after') && type.kind === 'struct' && !type.optional)
        faults.add(`RECORD_SCHEMA_INVALID@${name}`)
  const operation = operationOf(shape, payload)
  if (shape === 'event' && !/^[rcudt]$/.test(operation) && faults.size === 0) faults.add('RECORD_UNKNOWN_SHAPE@op')
  const facts = { images, shape, operation, payload, part, view } as const
  const print = (): Buffer => {
    if (shape === 'event' || shape === 'row') rewriteImages(images, rowOf(facts, null), view)
    if (hidesColumn(images, view)) {
      around.structs.forEach(silenceStruct)
      around.metadata.forEach(silenceMetadata)
    }
    return Buffer.from(printJson(root))
  }
  return { faults, shape, operation, types, isTyped: true, print, ...judging(facts) }
}

/** What a block says beside its columns, and the places where that is not what Debezium says. */
interface Around {
  readonly structs: readonly JsonNode[]
  readonly metadata: readonly ObjectNode[]
  readonly wrong: readonly string[]
}

const nothingAround: Around = { structs: [], metadata: [], wrong: [] }

function aroundColumns(
  schema: JsonNode,
  fields: readonly NaiveField[],
  part: 'value' | 'key',
  shape: 'event' | 'row',
  view: View,
): Around {
  const structs: { readonly place: string; readonly node: JsonNode }[] = [{ place: part, node: schema }]
  const metadata: { readonly place: string; readonly field: NaiveField }[] = []
  const wrong: string[] = []
  for (const field of fields) {
    const { name, type, node } = field
    if (shape === 'row') {
      if (isMetadata(part === 'key' ? 'key' : '', name, view)) metadata.push({ place: tellable(name), field })
    } else if (!hasMembers.has(name)) {
      if (envelopeNames.includes(name)) metadata.push({ place: tellable(name), field })
    } else if (type.kind !== 'struct') wrong.push(name)
    else {
      structs.push({ place: name, node })
      const allowed = name === 'source' ? namesInSource : name === 'transaction' ? transactionNames : []
      for (const inner of fieldsOf(node))
        if (allowed.includes(inner.name)) metadata.push({ place: `${name}.${tellable(inner.name)}`, field: inner })
    }
  }
  for (const { place, node } of structs) if (memberOf(node, 'default') !== undefined) wrong.push(place)
  for (const { place, field } of metadata) {
    const byDefault = memberOf(field.node, 'default')
    if (['array', 'map', 'struct'].includes(field.type.kind) || (byDefault !== undefined && isNested(byDefault)))
      wrong.push(place)
    if (place.startsWith('source.') && statementNames.includes(field.name) && byDefault !== undefined) wrong.push(place)
  }
  return { structs: structs.map(({ node }) => node), metadata: metadata.map(({ field }) => field.node), wrong }
}

/** The rules hide something of the table, or they hide a column that they do not name. */
function hidesColumn(images: readonly Image[], { rules }: View): boolean {
  const { projection } = rules
  if (rules.wildcard !== null) return true
  if (projection !== null && (projection.keep !== null || projection.drop.size > 0 || projection.columns.size > 0))
    return true
  for (const { maskType } of rules.byName.values()) if (maskType.effect !== 'keep') return true
  for (const { rule } of rules.inside) if (rule.maskType.effect !== 'keep') return true
  const hiding = new Set(['mask', 'partly', 'remove'])
  return images.some(({ bindings }) => [...bindings.values()].some(({ act }) => hiding.has(act)))
}

function shapeByName(name: string | null, fields: readonly NaiveField[]): Shape {
  if (name === 'io.debezium.connector.common.Heartbeat') return 'heartbeat'
  if (name === 'io.debezium.connector.common.TransactionMetadataValue') return 'transaction'
  if (name !== null && /^io\.debezium\.connector\.[a-z]+\.MessageValue$/.test(name)) return 'message'
  if (name?.endsWith('.SchemaChangeValue')) return 'schema-change'
  return name?.endsWith('.Envelope') || (name === null && fields.some(field => field.name === 'op')) ? 'event' : 'row'
}

function envelope(
  fields: readonly NaiveField[],
  payload: JsonNode,
  images: Image[],
  faults: Set<FaultText>,
  scope: NaiveScope,
  view: View,
): void {
  for (const [index, { name, type, node }] of fields.entries()) {
    if (!envelopeNames.includes(name)) faults.add(`RECORD_UNKNOWN_MEMBER@${tellable(name, index)}`)
    const value = memberOf(payload, name)
    if (envelopeNames.includes(name) && value !== undefined && isNested(value) && !hasMembers.has(name))
      faults.add(`RECORD_UNKNOWN_SHAPE@${tellable(name)}`)
    if (isInteger(type) && value !== undefined && !isNumberOrNull(value))
      faults.add(`RECORD_MASK_TYPE_MISMATCH@${tellable(name)}`)
    const allowed = name === 'source' ? namesInSource : name === 'transaction' ? transactionNames : null
    if (allowed !== null) {
      const inner = type.kind === 'struct' ? fieldsOf(node).map(field => field.name) : []
      for (const [at, stranger] of inner.entries())
        if (!allowed.includes(stranger)) faults.add(`RECORD_UNKNOWN_MEMBER@${name}.${tellable(stranger, at)}`)
      const integers = type.kind === 'struct' ? fieldsOf(node).filter(field => isInteger(field.type)) : []
      if (value?.kind === 'object') numbersOnly(value, new Set(integers.map(field => field.name)), name, faults)
      if (value?.kind === 'object')
        knownOnly(
          value,
          inner.filter(one => allowed.includes(one)),
          name,
          'RECORD_NOT_IN_SCHEMA',
          faults,
        )
    }
    if (name === 'before' || name === 'after')
      images.push(imageOf(name, node, type.kind === 'struct' ? fieldsOf(node) : [], value, scope, view))
    if (
      (allowed !== null || name === 'before' || name === 'after') &&
      value !== undefined &&
      value.kind !== 'object' &&
      value.kind !== 'null'
    ) {
      faults.add(`RECORD_UNKNOWN_SHAPE@${name}`)
    }
  }
}

/** Repeats are told at every level; strangers by the code of the level. */
function knownOnly(
  node: ObjectNode,
  names: readonly string[],
  label: string,
  code: string,
  faults: Set<FaultText>,
): void {
  const seen = new Set<string>()
  for (const [index, { name, value }] of node.members.entries()) {
    const place = placeIn(label, tellable(name, index))
    if (!names.includes(name)) faults.add(`${code}@${place}`)
    else if (isNested(value) && (label !== '' || (code === 'RECORD_UNKNOWN_MEMBER' && !hasMembers.has(name))))
      faults.add(`RECORD_UNKNOWN_SHAPE@${place}`)
    if (label === 'source' && statementNames.includes(name) && value.kind !== 'null')
      faults.add(`RECORD_UNKNOWN_MEMBER@${place}`)
    if (seen.has(name)) faults.add(`RECORD_REPEATED_MEMBER@${place}`)
    seen.add(name)
  }
}

function numbersOnly(node: ObjectNode, names: ReadonlySet<string>, label: string, faults: Set<FaultText>): void {
  for (const { name, value } of node.members)
    if (names.has(name) && !isNumberOrNull(value))
      faults.add(`RECORD_MASK_TYPE_MISMATCH@${placeIn(label, tellable(name))}`)
}

const hasMembers: ReadonlySet<string> = new Set(['before', 'after', 'source', 'transaction'])
const isNested = ({ kind }: JsonNode): boolean => kind === 'object' || kind === 'array'

// ---- one row image

interface Image {
  readonly label: string
  /** The struct that describes it. */
  readonly schema: JsonNode | undefined
  readonly payload: JsonNode | undefined
  readonly bindings: ReadonlyMap<string, Binding>
  readonly types: ReadonlyMap<string, Known>
  readonly isTyped: boolean
  readonly omitted: Set<string>
  readonly scope: NaiveScope
  readonly added: readonly NaiveAdded[]
  /** What is wrong with the row as a whole: code and column. */
  readonly wrong: readonly { readonly code: string; readonly name: string }[]
  /** As they came, whatever is made of the payload later. */
  readonly original: ReadonlyMap<string, JsonNode> | null
  /** A row filter has taken it out of the payload. */
  readonly isCleared: boolean
}

function imageOf(
  label: string,
  schema: JsonNode,
  fields: readonly NaiveField[],
  payload: JsonNode | undefined,
  scope: NaiveScope,
  view: View,
): Image {
  const part = label === 'key' ? 'key' : 'row'
  const bindings = new Map(
    fields.map(({ name, type, node }): [string, Binding] => [
      name,
      isMetadata(label, name, view)
        ? { act: 'keep', toast: 'ignore' }
        : bindNaive(name, type, part, view.rules, view.keys, scope, node),
    ]),
  )
  const types = new Map(fields.map(({ name, type, node }) => [name, { type, node }]))
  const names = new Set(fields.map(({ name }) => name).filter(name => !isMetadata(label, name, view)))
  return withRow({ label, schema, payload, bindings, types, isTyped: true, omitted: new Set() }, names, scope, view)
}

const isMetadata = (label: string, name: string, { rules }: View): boolean =>
  label === '' &&
  metadataNames.has(name) &&
  !rules.byName.has(name) &&
  rules.tableSchema?.columns.some(column => column.name === name) !== true

/** Placeholders of all images first, for a column leaves all images at once; then what is wrong with the others. */
function finishImages(images: readonly Image[], part: 'value' | 'key', faults: Set<FaultText>, view: View): void {
  const omitted = new Set<string>()
  for (const image of images) {
    for (const [name, value] of columnsOf(image)) {
      const binding = image.bindings.get(name)
      if (binding !== undefined && binding.act !== 'refuse' && binding.toast === 'omit' && isMarker(value, view))
        omitted.add(name)
    }
  }
  for (const image of images) {
    for (const name of omitted) image.omitted.add(name)
    const inBlock = image.isTyped ? [...image.bindings.keys()] : []
    const place = (name: string, index = -1): string => {
      const at = inBlock.includes(name) ? inBlock.indexOf(name) : index
      return placeIn(
        image.label,
        image.bindings.has(name) ? columnName(name, view, at, image.isTyped) : tellable(name, at),
      )
    }
    if (image.isTyped)
      for (const [name, binding] of image.bindings)
        if (binding.act === 'refuse') faults.add(`${binding.code}@${place(name)}`)
        else if (isWhole(binding) && !isMetadata(image.label, name, view) && hasOddDefault(image.types.get(name)))
          faults.add(`RECORD_SCHEMA_INVALID@${place(name)}`)
    const seen = new Set<string>()
    for (const [index, [name, value]] of columnsOf(image).entries()) {
      const binding = image.bindings.get(name)
      if (seen.has(name)) faults.add(`RECORD_REPEATED_MEMBER@${place(name, index)}`)
      seen.add(name)
      const known = image.types.get(name)
      if (isMetadata(image.label, name, view)) {
        if (isNested(value)) faults.add(`RECORD_UNKNOWN_SHAPE@${place(name, index)}`)
        const isNumber = image.isTyped ? known !== undefined && isInteger(known.type) : numberNames.has(name)
        const isTime =
          !image.isTyped && /_ts_.s$/.test(name) && value.kind === 'string' && isTimeText(value.text.slice(1, -1))
        if (isNumber && !isNumberOrNull(value) && !isTime) faults.add(`RECORD_MASK_TYPE_MISMATCH@${place(name, index)}`)
      }
      if (binding !== undefined && isWhole(binding) && known !== undefined && !isMetadata(image.label, name, view))
        holdTo(known, value, place(name, index), faults)
      if (binding === undefined) faults.add(`RECORD_NOT_IN_SCHEMA@${place(name, index)}`)
      else if (binding.act === 'refuse') faults.add(`${binding.code}@${place(name, index)}`)
      else if (binding.toast === 'reject' && isMarker(value, view)) faults.add(`SCHEMA_TOAST@${place(name, index)}`)
    }
  }
  if (part === 'key')
    for (const { payload } of images) if (payload?.kind !== 'object') faults.add('RECORD_KEY_UNREADABLE@*')
}

/** All of its value is looked at. */
const isWhole = ({ act }: Binding): boolean => act === 'keep' || act === 'partly'

/** `2026-01-05`, `2026-01-05T10:00`, `2026-01-05 10:00:00.123456789 +05:30`. */
function isTimeText(text: string): boolean {
  const digits = (from: number, to: number): boolean => /^[0-9]+$/.test(text.slice(from, to)) && text.length >= to
  const below = (at: number, limit: number): boolean => digits(at, at + 2) && Number(text.slice(at, at + 2)) < limit
  const isDate = digits(0, 4) && text[4] === '-' && below(5, 20) && text[7] === '-' && below(8, 40)
  if (!isDate || text.length === 10) return isDate
  if (!'T '.includes(text[10] ?? '?') || !below(11, 30) || text[13] !== ':' || !below(14, 60)) return false
  let at = 16
  if (text[at] === ':') {
    if (!below(17, 70)) return false
    at = 19
    if (text[at] === '.') {
      const first = ++at
      while (digits(at, at + 1)) at++
      if (at === first || at - first > 9) return false
    }
  }
  const zone = text.slice(at).replace(/^ (?=.)/, '')
  return (
    zone === '' || zone === 'Z' || ['+00', '+0000', '+00:00'].includes(zone.replace('-', '+').replace(/[0-9]/g, '0'))
  )
}

/** Rule 14 inside a value that passes: no member that its schema lacks, none twice, and nothing nested that is none. */
function holdTo({ type, node }: Known, value: JsonNode, place: string, faults: Set<FaultText>): void {
  const misfit = (): unknown => faults.add(`RECORD_MASK_TYPE_MISMATCH@${place}`)
  const inner = (name: string): Known => knownOf(memberOf(node ?? undefined, name))
  if (value.kind === 'null') return
  if (!['struct', 'array', 'map'].includes(type.kind)) {
    if (isNested(value)) misfit()
  } else if (node === null) return
  else if (type.kind === 'struct') {
    if (value.kind !== 'object') return void misfit()
    const fields = fieldsOf(node)
    const seen = new Set<string>()
    for (const [index, member] of value.members.entries()) {
      const field = fields.find(({ name }) => name === member.name)
      const at = placeIn(place, tellable(member.name, field === undefined ? index : fields.indexOf(field)))
      if (field === undefined) faults.add(`RECORD_NOT_IN_SCHEMA@${at}`)
      else holdTo(field, member.value, at, faults)
      if (seen.has(member.name)) faults.add(`RECORD_REPEATED_MEMBER@${at}`)
      seen.add(member.name)
    }
  } else if (type.kind === 'array') {
    if (value.kind !== 'array') return void misfit()
    for (const item of value.items) holdTo(inner('items'), item, place, faults)
  } else if (inner('keys').type.kind === 'string') {
    if (value.kind !== 'object') return void misfit()
    for (const member of value.members) holdTo(inner('values'), member.value, place, faults)
  } else {
    if (value.kind !== 'array') return void misfit()
    for (const pair of value.items) {
      const items = pair.kind === 'array' ? pair.items : []
      // What there is of one that broke off may be told too.
      if (items.length !== 2) misfit()
      if (items[0] !== undefined) holdTo(inner('keys'), items[0], place, faults)
      if (items[1] !== undefined) holdTo(inner('values'), items[1], place, faults)
    }
  }
}

/** The same of what a schema block itself holds: the defaults of a column and of all that is inside it. */
function hasOddDefault(known: Known | undefined): boolean {
  if (known?.node == null) return false
  const faults = new Set<FaultText>()
  const byDefault = memberOf(known.node, 'default')
  if (byDefault !== undefined) holdTo(known, byDefault, '', faults)
  const inner = ['items', 'keys', 'values'].map(name => memberOf(known.node ?? undefined, name))
  const fields = known.type.kind === 'struct' ? fieldsOf(known.node) : []
  return faults.size > 0 || [...fields, ...inner.flatMap(node => (node ? [knownOf(node)] : []))].some(hasOddDefault)
}

const knownOf = (node: JsonNode | undefined): Known => ({ type: typeOf(node as JsonNode), node: node as ObjectNode })

const columnsOf = ({ payload }: Image): [string, JsonNode][] =>
  payload?.kind === 'object' ? payload.members.map(({ name, value }) => [name, value]) : []

const isMarker = (value: JsonNode, { markers }: View): boolean => markers.has(printInside(value))

/** All images, and all that cannot be masked in them. */
function rewriteImages(images: readonly Image[], row: NaiveRow, view: View): void {
  const faults = new Set<FaultText>()
  for (const image of images) rewriteImage(image, row, view, faults)
  if (faults.size > 0) throw new CannotMask(faults)
}

/** Masks and cuts payload and schema of one image. */
function rewriteImage(image: Image, row: NaiveRow, view: View, faults: Set<FaultText>): void {
  const { payload, bindings, omitted } = image
  if (payload?.kind === 'object' && image.original !== null && !image.isCleared)
    maskRow(payload, image, row, view, faults)
  const fields = image.schema === undefined ? undefined : memberOf(image.schema, 'fields')
  if (fields?.kind !== 'array') return
  const nameOf = (item: JsonNode | undefined): string => textOf(memberOf(item, 'field')) ?? ''
  for (const item of fields.items) {
    const binding = bindings.get(nameOf(item))
    if (omitted.has(nameOf(item))) continue
    if (binding?.act === 'mask') rewriteNaive(item as ObjectNode, binding.effect)
    if (binding?.act === 'partly') rewriteNaive(item as ObjectNode, partlyRewritten)
    if (binding?.act === 'compute' && binding.retyped === null) rewriteComputed(item as ObjectNode)
  }
  const { items } = fields
  const before = items.length
  const names = items.map(nameOf)
  items.forEach((item, index) => {
    const name = names[index] ?? ''
    const binding = bindings.get(name)
    if (binding?.act === 'compute' && binding.retyped !== null)
      items[index] = { ...literalOf(fieldText(name, binding.retyped)), before: item.before, after: item.after }
    const renamed = newName(name, binding, image, view)
    const field = memberOf(item, 'field')
    if (renamed !== null && field?.kind === 'string') field.text = JSON.stringify(renamed)
  })
  removeItems(fields, index => omitted.has(names[index] ?? '') || bindings.get(names[index] ?? '')?.act === 'remove')
  if (image.added.length === 0) return
  // Behind what stays; a list that was emptied keeps its white space.
  const gap = fields.items.length === 0 ? fields.inner : ''
  if (before === 0) Object.assign(fields, { inner: '' })
  image.added.forEach(({ name, fitted }, index) => {
    const one = literalOf(fieldText(name, { ...fitted.type, optional: true }))
    fields.items.push({ ...one, before: index === 0 ? gap : '' })
  })
}

const literalOf = (text: string): JsonNode => ({ kind: 'string', text, before: '', after: '' })

/** The name that goes out in place of the column's own. */
function newName(name: string, binding: Binding | undefined, { label }: Image, view: View): string | null {
  const { projection } = view.rules
  if (binding === undefined || binding.act === 'remove' || binding.act === 'refuse') return null
  if (isMetadata(label, name, view) || projection === null || projection.columns.has(name)) return null
  const renamed = projection.rename.get(name)
  return renamed === undefined || renamed === name ? null : renamed
}

function maskRow(row: ObjectNode, image: Image, values: NaiveRow, view: View, faults: Set<FaultText>): void {
  const { bindings, omitted, label, added } = image
  values.image = label === 'before' ? 'before' : 'after'
  const before = row.members.length
  const compute = (fitted: FittedExpression, place: string): string => {
    try {
      return written(fitted, values, place)
    } catch (error) {
      if (!(error instanceof RowFault)) throw error
      faults.add(error.fault)
      return 'null'
    }
  }
  for (const member of row.members) {
    const binding = bindings.get(member.name)
    const place = placeIn(label, columnName(member.name, view, [...bindings.keys()].indexOf(member.name), true))
    if (binding?.act === 'compute') {
      const { before: front, after: back } = member.value
      member.value = { ...literalOf(compute(binding.fitted, place)), before: front, after: back }
    }
    const renamed = newName(member.name, binding, image, view)
    if (renamed !== null && !omitted.has(member.name)) {
      Object.assign(member.spelled, { text: JSON.stringify(renamed), after: '' })
      member.value.before = ''
    }
    if (binding?.act !== 'mask' && binding?.act !== 'partly') continue
    if (omitted.has(member.name) || member.value.kind === 'null') continue
    if (binding.toast === 'keep' && isMarker(member.value, view)) continue
    const text =
      binding.act === 'mask'
        ? maskLiteral(binding.effect, printInside(member.value), place, faults)
        : partsLiteral(binding, member.value, place, faults)
    member.value = { kind: 'string', text, before: member.value.before, after: member.value.after }
  }
  removeMembers(row, name => omitted.has(name) || bindings.get(name)?.act === 'remove')
  const gap = row.members.length === 0 ? row.inner : ''
  if (before === 0 && added.length > 0) Object.assign(row, { inner: '' })
  added.forEach(({ name, fitted }, index) => {
    const spelled = { kind: 'string', text: JSON.stringify(name), before: index === 0 ? gap : '', after: '' } as const
    row.members.push({ name, spelled, value: literalOf(compute(fitted, name)), complete: true })
  })
}

function partsLiteral(
  { parts, block, kind }: Extract<Binding, { act: 'partly' }>,
  value: JsonNode,
  place: string,
  faults: Set<FaultText>,
): string {
  const masked = maskParts(value, parts, block, kind)
  if ('literal' in masked) return masked.literal
  faults.add(`${masked.code}@${place}`)
  return 'null'
}

function maskLiteral(
  { mask }: Extract<Binding, { act: 'mask' }>['effect'],
  literal: string,
  place: string,
  faults: Set<FaultText>,
): string {
  const src = Buffer.from(literal)
  const out = Buffer.alloc(mask.maxBytes(src.length, src, 0))
  try {
    return out.toString('utf8', 0, mask.write(src, 0, src.length, out, 0))
  } catch (error) {
    faults.add(`${error instanceof Error && 'code' in error ? String(error.code) : 'INTERNAL'}@${place}`)
    return 'null'
  }
}

// ---- without a schema block

function untypedKey(root: JsonNode, payload: ObjectNode, view: View): PartResult {
  const faults = new Set<FaultText>()
  const image = untypedImage('key', payload, view)
  finishImages([image], 'key', faults, view)
  for (const fault of rowFaults(image, 'untyped')) faults.add(fault)
  const declared = declaredTypes(view)
  const facts = { images: [image], shape: 'row', operation: '', payload, part: 'key', view } as const
  const print = (): Buffer => {
    rewriteImages([image], rowOf(facts, null), view)
    return Buffer.from(printJson(root))
  }
  return { faults, shape: 'row', operation: '', types: declared, print, ...judging(facts) }
}

function untypedImage(
  label: string,
  payload: JsonNode | undefined,
  view: View,
  types?: ReadonlyMap<string, Known> | null,
): Image {
  const part = label === 'key' ? 'key' : 'row'
  const declared = types ?? declaredTypes(view)
  const { rules } = view
  const { drop, keep, rename } = rules.projection ?? { drop: [], keep: null, rename: new Map<string, string>() }
  const projected = new Set([...drop, ...(keep ?? []), ...rename.keys()])
  const isNamed = (name: string): boolean => declared.has(name) || rules.byName.has(name) || projected.has(name)
  const all = [...new Set([...declared.keys(), ...rules.byName.keys(), ...projected])]
  const scope = naiveScope(
    all.map(name => [name, declared.get(name)?.type ?? null]),
    rules,
  )
  const names = payload?.kind === 'object' ? payload.members.map(({ name }) => name) : []
  const bindings = new Map(
    names.map((name): [string, Binding] => {
      if (isMetadata(label, name, view) && !declared.has(name)) return [name, { act: 'keep', toast: 'ignore' }]
      // A new column takes the place of one that nobody named.
      if (part === 'row' && !isNamed(name) && rules.projection?.columns.has(name) === true)
        return [name, { act: 'remove', toast: 'ignore' }]
      const binding = bindNaive(name, declared.get(name)?.type ?? null, part, rules, view.keys, scope)
      // What nothing names can only become a constant; a placeholder too.
      return [name, binding.act === 'refuse' || isNamed(name) ? binding : { ...binding, toast: 'ignore' }]
    }),
  )
  const image = {
    label,
    schema: undefined,
    payload,
    bindings,
    types: declared,
    isTyped: false,
    omitted: new Set<string>(),
  }
  return withRow(image, new Set(all), scope, view)
}

const declaredTypes = ({ rules }: View): ReadonlyMap<string, Known> =>
  new Map(rules.tableSchema?.columns.map(({ name, type }) => [name, { type, node: null }]))

function untypedValue(root: JsonNode, payload: JsonNode, view: View, broken: boolean): PartResult {
  const faults = new Set<FaultText>()
  const names = payload.kind === 'object' ? payload.members.map(({ name }) => name) : []
  if (payload.kind !== 'object') {
    faults.add('RECORD_UNKNOWN_SHAPE@*')
    return { faults, shape: 'none', operation: '', types: null, print: () => Buffer.alloc(0) }
  }
  const shape = shapeByNames(view.topic, names)
  if (new Set(names).size < names.length) faults.add('RECORD_REPEATED_MEMBER@*')
  const images: Image[] = []
  if (shape === 'row' || broken) images.push(untypedImage('', payload, view))
  if (shape === 'event' || broken) {
    knownOnly(payload, envelopeNames, '', 'RECORD_UNKNOWN_MEMBER', faults)
    numbersOnly(payload, numberNames, '', faults)
    for (const [label, allowed] of [
      ['source', namesInSource],
      ['transaction', transactionNames],
      ['before', null],
      ['after', null],
    ] as const) {
      const value = memberOf(payload, label)
      if (value !== undefined && value.kind !== 'object' && value.kind !== 'null')
        faults.add(`RECORD_UNKNOWN_SHAPE@${label}`)
      if (allowed !== null && value?.kind === 'object') {
        knownOnly(value, allowed, label, 'RECORD_UNKNOWN_MEMBER', faults)
        numbersOnly(value, numberNames, label, faults)
      }
      if (allowed === null) images.push(untypedImage(label, value, view))
    }
  }
  finishImages(images, 'value', faults, view)
  const operation = operationOf(shape, payload)
  if (shape === 'event' && !/^[rcudt]$/.test(operation) && faults.size === 0) faults.add('RECORD_UNKNOWN_SHAPE@op')
  const late = new Set(images.flatMap(image => rowFaults(image, 'untyped')))
  const facts = { images, shape, operation, payload, part: 'value', view } as const
  const print = (): Buffer => {
    rewriteImages(images, rowOf(facts, null), view)
    return Buffer.from(printJson(root))
  }
  return { faults, late, shape, operation, types: null, print, ...judging(facts) }
}

function shapeByNames(topic: string, names: readonly string[]): Shape {
  // With a source, or with nothing but what an envelope has.
  const isEnvelope = names.includes('source') || names.every(name => envelopeNames.includes(name))
  if (isEnvelope && names.includes('op') && (names.includes('before') || names.includes('after'))) return 'event'
  if (topic.startsWith('__debezium-heartbeat') && same(names, ['ts_ms'])) return 'heartbeat'
  if (topic.endsWith('.transaction') && same(names, ['status', 'id', 'event_count', 'data_collections', 'ts_ms']))
    return 'transaction'
  return same(names, ['op', 'ts_ms', 'source', 'transaction', 'message']) ? 'message' : 'row'
}

function operationOf(shape: Shape, payload: JsonNode): string {
  const told = memberOf(payload, shape === 'event' ? 'op' : '__op')
  return told?.kind === 'string' && told.text.length === 3 ? told.text.slice(1, 2) : ''
}

// ---- filters and projections

/** The first image that is a struct, or the row itself. */
function scopeOfBlock(shape: Shape, fields: readonly NaiveField[], part: 'value' | 'key', view: View): NaiveScope {
  const image = fields.find(({ name, type }) => (name === 'before' || name === 'after') && type.kind === 'struct')
  const own = shape === 'event' ? (image === undefined ? [] : fieldsOf(image.node)) : fields
  const label = shape === 'row' && part === 'value' ? '' : 'x'
  return naiveScope(
    own.filter(({ name }) => !isMetadata(label, name, view)).map(({ name, type }) => [name, type]),
    view.rules,
  )
}

type BareImage = Omit<Image, 'scope' | 'added' | 'wrong' | 'original' | 'isCleared'>

/** What the rules say of the row as a whole; `names` are its columns. */
function withRow(image: BareImage, names: ReadonlySet<string>, scope: NaiveScope, view: View): Image {
  const { rules } = view
  const { label, bindings, payload } = image
  const isKey = label === 'key'
  const { added, faults } = isKey ? { added: [], faults: [] } : naiveAdded(names, scope, rules)
  const filter = naiveFilter(scope, rules)
  const wrong = [...faults]
  if (!isKey && filter !== null && filter.code !== null) wrong.push({ code: filter.code, name: '' })
  const seen = new Set(added.map(({ name }) => name))
  if (rules.projection !== null) {
    for (const name of names) {
      const binding = bindings.get(name) ?? bindingOf(name, image, scope, view)
      if (binding.act === 'remove' || binding.act === 'refuse') continue
      const out = newName(name, binding, image as Image, view) ?? name
      if (seen.has(out)) wrong.push({ code: 'SCHEMA_PROJECTION', name })
      seen.add(out)
    }
  }
  const computed = [...names].map(name => bindings.get(name) ?? bindingOf(name, image, scope, view))
  const reads = new Set([
    ...(filter?.code === null && !(isKey && asksOfEvents(rules)) ? filter.reads : []),
    ...computed.flatMap(binding => (binding.act === 'compute' ? binding.reads : [])),
    ...added.flatMap(one => one.reads),
  ])
  const strict = new Map(
    [...bindings].map(([name, binding]): [string, Binding] => {
      const type = scope.columns.find(column => column.name === name)?.type
      const isRead = reads.has(name) && type !== undefined && mayBeToasted(type)
      return [
        name,
        isRead && binding.act !== 'refuse' && binding.act !== 'remove' ? { ...binding, toast: 'reject' } : binding,
      ]
    }),
  )
  return { ...image, bindings: strict, scope, added, wrong, original: asObject(payload), isCleared: false }
}

/** Of a column that a row without a schema could have. */
const bindingOf = (name: string, { label, types }: BareImage, scope: NaiveScope, { rules, keys }: View): Binding =>
  bindNaive(name, types.get(name)?.type ?? null, label === 'key' ? 'key' : 'row', rules, keys, scope)

const asksOfEvents = ({ rowFilter }: ColumnRules): boolean =>
  /"kind":"call","name":"(?:op|changed|source)"/.test(JSON.stringify(rowFilter?.expression ?? null, big))

const big = (_name: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value)

function rowFaults({ wrong, label }: Image, part: 'key' | 'value' | 'untyped'): FaultText[] {
  return wrong.map(({ code, name }) =>
    part === 'untyped'
      ? `${code}@${name === '' ? '*' : name}`
      : `${code}@${name === '' ? label || part : placeIn(label, name)}`,
  )
}

interface Facts {
  readonly images: readonly Image[]
  readonly shape: Shape
  readonly operation: string
  readonly payload: JsonNode
  readonly part: 'value' | 'key'
  readonly view: View
}

function rowOf({ images, shape, operation, payload, part, view }: Facts, key: PartResult | null): NaiveRow {
  const image = (label: string): Image | undefined => images.find(one => one.label === label)
  const only = shape === 'event' ? undefined : images[0]
  const defaults = new Map<string, string>()
  const first = shape === 'event' ? (image('after') ?? image('before')) : only
  for (const [name, { node }] of first?.types ?? []) {
    const byDefault = memberOf(node ?? undefined, 'default')
    if (byDefault !== undefined) defaults.set(name, printInside(byDefault))
  }
  const label = part === 'key' ? 'key.' : ''
  return new NaiveRow(
    {
      shape: shape === 'event' ? 'event' : 'row',
      operation,
      after: shape === 'event' ? (image('after')?.original ?? null) : (only?.original ?? null),
      before: image('before')?.original ?? null,
      source: name =>
        shape === 'event' ? memberOf(memberOf(payload, 'source'), name) : memberOf(payload, `__source_${name}`),
      keyNames: key?.names ?? new Set(),
      defaults,
      isMarker: value => isMarker(value, view),
      isMetadata: name => shape !== 'event' && part === 'value' && isMetadata('', name, view),
      labels: { after: shape === 'event' ? 'after.' : label, before: 'before.' },
    },
    images[0]?.scope ?? { columns: [], untyped: false },
  )
}

function judging(facts: Facts): Pick<PartResult, 'judge' | 'shows' | 'names'> {
  const { images, shape, operation, payload, part, view } = facts
  const { rules } = view
  const names = new Set(payload.kind === 'object' ? payload.members.map(({ name }) => name) : [])
  const scope = images[0]?.scope
  const filter = scope === undefined ? null : naiveFilter(scope, rules)
  if (filter === null || filter.code !== null || (shape !== 'event' && shape !== 'row')) return { names }
  if (part === 'key') {
    const canSay = !asksOfEvents(rules) && filter.reads.every(name => images[0]?.original?.has(name) === true)
    const shows = (): boolean | null => {
      const row = rowOf(facts, null)
      return filter.it.evaluate(row) === true || (row.asked ? null : false)
    }
    return { names, shows: canSay ? shows : null }
  }
  if (payload.kind !== 'object') return {}
  const judge = (key: PartResult | null, keyBytes: Buffer | null): NaiveVerdict | Set<FaultText> => {
    const row = rowOf(facts, key)
    const told = (name: string): string => {
      const value = isMetadata(shape === 'row' ? '' : 'x', name, view) ? memberOf(payload, name) : undefined
      return value === undefined ? '' : printInside(value).replace(/^"/, '')
    }
    const verdict = naiveVerdict({
      filter: filter.it,
      reads: filter.reads,
      rules,
      row,
      hasKey: key !== null,
      byKey: key?.shows ?? null,
      isDeletedRow: shape === 'row' && (operation === 'd' || told('__deleted').startsWith('true')),
    })
    if (verdict.drop) return verdict
    for (const label of verdict.clears) {
      const member = payload.members.find(({ name }) => name === label)
      if (member === undefined) continue
      // The stock sink wants a row in a delete: one that tells the key only.
      const isDelete = (verdict.op ?? operation) === 'd'
      const isTyped = images[0]?.isTyped === true
      const shown = label === 'before' && isDelete && isTyped && keyBytes !== null ? keyOnly(keyBytes, facts) : 'null'
      member.value = { ...literalOf(shown), before: member.value.before, after: member.value.after }
      for (const one of images) if (one.label === label) Object.assign(one, { isCleared: true })
    }
    const op = memberOf(payload, 'op')
    if (verdict.op !== null && op?.kind === 'string') op.text = `"${verdict.op}"`
    return verdict
  }
  return { names, judge }
}

/** The members of the masked key, and what JsonConverter needs of the other columns that cannot be null. */
function keyOnly(keyBytes: Buffer, { images, view }: Facts): string {
  const { root } = readJson(keyBytes)
  const payload = (root === null ? null : wrappedParts(root)?.payload) ?? root
  const members = payload?.kind === 'object' ? payload.members : []
  const names = new Set(members.map(({ name }) => name))
  const texts = members.map(({ spelled, value }) => {
    const inner = `${printJson(spelled)}:${printJson(value)}`
    return inner.slice(spelled.before.length, inner.length - value.after.length)
  })
  const image = images.find(({ label }) => label === 'after') ?? images[0]
  for (const [name, binding] of image?.bindings ?? []) {
    const own = image?.types.get(name)?.type
    if (binding.act === 'remove' || binding.act === 'refuse' || own === undefined || image?.omitted.has(name)) continue
    const becomes = binding.act === 'mask' ? binding.effect.becomes : null
    const type =
      binding.act === 'compute'
        ? (binding.retyped ?? binding.fitted.type)
        : becomes === null
          ? own
          : { ...own, kind: becomes, logical: null }
    const out = image === undefined ? name : (newName(name, binding, image, view) ?? name)
    if (!type.optional && !names.has(out)) texts.push(`${JSON.stringify(out)}:${zero(type)}`)
  }
  return `{${texts.join(',')}}`
}

function zero({ kind, logical }: ColumnType): string {
  if (logical?.endsWith('VariableScaleDecimal') === true) return '{"scale":0,"value":"AA=="}'
  const zeros: Record<string, string> = {
    string: '""',
    bytes: '"AA=="',
    boolean: 'false',
    array: '[]',
    map: '{}',
    struct: '{}',
  }
  return zeros[kind] ?? '0'
}

// ---- headers

function readHeaders(
  headers: NaiveRecord['headers'],
  key: PartResult | null,
  view: View,
): NaiveRecord['headers'] | Set<FaultText> {
  const kept: (readonly [string, Buffer | null])[] = []
  for (const [name, value] of headers) {
    if (name !== '__debezium.oldkey' && name !== '__debezium.newkey') {
      if (mayPass(name, view)) kept.push([name, value])
      continue
    }
    if (value === null) {
      kept.push([name, null])
      continue
    }
    const masked = maskKeyHeader(value, key, view)
    if (masked instanceof Set) {
      const kept = [...masked]
        .map(fault => fault.slice(0, fault.indexOf('@')))
        .map(code =>
          code.startsWith('SCHEMA_') || code === 'RECORD_UNKNOWN_COLUMN' ? code : 'RECORD_HEADER_UNREADABLE',
        )
      return new Set(kept.map(code => `${code}@headers.${name}`))
    }
    kept.push([name, masked])
  }
  return kept
}

function maskKeyHeader(value: Buffer, key: PartResult | null, view: View): Buffer | Set<FaultText> {
  if (key === null) return new Set(['RECORD_HEADER_UNREADABLE@*'])
  let result: PartResult
  if (value.toString('latin1').startsWith('{"schema":')) result = readKey(value, view)
  else {
    const { root, faults } = readJson(value)
    const found = new Set<FaultText>(faults.map(anywhere))
    if (root?.kind !== 'object') return found.add('RECORD_HEADER_UNREADABLE@*')
    const image = untypedImage('key', root, view, key.types)
    if (key.isTyped === true && root.members.some(({ name }) => !key.types?.has(name)))
      found.add('RECORD_HEADER_UNREADABLE@*')
    finishImages([image], 'key', found, view)
    result = {
      faults: found,
      shape: 'row',
      operation: '',
      types: null,
      print: () => {
        const facts = { images: [image], shape: 'row', operation: '', payload: root, part: 'key', view } as const
        rewriteImages([image], rowOf(facts, null), view)
        return Buffer.from(printJson(root))
      },
    }
  }
  if (result.faults.size > 0) return new Set(result.faults)
  try {
    return result.print()
  } catch (error) {
    if (!(error instanceof CannotMask)) throw error
    return new Set(error.faults)
  }
}

function mayPass(name: string, { settings }: View): boolean {
  if (name.startsWith('__debezium.context.') || metadataNames.has(name)) return true
  if (['traceparent', 'tracestate', 'tracingspancontext', 'b3'].includes(name)) return true
  return settings.headers.some(listed =>
    listed.endsWith('*') ? name.startsWith(listed.slice(0, -1)) : name === listed,
  )
}

const placeIn = (label: string, name: string): string => (label === '' ? name : `${label}.${name}`)

/** The name of a column: one that stands in a policy as it is, any other where it could not be a value. */
const columnName = (name: string, { rules }: View, index: number, isTyped: boolean): string =>
  rules.byName.has(name) ||
  rules.projection?.drop.has(name) === true ||
  rules.projection?.columns.has(name) === true ||
  rules.projection?.rename.has(name) === true ||
  rules.projection?.keep?.has(name) === true ||
  // Without a schema block it is not looked for by name unless a rule says that it is one.
  (isTyped && rules.inside.some(({ column }) => column === name)) ||
  rules.tableSchema?.columns.some(column => column.name === name) === true
    ? name
    : tellable(name, index)

/** A name that could be a value is not told, but where it stands. */
const tellable = (name: string, index = -1): string => (mayBeValue(name) ? `?[${index}]` : name)

function mayBeValue(name: string): boolean {
  if (name === '') return false
  const signs = [...name]
  const isLetter = (sign: string | undefined): boolean => sign !== undefined && /\p{L}/u.test(sign)
  const isDigit = (sign: string | undefined): boolean => sign !== undefined && /\p{N}/u.test(sign)
  if (signs.length > 63 || !isLetter(signs.find(sign => !'_$#'.includes(sign)))) return true
  if (signs.some(sign => !/[\p{L}\p{M}\p{N}_$#-]/u.test(sign))) return true
  if (signs.filter(isDigit).length > 8) return true
  if (name.split(/[\p{L}_]/u).some(part => [...part].filter(isDigit).length > 4)) return true
  for (let n = 0; n + 5 < signs.length; n++)
    if (isLetter(signs[n]) && signs.slice(n + 1, n + 5).every(isDigit) && isLetter(signs[n + 5])) return true
  const words = name.replace(/\p{M}/gu, '').split(/\P{L}/u)
  return words.some(word => new Set([...word].map(sign => /\p{Script=Latin}/u.test(sign))).size > 1)
}
