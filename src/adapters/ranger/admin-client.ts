import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { Agent, type Dispatcher, request } from 'undici'
import { ScrimError } from '../../errors.ts'
import type { RangerAdmin, RangerAnswer, RangerDownload, RangerJson, RangerKnown } from '../../services/ports/ranger.ts'
import { createSession } from './session.ts'
import { connectOptions, type RangerTls } from './tls.ts'

export interface RangerClientOptions {
  /** Of Ranger Admin, with the path under which it lies; credentials in it are sent as Basic authentication. */
  readonly url: string
  readonly user: string | null
  readonly password: string | null
  /** Asked for each request: a token is put in place of another while we run. */
  readonly token: (() => string) | null
  readonly tls: RangerTls
  /** Shown in Ranger Admin as the plugin's host. */
  readonly host: string
  readonly clusterName: string
  readonly parseJson: (text: string) => { readonly value: unknown } | { readonly fault: unknown }
  readonly timeoutMs?: number
  /** Of one answer, unpacked. */
  readonly maxBytes?: number
}

export interface RangerClient extends RangerAdmin {
  readonly close: () => Promise<void>
}

const APP_ID = 'scrim'
/** All features that Ranger Admin asks of plugins but shared data sets (GDS). */
const CAPABILITIES = '3ffff'

/** Where each kind lies, without and with authentication, and how its version is told. */
const downloads: Readonly<
  Record<RangerDownload, { readonly open: string; readonly secure: string; readonly version: string }>
> = {
  policies: {
    open: 'plugins/policies/download',
    secure: 'plugins/secure/policies/download',
    version: 'lastKnownVersion',
  },
  tags: { open: 'tags/download', secure: 'tags/secure/download', version: 'lastKnownVersion' },
  roles: { open: 'roles/download', secure: 'roles/secure/download', version: 'lastKnownRoleVersion' },
  users: { open: 'xusers/download', secure: 'xusers/secure/download', version: 'lastKnownUserStoreVersion' },
}

/** The downloads of a Ranger Admin, asked for as its own plugins do. No body and no credential gets into an error. */
export function createRangerClient(options: RangerClientOptions): RangerClient {
  const { timeoutMs = 30_000, maxBytes = 16 * 1024 * 1024, tls } = options
  const base = new URL(options.url)
  const authorization = authorizationOf(base, options)
  const isSecure = authorization !== null
  const agent = new Agent({
    connect: connectOptions(tls, timeoutMs),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  const session = createSession()
  const tags = new Map<string, { readonly version: number; readonly etag: string }>()

  function addressOf(what: RangerDownload, service: string, { version, activatedAt }: RangerKnown): URL {
    const { open, secure, version: versionName } = downloads[what]
    const path = `${base.pathname.replace(/\/$/, '')}/service/${isSecure ? secure : open}/${encodeURIComponent(service)}`
    const address = new URL(path, base)
    address.search = new URLSearchParams({
      [versionName]: String(version),
      lastActivationTime: String(activatedAt),
      pluginId: `${APP_ID}@${options.host}-${service}`,
      clusterName: options.clusterName,
      supportsPolicyDeltas: 'false',
      pluginCapabilities: CAPABILITIES,
    }).toString()
    return address
  }

  async function ask(address: URL, etag: string | null, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const cookie = session.cookie()
    const headers: Record<string, string> = { accept: 'application/json', 'accept-encoding': 'gzip' }
    const credentials = authorization?.() ?? null
    if (credentials !== null) headers.authorization = credentials
    if (cookie !== null) headers.cookie = cookie
    if (etag !== null) headers['if-none-match'] = etag
    const answer = await request(address, { headers, dispatcher: agent, signal })
    session.note(answer.statusCode, answer.headers['set-cookie'])
    // A session that has ended is no reason to doubt the credentials.
    if (answer.statusCode !== 401 || cookie === null) return answer
    await answer.body.dump()
    return ask(address, etag, signal)
  }

  async function download(
    what: RangerDownload,
    service: string,
    known: RangerKnown,
    signal: AbortSignal,
  ): Promise<RangerAnswer> {
    const id = `${what} ${service}`
    const tag = tags.get(id)
    // It speaks of one version; whoever wants another, or any, must not be told that nothing changed.
    const etag = tag !== undefined && tag.version === known.version && known.version >= 0 ? tag.etag : null
    const { statusCode, headers, body } = await ask(addressOf(what, service, known), etag, signal)
    if (statusCode !== 200) {
      await body.dump()
      if (statusCode === 304 || statusCode === 204) return { kind: 'same' }
      if (statusCode === 404) return { kind: 'unknown' }
      throw new ScrimError(codeOf(statusCode), { path: `status ${statusCode}` })
    }
    const json = readJson(await readBody(body, headers, maxBytes), headers, options.parseJson)
    const next = headers.etag
    const version = versionOf(what, json)
    if (typeof next === 'string' && next.length <= 200 && version !== null) tags.set(id, { version, etag: next })
    else tags.delete(id)
    return { kind: 'changed', json }
  }

  return {
    download: async (what, service, known, signal) => {
      try {
        return await download(what, service, known, AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]))
      } catch (error) {
        const { code, where } = error instanceof ScrimError ? error : { code: 'RANGER_UNAVAILABLE' as const, where: {} }
        const path = where.path ?? causeOf(error)
        throw new ScrimError(code, { policy: `ranger:${service}`, path: `${what}: ${path}` })
      }
    },
    close: () => agent.destroy(),
  }
}

