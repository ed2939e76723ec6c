import {
  HEADERS_END,
  HEADERS_START,
  KEY_END,
  KEY_START,
  type MaskedBatch,
  type RawBatch,
  SPANS_PER_RECORD,
  VALUE_END,
  VALUE_START,
} from './batch.ts'
import { readHeaders } from './headers.ts'
import { isKeyHeader } from './mask/header-rules.ts'

/**
 * The single values of a record, raw or masked, each with its place: for comparing what several sets of policies publish,
 * and for telling what a record holds. Beware: the texts are the values themselves; only places, kinds and lengths may
 * be told. Slow beside the road: it makes an object for each value.
 */

/** Where a row stands in a record. */
export type RecordPart = 'key' | 'before' | 'after' | 'row' | 'header' | 'envelope'

export interface RecordValue {
  readonly part: RecordPart
  /** The column; `headers.<name>` for a header that is no key. */
  readonly column: string
  /** From the column on: `email`, `address.pin`, `tags[*]`; also inside text that holds JSON. */
  readonly path: string
  readonly kind: ValueKind
  /** Escapes resolved. */
  readonly text: string
  /** What is compared: the same, with numbers of equal worth spelled alike. */
  readonly worth: string
}

export type ValueKind = 'text' | 'number' | 'boolean' | 'null' | 'empty'

export interface RecordValues {
  readonly values: readonly RecordValue[]
  readonly isTombstone: boolean
  /** `op` of an event; null where there is none. */
  readonly operation: string | null
}

/** Reads the n-th record of a batch. What is not JSON has no values. One for each pass: it remembers the schema blocks it met. */
export type ReadValues = (batch: RawBatch | MaskedBatch, n: number) => RecordValues

export function createValueReader(): ReadValues {
  const openings: Buffer[] = []
  return ({ bytes, spans }, n) => {
    const at = n * SPANS_PER_RECORD
    const part = (from: number, to: number): Buffer | null =>
      (spans[at + from] as number) < 0 ? null : bytes.subarray(spans[at + from], spans[at + to])
    const key = part(KEY_START, KEY_END)
    const value = part(VALUE_START, VALUE_END)
    const event = value === null ? [] : leavesOf(payloadOf(value, openings))
    const headers = readHeaders(bytes, spans[at + HEADERS_START] as number, spans[at + HEADERS_END] as number)
    return {
      values: [
        ...(key === null ? [] : inPart('key', leavesOf(payloadOf(key, openings)))),
        ...valuesOf(event),
        ...headers.flatMap(({ name, value: one }) => headerValues(name, one)),
      ],
      isTombstone: value === null,
      operation: isEvent(event)
        ? (event.find(({ path }) => path.length === 1 && path[0] === 'op')?.text ?? null)
        : null,
    }
  }
}

/** A value with its path from the root. */
interface Leaf {
  readonly path: readonly string[]
  readonly kind: ValueKind
  readonly text: string
  readonly worth: string
}

const leaf = (path: readonly string[], kind: ValueKind, text: string): Leaf => ({
  path,
  kind,
  text,
  worth: kind === 'text' || kind === 'number' ? worthOf(text) : text,
})

function valuesOf(leaves: readonly Leaf[]): RecordValue[] {
  if (!isEvent(leaves)) return inPart('row', leaves)
  return leaves.flatMap(one => {
    const [first = ''] = one.path
    const isRow = (first === 'before' || first === 'after') && one.path.length > 1
    return isRow ? inPart(first, [{ ...one, path: one.path.slice(1) }]) : inPart('envelope', [one])
  })
}

const isEvent = (leaves: readonly Leaf[]): boolean => {
  const first = new Set(leaves.map(({ path }) => path[0]))
  return first.has('op') && (first.has('before') || first.has('after'))
}

const inPart = (part: RecordPart, leaves: readonly Leaf[]): RecordValue[] =>
  leaves.flatMap(({ path, kind, text, worth }) => {
    const [column] = path
    if (column === undefined) return []
    const written = path.reduce((all, one) => (one === '[*]' ? `${all}[*]` : `${all}.${one}`))
    return [{ part, column, path: written, kind, text, worth }]
  })

function headerValues(name: string, value: Buffer | null): RecordValue[] {
  if (value === null) return []
  if (isKeyHeader(name)) return inPart('header', leavesOf(payloadOf(value, [])))
  const text = value.toString('utf8')
  const column = `headers.${name}`
  return [{ part: 'header', column, path: column, kind: 'text', text, worth: worthOf(text) }]
}

