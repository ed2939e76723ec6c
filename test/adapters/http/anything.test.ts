import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { errorCatalogue } from '../../../src/errors.ts'
import { bearer, type HttpHarness, startHttp } from '../../support/http-harness.ts'
import { aPolicy } from '../../support/policy-documents.ts'

let http: HttpHarness
beforeAll(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') }, { transformsPerMinute: 1_000_000 })
  http.world.bury({ topic: 'raw.a', offset: 1, value: null })
})
afterAll(() => http.close())

const CANARY = 'canary-4711'

/** Values as callers get them wrong: members that we know, holding what we do not expect. */
const known = [
  'name',
  'resources',
  'topic',
  'maskingPolicy',
  'maskingConditions',
  'field',
  'maskType',
  'keyId',
  'length',
  'maskChar',
]
const members = [
  ...known,
  'records',
  'policies',
  'value',
  'key',
  'headers',
  'offset',
  'ids',
  'all',
  'force',
  'state',
  'version',
  'reason',
  'op',
  'path',
  'from',
]
const leaf = fc.oneof(
  fc.constantFrom(CANARY, `/${CANARY}`, '/name', 'hash', 'partial', 'add', 'test', 'raw.a', ''),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const { json } = fc.letrec<{ json: unknown }>(tie => ({
  json: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...members, CANARY), tie('json'), { maxKeys: 5 }),
  ),
}))
const body = fc.oneof(
  json.map(value => JSON.stringify(value)),
  fc.constantFrom(CANARY, `{"${CANARY}`, `[${CANARY}]`, ''),
)
const url = fc.constantFrom(
  '/v1/policies',
  '/v1/policies/a',
  `/v1/policies/${CANARY}`,
  `/v1/policies?reason=${CANARY}`,
  '/v1/policies/reload',
  `/v1/policies/reload?force=${CANARY}`,
  '/v1/policies/rollback',
  '/v1/policies/pin',
  '/v1/policies/versions',
  `/v1/policies/versions/${CANARY}`,
  '/v1/policies/versions/1e99',
  `/v1/policies/versions?before=${CANARY}`,
  '/v1/transform',
  '/v1/dead-letters',
  `/v1/dead-letters?after=1&topic=${CANARY}`,
  `/v1/dead-letters/${CANARY}`,
  '/v1/dead-letters/replay',
  '/v1/dead-letters/release',
  '/health',
  `/docs/${CANARY}`,
  `/docs/static/..%2f..%2f${CANARY}`,
  `/${CANARY}`,
)
const type = fc.constantFrom(
  'application/json',
  'application/json-patch+json',
  'application/x-ndjson',
  `text/${CANARY}`,
)
const match = fc.constantFrom('*', '"1"', `"${CANARY}"`)
const method = fc.constantFrom('GET', 'PUT', 'POST', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD')

test('whatever is sent, refusals have our form and repeat nothing, and nothing is a bug', async () => {
  await fc.assert(
    fc.asyncProperty(method, url, type, match, body, async (verb, path, contentType, ifMatch, payload) => {
      const answer = await http.server.app.inject({
        method: verb,
        url: path,
        headers: {
          ...bearer('all'),
          'content-type': contentType,
          'if-match': ifMatch,
          'x-forwarded-for': CANARY,
          cookie: CANARY,
        },
        ...(verb === 'GET' || verb === 'HEAD' ? {} : { payload }),
      })
      expect(answer.statusCode, answer.body).toBeLessThan(500)
      if (answer.statusCode < 400) return
      if (verb !== 'HEAD') {
        const { code, problems, ...rest } = answer.json()
        expect(Object.keys(errorCatalogue)).toContain(code)
        // A problem names policies and their members; what stands in them is never repeated.
        expect(JSON.stringify(problems?.map((one: { detail: string }) => one.detail) ?? [])).not.toContain('canary')
        expect(JSON.stringify(rest)).not.toContain('canary')
      }
      expect(JSON.stringify(answer.headers)).not.toContain('canary')
    }),
    { numRuns: 1500 },
  )
  expect(http.log.lines.filter(({ level }) => level === 'error')).toEqual([])
  const logged = http.log.lines.filter(({ message }) => message === 'http')
  expect(logged.length).toBeGreaterThan(1000)
  expect(JSON.stringify(logged)).not.toContain('canary')
}, 60_000)
