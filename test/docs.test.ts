import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, expect, test } from 'vitest'
import { makeReadme } from '../.ci/readme.ts'
import { describeConfig } from '../src/config.ts'
import { errorCatalogue } from '../src/errors.ts'
import { aPolicy } from './support/policy-documents.ts'
import { startHttp } from './support/http-harness.ts'

const readme = readFileSync('README.md', 'utf8')
const lines = readme.split('\n')
const http = await startHttp({ 'a.json': aPolicy('a') })
afterAll(() => http.close())

test('the tables are what the code says (npm run build:readme makes them)', async () => {
  expect(await makeReadme(readme)).toBe(readme)
})

test('the two commands stand by line 15, a masked record by line 25', () => {
  const lineOf = (text: string): number => lines.findIndex(line => line.includes(text)) + 1
  expect(lineOf('npm ci && npm run demo')).toBeLessThanOrEqual(15)
  expect(lineOf('npm ci && npm test')).toBeLessThanOrEqual(15)
  expect(lineOf('********0121')).toBeLessThanOrEqual(25)
  for (const text of ['npm ci && npm run demo', 'npm ci && npm test', '********0121'])
    expect(lineOf(text)).toBeGreaterThan(0)
})

test('every route is in the README', async () => {
  const { paths } = (await http.server.app.inject('/openapi.json')).json<{ paths: Record<string, object> }>()
  const missing = Object.keys(paths).filter(path => !readme.includes(path))
  expect(missing).toEqual([])
})

test('every dependency has its reason', () => {
  const { dependencies, devDependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as Record<
    string,
    Record<string, string>
  >
  const [said = ''] = readme.slice(readme.indexOf('Dependencies, each because')).split(/\n(?=#)/)
  const listed = [...said.matchAll(/\*\*(.+?)\*\*/g)].map(([, name]) => name)
  // The types of a library need no reason of their own.
  const names = Object.keys({ ...dependencies, ...devDependencies }).filter(name => !name.startsWith('@types/'))
  expect(listed.sort()).toEqual(names.sort())
})

test('every policy file and connector is told about', () => {
  for (const folder of ['policies', 'connectors']) {
    const said = readFileSync(`${folder}/README.md`, 'utf8')
    expect(readdirSync(folder).filter(name => name.endsWith('.json') && !said.includes(name))).toEqual([])
  }
})

test('every runbook that a hint names is there', () => {
  const named = Object.values(errorCatalogue).flatMap(({ hint }) => /runbook "([^"]+)"/.exec(hint)?.[1] ?? [])
  expect(named.length).toBeGreaterThan(0)
  expect(named.filter(name => !readme.includes(`**Runbook: ${name.toLowerCase()}.**`))).toEqual([])
})

/** What only tests read; the README names it too. */
const ofTests = ['SCRIM_REQUIRE_STACK', 'SCRIM_RANGER_CASES', 'SCRIM_JSONPATH_CASES', 'SCRIM_MASK_CASES']

test('every setting that a hint or the README names exists', () => {
  const known = new Set(describeConfig().flatMap(({ env }) => env.split(' or ')))
  const said = [readme, ...Object.values(errorCatalogue).map(({ hint }) => hint)].join('\n')
  const others = new Set([...ofTests, ...Object.keys(errorCatalogue)])
  const names = [...said.matchAll(/\b(?:SCRIM|KAFKA)_[A-Z][A-Z_]*[A-Z]\b/g)].map(([name]) => name)
  expect([...new Set(names)].filter(name => !known.has(name) && !others.has(name))).toEqual([])
})