const SCHEMA = Buffer.from('{"schema":')
/** A table has few versions; what has more is read whole each time. */
const MAX_OPENINGS = 32

/** The payload's text where a schema block stands before it, else all of it. */
function payloadOf(bytes: Buffer, openings: Buffer[]): string {
  if (bytes.compare(SCHEMA, 0, SCHEMA.length, 0, Math.min(SCHEMA.length, bytes.length)) !== 0) return bytes.toString()
  const known = openings.find(
    opening => bytes.compare(opening, 0, opening.length, 0, Math.min(opening.length, bytes.length)) === 0,
  )
  if (known !== undefined) return bytes.toString('utf8', known.length, bytes.length - 1)
  // Read byte by byte, so that a position in the text is one in the bytes.
  const start = payloadStart(bytes.toString('latin1'))
  if (start === null) return bytes.toString()
  if (openings.length < MAX_OPENINGS) openings.push(Buffer.from(bytes.subarray(0, start)))
  return bytes.toString('utf8', start, bytes.length - 1)
}

// Written so that a long string is one run: an alternative per character would use up the stack.
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:,]|[^\s"{}[\]:,]+/gs

function payloadStart(text: string): number | null {
  let depth = 0
  let last = ''
  for (const { 0: found, index } of text.matchAll(tokens)) {
    if (depth === 1 && found === ':' && last === '"payload"') return index + 1
    if (found === '{' || found === '[') depth++
    else if (found === '}' || found === ']') depth--
    last = found
  }
  return null
}

const MAX_DEPTH = 100
const MAX_LEAVES = 10_000
/** JSON in text in JSON in text: nobody goes further down. */
const MAX_LAYERS = 3

/** All single values, with the lenience of a reader that only compares: a repeated member is two values at one path. */
function leavesOf(text: string, layer = 0, root: readonly string[] = []): Leaf[] {
  const leaves: Leaf[] = []
  const frames: { readonly path: readonly string[]; readonly isList: boolean; name: string; isEmpty: boolean }[] = []
  let isName = false
  const here = (): readonly string[] => {
    const frame = frames.at(-1)
    return frame === undefined ? root : [...frame.path, frame.isList ? '[*]' : frame.name]
  }
  for (const [found] of text.matchAll(tokens)) {
    const frame = frames.at(-1)
    if (leaves.length >= MAX_LEAVES || frames.length > MAX_DEPTH) return leaves
    if (found === '{' || found === '[') {
      if (frame !== undefined) frame.isEmpty = false
      frames.push({ path: here(), isList: found === '[', name: '', isEmpty: true })
      isName = found === '{'
    } else if (found === '}' || found === ']') {
      frames.pop()
      if (frame?.isEmpty === true) leaves.push(leaf(frame.path, 'empty', frame.isList ? '[]' : '{}'))
    } else if (found === ',') isName = frame?.isList === false
    else if (found === ':') isName = false
    else if (isName && frame !== undefined) {
      frame.name = stringOf(found) ?? '?'
      frame.isEmpty = false
    } else {
      if (frame !== undefined) frame.isEmpty = false
      leaves.push(...leafOf(found, here(), layer))
    }
  }
  return leaves
}

function leafOf(literal: string, path: readonly string[], layer: number): Leaf[] {
  if (literal === 'null') return [leaf(path, 'null', '')]
  if (literal === 'true' || literal === 'false') return [leaf(path, 'boolean', literal)]
  const text = literal.startsWith('"') ? stringOf(literal) : null
  if (text === null) return [leaf(path, 'number', literal)]
  if (layer < MAX_LAYERS && holdsJson(text)) return leavesOf(text, layer + 1, path)
  return [leaf(path, 'text', text)]
}

function stringOf(literal: string): string | null {
  try {
    const text: unknown = JSON.parse(literal)
    return typeof text === 'string' ? text : null
  } catch {
    return null
  }
}

function holdsJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const number = /^(-?)0*(\d*)(?:\.(\d*?)0*)?(?:[eE]([+-]?\d{1,9}))?$/

/** Numbers of equal worth alike, whether written as number or text: 1.50, 1.5 and 15e-1; all else as it is. */
function worthOf(text: string): string {
  const found = text.length > 0 && text.length <= 400 && /\d/.test(text) ? number.exec(text) : null
  if (found === null) return text
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = found
  const digits = `${whole}${fraction}`.replace(/^0+/, '')
  if (digits === '') return '0'
  const significant = digits.replace(/0+$/, '')
  return `${sign}${significant}e${Number(exponent) - fraction.length + (digits.length - significant.length)}`
}
