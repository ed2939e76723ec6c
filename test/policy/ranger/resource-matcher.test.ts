import { expect, test } from 'vitest'
import { resourceMatcher } from '../../../src/policy/ranger/resource-matcher.ts'
import { readServiceDef } from '../../../src/policy/ranger/service-def.ts'
import { wildcardMatches, wildcardMayBegin } from '../../../src/policy/ranger/wildcard.ts'

const context = { tokens: new Map([['USER', 'anna']]), resolve: (text: string) => text }

function isMatch(matcher: string, value: string, isRecursive: boolean, path: string): boolean {
  const def = readServiceDef({
    resources: [{ name: 'r', matcher: `x.${matcher}`, matcherOptions: { ignoreCase: false } }],
  })
  const resource = def.value?.resources[0]
  if (resource === undefined) throw new Error('no resource')
  return resourceMatcher(resource, { values: [value], isExcludes: false, isRecursive }).matches(path, 'SELF', context)
}

test.each([
  ['/a', '/a', true],
  ['/a', '/a/b/c', true],
  ['/a', '/ab', false],
  ['/a/', '/a', false],
  ['/a/', '/a/', true],
  ['/a/', '/a/b', true],
  ['/a*', '/ab/c', true],
  ['/a?/*', '/ab/', false],
  ['/a?/*', '/ab/c', true],
  ['/*/c', '/a/b/c/d', true],
  ['/data/{USER}', '/data/anna/x', true],
  ['/data/{USER}', '/data/bert/x', false],
  ['*', '/a', true],
])('the path %s and what is in it: %s', (value, path, expected) => {
  expect(isMatch('RangerPathResourceMatcher', value, true, path)).toBe(expected)
})

test.each([
  ['/a', '/a/b', false],
  ['/a/*', '/a/b/c', true],
])('the path %s alone: %s', (value, path, expected) => {
  expect(isMatch('RangerPathResourceMatcher', value, false, path)).toBe(expected)
})

test.each([
  ['http://h/a', 'http://h/a/b', true],
  ['http://h/a*', 'http://h/ab/c', true],
  ['http://h/a', 'http://h/ab', false],
])('the URL %s and what is in it: %s', (value, url, expected) => {
  expect(isMatch('RangerURLResourceMatcher', value, true, url)).toBe(expected)
})

test('a pattern of many stars is no work', () => {
  const pattern = `${'*a'.repeat(500)}b`
  expect(wildcardMatches('a'.repeat(20_000), pattern)).toBe(false)
  expect(wildcardMayBegin('a'.repeat(2000), pattern)).toBe(true)
})
