import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { TlsFiles } from '../../compose/stack/tls.ts'

export type FakeDownload = 'policies' | 'tags' | 'roles' | 'users'
type Json = Record<string, unknown>

/** What a Ranger Admin, or what stands before it, does instead of answering. */
export type RangerFault =
  | { readonly status: number }
  | 'hang'
  | 'truncated'
  | 'truncated gzip'
  | 'login page'
  | 'redirect'
  | 'half a document'
  | 'not an object'
  | 'too large'
  | 'gzip bomb'
  | 'reset'

export interface RangerRequest {
  readonly what: FakeDownload
  readonly service: string
  readonly isSecure: boolean
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly status: number
}

export interface FakeRangerAdmin {
  readonly url: string
  readonly requests: RangerRequest[]
  /** What it holds: by service and kind. A service without policies is unknown. */
  readonly services: Map<string, Partial<Record<FakeDownload, Json>>>
  /** In place of an answer, until it is null again; `only`: to requests of this kind. */
  fault: RangerFault | null
  only: FakeDownload | null
  /** Names and passwords, or tokens as `Bearer ...`; secure paths take no others. */
  readonly accounts: Set<string>
  /** Whoever has logged in but may not download: 403. */
  isForbidden: boolean
  /** How "unchanged" is said. */
  unchanged: 304 | 204
  isGzip: boolean
  /** Tags answers, and answers 304 to a tag that fits, whatever the version. */
  hasEtags: boolean
  /** As after a restart: nobody is logged in any more. */
  endSessions(): void
  put(service: string, policies: readonly unknown[], version: number, more?: Json): void
  close(): Promise<void>
}

const paths: readonly [RegExp, FakeDownload][] = [
  [/^plugins\/(secure\/)?policies\/download\/([^/]+)$/, 'policies'],
  [/^tags\/(secure\/)?download\/([^/]+)$/, 'tags'],
  [/^roles\/(secure\/)?download\/([^/]+)$/, 'roles'],
  [/^xusers\/(secure\/)?download\/([^/]+)$/, 'users'],
]

const versions: Readonly<Record<FakeDownload, readonly [query: string, member: string]>> = {
  policies: ['lastKnownVersion', 'policyVersion'],
  tags: ['lastKnownVersion', 'tagVersion'],
  roles: ['lastKnownRoleVersion', 'roleVersion'],
  users: ['lastKnownUserStoreVersion', 'userStoreVersion'],
}

