import type { OutcomeLine, RecordLine } from '../../src/engine.ts'

/**
 * A part of a record for people to read: an object stands for its compact JSON; `text` for exactly this text (where
 * spelling, white space, large numbers or broken JSON matter); `base64` for bytes that are no text.
 */
export type ReadablePart = null | { readonly text: string } | { readonly base64: string } | Record<string, unknown>

export interface GoldenLine {
  readonly why: string
  readonly topic: string
  readonly key?: ReadablePart
  readonly value: ReadablePart
  readonly headers?: readonly (readonly [name: string, value: ReadablePart | string])[]
}

export function recordOf({ topic, key = null, value, headers = [] }: GoldenLine): RecordLine {
  return {
    topic,
    key: base64(key),
    value: base64(value),
    headers: headers.map(
      ([name, one]) => [name, typeof one === 'string' ? Buffer.from(one).toString('base64') : base64(one)] as const,
    ),
  }
}

function base64(part: ReadablePart): string | null {
  if (part === null) return null
  if (isOnly(part, 'base64')) return part.base64
  return Buffer.from(isOnly(part, 'text') ? part.text : JSON.stringify(part)).toString('base64')
}

const isOnly = <K extends string>(part: object, name: K): part is { readonly [key in K]: string } =>
  Object.keys(part).length === 1 && typeof (part as Record<string, unknown>)[name] === 'string'

/** The outcome in the same form; an object only where that gives back the very same bytes. */
export function goldenLine({ why }: GoldenLine, outcome: OutcomeLine): Record<string, unknown> {
  if (outcome.outcome === 'drop') return { why, outcome: 'drop', reason: outcome.reason }
  if (outcome.outcome === 'reject') return { why, outcome: 'reject', code: outcome.code, where: outcome.where }
  const { topic, key, value, headers } = outcome.record
  const shown = headers.map(([name, one]) => [name, one === null ? null : headerPart(Buffer.from(one, 'base64'))])
  return {
    why,
    outcome: 'publish',
    topic,
    key: readable(key),
    value: readable(value),
    ...(shown.length === 0 ? {} : { headers: shown }),
  }
}

const headerPart = (bytes: Buffer): ReadablePart | string =>
  bytes[0] === 123 ? readable(bytes.toString('base64')) : bytes.toString('utf8')

function readable(encoded: string | null): ReadablePart {
  if (encoded === null) return null
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString('utf8')
  if (!Buffer.from(text).equals(bytes)) return { base64: encoded }
  try {
    const parsed = JSON.parse(text) as unknown
    if (typeof parsed === 'object' && parsed !== null && JSON.stringify(parsed) === text)
      return parsed as Record<string, unknown>
  } catch {
    // Shown as text then.
  }
  return { text }
}
