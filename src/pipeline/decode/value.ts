import type { ViewPlan } from '../plan.ts'
import type { SchemaCache } from '../project/schema-cache.ts'
import type { SchemaPlan } from '../project/schema-plan.ts'
import { type RecordShape, shapeByMembers } from './record-shapes.ts'
import {
  BACKSLASH,
  CLOSE_BRACE,
  COMMA,
  fail,
  LETTER_N,
  OPEN_BRACE,
  QUOTE,
  requireEnd,
  skipColon,
  skipSpace,
  skipString,
  skipValue,
  stringText,
} from './scanner.ts'
import type { Layout } from '../layout.ts'
import type { Walker } from './walk.ts'

/** `{"schema":` and `,"payload":` as JsonConverter writes them: nearly every record with a schema block begins so. */
const schemaOpening = Buffer.from('{"schema":')
const payloadOpening = Buffer.from(',"payload":')

const beginsWith = (b: Buffer, i: number, text: Buffer): boolean => {
  for (let j = 0; j < text.length; j++) if (b[i + j] !== text[j]) return false
  return true
}

/**
 * Reads a record's value at [start, end): notes the spans that the plan rewrites in `walker.edits` and tells what kind of
 * record it is. Every byte is read whatever the kind.
 */
export function decodeValue(b: Buffer, start: number, end: number, plan: ViewPlan, walker: Walker): RecordShape {
  const schema = quickSchema(b, start, end, plan.valueSchemas)
  if (schema !== null) {
    const { known, payload } = schema
    decodeAfterBlock(b, start + schemaOpening.length, payload, end, known, walker)
    return known.shape
  }
  const parts = splitParts(b, start, end)
  if (parts === null) return decodeSchemaless(b, start, end, plan, walker)
  if (b[parts.schemaStart] === LETTER_N) {
    return decodeSchemaless(b, parts.payloadStart, parts.payloadEnd, plan, walker)
  }
  const { plan: known } = plan.valueSchemas.learn(b, parts.schemaStart, parts.schemaEnd)
  walkPayload(b, parts, parts.payloadEnd, known, walker)
  return known.shape
}

/** Reads a key at [start, end); returns the layout of its columns, by which key headers are read too. */
export function decodeKey(b: Buffer, start: number, end: number, plan: ViewPlan, walker: Walker): Layout {
  const schema = quickSchema(b, start, end, plan.keySchemas)
  if (schema !== null) {
    const { known, payload } = schema
    if (b[payload] !== OPEN_BRACE) return fail('RECORD_KEY_UNREADABLE', payload)
    decodeAfterBlock(b, start + schemaOpening.length, payload, end, known, walker)
    return known.layout
  }
  const parts = splitParts(b, start, end)
  if (parts === null || b[parts.schemaStart] === LETTER_N) {
    const from = parts === null ? skipSpace(b, start) : parts.payloadStart
    if (b[from] !== OPEN_BRACE) return fail('RECORD_KEY_UNREADABLE', from)
    const layout = plan.schemaless.key
    const after = walker.object(b, from, end, layout, 1)
    if (parts === null) requireEnd(b, after, end)
    return layout
  }
  if (b[parts.payloadStart] !== OPEN_BRACE) return fail('RECORD_KEY_UNREADABLE', parts.payloadStart)
  const { plan: known } = plan.keySchemas.learn(b, parts.schemaStart, parts.schemaEnd)
  walkPayload(b, parts, parts.payloadEnd, known, walker)
  return known.layout
}

/** The known schema in front of the payload, found by comparing bytes. */
function quickSchema(
  b: Buffer,
  start: number,
  end: number,
  cache: SchemaCache,
): { readonly known: SchemaPlan; readonly payload: number } | null {
  if (!beginsWith(b, start, schemaOpening)) return null
  const found = cache.recognise(b, start + schemaOpening.length, end)
  if (found === null) return null
  const after = start + schemaOpening.length + found.bytes.length
  return beginsWith(b, after, payloadOpening) ? { known: found.plan, payload: after + payloadOpening.length } : null
}

/** The common form: block, payload, closing brace. */
function decodeAfterBlock(
  b: Buffer,
  schemaStart: number,
  payload: number,
  end: number,
  known: SchemaPlan,
  walker: Walker,
): void {
  const schemaEnd = payload - payloadOpening.length
  const after = walkPayload(b, { schemaStart, schemaEnd, payloadStart: payload }, end, known, walker)
  const close = skipSpace(b, after)
  if (b[close] !== CLOSE_BRACE) fail('RECORD_MALFORMED', close)
  requireEnd(b, close + 1, end)
}

interface Parts {
  readonly schemaStart: number
  readonly schemaEnd: number
  readonly payloadStart: number
  readonly payloadEnd: number
}

