import { timingSafeEqual } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { assertGuarded, createHostCheck, createTokenCheck } from '../../../src/adapters/http/guard.ts'
import { createTokenBucket } from '../../../src/adapters/http/token-bucket.ts'
import { bearer, type HttpHarness, startHttp, tokens } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

let http: HttpHarness
let clock: number
beforeEach(async () => {
  clock = 1_000_000
  http = await startHttp(
    { 'a.json': aPolicy('a') },
    { now: () => clock, failedTokensPerMinute: 3, transformsPerMinute: 2 },
  )
})
afterEach(() => http.close())

interface Known {
  readonly method: string
  readonly url: string
}

/** Every route that the server knows, as it tells itself. */
function routes(): Known[] {
  const paths = http.server.app.swagger().paths ?? {}
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods ?? {}).map(method => ({ method: method.toUpperCase(), url: path.replace(/\{\w+\}/g, '1') })),
  )
}
const call = ({ method, url }: Known, headers: Record<string, string> = {}) =>
  http.server.app.inject({ method: method as 'GET', url, headers })

describe('tokens', () => {
  test('every call needs one but health and metrics', async () => {
    const all = routes()
    expect(all.length).toBeGreaterThan(20)
    for (const route of all) {
      clock += 600_000
      const isOpen = route.url.startsWith('/health') || route.url === '/metrics'
      const answer = await call(route)
      expect([route, answer.statusCode]).toEqual([route, isOpen ? 200 : 401])
      if (!isOpen) expect(answer.headers['www-authenticate']).toBe('Bearer realm="scrim"')
    }
  })

  test.each([
    ['another scheme', `Basic ${tokens.reader.secret}`],
    ['a wrong token', 'Bearer wrong'],
    ['an empty token', 'Bearer '],
    ['a part of a token', `Bearer ${tokens.reader.secret.slice(0, -1)}`],
    ['more than a token', `Bearer ${tokens.reader.secret}x`],
    ['the name of a token', 'Bearer reader'],
  ])('%s is refused', async (_name, authorization) => {
    expect((await call({ method: 'GET', url: '/v1/policies' }, { authorization })).json()).toMatchObject({
      code: 'REQUEST_UNAUTHENTICATED',
    })
  })

  test('no token at all lets nobody in', async () => {
    const closed = await startHttp({ 'a.json': aPolicy('a') }, { tokens: [] })
    for (const authorization of ['', 'Bearer', 'Bearer undefined', 'Bearer null']) {
      expect((await closed.server.app.inject({ url: '/v1/policies', headers: { authorization } })).statusCode).toBe(401)
    }
    await closed.close()
  })

  test('a token opens what its permissions say and no more', async () => {
    const needed = (route: Known): string => {
      if (route.url === '/v1/transform') return 'transform'
      if (/\/(replay|release)$/.test(route.url)) return 'replay'
      if (/\/(approve|reject)$/.test(route.url)) return 'approve'
      if (route.url === '/v1/dry-run' || route.url === '/v1/explain') return route.url.slice('/v1/'.length)
      if (route.url.endsWith('/test')) return 'read'
      return route.method === 'GET' || route.method === 'HEAD' ? 'read' : 'policies'
    }
    for (const route of routes().filter(({ url }) => url.startsWith('/v1/'))) {
      for (const who of ['reader', 'steward', 'approver', 'masker', 'replayer', 'rehearser', 'explainer'] as const) {
        const answer = await call(route, bearer(who))
        const may = (tokens[who].permissions as ReadonlySet<string>).has(needed(route))
        if (may) expect([route, who, answer.statusCode]).not.toEqual([route, who, 403])
        else
          expect([route, who, answer.json()]).toMatchObject([
            route,
            who,
            { code: 'REQUEST_FORBIDDEN', where: { path: needed(route) } },
          ])
      }
    }
  })

  test('all tokens are compared each time, in constant time', () => {
    const equal = vi.fn(timingSafeEqual)
    const check = createTokenCheck(Object.values(tokens), equal)
    const count = (authorization: string | undefined): number => {
      equal.mockClear()
      check(authorization)
      return equal.mock.calls.length
    }
    const all = Object.keys(tokens).length
    expect(
      [undefined, 'Bearer x', `Bearer ${tokens.all.secret}`, `Bearer ${tokens.replayer.secret}`].map(count),
    ).toEqual([all, all, all, all])
    expect(check(`bearer  ${tokens.masker.secret} `)).toBe(tokens.masker)
  })

  test('failed attempts are limited by address; a good token still passes', async () => {
    const wrong = { authorization: 'Bearer wrong' }
    const route = { method: 'GET', url: '/v1/policies' }
    for (let n = 0; n < 3; n++) expect((await call(route, wrong)).statusCode).toBe(401)
    expect((await call(route, wrong)).json()).toMatchObject({ code: 'REQUEST_RATE' })
    expect((await call(route, bearer('reader'))).statusCode).toBe(200)
    clock += 20_000
    expect((await call(route, wrong)).statusCode).toBe(401)
  })
})

