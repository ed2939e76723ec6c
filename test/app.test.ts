import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const GRACE_MS = 1500

/** Takes connections and never says a word. */
async function silentServer(): Promise<number> {
  const sockets = new Set<{ destroy(): void }>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

test('one grace period for the whole stop, whatever keeps silent: Kafka, Postgres and a caller', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'scrim-app-'))
  onTestFinished(() => rm(dir, { recursive: true }))
  const port = await silentServer()
  const child = spawn(process.execPath, [main, 'run'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      KAFKA_BROKERS: `127.0.0.1:${port}`,
      SCRIM_DATABASE_URL: `postgres://scrim@127.0.0.1:${port}/scrim`,
      SCRIM_AUDIT_KEY: '00'.repeat(32),
      SCRIM_POLICIES: dir,
      SCRIM_HTTP_PORT: '0',
      SCRIM_GRACE_MS: String(GRACE_MS),
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'exit')
  const address = await new Promise<string>(resolve => {
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const found = /"address":"([^"]+)"/.exec(said)?.[1]
      if (found !== undefined) resolve(found)
    })
  })
  expect((await fetch(`${address}/health/live`)).status).toBe(200)
  const caller = connect(Number(new URL(address).port), '127.0.0.1')
  caller.on('error', () => undefined)
  caller.write('GET /health HTTP/1.1\r\n')
  await once(caller, 'connect')
  const askedAt = performance.now()
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  // Some room for a loaded machine, yet less than a second period.
  expect(performance.now() - askedAt).toBeLessThan(GRACE_MS * 1.9)
}, 30_000)
