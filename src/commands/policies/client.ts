import { placeText, type Place } from '../../errors.ts'
import { tame } from '../../policy/tame.ts'

export interface Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  readonly body?: unknown
  /** A body that is sent as it is. */
  readonly text?: string
  /** The version that a change is made on; `*`: whichever is the latest. */
  readonly ifMatch?: string
  /** Asks for the listing for people. */
  readonly asText?: boolean
}

/** What a running Scrim answered; or, for people, why there is nothing. */
export type Answer =
  | { readonly isDone: true; readonly status: number; readonly body: unknown; readonly text: string }
  | { readonly isDone: false; readonly body: unknown; readonly lines: readonly string[] }

export type Client = (call: Call) => Promise<Answer>

export interface ClientOptions {
  readonly url: string
  readonly token: string
  /** Ends a call that is under way. */
  readonly signal: AbortSignal
}

/** Talks to a running Scrim. The token goes into one header and nowhere else: no error of ours has it, or the URL, in it. */
export function createClient({ url, token, signal }: ClientOptions): Client {
  return async ({ method, path, body, text: raw, ifMatch, asText = false }) => {
    const sent = raw ?? (body === undefined ? undefined : JSON.stringify(body))
    let response: Response
    let text: string
    try {
      response = await fetch(new URL(`${new URL(url).pathname.replace(/\/$/, '')}${path}`, url), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: asText ? 'text/plain' : 'application/json',
          ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
          ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
        },
        ...(sent === undefined ? {} : { body: sent }),
        // To another host the token must not go.
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      })
      text = await response.text()
    } catch (error) {
      return { isDone: false, body: null, lines: [`Scrim does not answer (${reasonOf(error)})`] }
    }
    const parsed = asText && response.ok ? null : parse(text)
    if (response.ok && parsed !== undefined) return { isDone: true, status: response.status, body: parsed, text }
    return { isDone: false, body: parsed ?? null, lines: refusal(response.status, parsed) }
  }
}

const TIMEOUT_MS = 60_000

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The texts of fetch may hold the URL; its codes do not. */
function reasonOf(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined
  const code: unknown = cause instanceof Error && 'code' in cause ? cause.code : undefined
  if (typeof code === 'string' && /^[A-Z0-9_]+$/.test(code)) return code
  return error instanceof Error ? error.name : 'error'
}

interface Refused {
  readonly code: string
  readonly message: string
  readonly where: Place
  readonly hint: string
  readonly problems?: readonly (Refused & { readonly severity: string; readonly detail: string })[]
}

function refusal(status: number, body: unknown): readonly string[] {
  if (!isRefused(body)) return [`the answer is not one of Scrim (status ${status})`]
  const { code, message, where, hint, problems = [] } = body
  return [
    ...problems.map(one => `${one.severity} ${one.code} at ${placeText(one.where)}: ${one.detail}. ${one.hint}`),
    `${code}${placeText(where) === '' ? '' : ` at ${placeText(where)}`}: ${message}. ${hint}`,
  ].map(tame)
}

const isRefused = (body: unknown): body is Refused =>
  typeof body === 'object' && body !== null && 'code' in body && 'message' in body && 'where' in body && 'hint' in body