describe('the Host header', () => {
  test.each([
    ['localhost', true],
    ['LOCALHOST:8080', true],
    ['localhost.', true],
    ['scrim.example:8080', true],
    ['127.0.0.1:8080', true],
    ['10.1.2.3', true],
    ['[::1]:8080', true],
    ['evil.example', false],
    ['scrim.example.evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['localhost:8080@evil.example', false],
    ['evil.example#localhost', false],
    ['', false],
    [undefined, false],
  ])('%s: %s', (host, ours) => {
    expect(createHostCheck(['scrim.example'])(host)).toBe(ours)
  })

  test('is checked on every route, health too', async () => {
    for (const url of ['/health/live', '/metrics', '/docs', '/openapi.json', '/v1/policies', '/nowhere']) {
      expect((await call({ method: 'GET', url }, { ...bearer('reader'), host: 'evil.example' })).json()).toMatchObject({
        code: 'REQUEST_HOST',
      })
    }
  })
})

test('transform calls are limited by token', async () => {
  const send = (who: 'masker' | 'all') =>
    http.server.app.inject({ method: 'POST', url: '/v1/transform', headers: bearer(who), payload: { records: [] } })
  expect((await send('masker')).statusCode).toBe(200)
  expect((await send('masker')).statusCode).toBe(200)
  expect((await send('masker')).json()).toMatchObject({ code: 'REQUEST_RATE' })
  expect((await send('all')).statusCode).toBe(200)
  clock += 30_000
  expect((await send('masker')).statusCode).toBe(200)
})

test('a bucket forgets the names that were idle longest', () => {
  const bucket = createTokenBucket(1, () => 0)
  expect(bucket.take('first')).toBe(true)
  expect(bucket.take('first')).toBe(false)
  for (let n = 0; n < 10_000; n++) bucket.take(`name ${n}`)
  expect(bucket.take('first')).toBe(true)
})

test('every answer carries the security headers and a request id, and none opens itself to other origins', async () => {
  for (const url of ['/health', '/v1/policies', '/nowhere', '/v1/policies/zzz']) {
    const answer = await call(
      { method: 'GET', url },
      { ...bearer('reader'), origin: 'https://evil.example', 'x-request-id': 'mine' },
    )
    expect(answer.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'content-security-policy': expect.stringContaining("default-src 'none'"),
    })
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
    expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
  }
})

test('a route that names neither a permission nor that it is open cannot be registered', () => {
  expect(() => assertGuarded('/v1/forgotten')).toThrow('/v1/forgotten')
  expect(() => assertGuarded('/docsx', {})).toThrow()
  expect(() => assertGuarded('/v1/x', { permission: 'read' })).not.toThrow()
  expect(() => assertGuarded('/health', { open: true })).not.toThrow()
})
