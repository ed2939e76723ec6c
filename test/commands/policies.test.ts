import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseArgs } from 'node:util'
import { policies, policiesHelp, policiesOptions } from '../../src/commands/policies.ts'
import { type HttpHarness, startHttp, tokens } from '../support/http-harness.ts'
import { aPolicy } from '../support/policy-documents.ts'

let http: HttpHarness
let url: string
let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'scrim-policies-'))
})
afterAll(() => rm(dir, { recursive: true }))
beforeEach(async () => {
  http = await startHttp({ 'a.json': aPolicy('a') }, { approval: 'two-person' })
  url = await http.server.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(() => http.close())

const file = async (name: string, content: unknown): Promise<string> => {
  const path = join(dir, name)
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** As main calls it. Whatever happens, no token is shown. */
async function scrim(who: keyof typeof tokens | null, ...args: string[]): Promise<Ran> {
  const said = { out: '', err: '' }
  const env = who === null ? {} : { SCRIM_TOKEN: tokens[who].secret }
  const parsed = parseArgs({ args, options: policiesOptions, allowPositionals: true })
  const code = await policies(
    {
      values: { ...(parsed.values.url === undefined ? { url } : {}), ...parsed.values },
      positionals: parsed.positionals,
    },
    {
      env,
      stdin: Readable.from([]),
      out: text => void (said.out += text),
      err: text => void (said.err += text),
      signal: new AbortController().signal,
      reload: () => undefined,
    },
  )
  for (const { secret } of Object.values(tokens)) expect(`${said.out}${said.err}`).not.toContain(secret)
  return { code, ...said }
}

describe('a steward at the command line', () => {
  test('writes, another one approves, and the way back', async () => {
    const path = await file('b.json', aPolicy('b'))
    expect(await scrim('steward', 'put', path, '--reason', 'ticket 7')).toEqual({
      code: 0,
      out: 'proposal 1 waits for another one: scrim policies approve 1 --reason …\n',
      err: '',
    })
    const proposals = await scrim('approver', 'proposals', '--state', 'open')
    expect(proposals.out).toMatch(/^PROPOSAL +STATE .*\n1 +open +set +steward .* ticket 7\n$/)
    const shown = await scrim('approver', 'proposal', '1')
    expect(shown.out).toMatch(/^--- version 1\n\+\+\+ proposal 1 .*\n@@ added: "b" @@\n/)
    expect(await scrim('approver', 'approve', '1', '--reason', 'looked at')).toMatchObject({
      code: 0,
      out: 'proposal 1 is approved; version 2 is in force\n',
    })
    expect((await scrim('reader', 'list')).out).toMatch(
      /^version 2 by steward\nPOLICY +STATE +TOPIC\na +enabled +raw\.a\nb +enabled +raw\.b\n$/,
    )
    expect((await scrim('reader', 'versions')).out).toMatch(/\n2 .* steward +approver +rest +ticket 7\n1 .* files +- /)
    expect((await scrim('reader', 'diff', '1', '2')).out).toMatch(
      /^--- version 1 .*\n\+\+\+ version 2 .* steward, approved by approver: ticket 7\n@@ added: "b" @@\n/,
    )
    expect((await scrim('steward', 'rollback', '1')).out).toContain('proposal 2 waits')
    expect((await scrim('approver', 'reject', '2', '--reason', 'no')).out).toBe('proposal 2 is rejected\n')
    expect((await scrim('steward', 'remove', 'b', '--reason', 'r')).out).toMatch(
      /^warning .*raw\.b.*\nproposal 3 waits/,
    )
    expect((await scrim('steward', 'withdraw', '3')).out).toBe('proposal 3 is withdrawn\n')
    expect((await scrim('steward', 'pin', '1')).out).toContain('proposal 4 waits')
    expect((await scrim('approver', 'approve', '4', '--reason', 'r')).out).toContain('version 1 is in force')
    expect((await scrim('reader', 'versions')).out).toContain('\n1 (pinned) ')
  })

  test('sees which instance runs what', async () => {
    const stop = new AbortController()
    const running = http.instances.run(stop.signal)
    await expect.poll(async () => (await scrim('reader', 'instances')).out).toMatch(/\nhere +scrim +\S+ +1 +current /)
    stop.abort()
    await running
  })

  test('gets JSON where he wants it', async () => {
    for (const args of [
      ['list'],
      ['versions'],
      ['diff', '1', '1'],
      ['proposals'],
      ['instances'],
      ['show', '--version', '1'],
    ])
      expect(JSON.parse((await scrim('reader', ...args, '--json')).out)).toBeTypeOf('object')
    expect(JSON.parse((await scrim('reader', 'show', 'a')).out)).toEqual(aPolicy('a'))
    const refused = await scrim('reader', 'show', 'zzz', '--json')
    expect([refused.code, JSON.parse(refused.out)]).toMatchObject([1, { code: 'REQUEST_NOT_FOUND' }])
  })

  test('puts a whole set only where he says so, and on the version that he says', async () => {
    const path = await file('set.json', [aPolicy('c')])
    expect((await scrim('steward', 'put', path, '--reason', 'r')).code).toBe(2)
    const stale = await scrim('steward', 'put', path, '--all', '--reason', 'r', '--if-version', '9')
    expect([stale.code, stale.err]).toEqual([1, expect.stringContaining('REQUEST_CONFLICT')])
    expect((await scrim('steward', 'put', path, '--all', '--reason', 'r', '--if-version', '1')).code).toBe(0)
  })

  test('sends the file as it is: what comes twice in it is found', async () => {
    const path = await file('twice.json', '{"name": "b", "resources": {"topic": "x"}, "name": "b"}')
    expect(await scrim('steward', 'put', path, '--reason', 'r')).toMatchObject({
      code: 1,
      err: expect.stringContaining('REQUEST_INVALID'),
    })
  })

  const refusals: [name: string, who: keyof typeof tokens, args: string[], said: string][] = [
    ['what the token may not do', 'reader', ['pin', '1'], 'REQUEST_FORBIDDEN at policies'],
    ['what is not there', 'reader', ['diff', '1', '99'], 'REQUEST_NOT_FOUND at version 99'],
    ['the second person who is the first', 'second', ['approve', '1', '--reason', 'r'], 'POLICY_APPROVAL_SAME_PERSON'],
  ]
  test.each(refusals)('is told why: %s', async (_name, who, args, said) => {
    await scrim('second', 'rollback', '1')
    await scrim('second', 'put', await file('b.json', aPolicy('b')), '--reason', 'r')
    const { code, out, err } = await scrim(who, ...args)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain(said)
  })

  test('is told every problem', async () => {
    const { code, err } = await scrim('steward', 'put', await file('b.json', aPolicy('b', 'nonsense')), '--reason', 'r')
    expect(code).toBe(1)
    expect(err).toMatch(
      /error POLICY_UNKNOWN_MASK at b maskingPolicy\.maskingConditions\[0\]\.maskType: .*\n.*POLICY_REFUSED/,
    )
  })
})

const wrong: [name: string, args: string[], said: string][] = [
  ['nothing', [], 'say what to do'],
  ['what is not there', ['dance'], 'nothing of this name'],
  ['the name of a prototype', ['constructor'], 'nothing of this name'],
  ['too few', ['diff', '1'], 'it takes A B'],
  ['too many', ['list', 'x'], 'it takes no argument'],
  ['a version that is none', ['rollback', 'x'], 'a version is a number'],
  ['a path', ['approve', '../1', '--reason', 'r'], 'named by its number'],
  ['no reason', ['approve', '1'], '--reason is needed'],
  ['an option of another', ['list', '--force'], '--force does not belong'],
  ['a URL that is none', ['list', '--url', 'file:///x'], 'must be a URL'],
  ['a user in the URL', ['list', '--url', 'http://anna:secret@127.0.0.1'], 'takes no user'],
  ['a file that is not there', ['put', 'nowhere.json'], 'ENOENT'],
]
test.each(wrong)('%s is a matter of usage', async (_name, args, said) => {
  const { code, out, err } = await scrim('steward', ...args)
  expect([code, out]).toEqual([2, ''])
  expect(err).toContain(said)
  expect(err).toContain('Usage: scrim policies')
})

test('without a token nothing is asked; a file of it is read', async () => {
  expect(await scrim(null, 'list')).toMatchObject({ code: 2, err: expect.stringContaining('a token is needed') })
  const path = await file('token', `${tokens.reader.secret}\n`)
  expect(await scrim(null, 'list', '--token-file', path)).toMatchObject({ code: 0 })
  const bad = await file('bad', 'one\ntwo')
  expect(await scrim(null, 'list', '--token-file', bad)).toMatchObject({ code: 1, out: '' })
})

test('a Scrim that does not answer, and what is no Scrim', async () => {
  const asked: string[] = []
  const other = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(302, { location: '/elsewhere' }).end()
  })
  await new Promise<void>(resolve => other.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
  for (const nobody of ['http://127.0.0.1:1', address]) {
    const { code, err } = await scrim('reader', 'list', '--url', nobody)
    expect([code, err]).toEqual([1, expect.stringContaining('does not answer')])
  }
  expect(asked).toEqual(['/v1/policies'])
  other.closeAllConnections()
  await new Promise(resolve => other.close(resolve))
})

test('the help names all there is', () => {
  for (const name of Object.keys(policiesOptions)) expect(policiesHelp()).toContain(`--${name}`)
})
