import { connect, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { statusOf } from '../../../src/adapters/http/error-answer.ts'
import { type ErrorCode, errorCatalogue } from '../../../src/errors.ts'
import { bearer, type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

const CANARY = 'canary-4711-ßecret'
let http: HttpHarness
beforeEach(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') })
})
afterEach(() => http.close())

const json = { 'content-type': 'application/json' }
const any = { 'if-match': '*' }

/** What goes wrong before a route is reached, or in it: the code, and the request that leads there. */
const cases: [
  code: ErrorCode,
  method: string,
  url: string,
  headers: Record<string, string>,
  payload?: string | Buffer,
][] = [
  ['REQUEST_NOT_FOUND', 'GET', `/${CANARY}`, {}],
  ['REQUEST_NOT_FOUND', 'POST', '/v1/policies', json, JSON.stringify({ [CANARY]: CANARY })],
  ['REQUEST_NOT_FOUND', 'GET', `/v1/policies/${CANARY}`, {}],
  ['REQUEST_INVALID', 'GET', '/v1/policies/%zz', {}],
  ['REQUEST_INVALID', 'GET', `/v1/policies/versions?limit=${CANARY}`, {}],
  ['REQUEST_INVALID', 'GET', `/v1/dead-letters?state=${CANARY}`, {}],
  ['REQUEST_INVALID', 'PUT', '/v1/policies/a', { ...json, ...any }, `{"${CANARY}": ${CANARY}}`],
  ['REQUEST_INVALID', 'PUT', '/v1/policies/a', { ...json, ...any }, `{"a": "${CANARY}", "a": 1}`],
  ['REQUEST_INVALID', 'PUT', '/v1/policies/a', { ...json, ...any }, Buffer.from([0x22, 0xff, 0x22])],
  ['REQUEST_INVALID', 'POST', '/v1/transform', json, JSON.stringify({ [CANARY]: CANARY })],
  ['REQUEST_INVALID', 'POST', '/v1/transform', json, JSON.stringify({ records: [{ topic: 5, value: CANARY }] })],
  ['REQUEST_INVALID', 'POST', '/v1/transform', { 'content-type': 'application/x-ndjson' }, `{}\n{"value": ${CANARY}}`],
  ['REQUEST_INVALID', 'POST', '/v1/dead-letters/replay', json, JSON.stringify({ ids: [] })],
  [
    'REQUEST_INVALID',
    'POST',
    '/v1/transform',
    { ...json, 'content-length': '9' },
    JSON.stringify({ records: [CANARY] }),
  ],
  ['REQUEST_MEDIA_TYPE', 'PATCH', '/v1/policies/a', { ...json, ...any }, '[]'],
  ['REQUEST_MEDIA_TYPE', 'PUT', '/v1/policies/a', { 'content-type': `text/${CANARY}`, ...any }, CANARY],
  ['REQUEST_MEDIA_TYPE', 'POST', '/v1/transform', { 'content-type': 'application/x-www-form-urlencoded' }, CANARY],
  ['REQUEST_TOO_LARGE', 'POST', '/v1/dead-letters/replay', json, JSON.stringify({ ids: [CANARY.repeat(10_000)] })],
  [
    'REQUEST_TOO_LARGE',
    'POST',
    '/v1/transform',
    json,
    JSON.stringify({ records: new Array(1001).fill({ topic: CANARY }) }),
  ],
  ['REQUEST_PRECONDITION', 'DELETE', '/v1/policies/a', {}],
  ['REQUEST_CONFLICT', 'DELETE', '/v1/policies/a', { 'if-match': '"77"' }],
  [
    'REQUEST_PATCH',
    'PATCH',
    '/v1/policies/a',
    { 'content-type': 'application/json-patch+json', ...any },
    JSON.stringify([{ op: 'replace', path: `/${CANARY}`, value: CANARY }]),
  ],
  [
    'POLICY_REFUSED',
    'PUT',
    '/v1/policies/a',
    { ...json, ...any },
    JSON.stringify({ ...aPolicy('a'), description: { [CANARY]: CANARY } }),
  ],
  ['POLICY_REFUSED', 'PUT', '/v1/policies/a', { ...json, ...any }, JSON.stringify([CANARY])],
  [
    'POLICY_REFUSED',
    'POST',
    '/v1/transform',
    json,
    JSON.stringify({ records: [{ topic: CANARY }], policies: [{ maskingPolicy: CANARY }] }),
  ],
]

describe.each(cases)('%s from %s %s', (code, method, url, headers, payload) => {
  test('answers with the catalogue and repeats nothing', async () => {
    const answer = await http.server.app.inject({
      method: method as 'GET',
      url,
      headers: { ...bearer('all'), ...headers },
      ...(payload === undefined ? {} : { payload }),
    })
    const { message, hint } = errorCatalogue[code]
    expect(answer.json()).toMatchObject({
      code,
      message,
      where: expect.any(Object),
      hint,
      requestId: answer.headers['x-request-id'],
    })
    expect(answer.statusCode).toBe(statusOf(code))
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
    expect(JSON.stringify([answer.body, answer.headers, http.log.lines])).not.toContain('canary')
  })
})

test('a bug is a constant text, and its message reaches neither answer nor log', async () => {
  const broken = await startHttp(
    { 'a.json': aPolicy('a') },
    { metrics: { contentType: 'text/plain', text: async () => Promise.reject(new RangeError(CANARY)) } },
  )
  const answer = await broken.server.app.inject({ url: '/metrics' })
  expect(answer.statusCode).toBe(500)
  expect(answer.json()).toEqual({
    code: 'INTERNAL',
    message: 'A bug in Scrim',
    where: {},
    hint: errorCatalogue.INTERNAL.hint,
    requestId: answer.headers['x-request-id'],
  })
  expect(broken.log.lines).toContainEqual(
    expect.objectContaining({
      level: 'error',
      fields: expect.objectContaining({ error: 'RangeError', requestId: answer.headers['x-request-id'] }),
    }),
  )
  expect(JSON.stringify(broken.log.lines)).not.toContain('canary')
  await broken.close()
})

test('a dependency that is away is told with Retry-After', async () => {
  http.table.isAway = true
  const answer = await http.server.app.inject({
    method: 'PUT',
    url: '/v1/policies/b',
    headers: { ...bearer('all'), ...any },
    payload: aPolicy('b') as object,
  })
  expect(answer.statusCode).toBe(503)
  expect(answer.json()).toMatchObject({ code: 'POSTGRES_UNAVAILABLE' })
  expect(answer.headers['retry-after']).toBe('5')
})

test('every code of the catalogue has a status that fits its kind', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const { kind } = errorCatalogue[code]
    const status = statusOf(code)
    const [low, high] = kind === 'dependency' || kind === 'fatal' ? [500, 503] : [400, 431]
    expect(status, code).toBeGreaterThanOrEqual(low)
    expect(status, code).toBeLessThanOrEqual(high)
  }
})

