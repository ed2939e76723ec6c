import type { ViewPlan } from '../plan.ts'
import type { SchemaCache } from '../project/schema-cache.ts'
import type { SchemalessLayouts } from '../project/schemaless.ts'
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
  Unreadable,
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
    const { known, schemaEnd, payload } = schema
    decodeAfterBlock(b, start + schemaOpening.length, schemaEnd, payload, end, known, walker)
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
    const { known, schemaEnd, payload } = schema
    if (b[payload] !== OPEN_BRACE) return fail('RECORD_KEY_UNREADABLE', payload)
    decodeAfterBlock(b, start + schemaOpening.length, schemaEnd, payload, end, known, walker)
    return known.layout
  }
  const parts = splitParts(b, start, end)
  if (parts === null || b[parts.schemaStart] === LETTER_N) {
    const from = parts === null ? skipSpace(b, start) : parts.payloadStart
    if (b[from] !== OPEN_BRACE) return fail('RECORD_KEY_UNREADABLE', from)
    const layout = plan.schemaless.key
    const after = walker.root(b, from, end, layout)
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
): { readonly known: SchemaPlan; readonly schemaEnd: number; readonly payload: number } | null {
  if (!beginsWith(b, start, schemaOpening)) return null
  const found = cache.recognise(b, start + schemaOpening.length, end)
  if (found === null) return null
  const after = start + schemaOpening.length + found.bytes.length
  if (!beginsWith(b, after, payloadOpening)) return null
  return { known: found.plan, schemaEnd: after, payload: skipSpace(b, after + payloadOpening.length) }
}

/** The common form: block, payload, closing brace. */
function decodeAfterBlock(
  b: Buffer,
  schemaStart: number,
  schemaEnd: number,
  payload: number,
  end: number,
  known: SchemaPlan,
  walker: Walker,
): void {
  const after = walkPayload(b, { schemaStart, schemaEnd, payloadStart: payload }, end, known, walker)
  const close = skipSpace(b, after)
  if (b[close] === COMMA) {
    // The same answer as for a block that is seen first: which member is one too many?
    topMembers(b, schemaStart - schemaOpening.length, end)
    fail('RECORD_UNKNOWN_MEMBER', close)
  }
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
  // The document's own object is around the payload.
  if (b[at.payloadStart] === OPEN_BRACE) after = walker.root(b, at.payloadStart, end, known.layout, 2)
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

/** Where `schema` and `payload` lie, if the value is an object of these two; null for any other document. */
function splitParts(b: Buffer, start: number, end: number): Parts | null {
  if (!mayBeWrapped(b, start)) return null
  const members = topMembers(b, start, end)
  const schema = members?.get('schema')
  const payload = members?.get('payload')
  if (members === null || schema === undefined || payload === undefined) return null
  const first = b[schema.start]
  if (members.size > 2) {
    // JsonConverter refuses a third member behind the two. A row that has such columns among others is a row.
    const isWrapped = first === OPEN_BRACE && /^(?:schema|payload)$/.test(members.keys().next().value ?? '')
    return isWrapped ? fail('RECORD_UNKNOWN_MEMBER', start) : null
  }
  if (first !== OPEN_BRACE && first !== LETTER_N) return null
  return { schemaStart: schema.start, schemaEnd: schema.end, payloadStart: payload.start, payloadEnd: payload.end }
}

/**
 * False where the first member's name can be neither `schema` nor `payload`, so that the object cannot be exactly these
 * two. Anything unusual (white space, an escape) counts as possible: it only costs a second look.
 */
function mayBeWrapped(b: Buffer, start: number): boolean {
  const initial = b[start + 2]
  return (
    b[start] !== OPEN_BRACE || b[start + 1] !== QUOTE || initial === 115 || initial === 112 || initial === BACKSLASH
  )
}

interface Span {
  readonly start: number
  readonly end: number
}

/** The outermost members by name, the whole document checked; null where it is not an object. */
function topMembers(b: Buffer, start: number, end: number): Map<string, Span> | null {
  let i = skipSpace(b, start)
  if (b[i] !== OPEN_BRACE) {
    // Alone, because a number does not end before a digit of its neighbour.
    const alone = b.subarray(start, end)
    requireEnd(alone, skipValue(alone, skipSpace(alone, 0), alone.length, 0), alone.length)
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
  // Debezium writes `before` first, so the names of such a record are looked at only where it turns out to be no event.
  if (beginsWith(b, from, beforeOpening)) {
    try {
      walkSchemaless(b, from, end, 'event', plan.schemaless, walker)
      if (walker.operation !== 0) return 'event'
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      const place = walker.path(error.at, error.code)
      walker.begin('value', end)
      if (shapeOf(b, from, end, plan.topic) === 'event') {
        walker.place = place
        throw error
      }
    }
    walker.begin('value', end)
  }
  const shape = shapeOf(b, from, end, plan.topic)
  if (shape === 'event' || shape === 'row') walkSchemaless(b, from, end, shape, plan.schemaless, walker)
  return shape
}

/** Walks an event or a row; once more without the columns that turned out to be placeholders. */
function walkSchemaless(
  b: Buffer,
  from: number,
  end: number,
  shape: 'event' | 'row',
  layouts: SchemalessLayouts,
  walker: Walker,
): void {
  requireEnd(b, walker.root(b, from, end, layouts[shape]), end)
  layouts.isMet = true
  if (walker.omitted.size === 0) return
  const fewer = layouts.without(new Set(walker.omitted))
  walker.omitted.clear()
  walker.edits.count = 0
  walkSchemaless(b, from, end, shape, fewer, walker)
}

function shapeOf(b: Buffer, from: number, end: number, topic: string): RecordShape {
  const members = topMembers(b, from, end)
  if (members === null) return fail('RECORD_UNKNOWN_SHAPE', from)
  return shapeByMembers(topic, new Set(members.keys()))
}