/** The downloads of a Ranger Admin on a free port, with its quirks. With `tls` it wants a client certificate of that authority. */
export async function startRangerAdmin({ tls }: { readonly tls?: TlsFiles } = {}): Promise<FakeRangerAdmin> {
  const sessions = new Set<string>()
  const requests: RangerRequest[] = []
  const services: FakeRangerAdmin['services'] = new Map()
  const accounts = new Set<string>()

  function answer(request: IncomingMessage, response: ServerResponse): unknown {
    const { pathname, searchParams: query } = new URL(request.url ?? '', 'http://ranger')
    const path = pathname.replace(/^\/(?:[^/]+\/)?service\//, '')
    const route = paths.flatMap(([pattern, what]) => {
      const [found, secure, service = ''] = pattern.exec(path) ?? []
      return found === undefined ? [] : [{ what, isSecure: secure !== undefined, service: decodeURIComponent(service) }]
    })[0]
    if (route === undefined) return response.writeHead(404).end('no such page')
    const { what, service, isSecure } = route
    const end = (status: number, body: Buffer | string = '', headers: Record<string, string> = {}): void => {
      requests.push({ what, service, isSecure, query, headers: request.headers, status })
      response.writeHead(status, headers).end(body)
    }
    if (isSecure) {
      const cookie = /RANGERADMINSESSIONID=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
      if (cookie !== undefined && !sessions.has(cookie)) return end(401, 'no such session')
      if (cookie === undefined) {
        if (!accounts.has(request.headers.authorization ?? '')) return end(401, 'who are you?')
        const session = randomUUID()
        sessions.add(session)
        response.setHeader('set-cookie', ['theme=dark', `RANGERADMINSESSIONID=${session}; Path=/; HttpOnly`])
      }
      if (admin.isForbidden) return end(403, 'you may not download')
    }
    if (admin.fault !== null && (admin.only === null || admin.only === what)) return fail(admin.fault, response, end)
    const json = services.get(service)?.[what]
    if (json === undefined) return end(404, `RANGER_ERROR_SERVICE_NOT_FOUND: ServiceName=${service}`)
    const [queryName, member] = versions[what]
    const etag = `W/"${what}-${String(json[member])}"`
    const isTagged = admin.hasEtags && request.headers['if-none-match'] === etag
    if (isTagged || query.get(queryName) === String(json[member])) return end(admin.unchanged)
    const headers: Record<string, string> = { 'content-type': 'application/json;charset=UTF-8' }
    if (admin.hasEtags) headers.etag = etag
    const body = Buffer.from(JSON.stringify(json))
    if (!admin.isGzip) return end(200, body, headers)
    end(200, gzipSync(body), { ...headers, 'content-encoding': 'gzip' })
  }

  function fail(
    fault: RangerFault,
    response: ServerResponse,
    end: (status: number, body?: Buffer | string, headers?: Record<string, string>) => void,
  ): unknown {
    const json = { 'content-type': 'application/json' }
    if (typeof fault === 'object') return end(fault.status, 'canary-4711')
    if (fault === 'login page') return end(200, '<html>canary-4711</html>', { 'content-type': 'text/html' })
    if (fault === 'redirect') return end(302, '', { location: '/login.jsp' })
    if (fault === 'half a document') return end(200, '{"serviceName":"canary-4711",', json)
    if (fault === 'not an object') return end(200, '["canary-4711"]', json)
    if (fault === 'too large') return end(200, JSON.stringify({ a: 'x'.repeat(100_000) }), json)
    if (fault === 'truncated')
      return response.writeHead(200, { ...json, 'content-length': '1000' }).write('{"a', () => response.destroy())
    if (fault === 'truncated gzip')
      return end(200, gzipSync('{"a":"b"}').subarray(0, 15), { ...json, 'content-encoding': 'gzip' })
    if (fault === 'gzip bomb')
      return end(200, gzipSync(Buffer.alloc(5_000_000, 32)), { ...json, 'content-encoding': 'gzip' })
    return fault === 'reset' ? response.destroy() : null // it hangs
  }

  const listener: RequestListener = (request, response) => void answer(request, response)
  const pem = tls === undefined ? '' : readFileSync(tls.serverKeyStore, 'utf8')
  const server =
    tls === undefined
      ? createServer(listener)
      : createTlsServer(
          { key: pem, cert: pem, ca: readFileSync(tls.ca), requestCert: true, rejectUnauthorized: true },
          listener,
        )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const admin: FakeRangerAdmin = {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    requests,
    services,
    fault: null,
    only: null,
    accounts,
    isForbidden: false,
    unchanged: 304,
    isGzip: false,
    hasEtags: false,
    endSessions: () => sessions.clear(),
    put: (service, policies, version, more = {}) => {
      services.set(service, {
        ...services.get(service),
        policies: {
          serviceName: service,
          serviceId: 7,
          policyVersion: version,
          policyUpdateTime: 1_700_000_000_000,
          policies,
          ...more,
        },
      })
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return admin
}

/** A mask policy of Ranger's over topics of our service-def. */
export function aMaskPolicy(name: string, topic: string, maskType = 'MASK', field = 'email'): Json {
  return {
    id: 11,
    service: 'cl1',
    serviceType: 'kafka-cdc',
    name,
    policyType: 1,
    isEnabled: true,
    version: 3,
    resources: { topic: { values: [topic] }, field: { values: [field] } },
    dataMaskPolicyItems: [
      {
        groups: ['public'],
        accesses: [{ type: 'consume', isAllowed: true }],
        dataMaskInfo: { dataMaskType: maskType },
      },
    ],
  }
}