test('the log names routes, never the address that was called', async () => {
  await http.server.app.inject({ url: `/v1/policies/${CANARY}?x=${CANARY}`, headers: bearer('reader') })
  expect(http.log.lines.at(-1)).toMatchObject({
    level: 'info',
    message: 'http',
    fields: { route: '/v1/policies/:name', status: 404, caller: 'reader', method: 'GET' },
  })
})

describe('on a real socket', () => {
  const talk = async (text: string): Promise<string> => {
    await http.server.listen({ host: '127.0.0.1', port: 0 })
    const { port } = http.server.app.server.address() as AddressInfo
    const socket = connect(port, '127.0.0.1')
    let answer = ''
    socket.setEncoding('utf8').on('data', part => (answer += part))
    socket.end(text)
    await new Promise(resolve => socket.once('close', resolve))
    return answer
  }

  test.each([
    ['what is no HTTP', `${CANARY}\r\n\r\n`],
    ['headers that are too large', `GET /health HTTP/1.1\r\nHost: localhost\r\nX: ${'canary'.repeat(10_000)}\r\n\r\n`],
    [
      'two lengths',
      `POST /v1/transform HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\ncanary`,
    ],
  ])('%s is answered in our form', async (_name, text) => {
    const answer = await talk(text)
    expect(answer).toMatch(/^HTTP\/1.1 400 /)
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ code: 'REQUEST_INVALID' })
    expect(answer).not.toContain('canary')
  })

  test('a close answers what was begun', async () => {
    const address = await http.server.listen({ host: '127.0.0.1', port: 0 })
    const begun = Promise.withResolvers<void>()
    const release = Promise.withResolvers<void>()
    vi.spyOn(http.world.index, 'get').mockImplementation(async () => {
      begun.resolve()
      await release.promise
      return null
    })
    const slow = fetch(`${address}/v1/dead-letters/replay`, {
      method: 'POST',
      headers: { ...bearer('all'), ...json },
      body: '{"ids":["1"]}',
    })
    await begun.promise
    const closing = http.server.close(5000)
    release.resolve()
    expect((await slow).status).toBe(404)
    await closing
    await expect(fetch(`${address}/health`)).rejects.toThrow()
  })
})