/** Walks the payload and notes the block's replacement; a second time without the columns that turned out to be placeholders. */
function walkPayload(
  b: Buffer,
  at: { readonly schemaStart: number; readonly schemaEnd: number; readonly payloadStart: number },
  end: number,
  known: SchemaPlan,
  walker: Walker,
): number {
  refuse(known, at.payloadStart, walker)
  const { edits } = walker
  const first = edits.count
  const blockFirst = at.schemaStart < at.payloadStart
  if (blockFirst && known.block !== null) edits.add(at.schemaStart, at.schemaEnd, known.block)
  let after: number
  if (b[at.payloadStart] === OPEN_BRACE) after = walker.object(b, at.payloadStart, end, known.layout, 1)
  else if (b[at.payloadStart] === LETTER_N) after = skipValue(b, at.payloadStart, end, 1)
  else return fail('RECORD_UNKNOWN_SHAPE', at.payloadStart)
  if (walker.omitted.size > 0) {
    const leftOut = new Set(walker.omitted)
    walker.omitted.clear()
    edits.count = first
    return walkPayload(b, at, end, known.without(leftOut), walker)
  }
  if (!blockFirst && known.block !== null) edits.add(at.schemaStart, at.schemaEnd, known.block)
  return after
}

function refuse(known: SchemaPlan, at: number, walker: Walker): void {
  const problem = known.problems[0]
  if (problem === undefined) return
  walker.place = problem.path
  fail(problem.code, at)
}

/** Where `schema` and `payload` lie, if the value is an object of exactly these two; null for any other document. */
function splitParts(b: Buffer, start: number, end: number): Parts | null {
  if (!mayBeWrapped(b, start)) return null
  const members = topMembers(b, start, end)
  const schema = members?.get('schema')
  const payload = members?.get('payload')
  if (members?.size !== 2 || schema === undefined || payload === undefined) return null
  const first = b[schema.start]
  if (first !== OPEN_BRACE && first !== LETTER_N) return null
  return { schemaStart: schema.start, schemaEnd: schema.end, payloadStart: payload.start, payloadEnd: payload.end }
}

/**
 * False where the first member's name can be neither `schema` nor `payload`, so that the object cannot be exactly these
 * two. Anything unusual (white space, an escape) counts as possible: it only costs a second look.
 */
function mayBeWrapped(b: Buffer, start: number): boolean {
  const initial = b[start + 2]
  return b[start] !== OPEN_BRACE || b[start + 1] !== QUOTE || initial === 115 || initial === 112 || initial === BACKSLASH
}

interface Span {
  readonly start: number
  readonly end: number
}

/** The outermost members by name, the whole document checked; null where it is not an object. */
function topMembers(b: Buffer, start: number, end: number): Map<string, Span> | null {
  let i = skipSpace(b, start)
  if (b[i] !== OPEN_BRACE) {
    requireEnd(b, skipValue(b, i, end, 0), end)
    return null
  }
  const members = new Map<string, Span>()
  i = skipSpace(b, i + 1)
  if (b[i] === CLOSE_BRACE) {
    requireEnd(b, i + 1, end)
    return members
  }
  for (;;) {
    if (b[i] !== QUOTE) return fail('RECORD_MALFORMED', i)
    const nameEnd = skipString(b, i, end)
    const name = stringText(b, i, nameEnd)
    if (members.has(name)) return fail('RECORD_REPEATED_MEMBER', i)
    const valueStart = skipColon(b, nameEnd)
    const valueEnd = skipValue(b, valueStart, end, 1)
    members.set(name, { start: valueStart, end: valueEnd })
    i = skipSpace(b, valueEnd)
    if (b[i] === CLOSE_BRACE) {
      requireEnd(b, i + 1, end)
      return members
    }
    if (b[i] !== COMMA) return fail('RECORD_MALFORMED', i)
    i = skipSpace(b, i + 1)
  }
}

const beforeOpening = Buffer.from('{"before":')

function decodeSchemaless(b: Buffer, start: number, end: number, plan: ViewPlan, walker: Walker): RecordShape {
  const from = skipSpace(b, start)
  // Debezium writes `before` first; anything else is worth a look at all its names.
  const shape = beginsWith(b, from, beforeOpening) ? 'event' : shapeOf(b, from, end, plan.topic)
  let layouts = plan.schemaless
  const first = walker.edits.count
  for (;;) {
    let after: number
    if (shape === 'event') after = walker.object(b, from, end, layouts.event, 1)
    else if (shape === 'row') after = walker.object(b, from, end, layouts.row, 1)
    else return shape
    requireEnd(b, after, end)
    if (walker.omitted.size === 0) break
    layouts = layouts.without(new Set(walker.omitted))
    walker.omitted.clear()
    walker.edits.count = first
  }
  return shape
}

function shapeOf(b: Buffer, from: number, end: number, topic: string): RecordShape {
  const members = topMembers(b, from, end)
  if (members === null) return fail('RECORD_UNKNOWN_SHAPE', from)
  return shapeByMembers(topic, new Set(members.keys()))
}
