import type { ErrorCode } from '../errors.ts'
import {
  type BatchOutcome,
  type DropReason,
  HEADERS_END,
  HEADERS_START,
  KEY_END,
  KEY_START,
  layOut,
  type MaskedBatch,
  type RawBatch,
  SPANS_PER_RECORD,
  VALUE_END,
  VALUE_START,
} from './batch.ts'
import { encodeHeaders, readHeaders } from './headers.ts'

/**
 * Records as JSON, one object each: the form of `scrim mask` and POST /v1/transform. Bytes are base64; a key or value
 * may also be given as an object, which stands for its compact JSON text.
 */
export interface RecordLine {
  readonly topic: string
  readonly partition?: number
  readonly offset?: number | string
  readonly timestamp?: number | string
  readonly key?: string | null | Record<string, unknown>
  readonly value?: string | null | Record<string, unknown>
  readonly headers?: readonly (readonly [name: string, value: string | null])[]
}

/** One outcome of one record and view. */
export type OutcomeLine = { readonly source: SourceLine } & (
  | { readonly outcome: 'publish'; readonly view: string; readonly record: MaskedLine }
  | { readonly outcome: 'drop'; readonly view: string; readonly reason: DropReason }
  | { readonly outcome: 'reject'; readonly view?: string; readonly code: ErrorCode; readonly where: string }
)

export interface SourceLine {
  readonly topic: string
  readonly partition: number
  readonly offset: number | string
}

export interface MaskedLine {
  readonly topic: string
  readonly partition: number
  readonly timestamp: string
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [name: string, value: string | null])[]
}

/** Why a parsed line is not a record; null if it is one. Names the member, never what it holds. */
export function lineProblem(line: unknown): string | null {
  if (typeof line !== 'object' || line === null || Array.isArray(line)) return 'a record must be an object'
  const record = line as Record<string, unknown>
  if (typeof record.topic !== 'string' || record.topic === '') return 'topic must be a string'
  if (record.partition !== undefined && !isCount(record.partition)) return 'partition must be a number'
  if (record.offset !== undefined && !isWhole(record.offset)) return 'offset must be a number or a decimal string'
  if (record.timestamp !== undefined && !isWhole(record.timestamp))
    return 'timestamp must be a number or a decimal string'
  if (!isBytes(record.key)) return 'key must be base64, an object or null'
  if (!isBytes(record.value)) return 'value must be base64, an object or null'
  const { headers } = record
  const areHeaders =
    headers === undefined ||
    (Array.isArray(headers) &&
      headers.every(
        header => Array.isArray(header) && header.length === 2 && typeof header[0] === 'string' && isBase64(header[1]),
      ))
  return areHeaders ? null : 'headers must be a list of [name, base64 or null]'
}

const isCount = (value: unknown): boolean =>
  Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
const isWhole = (value: unknown): boolean =>
  typeof value === 'string' ? /^-?\d{1,19}$/.test(value) : Number.isSafeInteger(value)
const isBase64 = (value: unknown): boolean =>
  value === null || (typeof value === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(value) && value.length % 4 === 0)
const isBytes = (value: unknown): boolean =>
  value === undefined || isBase64(value) || (typeof value === 'object' && !Array.isArray(value))

/** Records of one topic and partition as a batch. */
export function batchOfLines(lines: readonly RecordLine[]): RawBatch {
  const parts = lines.flatMap(line => [
    bytesOf(line.key),
    bytesOf(line.value),
    encodeHeaders(
      (line.headers ?? []).map(([name, value]) => ({
        name,
        value: value === null ? null : Buffer.from(value, 'base64'),
      })),
    ),
  ])
  return {
    topic: lines[0]?.topic ?? '',
    partition: lines[0]?.partition ?? 0,
    partitions: 1,
    ...layOut(parts),
    timestamps: Float64Array.from(lines, line => Number(line.timestamp ?? -1)),
    offsets: BigInt64Array.from(lines, line => BigInt(line.offset ?? -1)),
  }
}

function bytesOf(value: RecordLine['value']): Buffer | null {
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? Buffer.from(value, 'base64') : Buffer.from(JSON.stringify(value))
}

/** The outcomes of a batch made of these lines, in input order. */
export function outcomeLines(lines: readonly RecordLine[], outcome: BatchOutcome): OutcomeLine[] {
  const byIndex: OutcomeLine[][] = lines.map(() => [])
  for (const batch of outcome.masked) {
    for (let n = 0; n < batch.count; n++) {
      const index = batch.sources[n] as number
      byIndex[index]?.push({
        source: sourceOf(lines[index]),
        outcome: 'publish',
        view: batch.view,
        record: maskedLine(batch, n),
      })
    }
  }
  for (const departure of outcome.departures) {
    const source = sourceOf(lines[departure.index])
    const { view } = departure
    byIndex[departure.index]?.push(
      departure.kind === 'drop'
        ? { source, outcome: 'drop', view, reason: departure.reason }
        : { source, outcome: 'reject', view, code: departure.code, where: departure.path },
    )
  }
  return byIndex.flat()
}

/** One record of a batch in its raw form: for sealing only. */
export function rawLine(batch: RawBatch, index: number): RecordLine {
  const { topic, partition, timestamps, offsets } = batch
  return {
    topic,
    partition,
    offset: String(offsets[index]),
    timestamp: String(timestamps[index]),
    ...partsOf(batch, index),
  }
}

/** Key, value and headers of the n-th record, as lines spell them. */
function partsOf({ bytes, spans }: RawBatch | MaskedBatch, n: number): Pick<MaskedLine, 'key' | 'value' | 'headers'> {
  const at = n * SPANS_PER_RECORD
  const part = (from: number, to: number): string | null => {
    const start = spans[at + from] as number
    return start < 0 ? null : bytes.toString('base64', start, spans[at + to])
  }
  const headers = readHeaders(bytes, spans[at + HEADERS_START] as number, spans[at + HEADERS_END] as number)
  return {
    key: part(KEY_START, KEY_END),
    value: part(VALUE_START, VALUE_END),
    headers: headers.map(({ name, value }) => [name, value === null ? null : value.toString('base64')] as const),
  }
}

export function sourceOf(line: RecordLine | undefined): SourceLine {
  return { topic: line?.topic ?? '', partition: line?.partition ?? 0, offset: line?.offset ?? -1 }
}

function maskedLine(batch: MaskedBatch, n: number): MaskedLine {
  const { topic, partition, timestamps } = batch
  return { topic, partition, timestamp: String(timestamps[n]), ...partsOf(batch, n) }
}
