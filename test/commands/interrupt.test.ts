import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scrim-interrupt-'))
  await writeFile(
    join(dir, 'people.json'),
    JSON.stringify({
      name: 'people',
      resources: { topic: 't' },
      maskingPolicy: { maskingConditions: [{ field: 'a', maskType: 'null' }] },
    }),
  )
})
afterEach(() => rm(dir, { recursive: true }))

const start = (...args: string[]) => {
  const child = spawn(process.execPath, [main, ...args, '--policies', dir], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { PATH: process.env.PATH },
  })
  return { child, ended: once(child, 'exit') }
}

test.each(['SIGINT', 'SIGTERM'] as const)('scrim mask ends at the first %s, after whole lines', async signal => {
  const { child, ended } = start('mask')
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stdin.write('no record\n')
  await once(child.stdout, 'data')
  child.kill(signal)
  expect(await ended).toEqual([130, null])
  expect(JSON.parse(out)).toMatchObject({ outcome: 'reject', where: 'line 1: not JSON' })
})

test('scrim check ends at the first Ctrl-C while a database keeps it waiting', async () => {
  const silent = createServer()
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const { port } = silent.address() as { port: number }
  const { child, ended } = start('check', '--source', `postgres://debezium@127.0.0.1:${port}/shop`)
  const [socket] = await once(silent, 'connection')
  child.kill('SIGINT')
  expect(await ended).toEqual([130, null])
  socket.destroy()
  silent.close()
})
