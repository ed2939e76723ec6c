import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { createConnectClient } from '../../../src/adapters/connect/rest-client.ts'

let server: Server | null = null
afterEach(async () => {
  server?.closeAllConnections()
  await new Promise(resolve => (server === null ? resolve(null) : server.close(resolve)))
  server = null
})

/** A server that answers as Kafka Connect 4 does. */
async function serve(answer: RequestListener): Promise<string> {
  const opened = createServer(answer)
  server = opened
  await new Promise<void>(resolve => opened.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(opened.address() as AddressInfo).port}`
}

const canary = 'canary-4711'
const status = {
  sink: {
    status: {
      name: 'sink',
      connector: { state: 'RUNNING', worker_id: '10.0.0.1:8083' },
      tasks: [
        { id: 0, state: 'RUNNING', worker_id: '10.0.0.1:8083' },
        {
          id: 1,
          state: 'FAILED',
          worker_id: '10.0.0.1:8083',
          trace: `org.postgresql.util.PSQLException: Key (email)=(${canary})`,
        },
      ],
      type: 'sink',
    },
  },
}

test('gives names, types and states, and leaves traces behind', async () => {
  const urls: string[] = []
  const url = await serve((request, response) => {
    urls.push(request.url ?? '')
    response.end(JSON.stringify(status))
  })
  const states = await createConnectClient({ url: `${url}/prefix/` }).states()
  expect(urls).toEqual(['/prefix/connectors?expand=status'])
  expect(states).toEqual([
    {
      name: 'sink',
      type: 'sink',
      state: 'RUNNING',
      tasks: [
        { id: 0, state: 'RUNNING' },
        { id: 1, state: 'FAILED' },
      ],
    },
  ])
})

test('what is not a state is not passed on', async () => {
  const odd = {
    a: { status: { connector: { state: `${canary} lower` }, tasks: [{ state: 7 }], type: canary } },
    b: {},
    c: null,
  }
  const url = await serve((_request, response) => void response.end(JSON.stringify(odd)))
  expect(await createConnectClient({ url }).states()).toEqual([
    { name: 'a', type: 'unknown', state: 'UNKNOWN', tasks: [{ id: 0, state: 'UNKNOWN' }] },
    { name: 'b', type: 'unknown', state: 'UNKNOWN', tasks: [] },
    { name: 'c', type: 'unknown', state: 'UNKNOWN', tasks: [] },
  ])
})

test('credentials of the URL are sent as Basic authentication', async () => {
  const seen: (string | undefined)[] = []
  const url = await serve((request, response) => {
    seen.push(request.headers.authorization)
    response.end('{}')
  })
  await createConnectClient({ url: url.replace('//', '//user:p%40ss@') }).states()
  expect(seen).toEqual([`Basic ${Buffer.from('user:p@ss').toString('base64')}`])
})

const failures: [name: string, answer: RequestListener, path: string][] = [
  ['a rebalance', (_request, response) => void response.writeHead(409).end(`{"message":"${canary}"}`), 'status 409'],
  ['a start', (_request, response) => void response.writeHead(404).end(), 'status 404'],
  [
    'a redirect',
    (_request, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
    'status 302',
  ],
  ['what is no JSON', (_request, response) => void response.end(canary), 'SyntaxError'],
  ['a list', (_request, response) => void response.end('[]'), 'answer'],
  ['no answer', () => undefined, 'TimeoutError'],
]
test.each(failures)('%s is an outage that heals, and is not quoted', async (_name, answer, path) => {
  const url = await serve(answer)
  const error: unknown = await createConnectClient({ url, timeoutMs: 100 })
    .states()
    .catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: 'CONNECT_UNAVAILABLE', retriable: true, where: { path } })
  expect(String((error as Error).stack)).not.toContain('canary')
})

test('nobody there is an outage too', async () => {
  await expect(createConnectClient({ url: 'http://127.0.0.1:1' }).states()).rejects.toMatchObject({
    code: 'CONNECT_UNAVAILABLE',
  })
})
