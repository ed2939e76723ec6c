import { appendFile, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createRangerAuditFile, type RangerAuditFile } from '../../../src/adapters/ranger/audit-file.ts'
import { createRangerAuditHttp, type RangerAuditHttp } from '../../../src/adapters/ranger/audit-http.ts'
import { anEvent } from '../../support/ranger-events.ts'

describe('a file', () => {
  let dir: string
  let path: string
  let files: RangerAuditFile[]
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'scrim-ranger-audit-'))
    path = join(dir, 'deep', 'audit.log')
    files = []
  })
  afterEach(async () => {
    await Promise.all(files.map(file => file.close()))
    await rm(dir, { recursive: true })
  })
  const open = (options: { readonly maxBytes?: number; readonly keep?: number } = {}): RangerAuditFile => {
    const file = createRangerAuditFile({ path, ...options })
    files.push(file)
    return file
  }
  const lines = async (name = path): Promise<unknown[]> =>
    (await readFile(name, 'utf8'))
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as unknown)

  test('has a line of JSON for each event, and is for its owner alone', async () => {
    const file = open()
    await file.write([anEvent(1), anEvent(2)])
    await file.write([anEvent(3)])
    expect(await lines()).toEqual([anEvent(1), anEvent(2), anEvent(3)])
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  test('goes on where another process left it, a line that was cut short ended first', async () => {
    await open().write([anEvent(1)])
    await appendFile(path, '{"half')
    await open().write([anEvent(2)])
    expect((await readFile(path, 'utf8')).split('\n')).toEqual([
      JSON.stringify(anEvent(1)),
      '{"half',
      JSON.stringify(anEvent(2)),
      '',
    ])
  })

  test('is put aside before it becomes too large, and the oldest is removed', async () => {
    const size = JSON.stringify(anEvent(1)).length + 1
    const file = open({ maxBytes: 2 * size, keep: 2 })
    for (const n of [1, 2, 3, 4, 5, 6, 7]) await file.write([anEvent(n)])
    expect((await readdir(join(dir, 'deep'))).sort()).toEqual(['audit.log', 'audit.log.1', 'audit.log.2'])
    expect(await lines()).toEqual([anEvent(7)])
    expect(await lines(`${path}.1`)).toEqual([anEvent(5), anEvent(6)])
    expect(await lines(`${path}.2`)).toEqual([anEvent(3), anEvent(4)])
  })

  test('that cannot be written says why, and is tried anew', async () => {
    const file = createRangerAuditFile({ path: dir })
    const away = { code: 'RANGER_AUDIT_UNAVAILABLE', where: { path: 'EISDIR' }, retriable: true }
    await expect(file.write([anEvent(1)])).rejects.toMatchObject(away)
    await expect(file.write([anEvent(1)])).rejects.toMatchObject(away)
  })
})

describe('an HTTP sink', () => {
  let server: Server | null = null
  afterEach(async () => {
    server?.closeAllConnections()
    await new Promise(resolve => (server === null ? resolve(null) : server.close(resolve)))
    server = null
  })
  const sinkTo = (url: URL, timeoutMs = 5_000): RangerAuditHttp => {
    const sink = createRangerAuditHttp({ url, timeoutMs, tls: { ca: null, cert: null, key: null } })
    onTestFinished(sink.close)
    return sink
  }
  const serve = async (answer: RequestListener): Promise<URL> => {
    const opened = createServer(answer)
    server = opened
    await new Promise<void>(resolve => opened.listen(0, '127.0.0.1', resolve))
    return new URL(`http://gate:p%40ss@127.0.0.1:${(opened.address() as AddressInfo).port}/audit`)
  }

  test('gets an array of events, with credentials as a header', async () => {
    const seen: unknown[] = []
    const url = await serve((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const { authorization, 'content-type': type } = request.headers
        seen.push(request.method, request.url, authorization, type, JSON.parse(Buffer.concat(chunks).toString('utf8')))
        response.writeHead(202).end()
      })
    })
    await sinkTo(url).write([anEvent(1), anEvent(2)])
    const basic = `Basic ${Buffer.from('gate:p@ss').toString('base64')}`
    expect(seen).toEqual(['POST', '/audit', basic, 'application/json', [anEvent(1), anEvent(2)]])
  })

  test.each([302, 400, 401, 500])('status %i is no', async status => {
    const url = await serve((_, response) => void response.writeHead(status).end('canary-4711'))
    await expect(sinkTo(url).write([anEvent(1)])).rejects.toMatchObject({
      code: 'RANGER_AUDIT_UNAVAILABLE',
      where: { path: `status ${status}` },
    })
  })

  test('silence is no', async () => {
    const url = await serve(() => undefined)
    await expect(sinkTo(url, 50).write([anEvent(1)])).rejects.toMatchObject({
      code: 'RANGER_AUDIT_UNAVAILABLE',
      where: { path: 'TimeoutError' },
    })
  })
})
