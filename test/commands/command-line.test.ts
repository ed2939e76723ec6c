import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Exit code and what was said. Nothing of the environment comes along, so a start would fail otherwise. */
const scrim = (...args: string[]): Promise<readonly [code: unknown, err: string]> =>
  new Promise(resolve => {
    execFile(process.execPath, [main, ...args], { env: { PATH: process.env.PATH } }, (error, _out, err) =>
      resolve([error === null ? 0 : error.code, err]),
    )
  })

const wrong: [name: string, args: string[], said: string][] = [
  ['run takes no argument', ['run', 'extra'], 'Usage: scrim run'],
  ['demo takes no argument', ['demo', '--once', 'extra'], 'Usage: scrim demo'],
  ['check takes files behind --records only', ['check', 'extra'], 'Usage: scrim check'],
  ['an option that is not known', ['mask', '--extra'], 'Usage: scrim mask'],
  ['a command that is not known', ['extra'], 'Usage: scrim <command>'],
  ['no command', [], ''],
]
test.each(wrong)('%s: a matter of usage', async (_name, args, said) => {
  const [code, err] = await scrim(...args)
  expect(code).toBe(2)
  expect(err).toContain(said)
})
