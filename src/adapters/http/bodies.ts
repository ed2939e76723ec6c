import { ScrimError } from '../../errors.ts'
import type { HttpApp } from './http-app.ts'

/** Parses strict JSON; a fault is a place and constant words. */
export type BodyParser = (
  text: string,
) =>
  | { readonly value: unknown }
  | { readonly fault: { readonly line: number; readonly column: number; readonly what: string } }

export const JSON_TYPE = 'application/json'
export const PATCH_TYPE = 'application/json-patch+json'
/** JSON Lines has no registered name; these are in use. */
export const LINES_TYPES = [
  'application/x-ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/json-lines',
] as const

/** Reads bodies without ever quoting them: one JSON document, or a list of JSON lines. */
export function registerBodies(app: HttpApp, parseJson: BodyParser): void {
  const parse = (text: string, firstLine: number): unknown => {
    const parsed = parseJson(text)
    if ('value' in parsed) return parsed.value
    const { line, column, what } = parsed.fault
    throw new ScrimError('REQUEST_INVALID', { path: `body line ${firstLine + line}, column ${column}: ${what}` })
  }

  app.removeAllContentTypeParsers()
  app.addContentTypeParser([JSON_TYPE, PATCH_TYPE], { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    body.length === 0 ? undefined : parse(decode(body), 0),
  )
  app.addContentTypeParser([...LINES_TYPES], { parseAs: 'buffer' }, async (_request: unknown, body: Buffer) =>
    decode(body)
      .replace(/^\uFEFF/, '') // a byte order mark, as some editors write it in front of a file
      .split('\n')
      .flatMap((text, line) => (text.trim() === '' ? [] : [parse(text, line)])),
  )
  app.addHook('onRequest', async request => {
    const type = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
    const { consumes = [] } = request.routeOptions.config
    // Without a type a body cannot be read at all; Fastify says so where there is one.
    if (type !== undefined && consumes.length > 0 && !consumes.includes(type))
      throw new ScrimError('REQUEST_MEDIA_TYPE', { path: consumes.join(' or ') })
  })
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    throw new ScrimError('REQUEST_INVALID', { path: 'body: not UTF-8' })
  }
}
