import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
const emptyFolder = mkdtempSync(join(tmpdir(), 'scrim-no-tools-'))
afterAll(() => rmSync(emptyFolder, { recursive: true }))

/** Runs the demo on a machine where neither Java nor Maven nor Docker can be found. */
function demo(...args: string[]): Promise<{ code: number; text: string }> {
  const env = { PATH: emptyFolder }
  return new Promise(resolve =>
    execFile(process.execPath, [main, 'demo', ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, text: stdout + stderr }),
    ),
  )
}

test('without Java and Docker the demo says what to install, and masks sample records all the same', async () => {
  const { code, text } = await demo()
  expect(code).toBe(0)
  for (const hint of ['openjdk-17-jre-headless', 'install -y maven', 'docker.io']) expect(text).toContain(hint)
  for (const masked of ['********0121', '***********0417', '****@example.in', 'CONFIDENTIAL'])
    expect(text).toContain(masked)
})

test('but it does not claim to have verified anything', async () => {
  const { code, text } = await demo('--once')
  expect(code).toBe(1)
  expect(text).toContain('not verified')
})