/** A client certificate alone is asked for by the open paths; the secure ones want a user. */
function authorizationOf(base: URL, { user, password, token }: RangerClientOptions): (() => string) | null {
  const [name, secret] =
    user === null && base.username !== ''
      ? [decodeURIComponent(base.username), decodeURIComponent(base.password)]
      : [user, password ?? '']
  base.username = ''
  base.password = ''
  if (token !== null) return () => `Bearer ${token()}`
  if (name === null) return null
  const basic = `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`
  return () => basic
}

function codeOf(status: number): 'RANGER_NOT_AUTHORISED' | 'RANGER_ANSWER' | 'RANGER_UNAVAILABLE' {
  if (status === 401 || status === 403) return 'RANGER_NOT_AUTHORISED'
  // A login page that one is sent to, or something that is no Ranger Admin.
  return status < 400 ? 'RANGER_ANSWER' : 'RANGER_UNAVAILABLE'
}

const unpack = promisify(gunzip)

async function readBody(
  body: Dispatcher.ResponseData['body'],
  headers: Dispatcher.ResponseData['headers'],
  maxBytes: number,
): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > maxBytes) throw garbage('too large')
    chunks.push(chunk)
  }
  const packed = Buffer.concat(chunks)
  const encoding = headers['content-encoding']
  if (encoding === undefined || encoding === 'identity') return packed
  if (encoding !== 'gzip') throw garbage('content encoding')
  try {
    return await unpack(packed, { maxOutputLength: maxBytes })
  } catch {
    throw garbage('gzip')
  }
}

function readJson(
  body: Buffer,
  headers: Dispatcher.ResponseData['headers'],
  parse: RangerClientOptions['parseJson'],
): RangerJson {
  const type = headers['content-type']
  if (type !== undefined && !/^application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(String(type)))
    throw garbage('content type')
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body)
  } catch {
    throw garbage('not valid UTF-8')
  }
  const parsed = parse(text)
  if ('fault' in parsed) throw garbage('not JSON')
  const { value } = parsed
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw garbage('not an object')
  return value as RangerJson
}

const garbage = (path: string): ScrimError => new ScrimError('RANGER_ANSWER', { path })

const versionNames: Readonly<Record<RangerDownload, string>> = {
  policies: 'policyVersion',
  tags: 'tagVersion',
  roles: 'roleVersion',
  users: 'userStoreVersion',
}

function versionOf(what: RangerDownload, json: RangerJson): number | null {
  const version = json[versionNames[what]]
  return typeof version === 'number' ? version : null
}

/** The system's code, undici's or TLS'; never a text, which quotes addresses and certificates. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'error'
  const code = 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : error.name
}
