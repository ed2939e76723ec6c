import { expect, test } from 'vitest'
import { isTopicName, outputName, rawNameOf, topicPattern } from '../../src/policy/topic-pattern.ts'

test.each([
  ['shop.public.people', 'shop.public.people', true],
  ['shop.public.people', 'shopxpublic.people', false],
  ['shop.*', 'shop.public.people', true],
  ['shop.*', 'shop', false],
  ['*', 'anything', true],
  ['*.people', 'shop.public.people', true],
  ['*.people', 'shop.public.peoples', false],
  ['shop.*.p?ople', 'shop.public.people', true],
  ['shop.*.p?ople', 'shop.public.pople', false],
  ['a*b*c', 'aXbXbXc', true],
  ['a*b*c', 'aXbXbX', false],
  ['**', '', true],
  ['?', '', false],
])('%s on %s: %s', (pattern, topic, matches) => {
  expect(topicPattern(pattern).matches(topic)).toBe(matches)
})

test('a pattern of many stars takes no more than its time', () => {
  const pattern = topicPattern(`${'*a'.repeat(400)}b`)
  const startedMs = performance.now()
  expect(pattern.matches('a'.repeat(249))).toBe(false)
  expect(performance.now() - startedMs).toBeLessThan(200)
})

test.each([
  ['a', true],
  ['a.b-c_D9', true],
  ['x'.repeat(249), true],
  ['x'.repeat(250), false],
  ['', false],
  ['.', false],
  ['..', false],
  ['a b', false],
  ['आ', false],
  ['a/b', false],
])('topic name %s: %s', (name, legal) => {
  expect(isTopicName(name)).toBe(legal)
})

test.each([
  ['${topic}.masked', 'a.b', 'a.b.masked'],
  ['masked.${topic}', 'a.b', 'masked.a.b'],
  ['${topic}.masked', 'a$&b', 'a$&b.masked'],
])('%s of %s is %s, and back', (template, topic, output) => {
  expect(outputName(template, topic)).toBe(output)
  expect(rawNameOf(template, output)).toBe(topic)
})

test.each([
  ['${topic}.masked', 'a.b'],
  ['${topic}.masked', '.masked'],
  ['m.${topic}.m', 'm.m'],
])('%s did not make %s', (template, name) => {
  expect(rawNameOf(template, name)).toBeNull()
})
