import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createPolicyFolder } from '../../../src/adapters/policy-files/folder.ts'
import { createPolicyCache } from '../../../src/adapters/policy-files/last-known-good.ts'
import type { PolicyVersion } from '../../../src/services/ports/policies.ts'

let folder: string
let stop: AbortController
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'scrim-policies-'))
  stop = new AbortController()
})
afterEach(async () => {
  stop.abort()
  await rm(folder, { recursive: true })
})
const put = (name: string, content: string | Buffer): Promise<void> => writeFile(join(folder, name), content)

test('reads the JSON files in the order of their names', async () => {
  await Promise.all([
    put('b.json', '[2]'),
    put('a.json', '[1]'),
    put('README.md', '# no'),
    put('.hidden.json', '[3]'),
    mkdir(join(folder, 'c.json')),
  ])
  const { files, problems } = await createPolicyFolder({ path: folder }).read()
  expect(files).toEqual([
    { name: 'a.json', text: '[1]' },
    { name: 'b.json', text: '[2]' },
  ])
  expect(problems).toEqual([])
})

test('reads one file', async () => {
  await put('one.json', '{}')
  expect((await createPolicyFolder({ path: join(folder, 'one.json') }).read()).files).toEqual([
    { name: 'one.json', text: '{}' },
  ])
})

test('a missing folder holds no files', async () => {
  expect(await createPolicyFolder({ path: join(folder, 'missing') }).read()).toMatchObject({ files: [], problems: [] })
})

test('the digest tells names and contents apart', async () => {
  const digests = new Set<string>()
  const path = folder
  const note = async (): Promise<void> => void digests.add((await createPolicyFolder({ path }).read()).digest)
  await put('a.json', '12')
  await note()
  await note()
  expect(digests.size).toBe(1)
  await put('a.json', '1')
  await put('b.json', '2')
  await note()
  await put('a.json', '')
  await put('b.json', '12')
  await note()
  await rm(join(folder, 'a.json'))
  await note()
  expect(digests.size).toBe(4)
})

test('what cannot be taken is told by name, not by content', async () => {
  await put('bad.json', Buffer.from([0x22, 0xff, 0x22]))
  await put('big.json', '')
  await truncate(join(folder, 'big.json'), 2000)
  await symlink(join(folder, 'nowhere'), join(folder, 'link.json'))
  await put('ok.json', '{}')
  const { files, problems } = await createPolicyFolder({ path: folder, maxBytes: 1000 }).read()
  expect(files).toEqual([{ name: 'ok.json', text: '{}' }])
  expect(problems).toMatchObject([
    { where: { policy: 'bad.json' }, detail: 'is not valid UTF-8' },
    { where: { policy: 'big.json' }, detail: 'all policy files together may have 1000 bytes' },
  ])
})

test.each([
  ['a write', () => put('a.json', '[1, 2]')],
  ['a new file', () => put('b.json', '[]')],
  ['a removed file', () => rm(join(folder, 'a.json'))],
])('notices %s within a second', async (_name, act) => {
  await put('a.json', '[1]')
  const changed = vi.fn()
  const watching = createPolicyFolder({ path: folder }).watch(changed, stop.signal)
  await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
  await act()
  await vi.waitFor(() => expect(changed.mock.calls.length).toBeGreaterThan(1), { timeout: 1000 })
  stop.abort()
  await watching
})

test('notices a folder that appears later', async () => {
  const path = join(folder, 'later')
  const changed = vi.fn()
  const watching = createPolicyFolder({ path, pollMs: 20 }).watch(changed, stop.signal)
  await vi.waitFor(() => expect(changed).toHaveBeenCalledTimes(1))
  await mkdir(path)
  await writeFile(join(path, 'a.json'), '{}')
  await vi.waitFor(() => expect(changed.mock.calls.length).toBeGreaterThan(1))
  stop.abort()
  await watching
})

test('the last-known-good set comes back; a damaged one counts as none', async () => {
  const cache = createPolicyCache({ folder: join(folder, 'cache') })
  expect(await cache.load()).toBeNull()
  const version: PolicyVersion = {
    version: 7,
    documents: [],
    author: 'a',
    approver: null,
    at: new Date(1),
    reason: '',
    origin: 'rest',
    patch: [],
    filesDigest: null,
  }
  await cache.save(version)
  expect(await cache.load()).toEqual(version)
  const file = join(folder, 'cache', 'policies.last-known-good.json')
  await truncate(file, 100)
  expect(await cache.load()).toBeNull()
})
