import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createRangerCache } from '../../../src/adapters/ranger/download-cache.ts'
import { parseStrictJson } from '../../../src/policy/strict-json.ts'
import type { RangerCache } from '../../../src/services/ports/ranger.ts'

let folder: string
let cache: RangerCache
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'scrim-ranger-cache-')), 'cache')
  cache = createRangerCache({ folder, parseJson: parseStrictJson })
})
afterEach(() => rm(join(folder, '..'), { recursive: true }))

const policies = { serviceName: 'cl1', policyVersion: 42, policies: [] }
const roles = { roleVersion: 3, rangerRoles: [] }
const users = { userStoreVersion: 4, userGroupMapping: {} }
const tags = { serviceName: 'cl1', tagVersion: 5, serviceResources: [] }

test("keeps what it is given under Ranger's own names, for its owner alone", async () => {
  await cache.save('cl1', 'policies', policies)
  await cache.save('cl1', 'roles', roles)
  await cache.save('cl1', 'users', users)
  await cache.save('cl1', 'tags', tags)
  expect((await readdir(folder)).sort()).toEqual([
    'scrim_cl1.json',
    'scrim_cl1_roles.json',
    'scrim_cl1_tag.json',
    'scrim_cl1_userstore.json',
  ])
  expect(JSON.parse(await readFile(join(folder, 'scrim_cl1.json'), 'utf8'))).toEqual(policies)
  expect((await stat(join(folder, 'scrim_cl1.json'))).mode & 0o777).toBe(0o600)
  expect(await cache.load('cl1')).toEqual({ policies, roles, users, tags })
})

test('a file that a plugin of Ranger kept is read as well', async () => {
  await cache.save('other', 'policies', policies)
  await writeFile(join(folder, 'scrim_cl1.json'), `${JSON.stringify(policies, null, 2)}\n`)
  expect(await cache.load('cl1')).toEqual({ policies })
})

test('without policies, or with damaged ones, there is nothing', async () => {
  expect(await cache.load('cl1')).toBe(null)
  await cache.save('cl1', 'roles', roles)
  expect(await cache.load('cl1')).toBe(null)
  for (const text of ['{"serviceName":"cl1"', '[]', 'null', '', '{"a":1,"a":2}']) {
    await writeFile(join(folder, 'scrim_cl1.json'), text)
    expect(await cache.load('cl1')).toBe(null)
  }
})

test('what is gone is put aside', async () => {
  await cache.save('cl1', 'policies', policies)
  await cache.forget('cl1')
  await cache.forget('cl1')
  expect(await cache.load('cl1')).toBe(null)
  expect(await readdir(folder)).toEqual(['scrim_cl1.json.gone'])
})
